"""What the teacher's edition adds to the cells: states of the plan, slides, folded notes."""

import re
from dataclasses import dataclass, field

from llmtl_helpers.lessons.expand import folded
from llmtl_helpers.lessons.plan import Plan

TEACHER_TAGS = {"teacher", "solution"}


@dataclass
class Cell:
    """A cell before it becomes one of a notebook. kind: "code" or "markdown"."""

    kind: str
    source: str
    metadata: dict = field(default_factory=dict)

    @property
    def tags(self) -> set[str]:
        return set(self.metadata.get("tags", []))


def for_teacher(cells: list[Cell], plan: Plan | None) -> list[Cell]:
    """The cells as a teacher gets them, ready for a projector."""
    cells = [*with_states(cells, plan)] if plan else cells
    for cell in cells:
        if TEACHER_TAGS & cell.tags:  # a room that looks on sees one line; a click opens it
            if cell.kind == "code":
                cell.metadata["jupyter"] = {"source_hidden": True}
            else:  # running a text cell would show a hidden source again
                cell.source = folded("For the teacher", cell.source)
        cell.metadata["slideshow"] = {"slide_type": slide_type(cell)}
    return cells


def with_states(cells: list[Cell], plan: Plan):
    """The cells, and after the one that makes a widget a cell for each state the plan opens."""
    for cell in cells:
        yield cell
        for row in plan.rows:
            if row.state and cell.kind == "code" and makes(cell.source, row.widget):
                yield Cell("code", f'{row.widget}.open_at("{row.state}")  # plan: {row.what}',
                           {"tags": ["plan"]})


def makes(code: str, variable: str) -> bool:
    """Whether the code assigns to the variable."""
    return re.search(rf"^\s*{re.escape(variable)} = ", code, re.MULTILINE) is not None


def slide_type(cell: Cell) -> str:
    """For RISE and nbconvert: a sentence starts a page, and its code goes with it."""
    if TEACHER_TAGS & cell.tags:
        return "skip" if cell.kind == "code" else "notes"
    if cell.kind == "code":
        return "-"  # on the same page as what stands before it
    return "slide" if re.match(r"##? ", cell.source) else "subslide"
