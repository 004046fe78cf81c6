"""The bag of words, kept after it was fitted: which words tell it what. Taught in 06."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Telling(NamedTuple):
    """A word, or a pair of words, and its weight: above 0 it speaks for the second class."""

    word: str
    weight: float


def fit_words(texts: Sequence[str], labels: Sequence[int], inverse_regularisation: float = 1.0):
    """Fit the bag of words of `training.baselines.bag_of_words` and return it.

    The strategy hands back predictions and drops the model; here the model is what is wanted. A
    test holds the two to the same predictions.

    Args:
        labels: 0 or 1, both of which occur.
        inverse_regularisation: C of the logistic regression.
    Returns:
        a scikit-learn pipeline with `predict` and `decision_function`.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b|[!?]"),
        LogisticRegression(C=inverse_regularisation, max_iter=2000)).fit(list(texts), list(labels))


def telling_words(model, count: int = 8) -> list[Telling]:
    """The `count` words with the highest weights and the `count` with the lowest, highest first.

    Args:
        model: as `fit_words` returns it.
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
