"""Outputs of a lesson's cells, kept from one build to the next: prose changes more often.

They are used again only if nothing has changed on which they can depend: the code of the cells,
every file of the package with the shipped runs, what lies beside the lessons, the packages, and
which assets are there.
"""

import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.assets import CATALOGUE, state
from llmtl_helpers.lessons.source import lessons_folder

PICTURE = re.compile(r"_static/states/(\w+\.png)")


def bring_back(name: str, notebook, pictures: Path) -> bool:
    """Put the kept outputs of the lesson `name` into its notebook, and their pictures in place.

    Returns:
        False if there are none that still hold; nothing is changed then.
    """
    folder = _folder(name)
    try:
        held = json.loads((folder / "outputs.json").read_text(encoding="utf-8"))
        if held["of"] != fingerprint(notebook):
            return False
        for picture in held["pictures"]:
            shutil.copy(folder / picture, pictures / picture)
    except (OSError, ValueError, KeyError):  # never built, or damaged
        return False
    from nbformat import from_dict

    for cell, outputs in zip(_code(notebook), held["outputs"], strict=True):
        cell.outputs = from_dict(outputs)
    return True


def keep(name: str, notebook, pictures: Path) -> None:
    """Keep the outputs of a lesson's cells instead of those kept before; a full disk keeps none."""
    outputs = [cell.outputs for cell in _code(notebook)]
    names = sorted(set(PICTURE.findall(json.dumps(outputs))))
    folder = _folder(name)
    with suppress(OSError):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as temporary:
            made = Path(temporary) / name
            made.mkdir()
            for picture in names:
                shutil.copy(pictures / picture, made / picture)
            (made / "outputs.json").write_text(json.dumps(
                {"of": fingerprint(notebook), "pictures": names, "outputs": outputs}),
                encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)


def fingerprint(notebook) -> str:
    """Hash of all on which the outputs of a notebook's cells depend."""
    cells = [[cell.source, sorted(cell.metadata.get("tags", []))] for cell in _code(notebook)]
    ready = {name: state(name) for name in CATALOGUE}
    return hashlib.sha256(json.dumps([cells, ready, _suite()]).encode()).hexdigest()


@lru_cache(maxsize=1)
def _suite() -> str:
    """Hash of the package, the shipped runs, what lies beside the lessons, and the packages."""
    digest = hashlib.sha256(sys.version.encode())
    lessons = lessons_folder()  # of a lesson itself only the cells count
    beside = [path for path in lessons.rglob("*") if path.parent != lessons]
    for path in sorted([*paths.PACKAGE.rglob("*"), *beside, paths.ROOT / "constraints.txt"]):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(paths.ROOT)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _code(notebook) -> Iterator:
    return (cell for cell in notebook.cells if cell.cell_type == "code")


def _folder(name: str) -> Path:
    return paths.home() / "pages" / name
