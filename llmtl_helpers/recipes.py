"""What is pre-trained, by name. Adding a checkpoint of one's own is adding an entry. Taught in 03.

Carried out by `pretraining`. A name of RECIPES is a checkpoint like any other once `pretrain NAME` has run.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

from llmtl_helpers.arms import ENCODER


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a checkpoint's weights.

    Attributes:
        corpus: a name of `corpora.CORPORA`.
        architecture: name of the checkpoint whose configuration and tokenizer are used.
        objective: a name of `pretraining.objectives.OBJECTIVES`.
        disorder: a name of `pretraining.stream.DISORDERS`: what is done to the text first.
        tokens: tokens read in all; a small corpus is read many times.
        length: tokens of a sequence; sequences are cut from the stream, so nothing is padding.
        batch_size: sequences per update.
        learning_rate: peak of AdamW's, after 6% of linear warm-up; then linear decay to zero.
    """

    corpus: str
    architecture: str
    objective: str = "masked"
    disorder: str = "none"
    tokens: int = 8_000_000
    length: int = 64
    batch_size: int = 16
    learning_rate: float = 5e-4
    seed: int = 0

    @property
    def updates(self) -> int:
        return max(1, self.tokens // (self.length * self.batch_size))

    @property
    def id(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


RECIPES = {
    # the sceptic's ladder at the size of the public encoder
    "encoder-nonsense": Recipe("general", ENCODER, disorder="random_words"),
    "encoder-shuffled-words": Recipe("general", ENCODER, disorder="shuffled_words"),
    "encoder-other-text": Recipe("general", ENCODER),
    "encoder-own-text": Recipe("films", ENCODER),
}
