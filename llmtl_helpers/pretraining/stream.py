"""Text -> batches of token numbers without padding, the same on every machine. Taught in 03."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.recipes import Recipe


def shuffled_words(documents: Sequence[str], rng) -> list[str]:
    """The words of each document in random order: what occurs together stays, order goes.

    As Sinha et al. (2021), Masked Language Modeling and the Distributional Hypothesis.
    """
    return [" ".join(rng.permutation(document.split())) for document in documents]


def random_words(documents: Sequence[str], rng) -> list[str]:
    """Each word drawn anew from all words of the corpus: only how frequent a word is stays."""
    words = np.array([word for document in documents for word in document.split()], dtype=object)
    return [" ".join(words[rng.integers(len(words), size=len(document.split()))])
            for document in documents]


DISORDERS: dict[str, Callable] = {
    "none": lambda documents, rng: list(documents),
    "shuffled_words": shuffled_words,
    "random_words": random_words,
}


HELD_OUT_EVERY = 50  # one document in so many is never trained on
HELD_OUT_TOKENS = 8192
UNREADABLE = 0.8  # tokens per character: so many when a text is spelled out byte by byte
UNKNOWN = 0.2  # share of tokens


class Stream:
    """Endless batches: in every epoch the documents in a new order, cut into sequences.

    A batch depends on the recipe and its own number alone, so an interrupted training goes on
    with the very batch that came next.

    Attributes:
        held_out: (sequences, length) int64 of documents that no batch holds; may have no row.

    Raises:
        LearnerError: the corpus has fewer tokens than one batch, or the tokenizer was made for
            another script.
    """

    def __init__(self, recipe: Recipe, documents: Sequence[str], tokenizer):
        rng = np.random.default_rng([recipe.seed, 0])
        texts = DISORDERS[recipe.disorder](documents, rng)
        encoded = tokenizer(texts, verbose=False)["input_ids"] if texts else []
        _readable(texts, encoded, tokenizer)
        self.recipe = recipe
        documents = [np.asarray(tokens, dtype=np.int32) for tokens in encoded]
        self.documents = [tokens for at, tokens in enumerate(documents)
                          if at % HELD_OUT_EVERY != HELD_OUT_EVERY - 1]
        kept_back = np.concatenate([np.zeros(0, np.int32),
                                    *documents[HELD_OUT_EVERY - 1::HELD_OUT_EVERY]])
        whole = min(len(kept_back), HELD_OUT_TOKENS) // recipe.length * recipe.length
        self.held_out = kept_back[:whole].reshape(-1, recipe.length).astype(np.int64)
        self.tokens = sum(map(len, self.documents))
        self.batches = self.tokens // (recipe.length * recipe.batch_size)  # of an epoch
        if self.batches < 1:
            raise LearnerError(
                f"the corpus has {self.tokens:,} tokens and one batch needs "
                f"{recipe.length * recipe.batch_size:,}", next="use more text or a smaller batch")

    def from_update(self, update: int) -> Iterator[np.ndarray]:
        """Batches for `update` (from 0) and those after it, each (batch, length) int64."""
        recipe = self.recipe
        while True:
            epoch, first = divmod(update, self.batches)
            rng = np.random.default_rng([recipe.seed, 1, epoch])
            order = rng.permutation(len(self.documents))
            tokens = np.concatenate([self.documents[at] for at in order])
            start = rng.integers(self.tokens % (recipe.length * recipe.batch_size) + 1)
            sequences = tokens[start:start + self.batches * recipe.batch_size * recipe.length]
            sequences = sequences.reshape(-1, recipe.length)
            sequences = sequences[rng.permutation(len(sequences))]
            size = recipe.batch_size
            for batch in range(first, self.batches):
                yield sequences[batch * size:(batch + 1) * size].astype(np.int64)
            update = (epoch + 1) * self.batches


def _readable(texts: Sequence[str], encoded: Sequence[list[int]], tokenizer) -> None:
    tokens, characters = sum(map(len, encoded)), sum(map(len, texts))
    unknown = (sum(ids.count(tokenizer.unk_token_id) for ids in encoded)
               if tokenizer.unk_token else 0)
    if tokens > 1000 and (tokens > UNREADABLE * characters or unknown > UNKNOWN * tokens):
        raise LearnerError(
            "this tokenizer was not made for this text",
            f"{characters:,} characters became {tokens:,} tokens, {unknown:,} of them unknown",
            "train a tokenizer on text of the same kind: `words_from` of the recipe")
