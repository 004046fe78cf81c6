"""Reads the interview questions from `lessons/interview/*.md`, one file a topic. Used in 13.

A question is a heading, a block ```{question} name with what is not prose, and five or six parts
that begin with their name in bold.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError

LEVELS = ("junior", "mid-level", "senior")
PARTS = {"30 seconds": "short", "2 minutes": "long", "Measured here": "measured",
         "The usual wrong answer": "wrong", "What comes next": "follow_up", "Sources": "sources"}
QUESTION = re.compile(r"^## (?P<asked>.+?)\n+```\{question\} (?P<name>[a-z0-9-]+)\n"
                      r"(?P<fields>.*?)^```\n(?P<body>.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
PART = re.compile(rf"^\*\*({'|'.join(PARTS)})\.\*\* *(.*?)(?=^\*\*(?:{'|'.join(PARTS)})\.\*\*|\Z)",
                  re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Question:
    """One question; all texts are Markdown, `measured` with placeholders for `measures.fill`."""

    name: str
    asked: str
    topic: str
    number: int  # order in the list; 0 is the question that opens and closes the notebook
    level: str  # one of LEVELS
    lesson: str  # number of the notebook that teaches it
    figure: str  # a name in `figures.FIGURES`, or "none"
    short: str
    long: str
    measured: str
    wrong: str
    follow_up: str
    sources: str


def folder() -> Path:
    return paths.ROOT / "lessons" / "interview"


def read_questions(place: Path | None = None) -> list[Question]:
    """All questions by their number.

    Raises:
        LearnerError: the texts are not here, or one is not whole.
    """
    place = place or folder()
    files = sorted(place.glob("*.md"))
    if not files:
        raise LearnerError("the interview questions are not here", f"{place} holds none",
                           "work in a clone of the repository")
    found = [question for file in files for question in _read(file, file.stat().st_mtime_ns)]
    for what in ("name", "number"):
        values = [getattr(question, what) for question in found]
        if twice := sorted({value for value in values if values.count(value) > 1}):
            raise LearnerError(f"two interview questions have the {what} {twice[0]!r}",
                               next="give one of them another")
    return sorted(found, key=lambda question: question.number)


@lru_cache(maxsize=32)
def _read(file: Path, changed: int) -> tuple[Question, ...]:
    """The questions of a file; `changed` sees to it that an edited file is read anew."""
    text = file.read_text(encoding="utf-8")
    title = re.match(r"# (.+)\n", text)
    if not title:
        raise LearnerError(f"{file.name} names no topic", "its first line is no heading",
                           "begin it with `# ` and the topic")
    found = tuple(_question(one, title[1].strip(), file.name) for one in QUESTION.finditer(text))
    if len(found) != len(re.findall("^## ", text, re.MULTILINE)):
        raise LearnerError(f"a question of {file.name} has no block ```{{question}}",
                           next="compare it with the first one of the file")
    return found


def _question(found: re.Match, topic: str, file: str) -> Question:
    name = found["name"]
    try:
        fields = yaml.safe_load(found["fields"])
        parts = {PARTS[part]: text.strip() for part, text in PART.findall(found["body"])}
        question = Question(name=name, asked=found["asked"].strip(), topic=topic, **fields, **parts)
    except (yaml.YAMLError, TypeError) as error:
        raise LearnerError(f"the interview question {name!r} in {file} is not whole", str(error),
                           "compare it with the one before") from None
    if question.level not in LEVELS or not isinstance(question.number, int):
        raise LearnerError(f"the interview question {name!r} has level {question.level!r} and "
                           f"number {question.number!r}", next=f"use one of {', '.join(LEVELS)} "
                           "and a whole number")
    return question
