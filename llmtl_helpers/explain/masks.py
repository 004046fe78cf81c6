"""Showing mail without what nobody asked to read: words of junk, and addresses. Taught in 06."""

import re
from collections import Counter
from collections.abc import Collection, Iterable

WORD = re.compile(r"\w+")
ADDRESS = re.compile(r"\S*@\S+")
COMMON = 0.02  # share of the real messages from which on a word counts as plain


def plain_words(real_texts: Iterable[str], share: float = COMMON) -> frozenset[str]:
    """Words that occur in at least this share of real messages: these are shown as they are.

    No list of bad words is needed: what is obscene in junk is rare in real mail.
    """
    texts = list(real_texts)
    counts = Counter(word for text in texts for word in set(WORD.findall(text.casefold())))
    return frozenset(word for word, count in counts.items() if count >= share * len(texts))


def masked(text: str, plain: Collection[str]) -> str:
    """The text with every word that is not plain cut to its first letter: "mortgage" is "m·······".

    Words of one or two letters, numbers and punctuation stay.
    """
    def cover(found: re.Match) -> str:
        word = found.group()
        shown = len(word) < 3 or word.casefold() in plain or word.isdigit()
        return word if shown else word[0] + "·" * (len(word) - 1)

    return WORD.sub(cover, text)


def shown(word: str, plain: Collection[str] | None = None) -> str:
    """A word of a message as it is printed: addresses covered; masked if `plain` is given."""
    word = ADDRESS.sub("(address)", word)
    return word if plain is None or word == "(address)" else masked(word, plain)


def snippet(text: str, characters: int = 160, plain: Collection[str] | None = None) -> str:
    """The beginning of a message on one line, word by word as `shown` has them."""
    line = " ".join(shown(word, plain) for word in text[:4 * characters].split())
    return line if len(line) <= characters else line[:characters].rstrip() + " ..."
