"""Which words tell the bag of words what. Taught in 06."""

from typing import NamedTuple

import numpy as np


class Telling(NamedTuple):
    """A word, or a pair of words, and its weight: above 0 it speaks for the second class."""

    word: str
    weight: float


def telling_words(model, count: int = 8) -> list[Telling]:
    """The `count` words with the highest weights and the `count` with the lowest, highest first.

    Args:
        model: a fitted `training.baselines.word_model` of two classes.
    Raises:
        ValueError: count below 1.
    """
    if count < 1:
        raise ValueError(f"{count} words are none")
    weights, names = model[-1].coef_[0], model[0].get_feature_names_out()
    order = np.argsort(-weights, kind="stable")
    count = min(count, len(order) // 2)
    return [Telling(str(names[at]), float(weights[at]))
            for at in [*order[:count], *order[len(order) - count:]]]
