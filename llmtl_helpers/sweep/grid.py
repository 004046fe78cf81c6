"""Which runs a twin curve needs, in which order. Taught in 01 (equal tuning).

A sweep has two waves per arm. The trials first: every value of the arm's knob, scored on
validation data, at the sizes where tuning makes sense. Then the curve: each size with the
value that the trials chose. Below the smallest trial size the choice is inherited from it,
since a choice on so few validation examples would be noise.
"""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

from llmtl_helpers.arms import ARMS, DECODER, EVERY_ARM, SMALL, Arm, find_arm
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.models import weights_recipe
from llmtl_helpers.profiles import Profile
from llmtl_helpers.recipes import RECIPES
from llmtl_helpers.tasks import load_task
from llmtl_helpers.training.config import RunConfig

LIVE_SEEDS = 1000  # live runs count their seeds from here, shipped runs from 0


def next_wave(task: str, profile: Profile, ledger: Ledger, arms: Iterable[str] = tuple(ARMS),
              sizes: Sequence[int] | None = None, seeds: int | None = None) -> list[RunConfig]:
    """The runs that are missing and whose knob is known: call again until it is empty.

    Longest runs come first, so that the workers end together.

    Args:
        sizes, seeds: instead of the profile's own.
    """
    wave, (least, largest) = [], load_task(task).possible_sizes
    for name in arms:
        arm = _arm(name)
        for n in sizes or profile.sizes:
            if not least <= n <= largest:
                continue
            trials = _trials(task, arm, n, profile)
            missing = [config for config in trials if ledger.get(config.id) is None]
            if missing:
                wave += missing
                continue
            knob = chosen_knob(arm, trials, ledger)
            for seed in range(seeds or profile.seeds_at(n)):
                wave.append(_config(task, arm, n, seed, profile, "curve", knob))
    unique = {config.id: config for config in wave if ledger.get(config.id) is None}
    return sorted(unique.values(), key=relative_cost, reverse=True)


def planned_rows(task: str, profile: Profile, ledger: Ledger,
                 sizes: Sequence[int] | None = None) -> list[dict]:
    """The rows that the profile's curve rests on: its trials, and the runs with the chosen knob.

    Runs of an earlier range of trials are in the ledger too; they are no part of the figure. A
    point whose runs are not all there is left out: its band would be that of fewer seeds.

    Args:
        sizes: instead of the profile's own.
    """
    found = {}
    for arm in ARMS.values():
        for n in sizes or profile.sizes:
            trials = _trials(task, arm, n, profile)
            if any(ledger.get(config.id) is None for config in trials):
                continue
            knob = chosen_knob(arm, trials, ledger)
            runs = [_config(task, arm, n, seed, profile, "curve", knob)
                    for seed in range(profile.seeds_at(n))]
            whole = all(ledger.get(config.id) is not None for config in runs)
            found |= {config.id: ledger.get(config.id)
                      for config in [*trials, *(runs if whole else [])]}
    return list(found.values())


def live_config(task: str, arm: str, n: int, profile: Profile, ledger: Ledger,
                tuned_as: str = "", knob: float | None = None) -> RunConfig:
    """One run like those of the curve, with the next seed that nobody has used here.

    Args:
        tuned_as: the arm whose trials choose the knob; default: the arm itself.
        knob: its value, where there are no trials to choose it.

    Raises:
        LearnerError: the trials that choose the knob are not in the ledger.
    """
    found, tuned = _arm(arm), _arm(tuned_as or arm)
    trials = _trials(task, tuned, n, profile) if knob is None else []
    if any(ledger.get(config.id) is None for config in trials):
        raise _untuned(f"{found.label} cannot be trained live at {n:,} labels", tuned, task, profile)
    if knob is None and found.knob:
        knob = chosen_knob(tuned, trials, ledger)
    used = {row["run_seed"] for row in ledger.rows(task=task, arm=arm, n=n, purpose="live",
                                                   budget=profile.budget)}
    seed = next(s for s in range(LIVE_SEEDS, LIVE_SEEDS + len(used) + 1) if s not in used)
    return _config(task, found, n, seed, profile, "live", knob)


def trial_runs(task: str, arm: str, n: int, profile: Profile) -> list[RunConfig]:
    """The trials that choose the knob of an arm at size n."""
    return _trials(task, _arm(arm), n, profile)


def trial_rows(task: str, arm: str, n: int, profile: Profile, ledger: Ledger) -> list[dict]:
    """The trials behind the knob of an arm at size n, as far as the ledger has them."""
    rows = [ledger.get(config.id) for config in trial_runs(task, arm, n, profile)]
    return [row for row in rows if row is not None]


def chosen_knob(arm: Arm, trials: Sequence[RunConfig], ledger: Ledger) -> float | None:
    """The knob's value with the fewest failed trials and, of those, the best mean validation score.

    A trial that never left the loss of knowing nothing counts as failed: on few validation texts
    one class for everything can score best.
    """
    if arm.knob is None:
        return None
    if not trials:
        return arm.trials[1]
    scores: dict[float, list[float]] = {}
    for config in trials:
        row = ledger.get(config.id)
        failed = row["status"] != "done" or _learnt_nothing(row)
        score = float("-inf") if failed else row["validation_score"]
        scores.setdefault(getattr(config, arm.knob), []).append(score)

    def quality(value: float) -> tuple[int, float]:
        """Fewest failures first, then the mean of the others."""
        known = [score for score in scores[value] if score > float("-inf")]
        return len(known), sum(known) / max(1, len(known))

    # equal ones: the smaller value, which is the milder one for both knobs
    return max(sorted(scores), key=quality)


def _learnt_nothing(row: dict) -> bool:
    """Whether a classifier's training loss ended where guessing has it, at ln(classes)."""
    losses, classes = row.get("history_losses") or [None], len(row.get("train_classes") or ())
    return classes > 1 and losses[-1] is not None and losses[-1] > 0.98 * math.log(classes)


def run_with_chosen_knob(task: str, arm: str, n: int, seed: int, rule: Profile, purpose: str,
                         tuned_by: Profile, ledger: Ledger, tuned_as: str = "") -> RunConfig:
    """A run by the rule of one profile, with the knob that the trials of another one chose.

    Args:
        tuned_as: the arm whose trials choose; default: the arm itself.

    Raises:
        LearnerError: those trials are not in the ledger.
    """
    found, tuned = _arm(arm), _arm(tuned_as or arm)
    trials = _trials(task, tuned, n, tuned_by)
    if any(ledger.get(config.id) is None for config in trials):
        raise _untuned(f"{found.label} cannot be planned at {n:,} labels", tuned, task, tuned_by)
    return _config(task, found, n, seed, rule, purpose, chosen_knob(tuned, trials, ledger))


def _untuned(what: str, arm: Arm, task: str, profile: Profile) -> LearnerError:
    return LearnerError(
        what, f"the trials that choose its {(arm.knob or '').replace('_', ' ')} are not there",
        f"run `python3 start.py sweep --task {task} --arms {arm.name} --profile {profile.name}`")


def _trials(task: str, arm: Arm, n: int, profile: Profile) -> list[RunConfig]:
    """The trials that decide the knob at size n: those of the nearest trial size below it."""
    # of running text n counts tokens, of which a text has some `example`
    most = len(load_task(task).train) * profile.example
    possible = [size for size in profile.trial_sizes if size <= most]
    size = max((s for s in possible if s <= n), default=min(possible, default=n))
    return [_config(task, arm, size, seed, profile, "trial", value)
            for value in arm.trials for seed in range(profile.trial_seeds)]


@lru_cache(maxsize=4096)
def _config(task: str, arm: Arm, n: int, seed: int, profile: Profile, purpose: str,
            knob: float | None) -> RunConfig:
    knobs = {"learning_rate": None, "inverse_regularisation": None}
    if arm.knob:
        knobs[arm.knob] = knob
    trained = arm.knob == "learning_rate"
    data, settings = load_task(task), dict(arm.settings)
    if "first_task" in settings:
        settings["first_fingerprint"] = load_task(settings["first_task"]).fingerprint
    return RunConfig(
        task=task, arm=arm.name, checkpoint=arm.checkpoint, init=arm.init, strategy=arm.strategy,
        n=n, subset_seed=seed, run_seed=seed, updates=profile.updates(n) if trained else 0,
        batch_size=profile.batch_size(n) if trained else 0, **knobs, budget=profile.budget,
        patience=profile.patience if trained else 0,
        purpose=purpose, validation_limit=profile.validation_limit,
        test_limit=profile.test_limit, data_fingerprint=data.fingerprint,
        max_length=data.max_length, weights_recipe=weights_recipe(arm.checkpoint, arm.init),
        also_tested=data.harder, **settings)


def _arm(name: str) -> Arm:
    if found := ARMS.get(name) or find_arm(name):
        return found
    raise LearnerError(f"there is no arm called {name!r}",
                       next=f"choose among {', '.join(EVERY_ARM)}")


def relative_cost(config: RunConfig) -> float:
    """About how long a run takes, for the order of the queue and the time left."""
    recipe = RECIPES.get(config.checkpoint)
    small = config.checkpoint == SMALL or (recipe is not None and recipe.vocabulary > 0)
    size = 0.12 if small else 6.0 if config.checkpoint == DECODER else 1.0
    read = (config.n + 1) * (config.test_limit or 0) / 3 if config.strategy == "prompted" else 0
    return (config.updates * config.batch_size + read) * size + 1
