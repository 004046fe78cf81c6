"""One face for bag of words and network: texts in, log-odds of a class out. Taught in 06."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Judge:
    """A trained classifier of two classes, as those who question it see it.

    Attributes:
        name: in print.
        logits: texts -> float (texts,), log-odds of the second class; above 0 it is chosen.
        reads: text -> the part of it that the classifier reads.
    """

    name: str
    logits: Callable[[Sequence[str]], np.ndarray]
    reads: Callable[[str], str] = str


def probability(logit: float) -> float:
    """Probability of the second class as the classifier has it; it need not be right."""
    return 1 / (1 + math.exp(-logit)) if logit > -700 else 0.0


def word_judge(model, name: str = "bag of words") -> Judge:
    """The judge that a fitted scikit-learn pipeline on texts is, such as the bag of words."""
    return Judge(name, lambda texts: np.asarray(model.decision_function(list(texts))))


def network_judge(model, max_length: int, name: str = "network") -> Judge:
    """The judge that a classifier network of two classes is.

    Args:
        model: a `TextClassifier`.
        max_length: tokens of a text that it reads.
    """
    def logits(texts: Sequence[str]) -> np.ndarray:
        from llmtl_helpers.training.loop import evaluate

        outputs = evaluate(model, model.encode(texts, max_length))  # (texts, 2)
        return (outputs[:, 1] - outputs[:, 0]).numpy()

    def reads(text: str) -> str:
        spans = model.tokenizer(text, truncation=True, max_length=max_length,
                                return_offsets_mapping=True)["offset_mapping"]
        return text[:max((end for _, end in spans), default=0)]

    return Judge(name, logits, reads)


def put_probe(model, texts: Sequence[str], labels: Sequence[int], max_length: int,
              inverse_regularisation: float = 0.01) -> None:
    """Let the head of an untouched network be a linear probe of it: no update is made.

    Args:
        model: a `TextClassifier`; its head is changed in place.
        inverse_regularisation: C of the logistic regression.
    """
    import torch

    from llmtl_helpers.training.adapt import as_layer
    from llmtl_helpers.training.features import linear_probe, pooled

    probe = linear_probe(inverse_regularisation).fit(pooled(model, texts, max_length), labels)
    weight, bias = as_layer(probe, model.head.out_features)
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(weight))
        model.head.bias.copy_(torch.from_numpy(bias))
