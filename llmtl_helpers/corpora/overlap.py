"""How much of a test set occurs in a pre-training corpus. Taught in 03.

The same question as in Brown et al. (2020), appendix C: shared runs of n words.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Overlap:
    """Attributes:
        n: words in a run.
        texts: test texts with at least n words; the others cannot be judged.
        shared: those that share a run of n words with the corpus.
        examples: up to five such runs.
    """

    n: int
    texts: int
    shared: int
    examples: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.shared / self.texts if self.texts else float("nan")

    def __str__(self) -> str:
        if not self.texts:
            return f"No test text has {self.n} words, so nothing can be said."
        return (f"{self.shared:,} of {self.texts:,} test texts ({self.share:.1%}) share a run of "
                f"{self.n} words with the corpus.")


def overlap(documents: Iterable[str], texts: Iterable[str], n: int = 8) -> Overlap:
    """Which test texts share a run of n words (case and punctuation aside) with the documents."""
    if n < 1:
        raise ValueError(f"a run has at least one word, not {n}")
    judged = [runs for text in texts if (runs := _runs(text, n))]
    wanted = set().union(*judged) if judged else set()
    found = set()
    for document in documents:
        found |= wanted & _runs(document, n)
    examples = sorted(found)[:5]
    return Overlap(n, len(judged), sum(bool(runs & found) for runs in judged), tuple(examples))


def _runs(text: str, n: int) -> set[str]:
    words = re.findall(r"\w+", text.casefold())
    return {" ".join(words[at:at + n]) for at in range(len(words) - n + 1)}
