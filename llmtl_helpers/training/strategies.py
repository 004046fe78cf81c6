"""What a run trains. A strategy maps (config, task, data, stop, watch, device) to an Outcome.

Adding a strategy is adding a function to `STRATEGIES`. Baselines are strategies too, so that
they go through the same slices, the same ledger and the same figures.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

import numpy as np

from llmtl_helpers.training.config import RunConfig

EVALUATIONS = 10  # points of the validation curve of each run
HISTORY_EXAMPLES = 200  # of the validation slice: more would cost a third of the training time


@dataclass
class Outcome:
    """Predicted classes on the test set and what is worth knowing of how they were made."""

    test_predictions: np.ndarray | None  # (test,) int; None where `stop` came first
    validation_predictions: np.ndarray | None = None
    details: dict = field(default_factory=dict)  # fields of the ledger's schema


class Data:
    """The slices of one run: its training texts and the parts of validation and test it uses."""

    def __init__(self, config: RunConfig, task):
        self.train_rows = task.subset_indices(config.n, config.subset_seed)
        subset = task.train.select(self.train_rows)
        self.train_texts, self.train_labels = list(subset["text"]), np.asarray(subset["label"])
        # never more validation examples than training examples: a learner with 16 labels
        # does not have 600 more to choose by
        held = task.validation.select(
            range(min(len(task.validation), config.n, config.validation_limit)))
        self.validation_texts, self.validation_labels = list(held["text"]), np.asarray(held["label"])
        test = task.test.select(range(min(len(task.test), config.test_limit or len(task.test))))
        self.test_texts, self.test_labels = list(test["text"]), np.asarray(test["label"])


def all_weights(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
                device: str) -> Outcome:
    """Train every weight of body and head."""
    from torch import nn

    from llmtl_helpers.models import build, hash_weights
    from llmtl_helpers.training.batches import encode
    from llmtl_helpers.training.loop import evaluate, train
    from llmtl_helpers.training.metrics import METRICS

    model = build(config.checkpoint, config.init, len(task.label_names), config.run_seed)
    details = {"initial_weights": hash_weights(model)}
    validation = encode(model.tokenizer, data.validation_texts, config.max_length)
    points = {round(config.updates * i / EVALUATIONS) for i in range(1, EVALUATIONS + 1)}
    history, losses, spent = [], [], 0.0

    def observe(update: int, loss: float) -> None:
        nonlocal spent
        losses.append(loss)
        watch(update, loss)
        if update in points and not stop.is_set():
            began = time.perf_counter()
            predicted = evaluate(model, validation[:HISTORY_EXAMPLES]).argmax(1).numpy()
            score = METRICS[task.metric](data.validation_labels[:HISTORY_EXAMPLES], predicted)
            history.append((update, round(score, 4), round(float(np.mean(losses)), 4)))
            losses.clear()
            spent += time.perf_counter() - began

    began = time.perf_counter()
    tokens = train(model, data.train_texts, data.train_labels.tolist(), updates=config.updates,
                   batch_size=config.batch_size, learning_rate=config.learning_rate,
                   seed=config.run_seed, max_length=config.max_length, device=device, watch=observe,
                   stop=stop)
    seconds = time.perf_counter() - began - spent
    if stop.is_set():
        return Outcome(None)
    body = sum(p.numel() for p in model.body.parameters())
    tables = sum(m.weight.numel() for m in model.modules() if isinstance(m, nn.Embedding))
    weights = sum(p.numel() for p in model.parameters())
    details |= {
        "history_updates": [h[0] for h in history], "history_scores": [h[1] for h in history],
        "history_losses": [h[2] for h in history], "tokens": tokens,
        "seconds_training": round(seconds, 2), "parameters": weights, "trained_parameters": weights,
        "flops": 6.0 * (body - tables) * tokens, "device": model.head.weight.device.type,
    }
    test = encode(model.tokenizer, data.test_texts, config.max_length)
    return Outcome(evaluate(model, test).argmax(1).numpy(),
                   evaluate(model, validation).argmax(1).numpy(), details)


def frozen_probe(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
                 device: str) -> Outcome:
    """Logistic regression on the features of the untouched body (a linear probe)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from llmtl_helpers.training.features import frozen_features

    features = frozen_features(config, task, stop)
    if features is None:
        return Outcome(None)
    probe = make_pipeline(StandardScaler(), LogisticRegression(
        C=config.inverse_regularisation, max_iter=2000))
    probe.fit(features["train"][data.train_rows], data.train_labels)
    return Outcome(probe.predict(features["test"][:len(data.test_texts)]),
                   probe.predict(features["validation"][:len(data.validation_texts)]),
                   {"trained_parameters": int(probe[-1].coef_.size + probe[-1].intercept_.size)})


def bag_of_words(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
                 device: str) -> Outcome:
    """TF-IDF of words and word pairs, then logistic regression: the baseline to beat."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b|[!?]"),
        LogisticRegression(C=config.inverse_regularisation, max_iter=2000))
    model.fit(data.train_texts, data.train_labels)
    return Outcome(model.predict(data.test_texts), model.predict(data.validation_texts),
                   {"trained_parameters": int(model[-1].coef_.size + model[-1].intercept_.size)})


def majority(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
             device: str) -> Outcome:
    """Always the class that is most frequent in the training slice."""
    from sklearn.dummy import DummyClassifier

    model = DummyClassifier(strategy="most_frequent").fit(data.train_texts, data.train_labels)
    return Outcome(model.predict(data.test_texts), model.predict(data.validation_texts))


STRATEGIES: dict[str, Callable[..., Outcome]] = {
    "all_weights": all_weights,
    "frozen_probe": frozen_probe,
    "bag_of_words": bag_of_words,
    "majority": majority,
}
