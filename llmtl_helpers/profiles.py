"""One name decides every size: smoke, laptop, full, broad, own or gpu. Read here and nowhere else.

The environment variable LLMTL_PROFILE sets the name; `laptop` is the default. All but `smoke`
train each single run by the same rules, so that their runs can stand in one figure; `smoke`
only proves that the chain works and its runs are never mixed in. `full` is how the course's
first task is shipped, `broad` how many tasks and strategies are: fewer sizes, and what is tuned
is tuned at 256 labels alone and kept; `own` is for a learner's own table: three seeds, and one trial
of each knob at 64 labels.
"""

import os
from dataclasses import dataclass, replace

from llmtl_helpers.errors import LearnerError


@dataclass(frozen=True)
class Profile:
    name: str
    budget: str  # rows of different budgets never share a figure
    sizes: tuple[int, ...]  # training-set sizes n of the sweep
    live_sizes: tuple[int, ...]  # sizes that `demo` trains live
    seeds: int  # runs per arm and size
    seeds_large: int  # the same from `large_from` labels up
    large_from: int
    trial_sizes: tuple[int, ...]  # sizes at which the knob is tuned; others reuse the one below
    trial_seeds: int  # 0: no trials, the second value of each arm's range
    min_updates: int  # the steps floor
    epochs: int  # updates = max(min_updates, epochs * n / batch_size)
    validation_limit: int
    test_limit: int | None  # None: the whole test set
    device: str  # "cpu" or "auto"
    patience: int = 0  # evaluations without a better validation score that end a run; 0: never
    example: int = 1  # of what n counts: labels, or the target tokens of a usual text
    pretraining: str = "3M"  # point of the dial that is pre-trained live
    batch: int = 0  # examples per update; 0: by the number of labels

    def batch_size(self, n: int) -> int:
        return self.batch or (8 if n <= 256 else 16)

    def updates(self, n: int) -> int:
        return max(self.min_updates, -(-self.epochs * n // (self.batch_size(n) * self.example)))

    def seeds_at(self, n: int) -> int:
        return self.seeds_large if n >= self.large_from else self.seeds


EVERY_SIZE = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)


def _floor(name: str, **sizes) -> Profile:
    """A profile that trains by the protocol: at least 250 updates at every n."""
    common = dict(budget="at-least-250-updates", large_from=4096, trial_sizes=(256, 1024, 4096),
                  trial_seeds=3, min_updates=250, epochs=3, validation_limit=600,
                  test_limit=None, device="cpu")
    return Profile(name=name, **{**common, **sizes})


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("smoke", budget="smoke", sizes=(16, 64), live_sizes=(16, 64), seeds=2, seeds_large=2,
                large_from=4096, trial_sizes=(64,), trial_seeds=0, min_updates=6, epochs=0,
                validation_limit=48, test_limit=160, device="cpu", pretraining="100k"),
        _floor("laptop", sizes=(16, 64, 256), live_sizes=(64, 256), seeds=3, seeds_large=3),
        _floor("full", sizes=EVERY_SIZE, live_sizes=(64, 256), seeds=5, seeds_large=3),
        _floor("broad", sizes=(16, 64, 256, 1024), live_sizes=(64, 256), seeds=5, seeds_large=3,
               large_from=2048, trial_sizes=(256,)),
        _floor("own", sizes=(16, 64, 256, 1024), live_sizes=(64, 256), seeds=3, seeds_large=3,
               trial_sizes=(64,), trial_seeds=1),
        _floor("gpu", sizes=EVERY_SIZE, live_sizes=(64, 256, 1024), seeds=5, seeds_large=5,
               device="auto"),
    )
}

# Running text: n counts target tokens. Every arm stops early, by its loss on validation data. One
# seed a trial: seeds lie within some 0.02 nats of each other, learning rates further apart.
LANGUAGE = _floor("language", budget="early-stopping",
                  sizes=(2000, 5000, 10_000, 20_000, 50_000, 100_000), live_sizes=(10_000,),
                  seeds=5, seeds_large=5, trial_sizes=(2000, 10_000, 50_000), trial_seeds=1,
                  min_updates=600, epochs=12, patience=5, example=25)


# Written answers of the decoder: a run costs minutes, so there are few of them (DECODER's protocol:
# at least 80 updates, 3 seeds, 200 test texts, one learning rate an arm, tuned at one size).
WRITING = _floor("writing", budget="80-updates", sizes=(32, 128, 512), live_sizes=(32,), seeds=3,
                 seeds_large=3, trial_sizes=(128,), trial_seeds=1, min_updates=80, epochs=0,
                 validation_limit=48, test_limit=200, batch=8)


def rule_at(profile: Profile, rule: Profile) -> Profile:
    """How a rule of its own is carried out at a profile: as it is, or at `smoke` by a few updates,
    without trials."""
    if profile.name != "smoke":
        return rule
    least = {field: getattr(profile, field) for field in (
        "budget", "trial_seeds", "min_updates", "epochs", "validation_limit")}
    tested = profile.test_limit if rule.test_limit is None else rule.test_limit // 10
    return replace(rule, name=f"{rule.name}-smoke", sizes=rule.sizes[:1], seeds=1, test_limit=tested,
                   live_sizes=rule.live_sizes[:1], patience=min(2, rule.patience), **least)


def get_profile(name: str | None = None) -> Profile:
    """The profile called `name`, or the one that LLMTL_PROFILE names, or `laptop`.

    Raises:
        LearnerError: there is no profile of that name.
    """
    name = name or os.environ.get("LLMTL_PROFILE") or "laptop"
    if name not in PROFILES:
        raise LearnerError(f"there is no profile called {name!r}",
                           next=f"choose one of {', '.join(PROFILES)}")
    return PROFILES[name]
