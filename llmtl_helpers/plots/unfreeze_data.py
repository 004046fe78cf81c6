"""What a figure of choices rests on: how much of a checkpoint is trained, and what it gives.

Taught in 05.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median

from llmtl_helpers.arms import UNFREEZE
from llmtl_helpers.curves import (PairedDifference, Scored, Summary, check_comparable,
                                  paired_difference, score_of, summarise_scores)
from llmtl_helpers.ledger import correct_flags, shipped_or_own
from llmtl_helpers.plots import words
from llmtl_helpers.plots.missing_runs import missing_runs

SIZES = (16, 64, 256, 1024)  # labels at which all choices are shipped
ALL, PROBE, SCRATCH = "fine_tuned", "probe", "scratch"
# in a sentence, and over a column of the figure; from the fewest trained weights to all of them
NAMES = {
    PROBE: ("the frozen probe", "probe"),
    "head": ("the head alone", "head"),
    "biases": ("head and biases", "biases"),
    "adapters_8": ("LoRA of rank 8", "LoRA"),
    "top_1": ("the top block", "top 1"),
    "top_2": ("the top 2 blocks", "top 2"),
    "top_4": ("the top 4 blocks", "top 4"),
    ALL: ("all weights", "all"),
    "probe_first": ("all weights after a probe", "probe first"),
    "gradual": ("all weights, block by block", "gradual"),
}
OTHER_ORDER = ("probe_first", "gradual")  # these train all weights too: no points of the line


@dataclass(frozen=True)
class Choice:
    """The runs of one choice at one size.

    Attributes:
        summary: their scores. trained: weights that were updated.
        seconds: median seconds of the updates alone; None where no run says it.
        rate: learning rate, or None.
    """

    summary: Summary
    trained: int
    seconds: float | None
    rate: float | None


class Unfrozen:
    """Ledger rows of one task and one training rule, sorted by choice and size.

    Runs of purpose "unfreeze" count, and of the twin curve's arms those of the curve; own runs
    where none of that choice and size are shipped.

    Attributes:
        sizes: those asked for, ascending.
        choices: size -> arm -> its runs, arms in the order of `NAMES`.
        scratch: size -> the same network from random weights.
        live: single runs to be drawn as stars, each once.
        hidden: choices that were taken out by `without`.

    Raises:
        LearnerError: rows of several tasks, training rules or versions of the data.
    """

    def __init__(self, rows: Iterable[dict], sizes: Sequence[int] | None = None,
                 live_rows: Iterable[dict] = ()):
        self.sizes = sorted(set(sizes or SIZES))
        self.live = [row for row in {row["id"]: row for row in live_rows}.values()
                     if row["arm"] in NAMES and row["n"] in self.sizes and _whole(row)]
        kept = {row["id"]: row for row in shipped_or_own(rows)
                if row["n"] in self.sizes and _counts(row) and _whole(row)}
        check_comparable([*self.live, *kept.values()])
        self.rows = list(kept.values())
        self.choices = {n: {arm: _choice(there, arm, n) for arm in NAMES
                            if (there := self._runs(arm, n))} for n in self.sizes}
        self.scratch = {n: _choice(there, SCRATCH, n).summary for n in self.sizes
                        if (there := self._runs(SCRATCH, n))}
        self.hidden: tuple[str, ...] = ()

    def _runs(self, arm: str, n: int) -> list[dict]:
        return [row for row in self.rows if (row["arm"], row["n"]) == (arm, n)]

    def without(self, arms: Sequence[str]) -> "Unfrozen":
        """The same without the runs of some choices, as before a guess."""
        if not arms:
            return self
        rest = Unfrozen([row for row in self.rows if row["arm"] not in arms], self.sizes,
                        [row for row in self.live if row["arm"] not in arms])
        rest.hidden = tuple(arms)
        return rest

    @property
    def arms(self) -> list[str]:
        """Choices that have runs at some size, or a live run, by the weights that they train."""
        there = {arm for found in self.choices.values() for arm in found}
        names = list(NAMES)
        return sorted(there | {row["arm"] for row in self.live},
                      key=lambda arm: (self.trained(arm), names.index(arm)))

    def trained(self, arm: str) -> int:
        """Weights that a choice trains; the same at every size."""
        runs = [found[arm].trained for found in self.choices.values() if arm in found]
        return max([*runs, *(row["trained_parameters"] for row in self.live if row["arm"] == arm)])

    def difference(self, one: str, other: str, n: int) -> PairedDifference | None:
        """Accuracy of `one` minus that of `other`, paired by seed and test sentence."""
        return _difference(*(tuple(
            (row["subset_seed"], row["run_seed"], row["accuracy"], row.get("correct") or "",
             row.get("test_size") or 0) for row in self._runs(arm, n)) for arm in (one, other)))

    def missing(self) -> str:
        """Which choices have no runs at which of `SIZES`, and the commands that make them."""
        groups: dict[tuple[str, ...], list[int]] = {}
        for n in (n for n in self.sizes if n in SIZES):  # the study has no others
            absent = [arm for arm in NAMES if arm not in (*self.choices[n], *self.hidden)]
            absent += [] if n in self.scratch else [SCRATCH]
            groups.setdefault(tuple(absent), []).append(n)
        said = []
        for absent, sizes in groups.items():
            text = missing_runs(absent, sizes[0])
            where = sizes_text(sizes) if len(groups) > 1 else ""
            said.append(f"At {where}: {text[:1].lower()}{text[1:]}" if text and where else text)
        return " ".join(filter(None, said))


def sizes_text(sizes: Sequence[int]) -> str:
    """'16, 64 and 256 labels'."""
    *most, last = sizes
    return " and ".join(filter(None, [", ".join(f"{n:,}" for n in most), words.labels(last)]))


@lru_cache(maxsize=512)  # a figure asks for dozens, and the next one for the same again
def _difference(*both: tuple[tuple, ...]) -> PairedDifference | None:
    """Of two lists of runs: (slice's seed, run's seed, accuracy, answers, their number) each."""
    scored = []
    for runs in both:
        scores = {(a, b): score for a, b, score, _, _ in runs}
        answers = {(a, b): correct_flags({"correct": flags, "test_size": size})
                   for a, b, _, flags, size in runs if flags}
        scored.append(Scored(scores=scores, answers=answers))
    return paired_difference(*scored, "accuracy")


def _counts(row: dict) -> bool:
    """The twin curve's arms and some of these choices also have runs of other studies."""
    return row["purpose"] == ("unfreeze" if row["arm"] in UNFREEZE else "curve") and (
        row["arm"] in NAMES or row["arm"] == SCRATCH)


def _whole(row: dict) -> bool:
    return score_of(row, "accuracy") is not None and bool(row.get("trained_parameters"))


def _choice(rows: list[dict], arm: str, n: int) -> Choice:
    seconds = [row["seconds_training"] for row in rows if row.get("seconds_training")]
    return Choice(summarise_scores([score_of(row, "accuracy") for row in rows], arm, n),
                  rows[0]["trained_parameters"], median(seconds) if seconds else None,
                  rows[0].get("learning_rate"))
