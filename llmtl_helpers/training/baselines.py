"""What a tuned network has to beat, and the linear probe of an untouched one. Taught in 01."""

from collections.abc import Callable, Sequence
from threading import Event

import numpy as np

from llmtl_helpers.training.config import RunConfig
from llmtl_helpers.training.data import Data
from llmtl_helpers.training.elsewhere import probed_elsewhere, tried_elsewhere
from llmtl_helpers.training.outcome import Outcome

ADDED = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)  # to the count of each token


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

    def untouched(other, rows):
        there = config.changed(task=other.name, data_fingerprint=other.fingerprint)
        return frozen_features(there, other, rows, stop)

    def predict(other, texts):
        found = untouched(other, {"test": range(len(texts))})
        return np.zeros(len(texts), int) if found is None else probe.predict(found["test"])

    details = tried_elsewhere(config, task, predict)
    probed = probed_elsewhere(config, untouched, stop)
    if probed is None or stop.is_set():
        return Outcome(None)
    return Outcome(probe.predict(features["test"]), probe.predict(features["validation"]),
                   {"trained_parameters": int(probe[-1].coef_.size + probe[-1].intercept_.size)}
                   | details | probed)


def word_model(inverse_regularisation: float):
    """TF-IDF of words and word pairs, then logistic regression: not fitted yet."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b|[!?]"),
        LogisticRegression(C=inverse_regularisation, max_iter=2000))


def bag_of_words(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
                 device: str) -> Outcome:
    """The word model: the baseline to beat.

    With a checkpoint it sees no more of each text than that network reads.
    """
    see = list if config.checkpoint == "none" else _beginnings(config)
    model = word_model(config.inverse_regularisation)
    model.fit(see(data.train_texts), data.train_labels)
    return Outcome(model.predict(see(data.test_texts)), model.predict(see(data.validation_texts)),
                   {"trained_parameters": int(model[-1].coef_.size + model[-1].intercept_.size)}
                   | tried_elsewhere(config, task, lambda other, texts: model.predict(see(texts))))


def _beginnings(config: RunConfig) -> Callable[[Sequence[str]], list[str]]:
    """A function that cuts each text after its first `max_length` tokens."""
    from llmtl_helpers.models import load_tokenizer

    tokenizer = load_tokenizer(config.checkpoint)

    def cut(texts: Sequence[str]) -> list[str]:
        spans = tokenizer(list(texts), truncation=True, max_length=config.max_length,
                          return_offsets_mapping=True)["offset_mapping"]
        return [text[:max((end for _, end in span), default=0)]
                for text, span in zip(texts, spans, strict=True)]

    return cut


def token_counts(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
                 device: str) -> Outcome:
    """A unigram model of written answers: how often each token occurs in the n examples, whatever
    stands before it. What a network from scratch has to beat. Taught in 08.

    What is added to every count, so that no token is impossible, is the value of `ADDED` that suits
    the validation answers best (additive smoothing: Chen & Goodman 1998, section 2.1).
    """
    from llmtl_helpers.models import load_tokenizer
    from llmtl_helpers.training.metrics import METRICS
    from llmtl_helpers.training.writing import likelihood_fields

    tokenizer = load_tokenizer(config.checkpoint)

    def tokens(pairs) -> list[list[int]]:
        """Of each answer, as far as a network reads that has one before it and an end to guess."""
        encoded = tokenizer([answer for _, answer in pairs], add_special_tokens=False)["input_ids"]
        return [ids[:config.max_length - 2] for ids in encoded]

    counts = np.bincount(np.concatenate(tokens(data.train_texts)), minlength=len(tokenizer))
    held, asked = tokens(data.validation_texts), tokens(data.test_texts)

    def likelihoods(answers, added: float) -> np.ndarray:
        """Sum of log p and number of tokens of each answer, (texts, 2)."""
        shares = np.log((counts + added) / (counts + added).sum())
        return np.array([(shares[ids].sum(), len(ids)) for ids in answers])

    added = max(ADDED, key=lambda value: METRICS["log_likelihood"](None, likelihoods(held, value)))
    found = likelihoods(asked, added)
    return Outcome(found, likelihoods(held, added), {"trained_parameters": 0, "added": added}
                   | likelihood_fields(found))


def majority(config: RunConfig, task, data: Data, stop: Event, watch: Callable,
             device: str) -> Outcome:
    """Always the class that is most frequent in the training slice."""
    from sklearn.dummy import DummyClassifier

    model = DummyClassifier(strategy="most_frequent").fit(data.train_texts, data.train_labels)
    return Outcome(model.predict(data.test_texts), model.predict(data.validation_texts),
                   tried_elsewhere(config, task, lambda other, texts: model.predict(texts)))
