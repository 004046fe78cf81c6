"""Lessons: one MyST Markdown file each, from which the notebooks are built.

    lessons/NN_name.md  ->  notebooks/NN_name.ipynb   (learner's edition, committed)
                        ->  teacher/NN_name.ipynb     (teacher's edition, made on demand)

`source` reads a lesson's file, `expand` turns what is the suite's own into plain MyST,
`notebook` builds and compares, `exercises` serves `check`, `hint` and `solution`,
`predictions` puts a guess beside the result, `quiz` asks about a lesson.
"""

from llmtl_helpers.lessons.exercises import check, hint, solution
from llmtl_helpers.lessons.predictions import compare_guess
from llmtl_helpers.lessons.source import Lesson, read_lessons

__all__ = ["Lesson", "Quiz", "check", "compare_guess", "hint", "read_lessons", "solution"]


def __getattr__(name: str):  # widgets are slow to load, and building notebooks needs none
    if name == "Quiz":
        from llmtl_helpers.lessons.quiz import Quiz

        return Quiz
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
