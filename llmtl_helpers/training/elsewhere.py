"""What a tuned model can do on tasks that it was not tuned on. Taught in 06 and 07."""

from collections.abc import Callable, Mapping, Sequence
from threading import Event

import numpy as np

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import pack_flags
from llmtl_helpers.tasks import load_task
from llmtl_helpers.training.config import RunConfig
from llmtl_helpers.training.metrics import CLASSIFICATION
from llmtl_helpers.training.probing import best_probe

PROBED_WITH = 256  # labelled examples of the other task, and at most as many to choose C by


def tried_elsewhere(config: RunConfig, task,
                    predict: Callable[[object, Sequence[str]], np.ndarray]) -> dict:
    """Try a model as it is on the test sets of `config.also_tested`.

    Args:
        predict: (other task, its test texts) -> classes, int (texts,).

    Returns:
        the field `other_tests` of the ledger's schema, or nothing where no task is named.

    Raises:
        LearnerError: the classes of another task are not those of the run's own.
    """
    found = {}
    for name in config.also_tested:
        other = load_task(name)
        if other.label_names != task.label_names:
            raise LearnerError(f"a model of {task.name} cannot be tried on {name}",
                               f"its classes are {', '.join(task.label_names)} and those there "
                               f"{', '.join(other.label_names)}",
                               "choose tasks with the same classes")
        test = other.test[:config.test_limit or len(other.test)]
        found[name] = _scored(other, test["label"], predict(other, test["text"]))
    return {"other_tests": found} if found else {}


def probed_elsewhere(config: RunConfig, features: Callable[[object, Mapping], Mapping | None],
                     stop: Event) -> dict | None:
    """Fit a linear probe of a body on each task of `config.also_probed`: what it still knows.

    Args:
        features: (other task, split -> row numbers) -> split -> float32 (rows, width), or None if
            it was stopped.

    Returns:
        the field `other_probes` of the ledger's schema, or nothing where no task is named; None if
        `stop` was set.
    """
    found = {}
    for name in config.also_probed:
        other = load_task(name)
        n = min(PROBED_WITH, len(other.train))
        rows = {"train": other.subset_indices(n, config.subset_seed),
                "validation": range(min(n, len(other.validation))),
                "test": range(min(config.test_limit or len(other.test), len(other.test)))}
        seen = None if stop.is_set() else features(other, rows)
        if seen is None:
            return None
        labels = {split: np.asarray(getattr(other, split)[list(places)]["label"])
                  for split, places in rows.items()}
        best = best_probe(seen, labels["train"], labels["validation"], other.metric)
        found[name] = _scored(other, labels["test"], best.probe.predict(seen["test"])) | {
            "train_size": n, "inverse_regularisation": best.choice}
    return {"other_probes": found} if found else {}


def _scored(task, gold, predicted) -> dict:
    gold = np.asarray(gold)
    return {name: round(metric(gold, predicted), 5) for name, metric in CLASSIFICATION.items()} | {
        "test_size": len(gold), "correct": pack_flags(predicted == gold),
        "data_fingerprint": task.fingerprint}
