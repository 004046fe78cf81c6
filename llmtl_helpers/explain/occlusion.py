"""Leave out one word after the other and look what changes. Taught in 06."""

import re
from dataclasses import dataclass

import numpy as np

from llmtl_helpers.explain.judges import Judge

WORD = re.compile(r"\S+")
WORDS = 300  # of a text that are left out in turn, at most


@dataclass(frozen=True)
class Occlusion:
    """What each word of a text does to a classifier's answer.

    Attributes:
        words: as they stand in the text, in order.
        changes: log-odds with the word minus without it: above 0 it speaks for the second class.
        logit: log-odds of the whole text.
        rest: characters of the text that the classifier does not read, or that were not tried.
    """

    words: tuple[str, ...]
    changes: tuple[float, ...]
    logit: float
    rest: int


def occlude(judge: Judge, text: str, words: int = WORDS) -> Occlusion:
    """Judge the text without each of its words in turn.

    A word that is said twice hardly changes anything when one of the two is left out: this shows
    what the answer hangs on, not what the classifier knows.

    Args:
        words: that are tried, from the first.
    Raises:
        ValueError: there is no word in what the classifier reads.

    Source of the idea: Zeiler & Fergus (2014), Visualizing and understanding convolutional
    networks, who cover parts of a picture. Taught in 06.
    """
    seen = judge.reads(text)
    found = list(WORD.finditer(seen))
    if not found:
        raise ValueError("there is no word in this text to leave out")
    tried = found[:words]
    without = [f"{seen[:word.start()]}{seen[word.end():]}" for word in tried]
    logits = np.asarray(judge.logits([seen, *without]), dtype=float)
    rest = len(text) - (tried[-1].end() if len(tried) < len(found) else len(seen))
    changes = tuple(float(logits[0] - logit) for logit in logits[1:])
    return Occlusion(tuple(word.group() for word in tried), changes, float(logits[0]), rest)
