"""Open JupyterLab at the first notebook, reachable from this machine only.

You work on copies, in the folder `notebooks` of your own files: the suite's notebooks stay
as they came, so that an update never collides with what you wrote. JupyterLab's settings,
kernels and working files are the suite's own too; those of another JupyterLab are neither
read nor changed.
"""

import hashlib
import json
import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from llmtl_helpers import paths, stage
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.jupyter import jupyter_environment, server_arguments

FIRST = "00_start_here"
PORT, FIRST_USER = 8888, 1000  # the number that systems give their first user


def usual_port() -> int:
    """A port for each user of a machine: those of a class who start at once would race for one."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    return PORT + max(user - FIRST_USER, 0) % FIRST_USER


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=usual_port(),
                        help="port; the next free one is taken if it is in use (default: "
                             f"{usual_port()}, another one for each user of a machine)")
    parser.add_argument("--no-browser", action="store_true",
                        help="only print the address, token included")
    parser.add_argument("--notebook", default=FIRST, metavar="NAME",
                        help=f"notebook to open, such as 01_scratch_vs_fine_tuned or 01 "
                             f"(default: {FIRST})")
    parser.add_argument("--stage", action="store_true",
                        help="for a projector: the teacher's edition in large type, controls "
                             "beside figures, a clock while a run is trained")


def run(args: Namespace) -> int:
    if args.stage:
        os.environ[stage.SWITCH] = "1"  # read by this server and by its kernels
    folder = prepare()
    notebook = find_notebook(teachers_notebooks() if args.stage else folder, args.notebook)
    for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH"):  # kernels and settings from elsewhere
        os.environ.pop(name, None)
    if not os.environ.get("JUPYTER_TOKEN"):  # empty would mean: no token; absent: a random one
        os.environ.pop("JUPYTER_TOKEN", None)
    print(f"JupyterLab opens {notebook}. Ctrl-C here ends it.", flush=True)

    from jupyterlab.labapp import LabApp  # after the environment is set: it is read on import

    LabApp.launch_instance(server_arguments(notebook, args.port, args.no_browser))
    return 0


def teachers_notebooks() -> Path:
    """The folder of the teacher's edition, which is built if it is not there."""
    from llmtl_helpers.lessons import notebook

    folder = notebook.teacher_folder()
    if not any(folder.glob("*.ipynb")):
        notebook.write_files(notebook.build_all("teacher"))
    return folder


def prepare() -> Path:
    """Hand the notebooks out and let a Jupyter started from here use folders of the learner's own.

    Returns:
        the folder of the learner's notebooks.
    """
    folder = paths.home() / "notebooks"
    for sentence in hand_out(paths.ROOT / "notebooks", folder):
        print(sentence)
    os.environ.update(jupyter_environment(paths.home() / "jupyter"))
    return folder


def hand_out(source: Path, folder: Path) -> list[str]:
    """Copy the notebooks of `source` that `folder` lacks; renew those the learner left alone.

    Returns:
        One sentence per notebook that has a new edition which was not copied, since the
        learner's copy holds work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / ".handed_out.json"  # file name -> hash of the edition that was copied
    try:
        editions = json.loads(record.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        editions = {}
    sentences = []
    for original in sorted(source.glob("*.ipynb")):
        copy, edition = folder / original.name, _hash(original)
        known = editions.get(original.name)
        if not copy.exists() or _hash(copy) == known:
            copy.write_bytes(original.read_bytes())
            editions[original.name] = edition
        elif known != edition:
            sentences.append(f"There is a new edition of {original.name}, and yours was kept. "
                             f"To get the new one, rename {copy} and start again.")
    record.write_text(json.dumps(editions, indent=1), encoding="utf-8")
    return sentences


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def find_notebook(folder: Path, name: str) -> Path:
    """The notebook in `folder` whose file name is `name` or begins with it.

    Raises:
        LearnerError: there is none.
    """
    found = sorted(folder.glob(f"{name.removesuffix('.ipynb')}*.ipynb")) if name else []
    if not found:
        there = ", ".join(path.stem for path in sorted(folder.glob("*.ipynb"))) or "none"
        raise LearnerError(f"there is no notebook called {name!r}", f"there are: {there}",
                           "choose one of them, or its number")
    return found[0]
