"""Turns what is the suite's own in a lesson's text into plain MyST that jupytext reads.

Four things are expanded, all of them text to text:
  - the front matter becomes the notebook's first cell: title, question, neighbours, cost;
  - a line `{source} llmtl_helpers.module.function` becomes that function's source, so that
    what a lesson shows and what the package runs cannot differ;
  - a block ```{exercise} becomes its task and a cell to answer in; the teacher's edition
    also gets hints and solution;
  - where there is a quiz on the lesson, its section stands before `## We learnt`.
"""

import ast
import re
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.lessons.quizzes import LETTERS, has_quiz, read_quiz
from llmtl_helpers.lessons.source import EXERCISE, FRONT_MATTER, Exercise, Lesson, read_exercise

BEFORE_QUIZ = "## We learnt"
SOURCE = re.compile(r"^\{source\} +([A-Za-z_][\w.]*) *$", re.MULTILINE)


def expand(lesson: Lesson, lessons: list[Lesson], edition: str) -> str:
    """The lesson's text as plain MyST: front matter dropped, neighbours and cost written out.

    Args:
        lessons: the whole course in order; `lesson` is one of it.
        edition: "learner", "teacher" or "reader".
    Raises:
        LearnerError: a `{source}` line or an exercise cannot be resolved.
    """
    names = [other.name for other in lessons]
    at = names.index(lesson.name)
    previous = lessons[at - 1] if at else None
    following = lessons[at + 1] if at + 1 < len(lessons) else None
    body = FRONT_MATTER.sub("", lesson.text)
    body = SOURCE.sub(lambda found: fence(function_source(found.group(1))), body)
    body = EXERCISE.sub(lambda found: exercise_cells(read_exercise(found), edition), body)
    if has_quiz(lesson.number):
        quiz = quiz_cells(lesson.number, edition)
        body = body.replace(BEFORE_QUIZ, f"{quiz}\n\n{BEFORE_QUIZ}", 1)
    return "\n\n+++\n\n".join([title_cell(lesson, previous, following), body.strip(),
                               neighbours(previous, following)]) + "\n"


def title_cell(lesson: Lesson, previous: Lesson | None, following: Lesson | None) -> str:
    return "\n\n".join([f"# {lesson.heading}", f"*{lesson.question}*",
                        neighbours(previous, following), cost(lesson)])


def neighbours(previous: Lesson | None, following: Lesson | None) -> str:
    links = []
    if previous:
        links.append(f"← [{previous.heading}]({previous.name}.ipynb)")
    if following:
        links.append(f"[{following.heading}]({following.name}.ipynb) →")
    else:
        links.append("this is the last notebook")
    return " · ".join(links)


def cost(lesson: Lesson) -> str:
    minutes = lesson.minutes_2cores
    time = "under a minute" if minutes < 1 else f"about {minutes:.0f} min"
    return (f"**Cost** of the whole notebook at profile `laptop` on two processor cores: {time}, "
            f"{lesson.memory_mb:,.0f} MB of memory. "
            f"It uses {lesson.download_mb:,.0f} MB of downloads, fetched once for all notebooks.")


def function_source(name: str) -> str:
    """Source text of the function or class `name`, read from its file without importing it.

    Raises:
        LearnerError: the module or the function is not in the package.
    """
    module, _, function = name.rpartition(".")
    path = paths.ROOT.joinpath(*module.split(".")).with_suffix(".py") if module else Path()
    if not path.is_file() or paths.PACKAGE not in path.parents:
        raise LearnerError(f"the line `{{source}} {name}` names no module of the package",
                           next="write llmtl_helpers.module.function, where it is defined")
    text = path.read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if getattr(node, "name", None) == function:
            first = min([node.lineno, *(line.lineno for line in node.decorator_list)])
            return "\n".join(text.splitlines()[first - 1:node.end_lineno])
    raise LearnerError(f"the line `{{source}} {name}` names nothing in {path.name}",
                       next="name a function or class that is defined there")


def fence(code: str) -> str:
    return f"```python\n{code.rstrip()}\n```"


def exercise_cells(exercise: Exercise, edition: str) -> str:
    """The exercise as MyST cells; the learner's edition holds neither hint nor solution, the
    reader's has both folded."""
    name, hints = exercise.name, "\n".join(f"{i}. {hint.strip()}"
                                           for i, hint in enumerate(exercise.hints, 1))
    heading = f"### Exercise: {exercise.title}\n\n{exercise.task.strip()}"
    if edition == "reader":
        return "\n\n".join(["+++", heading, folded("Hints", hints), folded(
            "Solution", f"{fence(exercise.solution)}\n\n{exercise.why.strip()}")])
    cells = [
        f"{heading}\n\nStuck? `hint(\"{name}\")`. Given up? `solution(\"{name}\")`.",
        code_cell(f"{exercise.starter.strip()}\ncheck(\"{name}\", answer)", "exercise"),
    ]
    if edition == "teacher":
        cells += [f"+++ {{\"tags\": [\"teacher\"]}}\n\n**Hints**\n\n{hints}\n\n"
                  f"**Why the solution is right.** {exercise.why.strip()}",
                  code_cell(f"# A solution\n{exercise.solution.strip()}\n"
                            f"check(\"{name}\", answer)", "solution")]
    return "+++\n\n" + "\n\n".join(cells)


def folded(summary: str, text: str) -> str:
    """Markdown behind a line that opens it, in HTML that needs no script."""
    return f"<details><summary>{summary}</summary>\n\n{text.strip()}\n\n</details>"


def quiz_cells(number: str, edition: str) -> str:
    """The quiz as MyST cells; the learner's edition does not hold which options are right."""
    cells = ["+++\n\n## Quiz\n\nChoose an option and read its reason; the others have reasons too. "
             "Your first choices go into your journal.",
             code_cell(f"from llmtl_helpers.lessons import Quiz\n\nQuiz(\"{number}\")", "quiz")]
    if edition == "teacher":
        answers = "\n".join(
            f"{i}. **{LETTERS[[option.right for option in question.options].index(True)]}.** "
            + " ".join(next(option.why for option in question.options if option.right).split())
            for i, question in enumerate(read_quiz(number), 1))
        cells.append(f"+++ {{\"tags\": [\"teacher\"]}}\n\n**Right options**\n\n{answers}\n\n+++")
    return "\n\n".join(cells)


def code_cell(code: str, tag: str) -> str:
    return f"```{{code-cell}} ipython3\n:tags: [{tag}]\n\n{code}\n```"
