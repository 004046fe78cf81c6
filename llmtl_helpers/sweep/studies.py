"""Runs beside the twin curve: longer training, many seeds, and the ways to spoil a comparison.

Taught in 11. A study trains by the protocol but for the one thing that it is about. Its knobs
are those that the trials of `full` chose, unless the knob is what it is about. A study keeps a
purpose or a budget of its own, so that its runs never enter a twin curve of the protocol.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from llmtl_helpers.arms import ARMS
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.profiles import PROFILES, Profile
from llmtl_helpers.sweep.grid import relative_cost, run_with_chosen_knob
from llmtl_helpers.training.config import RunConfig

FULL = PROFILES["full"]
NETWORKS = ("fine_tuned", "scratch", "small_scratch")


@dataclass(frozen=True)
class Study:
    """What is trained: every arm at every size with every seed, by `rule`."""

    what: str
    arms: tuple[str, ...]
    sizes: tuple[int, ...]
    seeds: range
    rule: Profile = FULL
    purpose: str = "curve"
    knobs: Mapping[str, float] = field(default_factory=dict)  # arm -> value instead of the chosen
    leaked: int = 0


STUDIES = {
    "convergence": Study(
        "four times as many updates, and the best of 20 looks at validation data is kept",
        NETWORKS, (64, 512, 2048, 8192), range(3),
        # patience for all 20 looks, so no run ends early: the last updates, at a small learning
        # rate, are often the best ones, and random weights need them most
        replace(FULL, name="to-convergence", budget="to-convergence",
                min_updates=4 * FULL.min_updates, epochs=4 * FULL.epochs, patience=20)),
    "luck": Study(
        "25 seeds of one small setting; the first five are the curve's",
        (*NETWORKS, "probe", "tfidf"), (64,), range(5, 25), purpose="luck"),
    "epochs": Study(
        "three epochs at every size, whatever number of updates that is", NETWORKS,
        (16, 64, 256, 1024), range(5),
        replace(FULL, name="three-epochs", budget="three-epochs", min_updates=1, epochs=3)),
    "rates": Study(
        "learning rates that suit the other arm", ("fine_tuned", "scratch"), (256, 1024), range(3),
        # each is nearly as good as the best on the other arm's list: see its trials
        purpose="rates", knobs={"fine_tuned": 6e-4, "scratch": 2e-5}),
    "leak": Study(
        "half of the training examples taken from the test set", (*NETWORKS, "tfidf"), (1024,),
        range(3), purpose="leak", leaked=512),
}


def study_runs(name: str, task: str, ledger: Ledger) -> list[RunConfig]:
    """All runs of a study on a task, longest first.

    Raises:
        LearnerError: the trials that choose a knob are not in the ledger.
    """
    study, runs = STUDIES[name], []
    for arm in study.arms:
        for n in study.sizes:
            for seed in study.seeds:
                config = run_with_chosen_knob(task, arm, n, seed, study.rule, study.purpose, FULL,
                                              ledger)
                if arm in study.knobs:
                    config = config.changed(**{ARMS[arm].knob: study.knobs[arm]})
                runs.append(config.changed(leaked=study.leaked))
    return sorted(runs, key=relative_cost, reverse=True)
