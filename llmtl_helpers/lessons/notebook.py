"""Builds notebooks from lessons. The same sources give the same bytes on every machine."""

import hashlib
from collections import Counter
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.lessons.expand import expand
from llmtl_helpers.lessons.plan import read_plan
from llmtl_helpers.lessons.source import Lesson, read_lessons
from llmtl_helpers.lessons.teacher import TEACHER_TAGS, Cell, for_teacher

EDITIONS = ("learner", "teacher", "reader")  # a reader has no kernel: solutions are folded
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python",
                   "name": "python3"},
    "language_info": {"name": "python"},
}


def notebooks_folder() -> Path:
    return paths.ROOT / "notebooks"


def teacher_folder() -> Path:
    return paths.home() / "teacher"


def build_notebook(lesson: Lesson, lessons: list[Lesson], edition: str = "learner") -> str:
    """The notebook's text (JSON, format 4.5): no outputs, no execution counts.

    Raises:
        LearnerError: the edition is unknown, or the lesson cannot be expanded.
    """
    import jupytext
    import nbformat

    if edition not in EDITIONS:
        raise LearnerError(f"there is no edition called {edition!r}",
                           next=f"choose one of {', '.join(EDITIONS)}")
    read = jupytext.reads(expand(lesson, lessons, edition), fmt="md:myst")
    cells = [Cell(cell.cell_type, cell.source.strip(), dict(tags=cell.metadata["tags"])
                  if cell.metadata.get("tags") else {}) for cell in read.cells]
    cells = [cell for cell in cells if cell.source]
    if edition == "teacher":
        cells = for_teacher(cells, read_plan(lesson))
    else:
        cells = [cell for cell in cells if not TEACHER_TAGS & cell.tags]
    seen, made = Counter(), []
    for cell in cells:
        make = (nbformat.v4.new_code_cell if cell.kind == "code"
                else nbformat.v4.new_markdown_cell)
        made.append(make(cell.source, id=cell_id(cell.kind, cell.source, seen),
                         metadata=cell.metadata))
    notebook = nbformat.v4.new_notebook(cells=made, metadata=METADATA)
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def cell_id(kind: str, source: str, seen: Counter) -> str:
    """An id that follows from the cell's content, so that an edit changes one id only."""
    digest = hashlib.sha256(f"{kind}\n{source}".encode()).hexdigest()[:12]
    seen[digest] += 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def build_all(edition: str = "learner", lessons_from: Path | None = None) -> dict[Path, str]:
    """Every notebook of an edition: the file it belongs in, and its text."""
    folder = notebooks_folder() if edition == "learner" else teacher_folder()
    lessons = read_lessons(lessons_from)
    return {folder / f"{lesson.name}.ipynb": build_notebook(lesson, lessons, edition)
            for lesson in lessons}


def write_files(files: dict[Path, str]) -> list[Path]:
    """Write the files that differ from what is on disk, and return those."""
    changed = [path for path, text in files.items() if not holds(path, text)]
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[path].encode("utf-8"))
    return changed


def differing(files: dict[Path, str], folder: Path | None = None) -> list[Path]:
    """Files that are missing or differ, and notebooks in `folder` that have no lesson."""
    strangers = sorted(set(folder.glob("*.ipynb")) - set(files)) if folder else []
    return [path for path, text in files.items() if not holds(path, text)] + strangers


def holds(path: Path, text: str) -> bool:
    """Whether the file holds this text; line endings that a checkout changed do not count."""
    return path.is_file() and path.read_bytes().replace(b"\r\n", b"\n") == text.encode("utf-8")
