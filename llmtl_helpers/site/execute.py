"""Runs a lesson's cells for its page: all but those that train, and what needs what they made.

A cell that trains on the reader's machine, or lets a large network work long, has the tag `live`.
It is shown and not run; a later cell that lacks a name for that reason is shown without its
output too. Any other fault ends the build.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.jupyter import jupyter_environment
from llmtl_helpers.widgets.static_twin import PICTURES

SECONDS = 120  # for one cell
NOT_RUN = {"live", "exercise"}
NOTE = ("This cell trains networks, or lets large ones work, on your own machine: a page shows it "
        "without its output.")
NEEDS = "What this cell shows needs the run above, which a page does not make."


def run_cells(notebook, pictures: Path, threads: int = 1):
    """The notebook with outputs, in place.

    Args:
        notebook: as `nbformat` has it; cells with a tag of NOT_RUN are left alone.
        pictures: folder for the pictures of widgets.

    Raises:
        LearnerError: a cell failed, or took too long.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from traitlets.config import Config

    lacking = False
    with _world(pictures, threads) as environment:
        client = NotebookClient(notebook, timeout=SECONDS, allow_errors=True,
                                kernel_name="python3", shutdown_kernel="immediate",
                                config=Config(KernelManager={"transport_encryption": "auto"}))
        with client.setup_kernel(env=environment, cwd=str(pictures.parent)):
            for place, cell in enumerate(notebook.cells):
                if cell.cell_type != "code":
                    continue
                tags = set(cell.metadata.get("tags", []))
                if tags & NOT_RUN:
                    lacking |= "live" in tags
                    cell.outputs = _said(NOTE) if "live" in tags else []
                    continue
                try:
                    client.execute_cell(cell, place)
                except (CellTimeoutError, DeadKernelError) as error:
                    raise LearnerError(f"cell {place} of a page did not end", str(error)[:300],
                                       "if it trains, give it the tag `live`") from error
                fault = next((o for o in cell.outputs if o.output_type == "error"), None)
                if fault is None:
                    cell.outputs = [_plain(output) for output in cell.outputs]
                elif lacking and fault.ename == "NameError":
                    cell.outputs = _said(NEEDS)
                else:
                    raise LearnerError(
                        f"cell {place} of a page raised {fault.ename}: {fault.evalue}",
                        "\n".join(cell.source.splitlines()[:4]),
                        "mend the lesson; if the cell trains, give it the tag `live`")
    return notebook


def _said(text: str) -> list:
    from nbformat.v4 import new_output

    return [new_output("stream", name="stdout", text=text + "\n")]


def _plain(output):
    """Without what only a kernel could show."""
    if output.get("data"):
        for kind in [kind for kind in output.data if "widget" in kind]:
            if "text/html" in output.data:
                del output.data[kind]
    return output


@contextmanager
def _world(pictures: Path, threads: int) -> Iterator[dict[str, str]]:
    """Variables of a kernel whose home holds the assets and nothing of the learner's."""
    with tempfile.TemporaryDirectory(prefix="llmtl-page-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        if paths.cache().is_dir():
            paths.link(paths.cache(), home / "cache")
        yield {**os.environ, **jupyter_environment(home / "jupyter"), "LLMTL_HOME": str(home),
               "LLMTL_PROFILE": "laptop", "IPYTHONDIR": str(home / "ipython"),
               "OMP_NUM_THREADS": str(threads), PICTURES: str(pictures)}
