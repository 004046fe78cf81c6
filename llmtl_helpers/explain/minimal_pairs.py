"""Two sentences that differ in one thing, of which one is right: which does a model prefer?

Taught in 08. The idea is that of BLiMP (Warstadt et al. 2020), which compares the probabilities of
whole sentences too; the sentences are the suite's own.
In each phenomenon every swap of words has its mirror image, so that a word which makes one sentence
right makes another one wrong. Whoever looks at single words, or at lengths, therefore prefers the
right sentence in exactly half of the pairs: that is what chance means here.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

FILE = Path(__file__).with_name("minimal_pairs.tsv")
BEFORE = "."  # a sentence comes after one that has ended; something must go before its first word
LONGEST = 64  # tokens of a sentence


@dataclass(frozen=True)
class Pair:
    """Two sentences that differ in one thing.

    Attributes:
        kind: the phenomenon that they try.
        right, wrong: the sentence that people would write, and the other one.
    """

    kind: str
    right: str
    wrong: str


@lru_cache
def grammar_pairs() -> tuple[Pair, ...]:
    """All pairs of the file, in its order. Taught in 08."""
    return tuple(Pair(row["phenomenon"], row["right"], row["wrong"]) for row in read_rows(FILE))


def read_rows(file: Path) -> list[dict[str, str]]:
    """Rows of a table whose cells are parted by tabs, its first line their names."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def preferences(model, pairs: Sequence[Pair]) -> np.ndarray:
    """log p(right) - log p(wrong) of each pair, in nats, float64 (pairs,); above 0: it is right.

    The probability of a sentence is that of all its tokens and of the end after them. Summing over
    the words that differ would not do: where the first word differs, what tells the two apart comes
    later. Both sentences of a pair have equally many words and, over a phenomenon, the same ones,
    so no correction for length is made.

    Args:
        model: a `LanguageModel`, whatever its tokenizer.
    Raises:
        ValueError: there is no pair.

    Taught in 08.
    """
    if not len(pairs):
        raise ValueError("there are no pairs to judge")
    from llmtl_helpers.training.loop import evaluate

    texts = [(BEFORE, f" {sentence}") for pair in pairs for sentence in (pair.right, pair.wrong)]
    sums = evaluate(model, model.encode(texts, LONGEST))[:, 0]  # log p, in nats
    right, wrong = sums.double().numpy().reshape(-1, 2).T
    return right - wrong


def right_by_kind(pairs: Sequence[Pair], preferred: ArrayLike) -> dict[str, np.ndarray]:
    """In which pairs of each kind a model prefers the right one: kind -> bool (runs, its pairs).

    Args:
        preferred: `preferences` of one network (pairs,), or of several (runs, pairs).
    Raises:
        ValueError: there is not one number for each pair.

    Taught in 08.
    """
    right = np.atleast_2d(preferred) > 0
    if right.ndim != 2 or right.shape[1] != len(pairs) or not len(pairs):
        raise ValueError(f"{len(pairs)} pairs need as many preferences, not {np.shape(preferred)}")
    places: dict[str, list[int]] = {}
    for place, pair in enumerate(pairs):
        places.setdefault(pair.kind, []).append(place)
    return {kind: right[:, where] for kind, where in places.items()}
