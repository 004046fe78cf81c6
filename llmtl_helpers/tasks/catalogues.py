"""Pairs of texts from gettext catalogues: a program's English and its translation. Taught in 10.

A catalogue is the file `.../locale/CODE/LC_MESSAGES/*.po` of a language CODE; it is read as data
by `polib`, the program itself is neither installed nor run.
"""

import gettext
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks.base import normalised

FEWEST, MOST = 2, 25  # words of an English text
# what a program fills in (%(name)s, %d, {name}) and markup: copied, not translated
PLACEHOLDER = re.compile(r"%(\([^)]*\))?[-#0+]*[\d.]*[a-zA-Z%]|\{[^{}]*\}|</?[a-zA-Z][^<>]*>")
END = re.compile(r"(\s|:|：|…|\.\.\.)+$")  # a label's colon; dots that promise another window
JOINERS = "\u200c\u200d"  # invisible, but part of how some scripts are written


@dataclass
class Pairs:
    """What the catalogues of a language hold.

    Attributes:
        found: words of an English text (`normalised`) -> spelling -> translation.
        counts: why an entry was left out -> how many were; "entries" are all there are.
    """

    found: dict[str, dict[str, str]] = field(default_factory=dict)
    counts: Counter = field(default_factory=Counter)


def find_catalogues(folders: dict[str, Path]) -> dict[str, dict[str, list[Path]]]:
    """Code of a language -> name of an asset -> its catalogues, for languages that all have.

    Args:
        folders: name of an asset -> its folder.
    """
    found: dict[str, dict[str, list[Path]]] = {}
    for asset, folder in folders.items():
        for file in sorted(folder.glob("**/LC_MESSAGES/*.po")):
            found.setdefault(file.parent.parent.name, {}).setdefault(asset, []).append(file)
    return {code: files for code, files in sorted(found.items()) if len(files) == len(folders)}


def read_pairs(catalogues: dict[str, list[Path]]) -> Pairs:
    """All pairs of a language that are fit to be learnt from.

    Where the same English text has translations that differ in more than case and punctuation,
    none of them is kept. Of a text with a singular and a plural the singular is read.

    Args:
        catalogues: name of an asset -> the language's catalogues in it.

    Raises:
        LearnerError: one of them cannot be read.
    """
    pairs, clashing = Pairs(), set()
    for asset, files in catalogues.items():
        for file in files:
            for english, translation in _entries(file, asset, pairs.counts):
                key = normalised(english)
                spellings = pairs.found.setdefault(key, {})
                pairs.counts["same"] += bool(spellings)
                if normalised(translation) != normalised(
                        next(iter(spellings.values()), translation)):
                    clashing.add(key)
                spellings.setdefault(english, translation)
    for key in clashing:
        del pairs.found[key]
    pairs.counts["clashing"] = len(clashing)
    return pairs


def tidy(text: str) -> str:
    """As it is read on a screen: composed characters (NFC), one space between words, no HTML
    entities, no invisible marks, no colon or dots at the end."""
    text = unicodedata.normalize("NFC", unescape(text))
    if not text.isascii():
        text = "".join(c for c in text if c in JOINERS or unicodedata.category(c) != "Cf")
    return END.sub("", " ".join(text.split()))


def _entries(file: Path, asset: str, counts: Counter):
    """The (English, translation) of each entry that is kept; the others are counted."""
    catalogue, singular = _open(file, asset)
    for entry in catalogue:
        counts["entries"] += 1
        written = entry.msgstr_plural.get(singular, "") if entry.msgid_plural else entry.msgstr
        english, translation = tidy(entry.msgid), tidy(written)
        reason = ("obsolete" if entry.obsolete else "fuzzy" if entry.fuzzy else
                  "untranslated" if not translation else
                  "length" if not FEWEST <= len(english.split()) <= MOST else
                  "placeholder" if PLACEHOLDER.search(f"{english}\n{translation}") else
                  "context" if entry.msgctxt else
                  "english" if normalised(english) == normalised(translation) else "")
        if reason:
            counts[reason] += 1
            continue
        counts["plural"] += bool(entry.msgid_plural)
        yield english, translation


def _open(file: Path, asset: str):
    """The catalogue, and which of its plural forms is the singular."""
    import polib

    try:
        catalogue = polib.pofile(str(file), encoding="utf-8")
        rule = re.search(r"plural=([^;]+)", catalogue.metadata.get("Plural-Forms", ""))
        return catalogue, gettext.c2py(rule[1].strip())(1) if rule else 0
    except (OSError, ValueError) as error:  # a character that is not UTF-8 is a ValueError too
        line = re.search(r"line \d+", str(error))
        reason = getattr(error, "strerror", None) or (
            "it is not written as gettext has it" + (f", see {line[0]}" if line else ""))
        name = "/".join(file.parts[-5:])
        raise LearnerError(f"the catalogue {name} of {asset} cannot be read", reason,
                           f"run `python3 start.py assets fetch {asset}`") from error
