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
from llmtl_helpers.training.data import Data

EVALUATIONS = 10  # points of the validation curve of each run
PATIENT_EVALUATIONS = 20  # the same where training ends by patience
HISTORY_EXAMPLES = 200  # of the validation slice: more would cost a third of the training time


@dataclass
class Outcome:
    """Predicted classes on the test set and what is worth knowing of how they were made."""

    test_predictions: np.ndarray | None  # (test,) int; None where `stop` came first
    validation_predictions: np.ndarray | None = None
    details: dict = field(default_factory=dict)  # fields of the ledger's schema


def all_weights(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
                device: str) -> Outcome:
    """Train every weight of body and head, or of a language model."""
    return _train_and_score(_model(config, task), config, task, data, stop, watch, device)


def untuned(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
            device: str) -> Outcome:
    """A language model as it came, without any update."""
    from llmtl_helpers.training.loop import evaluate

    model = _model(config, task)
    validation, test = (model.decide(evaluate(model, model.encode(texts, config.max_length)))
                        for texts in (data.validation_texts, data.test_texts))
    return Outcome(test, validation, {"trained_parameters": 0})


def _model(config: RunConfig, task):
    """The model that a task needs: a classifier, or a language model where it has no labels."""
    from llmtl_helpers.models import build, build_language_model

    if task.label_names:
        return build(config.checkpoint, config.init, len(task.label_names), config.run_seed)
    return build_language_model(config.checkpoint, config.init, config.run_seed)


def top_blocks(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
               device: str) -> Outcome:
    """Train the head and the uppermost `trained_blocks` blocks; what is below stays frozen."""
    from llmtl_helpers.models import build
    from llmtl_helpers.training.frozen_prefix import TopBlocks

    model = build(config.checkpoint, config.init, len(task.label_names), config.run_seed)
    model = TopBlocks(model, config.trained_blocks, prefix=config.weights_recipe)
    return _train_and_score(model, config, task, data, stop, watch, device)


def _train_and_score(model, config: RunConfig, task, data: Data, stop: Event, watch: Callable,
                     device: str) -> Outcome:
    """Train what requires a gradient, then predict validation and test."""
    from llmtl_helpers.training.loop import evaluate

    details = _train(model, config, task, data, stop, watch, device)
    if details is None:
        return Outcome(None)
    validation, test = (model.decide(evaluate(model, model.encode(texts, config.max_length)))
                        for texts in (data.validation_texts, data.test_texts))
    return Outcome(test, validation, details)


def _train(model, config: RunConfig, task, data: Data, stop: Event, watch: Callable,
           device: str) -> dict | None:
    """Train what requires a gradient, in place, and keep the learning curve.

    Returns:
        fields of the ledger's schema; None if `stop` was set.
    """
    from torch import nn

    from llmtl_helpers.models import hash_weights
    from llmtl_helpers.training.loop import evaluate, train
    from llmtl_helpers.training.metrics import METRICS
    from llmtl_helpers.training.patience import Best

    details = {"initial_weights": hash_weights(model)}
    validation = model.encode(data.validation_texts, config.max_length)
    evaluations = PATIENT_EVALUATIONS if config.patience else EVALUATIONS
    points = {round(config.updates * i / evaluations) for i in range(1, evaluations + 1)}
    watched = len(validation) if config.patience else HISTORY_EXAMPLES
    labels = data.validation_labels[:watched]
    history, losses, spent, best = [], [], 0.0, Best(config.patience)

    def look(update: int) -> None:
        outputs = evaluate(model, validation[:watched])
        score = METRICS[task.metric](labels, model.decide(outputs))
        loss = round(float(np.mean(losses)), 4) if losses else None
        history.append((update, round(score, 4), loss))
        losses.clear()
        best.look(update, score, model.loss_of(outputs, labels), model)

    def observe(update: int, loss: float) -> bool:
        nonlocal spent
        losses.append(loss)
        watch(update, loss)
        if update in points and not stop.is_set():
            began = time.perf_counter()
            look(update)
            spent += time.perf_counter() - began
        return best.enough

    if model.tied and config.patience:
        look(0)  # a language model can be better before it is tuned than after

    began = time.perf_counter()
    tokens = train(model, data.train_texts, data.train_labels.tolist(), updates=config.updates,
                   batch_size=config.batch_size, learning_rate=config.learning_rate,
                   seed=config.run_seed, max_length=config.max_length, device=device, watch=observe,
                   stop=stop)
    seconds = time.perf_counter() - began - spent
    if stop.is_set():
        return None
    if config.patience:
        best.restore()
        details |= {"updates_done": history[-1][0], "best_update": best.update}
    trained = [p for p in model.body.parameters() if p.requires_grad]
    tables = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    multiplied = sum(p.numel() for p in trained if id(p) not in tables)
    if model.tied:  # the table of words is looked up and, as the head, multiplied too
        multiplied += model.body.get_input_embeddings().weight.numel()
    return details | {
        "history_updates": [h[0] for h in history], "history_scores": [h[1] for h in history],
        "history_losses": [h[2] for h in history], "tokens": tokens,
        "seconds_training": round(seconds, 2),
        "parameters": sum(p.numel() for p in model.parameters()),
        "trained_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "flops": 6.0 * multiplied * tokens + getattr(model, "prefix_flops", 0.0),
        "device": next(model.parameters()).device.type,
    }


def frozen_probe(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
                 device: str) -> Outcome:
    """Logistic regression on the features of the untouched body (a linear probe)."""
    from llmtl_helpers.training.features import frozen_features, linear_probe

    features = frozen_features(config, task, data.rows, stop)
    if features is None:
        return Outcome(None)
    probe = linear_probe(config.inverse_regularisation)
    probe.fit(np.concatenate([features["train"], features["test"][data.leaked_rows]]),
              data.train_labels)
    return Outcome(probe.predict(features["test"]), probe.predict(features["validation"]),
                   {"trained_parameters": int(probe[-1].coef_.size + probe[-1].intercept_.size)})


def layer_probes(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
                 device: str) -> Outcome:
    """A linear probe after the embeddings and after each block of an untouched body."""
    from llmtl_helpers.training.layer_probes import probe_untouched

    return Outcome(*probe_untouched(config, task, data, stop) or [None])


def tuned_layer_probes(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
                       device: str) -> Outcome:
    """The same after all weights were trained, exactly as `all_weights` does."""
    from llmtl_helpers.training.layer_probes import probe_model

    model = _model(config, task)
    trained = _train(model, config, task, data, stop, watch, device)
    found = None if trained is None else probe_model(model, config, task, data, stop)
    if found is None:
        return Outcome(None)
    test, validation, details = found
    return Outcome(test, validation, trained | details)


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
    "untuned": untuned,
    "top_blocks": top_blocks,
    "frozen_probe": frozen_probe,
    "layer_probes": layer_probes,
    "tuned_layer_probes": tuned_layer_probes,
    "bag_of_words": bag_of_words,
    "majority": majority,
}
