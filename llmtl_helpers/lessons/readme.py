"""The parts of README.md that follow from elsewhere: the main figure, and the table of lessons.

Each stands between two comments, which this module looks for; the rest of the file is written by
hand. The figure is an SVG that carries a digest of the numbers in it, so that one can tell whether
it shows today's runs without drawing it again: other versions of the drawing library draw the same
numbers with other bytes.
"""

import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.lessons.source import Lesson
from llmtl_helpers.plots.figure import TwinFigure

PICTURE = "docs/twin_curve.svg"
DIGITS = 4  # that count in the digest: the last ones depend on the machine
DIGEST = re.compile(r"digest of the numbers: ([0-9a-f]{64})")


def render(text: str, parts: Mapping[str, str]) -> str:
    """README's text with each part renewed between its two comments.

    Raises:
        LearnerError: the comments of a part are not there, or not once.
    """
    for name, part in parts.items():
        begin, end = f"<!-- {name}: made by `build` -->", f"<!-- end of {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise LearnerError(f"README.md has no place for its part {name!r}",
                               f"the lines {begin} and {end} should stand in it once each",
                               "put them back")
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{part}\n{end}{rest.partition(end)[2]}"
    return text


def lessons_table(lessons: Iterable[Lesson]) -> str:
    """Notebook, question and minutes of each lesson, as a table in Markdown."""
    lines = ["| notebook | the question | minutes |", "|---|---|---|"]
    lines += [f"| [{lesson.heading}](notebooks/{lesson.name}.ipynb) | {lesson.question} | "
              f"{lesson.minutes_2cores:g} |" for lesson in lessons]
    return "\n".join(lines)


def picture_link(figure: TwinFigure) -> str:
    """The figure in Markdown, with its alt text, and its reading below."""
    alt = figure.alt.replace("[", "(").replace("]", ")").replace("\n", " ")
    return f"![{alt}]({PICTURE})\n\n{figure.reading}"


def picture(figure: TwinFigure, there: str) -> str:
    """The figure as SVG: what is `there` already if it shows the same numbers, else drawn anew."""
    found = DIGEST.search(there)
    if found and found.group(1) == digest(figure):
        return there
    from matplotlib import rc_context

    drawn = io.StringIO()
    with rc_context({"svg.hashsalt": PICTURE}):  # else every drawing has other ids
        figure.figure.savefig(
            drawn, format="svg", facecolor=figure.figure.get_facecolor(), metadata={
                "Title": figure.title, "Date": None,
                "Description": f"digest of the numbers: {digest(figure)}"})
    return "\n".join(line.rstrip() for line in drawn.getvalue().splitlines()) + "\n"


def digest(figure: TwinFigure) -> str:
    """SHA-256 of the figure's table, numbers rounded to `DIGITS` digits, and of its alt text."""
    def rounded(value):
        if isinstance(value, tuple | list):
            return [rounded(part) for part in value]
        return round(value, DIGITS) if isinstance(value, float) else value

    table = [{name: rounded(value) for name, value in row.items()} for row in figure.table]
    return hashlib.sha256(json.dumps([table, figure.alt]).encode()).hexdigest()
