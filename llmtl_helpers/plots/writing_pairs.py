"""Pairs of answers to one text, by the tuned decoder and by another, in a drawn order.

Taught in 08.
"""

import random
from dataclasses import dataclass

from llmtl_helpers.plots.writing_data import PROMPTS, SCRATCH, TUNED, Point, Written
from llmtl_helpers.plots.writing_samples import run_of

OPPONENTS = {"scratch": SCRATCH, "prompt": PROMPTS[0], "chat": PROMPTS[1]}  # without examples


@dataclass(frozen=True)
class Pair:
    """Two answers to one test text.

    Attributes:
        text: its number, from 1. seed: of the runs.
        first_tuned: whether the tuned decoder's answer stands first.
        tuned, other: the rows.
    """

    text: int
    seed: int
    first_tuned: bool
    tuned: dict
    other: dict

    @property
    def rows(self) -> tuple[dict, dict]:
        """In the order in which they are shown."""
        return (self.tuned, self.other) if self.first_tuned else (self.other, self.tuned)

    @property
    def answers(self) -> tuple[str, str]:
        return tuple(row["outputs"][self.text - 1] for row in self.rows)


def opponent(name: str, n: int) -> Point:
    """The arm with its examples that the tuned decoder plays against."""
    return OPPONENTS[name], n if name == "scratch" else 0


def pairs(found: Written, other: str, n: int, draw: int) -> tuple[list[Pair], int]:
    """Pairs in the order of a game, each text once, and how many were left out as equal.

    Equal `draw`, runs and choice give an equal game. A text's run is drawn among the seeds in whose
    runs the two answers differ; an empty prompt has one run, which stands beside every seed.

    Args:
        other: a name in `OPPONENTS`. n: examples that was tuned on. draw: number of the game.
    """
    by_seed = {}
    for seed in sorted({row["run_seed"] for row in found.rows}):
        both = run_of(found, TUNED[0], n, seed), run_of(found, *opponent(other, n), seed)
        if all(row is not None and row.get("outputs") for row in both):
            by_seed[seed] = both
    chance = random.Random(f"{draw} {other} {n}")
    most = max((min(len(row["outputs"]) for row in both) for both in by_seed.values()), default=0)
    texts, ties, made = list(range(1, most + 1)), 0, []
    chance.shuffle(texts)
    for text in texts:
        there = {seed: both for seed, both in by_seed.items()
                 if all(len(row["outputs"]) >= text for row in both)}
        apart = [seed for seed, both in there.items() if _differ(*both, text)]
        seed, first = chance.choice(apart or [0]), chance.random() < 0.5  # drawn in every case
        ties += len(there) - len(apart)
        if apart:
            made.append(Pair(text, seed, first, *there[seed]))
    return made, ties


def _differ(one: dict, other: dict, text: int) -> bool:
    ours, theirs = (" ".join(row["outputs"][text - 1].split()) for row in (one, other))
    return ours != theirs
