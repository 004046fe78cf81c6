"""Translation of interface texts from English: Django's and Wagtail's catalogues. Taught in 10.

Every language is validated and tested with the same English texts, so that languages compare.
They are drawn from the texts that all of `LANGUAGES` translate: another entry there changes the
splits of every language.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from llmtl_helpers.assets import asset_path
from llmtl_helpers.assets.catalogue import get_asset
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks.base import Writing, make_task, split_rows
from llmtl_helpers.tasks.catalogues import FEWEST, MOST, Pairs, find_catalogues, read_pairs
from llmtl_helpers.tasks.near_duplicates import near_duplicates

# code of a catalogue: (its language, most tokens of an answer). Both programs are translated into
# these nearly as a whole; the last five are far from English, three are in other scripts.
LANGUAGES = {
    "fr": ("French", 64), "de": ("German", 64), "es": ("Spanish", 64), "it": ("Italian", 64),
    "nl": ("Dutch", 64), "pt_BR": ("Brazilian Portuguese", 64), "fi": ("Finnish", 64),
    "tr": ("Turkish", 64), "ru": ("Russian", 112), "ar": ("Arabic", 112),
    "zh_Hans": ("Simplified Chinese", 64)}
LESSON = "10"
NAMES = tuple(f"translate/{code}" for code in LANGUAGES)
KIND = "written"
ASSETS = ("django", "wagtail")
TEST, VALIDATION = 250, 100  # of some 830 texts that all languages translate
SHINGLE = 2  # words: the texts are short, so their runs are too
FETCH = f"run `python3 start.py assets fetch {' '.join(ASSETS)}`"


def copy(text: str) -> str:
    """The text itself: what is left in English scores too. Taught in 10."""
    return text


@dataclass(frozen=True)
class Shared:
    """What the languages have in common.

    Attributes:
        pairs: code -> pairs of that language.
        spelling: words of an English text -> the text as it is shown in every language.
        group: words of an English text -> its group of nearly equal texts.
        held_out: "test" or "validation" -> words of its texts, in order.
    """

    pairs: dict[str, Pairs]
    spelling: dict[str, str]
    group: dict[str, str]
    held_out: dict[str, list[str]]


def load(name: str):
    """Load the pairs of a language, such as `translate/fr`.

    Raises:
        LearnerError: unknown language, an asset is not here, or a catalogue cannot be read.
    """
    code = name.partition("/")[2]
    if code not in LANGUAGES:
        raise LearnerError(f"there is no translation into {code!r}",
                           next=f"choose one of {', '.join(LANGUAGES)}")
    shared = _shared(tuple(asset_path(asset) for asset in ASSETS))
    pairs, (language, longest) = shared.pairs[code], LANGUAGES[code]
    held_groups = {shared.group[key] for keys in shared.held_out.values() for key in keys}
    learnt = [key for key in pairs.found if shared.group[key] not in held_groups]
    splits = {split: [_row(key, shared, pairs) for key in keys]
              for split, keys in {"train": learnt, **shared.held_out}.items()}
    left = len(pairs.found) - sum(map(len, splits.values()))
    django, wagtail = map(get_asset, ASSETS)
    return make_task(
        name, f"Translation: English to {language}", splits, (),
        source=f"gettext catalogues of Django {django.version} and Wagtail {wagtail.version}",
        licence=django.licence if django.licence == wagtail.licence else
        f"{django.licence}; {wagtail.licence}",
        citation=f"{django.citation}; {wagtail.citation}",
        label_rule=f"the target is the {language} text that the projects' translators wrote",
        notes=_notes(pairs, left), max_length=2 * longest, metric="chrf", writing=Writing(
            prompt=f"English: {{text}}\n{language}:",
            instruction=f"Translate this text of a website's interface from English into {language}"
                        ". Answer with nothing but the translation.",
            answer_tokens=longest, baseline=copy, baseline_label="copy (the English text)"))


def _notes(pairs: Pairs, left: int) -> tuple[str, ...]:
    count = pairs.counts
    return (
        f"Entries in the catalogues: {count['entries']:,}. Left out: {count['untranslated']:,} "
        f"without a translation, {count['fuzzy']:,} marked as uncertain, {count['obsolete']:,} no "
        f"longer in use, {count['length']:,} with fewer than {FEWEST} English words or more than "
        f"{MOST}, {count['placeholder']:,} with a placeholder or markup, {count['context']:,} that "
        f"mean something in one context only, {count['english']:,} whose translation is the "
        f"English text, {count['same']:,} with the words of an earlier one, and "
        f"{count['clashing']:,} English texts with translations that disagree.",
        f"Of texts with a singular and a plural the singular was taken: {count['plural']:,}. HTML "
        "entities are decoded; a colon or dots at the end are cut off on both sides.",
        f"Validation and test hold the same English texts in each of the {len(LANGUAGES)} "
        f"languages. {left:,} further texts are nearly the same as one of those and are left out.",
        "Whether a public checkpoint read these catalogues before cannot be known: they are "
        "public too.")


def _row(key: str, shared: Shared, pairs: Pairs) -> dict:
    translations = pairs.found[key]
    english = shared.spelling[key]
    return {"id": hashlib.sha256(key.encode()).hexdigest()[:12], "text": english, "label": 0,
            "target": translations.get(english) or next(iter(translations.values()))}


@lru_cache(maxsize=1)
def _shared(folders: tuple[Path, ...]) -> Shared:
    """Read all languages, some seconds, and draw the texts that are held out for each of them."""
    catalogues = find_catalogues(dict(zip(ASSETS, folders, strict=True)))
    if missing := [code for code in LANGUAGES if code not in catalogues]:
        raise LearnerError(f"there are no catalogues of {', '.join(missing)}",
                           f"{' and '.join(ASSETS)} have {', '.join(catalogues) or 'none'}", FETCH)
    pairs = {code: read_pairs(catalogues[code]) for code in LANGUAGES}
    spellings: dict[str, Counter] = {}
    for language in pairs.values():
        for key, translations in language.found.items():
            spellings.setdefault(key, Counter()).update(translations.keys())
    spelling = {key: max(sorted(seen), key=seen.get) for key, seen in sorted(spellings.items())}
    keys = list(spelling)
    group = {key: keys[first] for key, first in zip(
        keys, near_duplicates(keys, shingle=SHINGLE), strict=True)}
    everywhere = [key for key in keys if all(key in one.found for one in pairs.values())]
    splits = split_rows([{"key": key, "document": group[key]} for key in everywhere],
                        TEST, VALIDATION)
    held_out = {split: [row["key"] for row in splits[split]] for split in ("validation", "test")}
    if not splits["train"]:
        raise LearnerError("too few texts are translated into every language",
                           f"{len(everywhere):,} are", FETCH)
    return Shared(pairs, spelling, group, held_out)
