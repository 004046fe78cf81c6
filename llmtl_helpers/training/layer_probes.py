"""Linear probes at every place of a network, and how alike two networks are there. Taught in 04.

A place is what a text's tokens are, on average, after the embeddings (place 0) or after a block.
"""

from collections.abc import Mapping

import numpy as np

from llmtl_helpers.models import weights_recipe
from llmtl_helpers.training.config import RunConfig
from llmtl_helpers.training.features import frozen_features, pooled
from llmtl_helpers.training.metrics import METRICS
from llmtl_helpers.training.probing import best_probe

Found = tuple[np.ndarray, np.ndarray, dict]  # test and validation predictions, fields of the row


def probe_untouched(config: RunConfig, task, data, stop) -> Found | None:
    """Probe the body as `config` starts from it; None if `stop` was set. Features are kept on disk."""
    features = frozen_features(config, task, data.rows, stop, every_place=True)
    return None if features is None else _probe_and_compare(features, config, task, data, stop)


def probe_model(model, config: RunConfig, task, data, stop) -> Found | None:
    """Probe a model that was trained in this run; None if `stop` was set."""
    features = {}
    for split in ("train", "validation", "test"):
        features[split] = pooled(model, getattr(data, f"{split}_texts"), config.max_length, stop,
                                 every_place=True)
        if features[split] is None:
            return None
    return _probe_and_compare(features, config, task, data, stop)


def _probe_and_compare(features: Mapping, config: RunConfig, task, data, stop) -> Found | None:
    untouched = config.changed(init="pretrained", weights_recipe=weights_recipe(
        config.checkpoint, "pretrained"))
    reference = frozen_features(untouched, task, {"test": data.rows["test"]}, stop,
                                every_place=True)
    if reference is None:
        return None
    test, validation, details = probe_places(features, data, task.metric)
    return test, validation, details | {
        "layer_similarity": similarities(features["test"], reference["test"])}


def probe_places(features: Mapping[str, np.ndarray], data, metric: str) -> Found:
    """Fit one linear probe per place; C is chosen by validation score, of equal ones the smallest.

    Args:
        features: "train", "validation", "test" -> float32 (texts, places, width).
        data: the run's slices, with their labels.
        metric: a name of METRICS.

    Returns:
        predicted classes of the test texts and of the validation texts at the last place, int;
        and the fields `layer_...` of the ledger's schema.
    """
    best, tests = [], []
    for place in range(features["train"].shape[1]):
        here = {split: values[:, place] for split, values in features.items()}
        best.append(best_probe(here, data.train_labels, data.validation_labels, metric))
        tests.append(best[-1].probe.predict(here["test"]))
    return tests[-1], best[-1].validation, {
        "layer_scores": [round(METRICS[metric](data.test_labels, test), 5) for test in tests],
        "layer_validation_scores": [round(one.score, 5) for one in best],
        "layer_choices": [one.choice for one in best]}


def similarities(features: np.ndarray, reference: np.ndarray) -> list[float]:
    """Linear CKA at each place of two networks, both (texts, places, width) of the same texts."""
    return [round(linear_cka(features[:, place], reference[:, place]), 5)
            for place in range(features.shape[1])]


def linear_cka(x: np.ndarray, y: np.ndarray) -> float:
    """Linear centred kernel alignment of two sets of features of the same texts, from 0 to 1.

    ||Y'X||^2 / (||X'X|| ||Y'Y||) with centred columns and Frobenius norms. It is 1 where one
    set is the other one turned or stretched as a whole, and does not care which network comes
    first. NaN where a set does not vary at all.

    Args:
        x: (texts, width). y: (texts, other width).

    Raises:
        ValueError: the numbers of texts differ.

    Source: Kornblith et al. (2019), Similarity of neural network representations revisited,
    section 3. Taught in 04.
    """
    if len(x) != len(y):
        raise ValueError(f"features of {len(x)} and of {len(y)} texts cannot be compared")
    x, y = (np.asarray(one, dtype=float) - np.mean(one, axis=0, dtype=float) for one in (x, y))
    size = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float(np.linalg.norm(y.T @ x) ** 2 / size) if size > 0 else float("nan")
