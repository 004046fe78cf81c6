"""The course's words with their definitions, from one reviewable file."""

from dataclasses import dataclass

import yaml

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.lessons.source import lessons_folder


@dataclass(frozen=True)
class Term:
    """A word, what it means, the numbers of the lessons that teach it, and the spellings there."""

    name: str
    says: str
    lessons: tuple[str, ...]
    words: tuple[str, ...]


def read_glossary() -> list[Term]:
    """All terms in alphabetical order.

    Raises:
        LearnerError: the file is not there or an entry is not whole.
    """
    file = lessons_folder() / "glossary.yaml"
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))
        terms = [Term(name, entry["says"], tuple(entry["lessons"]),
                      tuple(entry.get("words", [name]))) for name, entry in entries.items()]
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise LearnerError("the glossary cannot be read", str(error),
                           "compare lessons/glossary.yaml with its first entry") from None
    return sorted(terms, key=lambda term: term.name.lower())
