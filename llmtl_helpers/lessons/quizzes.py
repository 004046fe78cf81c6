"""Reads the quiz on a lesson from `lessons/quizzes/NN.yaml`."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError

LETTERS = "ABCD"


@dataclass(frozen=True)
class Option:
    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class QuizQuestion:
    name: str
    asks: str
    options: tuple[Option, ...]


def folder() -> Path:
    return paths.ROOT / "lessons" / "quizzes"


def has_quiz(number: str) -> bool:
    return (folder() / f"{number}.yaml").is_file()


def read_quiz(number: str, place: Path | None = None) -> list[QuizQuestion]:
    """The questions on the lesson of that number, such as "02".

    Raises:
        LearnerError: there are none, or the file is not as agreed.
    """
    file = (place or folder()) / f"{number}.yaml"
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        questions = [QuizQuestion(one["name"], one["asks"].strip(),
                                  tuple(Option(**option) for option in one["options"]))
                     for one in found]
    except FileNotFoundError:
        there = sorted(other.stem for other in file.parent.glob("*.yaml"))
        raise LearnerError(f"there is no quiz on lesson {number!r}",
                           next=f"choose one of {', '.join(there)}") from None
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise LearnerError(f"the quiz {file.name} is not whole", str(error),
                           "compare it with lessons/quizzes/01.yaml") from None
    for question in questions:
        if (not 3 <= len(question.options) <= len(LETTERS)
                or sum(option.right for option in question.options) != 1):
            raise LearnerError(f"the quiz question {question.name!r} has "
                               f"{len(question.options)} options, "
                               f"{sum(option.right for option in question.options)} of them right",
                               next="give it 3 or 4 options, one of them right")
    return questions
