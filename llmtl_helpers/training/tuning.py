"""A run with gradients: the model, its training under watch, and what it says afterwards."""

import time
from collections.abc import Callable
from threading import Event

import numpy as np

from llmtl_helpers.training.adapt import TRAINED, fit_head, gradually
from llmtl_helpers.training.config import RunConfig
from llmtl_helpers.training.data import Data
from llmtl_helpers.training.elsewhere import probed_elsewhere, tried_elsewhere
from llmtl_helpers.training.features import pooled
from llmtl_helpers.training.memory import tokens_at_once
from llmtl_helpers.training.outcome import Outcome

EVALUATIONS = 10  # points of the validation curve of each run
PATIENT_EVALUATIONS = 20  # the same where training ends by patience
HISTORY_EXAMPLES = 200  # of the validation slice: more would cost a third of the training time


def tuned(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
          device: str) -> Outcome:
    """Train what `adapt.TRAINED` leaves trainable under the strategy's name."""
    model = TRAINED[config.strategy](build_model(config, task), config)
    if config.head_first and not fit_head(model, config, task, data, stop):
        return Outcome(None)
    return train_and_score(model, config, task, data, stop, watch, device)


def untuned(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
            device: str) -> Outcome:
    """A language model as it came, without any update."""
    from llmtl_helpers.training.loop import evaluate

    model = build_model(config, task)
    validation, test = (model.decide(evaluate(model, model.encode(texts, config.max_length)))
                        for texts in (data.validation_texts, data.test_texts))
    return Outcome(test, validation, {"trained_parameters": 0})


def build_model(config: RunConfig, task):
    """The model that a task needs: a classifier, or a language model where it has no labels."""
    from llmtl_helpers.models import build, build_language_model

    if task.label_names:
        return build(config.checkpoint, config.init, len(task.label_names), config.run_seed)
    return build_language_model(config.checkpoint, config.init, config.run_seed)


def train_and_score(model, config: RunConfig, task, data: Data, stop: Event, watch: Callable,
                     device: str) -> Outcome:
    """Train what requires a gradient, then predict validation and test."""
    from llmtl_helpers.training.loop import evaluate

    details = train_watched(model, config, task, data, stop, watch, device)
    if details is None:
        return Outcome(None)

    if task.writing:
        from llmtl_helpers.training.writing import written

        return written(model, config, task, data, stop, details)

    def predict(texts):
        return model.decide(evaluate(model, model.encode(texts, config.max_length)))

    def features(other, rows):
        splits = {name: pooled(model, getattr(other, name)[list(places)]["text"], config.max_length,
                               stop) for name, places in rows.items()}
        return None if any(found is None for found in splits.values()) else splits

    test, validation = predict(data.test_texts), predict(data.validation_texts)
    details |= tried_elsewhere(config, task, lambda other, texts: predict(texts))
    probed = probed_elsewhere(config, features, stop)
    return Outcome(None) if probed is None else Outcome(test, validation, details | probed)


def train_watched(model, config: RunConfig, task, data: Data, stop: Event, watch: Callable,
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
    # while it is trained, written answers are watched by their likelihood: writing takes long
    metric = METRICS["log_likelihood" if task.writing else task.metric]
    history, losses, spent, best = [], [], 0.0, Best(config.patience)

    def look(update: int) -> None:
        outputs = evaluate(model, validation[:watched])
        score = metric(labels, model.decide(outputs))
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
    rule = dict(updates=config.updates, batch_size=config.batch_size, stop=stop, device=device,
                learning_rate=config.learning_rate, seed=config.run_seed,
                max_length=config.max_length, tokens_at_once=tokens_at_once(model))
    tokens = 0
    if config.first_task:
        tokens += _train_first(model, config, data, rule)
        if stop.is_set():
            return None
    tokens += train(model, [*data.train_texts, *data.replayed_texts],
                    [*data.train_labels.tolist(), *data.replayed_labels], watch=observe,
                    thaw=gradually(model, config.updates) if config.gradual else None, **rule)
    seconds = time.perf_counter() - began - spent
    if stop.is_set():
        return None
    if config.patience:
        best.restore()
        details |= {"updates_done": history[-1][0], "best_update": best.update}
    tables = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    weights = [p for p in model.body.parameters() if id(p) not in tables]
    trained = sum(p.numel() for p in weights if p.requires_grad)
    # a gradient passes through all weights, but those of blocks whose answers are kept
    passed = trained if hasattr(model, "prefix_flops") else sum(p.numel() for p in weights)
    if model.tied:  # the table of words is the head too, and multiplied from where targets begin
        table = model.body.get_input_embeddings().weight
        share = table.numel() * target_share(model.encode(data.train_texts, config.max_length))
        trained += share if table.requires_grad else 0
        passed += share
    return details | {
        "history_updates": [h[0] for h in history], "history_scores": [h[1] for h in history],
        "history_losses": [h[2] for h in history], "tokens": tokens,
        "seconds_training": round(seconds, 2),
        "parameters": sum(p.numel() for p in model.parameters()),
        "trained_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        # forward and back through each weight, and its own gradient where it is trained
        "flops": (4.0 * passed + 2.0 * trained) * tokens + getattr(model, "prefix_flops", 0.0),
        "device": next(model.parameters()).device.type,
    }


def target_share(encoded) -> float:
    """Share of the tokens from the last one on that is only read; all of a text without a prompt."""
    return sum(len(ids) - ids.given + 1 for ids in encoded) / max(1, sum(map(len, encoded)))


def _train_first(model, config: RunConfig, data: Data, rule: dict) -> int:
    """Tune on the earlier task; a head with other classes is not taken along. Returns tokens."""
    import torch
    from torch import nn

    from llmtl_helpers.tasks import load_task
    from llmtl_helpers.training.loop import train

    own, classes = model.head, len(load_task(config.first_task).label_names)
    other = classes != own.out_features
    if other:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.run_seed)
            model.head = nn.Linear(own.in_features, classes)
    tokens = train(model, data.first_texts, data.first_labels, **rule)
    if other:
        model.head = own
    return tokens
