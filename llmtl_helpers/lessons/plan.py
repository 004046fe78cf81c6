"""A lesson's plans for 30, 60 and 90 minutes, as the table in its teacher's notes says them.

    | what      | 30 | 60 | 90 | open                          | say                  |
    | the claim | 5  | 5  | 10 | `explorer` `n=64;seed=all`    | Ask who believes it. |

A dash in place of minutes leaves a row out of that plan. `open` may name a widget by its variable
in the notebook, and the state that `open_at` brings it into.
"""

from dataclasses import dataclass

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.lessons.source import Lesson

MINUTES = (30, 60, 90)  # the plans
COLUMNS = ("what", *map(str, MINUTES), "open", "say")
LEFT_OUT = "–"


@dataclass(frozen=True)
class Row:
    """One row: `minutes` holds the plans in which it is done. `what` and `say` are Markdown."""

    what: str
    minutes: dict[int, int]
    widget: str
    state: str
    say: str


@dataclass(frozen=True)
class Plan:
    """The rows in order, and what the notes say before and after their table, as Markdown."""

    intro: str
    rows: tuple[Row, ...]
    notes: str


def markdown():
    """The parser for notes: tables are read, and HTML in them is text."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def read_plan(lesson: Lesson) -> Plan | None:
    """The plan in the lesson's teacher's notes; None where these have no table.

    Raises:
        LearnerError: the table is not as agreed, or its minutes do not add up.
    """
    import jupytext

    cells = jupytext.reads(lesson.text, fmt="md:myst").cells
    notes = next((cell.source for cell in cells if "teacher" in cell.metadata.get("tags", [])), "")
    return parse_plan(notes, lesson.name)


def parse_plan(notes: str, name: str) -> Plan | None:
    """As `read_plan`, from the notes of the lesson called `name`."""
    tokens = markdown().parse(notes)
    table = next((token for token in tokens if token.type == "table_open"), None)
    if table is None:
        return None
    where = f"the plan of the lesson {name}"
    cells = [token for before, token in zip(tokens, tokens[1:], strict=False)
             if before.type in ("th_open", "td_open")]
    if tuple(cell.content for cell in cells[:len(COLUMNS)]) != COLUMNS:
        raise LearnerError(f"{where} cannot be read", "its columns are other ones",
                           f"head the table | {' | '.join(COLUMNS)} |")
    rows = tuple(_row(cells[at:at + len(COLUMNS)], where)
                 for at in range(len(COLUMNS), len(cells), len(COLUMNS)))
    for plan in MINUTES:
        total = sum(row.minutes.get(plan, 0) for row in rows)
        if total != plan:
            raise LearnerError(f"{where} for {plan} minutes takes {total}",
                               next="change the minutes of its rows")
    lines = notes.splitlines()
    first, end = table.map
    return Plan("\n".join(lines[:first]), rows, "\n".join(lines[end:]))


def _row(cells: list, where: str) -> Row:
    what, *minutes, opened, say = cells
    try:
        known = {plan: int(cell.content) for plan, cell in zip(MINUTES, minutes, strict=True)
                 if cell.content != LEFT_OUT}
    except ValueError:
        raise LearnerError(f"{where} cannot be read",
                           f"minutes of {what.content!r} are no whole number",
                           f"write a number, or {LEFT_OUT} to leave the row out") from None
    codes = [child.content for child in opened.children or [] if child.type == "code_inline"]
    if len(codes) > 2 or bool(codes) != bool(opened.content):
        raise LearnerError(f"{where} cannot be read", f"it opens {opened.content!r}",
                           "write a widget's variable and its state, each in backticks")
    widget, state = (*codes, "", "")[:2]
    return Row(what.content, known, widget, state, say.content)
