"""What is pre-trained, by name. Adding a checkpoint of one's own is adding an entry. Taught in 03.

Carried out by `pretraining`. A name of RECIPES is a checkpoint like any other once `pretrain NAME`
has run.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

from llmtl_helpers.arms import DIAL, ENCODER


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a checkpoint's weights.

    Attributes:
        corpus: a name of `corpora.CORPORA`, or `folder:PATH` for text files of one's own.
        architecture: a name of `models.architectures.ARCHITECTURES`, or of a checkpoint whose
            configuration and tokenizer are used.
        objective: a name of `pretraining.objectives.OBJECTIVES`.
        disorder: a name of `pretraining.stream.DISORDERS`: what is done to the text first.
        tokens: tokens read in all; a small corpus is read many times.
        length: tokens of a sequence; sequences are cut from the stream, so nothing is padding.
        batch_size: sequences per update.
        learning_rate: peak of AdamW's, after 6% of linear warm-up; then linear decay to zero.
        dropout: while it is pre-trained; what is tuned later has the architecture's own.
        vocabulary: entries of the tokenizer, where the architecture brings none.
        words_from: corpus that this tokenizer is trained on.
    """

    corpus: str
    architecture: str
    objective: str = "masked"
    disorder: str = "none"
    tokens: int = 2_000_000
    length: int = 64
    batch_size: int = 16
    learning_rate: float = 5e-4
    dropout: float = 0.0
    seed: int = 0
    vocabulary: int = 0
    words_from: str = ""

    @property
    def updates(self) -> int:
        return max(1, self.tokens // (self.length * self.batch_size))

    @property
    def id(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def small(architecture: str, objective: str, tokens: int, corpus: str = "general",
          **fields) -> Recipe:
    """A small language model. All have one tokenizer, so that their perplexities compare.

    512 tokens an update: on a laptop many small steps learn more per minute than few large ones.
    """
    return Recipe(corpus, architecture, objective, tokens=tokens, batch_size=8, **{
        "learning_rate": 2e-3, "vocabulary": 3000, "words_from": "general", **fields})


RECIPES = {
    **{f"causal-{name}": small("small-gpt2", "causal", tokens) for name, tokens in DIAL.items()},
    # warm-up is a share of the updates: after a short one a peak of 2e-3 kept the masked network at
    # the words' frequencies (held-out loss after 3M tokens 6.23, with 1e-3 4.64)
    **{f"masked-{name}": small("small-modernbert", "masked", tokens,
                               learning_rate=1e-3 if tokens <= DIAL["3M"] else 2e-3)
       for name, tokens in DIAL.items()},
    # as many tokens as masked-10M, by another objective ...
    "replaced-10M": small("small-modernbert", "replaced", DIAL["10M"], learning_rate=1e-3),
    # ... and on unlabelled text of the task's own domain, which counts as data
    "masked-films-10M": small("small-modernbert", "masked", DIAL["10M"], "films"),
    "masked-general-films-10M": small("small-modernbert", "masked", DIAL["10M"], "general-films"),
    # the sceptic's ladder at the size of the small language model ...
    "masked-nonsense-10M": small("small-modernbert", "masked", DIAL["10M"], disorder="random_words"),
    "masked-shuffled-words-10M": small("small-modernbert", "masked", DIAL["10M"],
                                       disorder="shuffled_words"),
    # ... and at that of the public encoder
    "encoder-nonsense": Recipe("general", ENCODER, disorder="random_words"),
    "encoder-shuffled-words": Recipe("general", ENCODER, disorder="shuffled_words"),
    "encoder-other-text": Recipe("general", ENCODER),
    "encoder-own-text": Recipe("films", ENCODER),
}
