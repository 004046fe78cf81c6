"""What a model writes to the test texts, and how likely it holds the right ones. Taught in 08."""

import time
from threading import Event

import numpy as np

from llmtl_helpers.training.config import RunConfig
from llmtl_helpers.training.data import Data
from llmtl_helpers.training.metrics import METRICS
from llmtl_helpers.training.outcome import Outcome

FREELY = dict(temperature=0.8, top_p=0.95)  # where many answers are right
SHOWN = 60  # answers of that kind, which no score rests on
BESIDE = {  # a task's metric -> all that are measured
    "log_likelihood": ("log_likelihood",),
    "rouge_l": ("rouge_1", "rouge_2", "rouge_l"),
    "chrf": ("chrf", "bleu", "exact_match"),
}


def written(model, config: RunConfig, task, data: Data, stop: Event, details: dict) -> Outcome:
    """Score the right answers and write own ones.

    Where the metric compares answers they are written greedily, one to each test text. Where it is
    the likelihood of the right ones, some are drawn to be read, and the token that ends an answer
    is not counted: examples in a prompt never show it, so it would only tell who was tuned.
    """
    from llmtl_helpers.models.generate import generate
    from llmtl_helpers.models.language_model import Tokens
    from llmtl_helpers.training.loop import evaluate

    longest, free = longest_pair(model, config, data), task.metric == "log_likelihood"

    def likelihoods(pairs):
        if not pairs:
            return None
        encoded = model.encode(pairs, longest)
        if free:
            encoded = [Tokens(ids[:-1], ids.given) for ids in encoded]
        outputs = evaluate(model, encoded, stop)
        return None if outputs is None else model.decide(outputs)

    test, validation = map(likelihoods, (data.test_texts, data.validation_texts))
    if stop.is_set():
        return Outcome(None)
    if config.purpose == "trial":  # its rate is chosen by likelihood: it need not write
        return Outcome(test if free else [], validation, details | {
            "log_likelihood": round(METRICS["log_likelihood"](None, test), 5)})
    prompts = [prompt for prompt, _ in data.test_texts][:SHOWN if free else None]
    drawn = {**FREELY, "seed": config.run_seed} if free else {}
    began = time.perf_counter()
    outputs = generate(model, prompts, task.writing.answer_tokens, stop=stop, **drawn)
    if outputs is None:
        return Outcome(None)
    return Outcome(test if free else outputs, validation, details | {
        "outputs": outputs, "seconds_writing": round(time.perf_counter() - began, 2),
        "temperature": drawn.get("temperature", 0.0), "top_p": drawn.get("top_p", 1.0),
        **likelihood_fields(test)})


def likelihood_fields(outputs: np.ndarray) -> dict:
    """Fields of the ledger's schema from sums of log p and numbers of targets, (texts, 2)."""
    return {"log_likelihood": round(METRICS["log_likelihood"](None, outputs), 5),
            "text_log_likelihoods": np.round(outputs[:, 0], 3).tolist(),
            "text_targets": outputs[:, 1].astype(int).tolist()}


def written_scores(task, data: Data, outcome: Outcome) -> dict:
    """Fields of the ledger's schema. What is chosen on validation data is chosen by likelihood, so
    that no trial has to write."""
    free = task.metric == "log_likelihood"
    targets, answers = None if free else data.targets, outcome.test_predictions
    wrote = free or len(answers) > 0
    scores = {name: round(METRICS[name](targets, answers), 5)
              for name in BESIDE[task.metric]} if wrote else {}
    held = outcome.validation_predictions
    return {**scores, "score": scores.get(task.metric), "test_size": len(data.targets),
            "validation_score": None if held is None else round(
                METRICS["log_likelihood"](None, held), 5)}


def longest_pair(model, config: RunConfig, data: Data) -> int:
    """Tokens that a pair may have: with examples in the prompt all that the model has room for."""
    if config.strategy != "prompted":
        return config.max_length
    return getattr(model.network.config, "max_position_embeddings", None) or config.max_length
