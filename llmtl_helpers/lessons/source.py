"""Reads the lessons' files: front matter, text and exercises. Knows nothing of notebooks."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError

FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
FILE_NAME = re.compile(r"\d\d_[a-z0-9_]+\Z")
EXERCISE = re.compile(r"^```\{exercise\} +(\S+) *\n(.*?)^``` *$", re.DOTALL | re.MULTILINE)

# What the front matter's key `llmtl` must hold. The numbers are measured, not estimated:
# the notebook run from top to bottom at profile `laptop` with two cores.
HEADER = {
    "title": str,
    "question": str,
    "minutes_2cores": (int, float),
    "download_mb": (int, float),  # of all assets that the lesson uses, fetched once
    "memory_mb": (int, float),  # peak of the kernel and of the runs it starts
    "tflop": (int, float),  # arithmetic of the runs, from which `doctor` derives minutes
}


@dataclass(frozen=True)
class Lesson:
    path: Path
    title: str
    question: str
    minutes_2cores: float
    download_mb: float
    memory_mb: float
    tflop: float

    @property
    def name(self) -> str:
        """File name without its ending, the same for lesson and notebook."""
        return self.path.stem

    @property
    def number(self) -> str:
        return self.name[:2]

    @property
    def heading(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Exercise:
    """One exercise, as it stands in its lesson: a block ```{exercise} name, with these keys."""

    name: str
    title: str
    task: str  # Markdown
    starter: str  # code in the learner's cell, before the call of `check`
    hints: tuple[str, ...]
    check: str  # code that defines `check(answer)`: None if right, else what is not yet right
    solution: str  # code that sets `answer`
    why: str  # the solution explained, Markdown
    wrong: tuple[str, ...]  # plausible wrong answers, Python expressions, for the tests


def lessons_folder() -> Path:
    return paths.ROOT / "lessons"


def read_lesson(path: Path) -> Lesson:
    """The lesson in the file `path`.

    Raises:
        LearnerError: the file's name, its front matter or a key of it is not as agreed.
    """
    where = f"the lesson {path.name}"
    if not FILE_NAME.match(path.stem):
        raise LearnerError(f"{where} cannot be ordered",
                           "its name does not look like 01_scratch_vs_fine_tuned.md",
                           "rename it: two digits, an underscore, small letters")
    found = FRONT_MATTER.match(path.read_text(encoding="utf-8"))
    header = _header(found.group(1)) if found else None
    if not isinstance(header, dict):
        raise LearnerError(f"{where} has no front matter with the key `llmtl`",
                           next="copy the first lines of lessons/00_start_here.md")
    for key, kind in HEADER.items():
        if not isinstance(header.get(key), kind) or isinstance(header.get(key), bool):
            raise LearnerError(f"{where} lacks `{key}` in its front matter",
                               f"found {header.get(key)!r}", "measure it and write it there")
    return Lesson(path=path, **{key: header[key] for key in HEADER})


@lru_cache(maxsize=64)  # a learner's `check` reads every lesson, and YAML is slow
def _header(front_matter: str) -> dict | None:
    try:
        return yaml.safe_load(front_matter)["llmtl"]
    except (yaml.YAMLError, KeyError, TypeError):
        return None


def read_lessons(folder: Path | None = None) -> list[Lesson]:
    """All lessons in the order of the course, which is the order of their file names.

    Raises:
        LearnerError: the folder is not there, or a lesson is not as agreed.
    """
    folder = lessons_folder() if folder is None else folder
    if not folder.is_dir():
        raise LearnerError("the lessons' sources are not here", f"there is no folder {folder}",
                           "work in a clone of the repository")
    return [read_lesson(path) for path in sorted(folder.glob("*.md"))]


def read_exercises(text: str) -> list[Exercise]:
    """The exercises in a lesson's text, in order.

    Raises:
        LearnerError: a block is no valid YAML or lacks a part.
    """
    return [read_exercise(found) for found in EXERCISE.finditer(text)]


def read_exercise(found: re.Match) -> Exercise:
    return _exercise(found.group(1), found.group(2))


@lru_cache(maxsize=256)
def _exercise(name: str, block: str) -> Exercise:
    try:
        parts = yaml.safe_load(block)
        lists = {key: tuple(parts.pop(key)) for key in ("hints", "wrong")}
        return Exercise(name=name, **lists, **parts)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise LearnerError(f"the exercise {name!r} is not whole", str(error),
                           "compare it with an exercise of lessons/01") from None
