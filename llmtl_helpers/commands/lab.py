"""Open JupyterLab at the first notebook, reachable from this machine only.

You work on copies, in the folder `notebooks` of your own files: the suite's notebooks stay
as they came, so that an update never collides with what you wrote. JupyterLab's settings,
kernels and working files are the suite's own too; those of another JupyterLab are neither
read nor changed.
"""

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
    """The folder of the teacher's edition, as it is built today but for what was changed there."""
    from llmtl_helpers.lessons.hand_out import hand_out_teachers

    folder, sentences = hand_out_teachers()
    print(*sentences, sep="\n", end="\n" if sentences else "")
    return folder


def prepare() -> Path:
    """Hand the notebooks out and let a Jupyter started from here use folders of the learner's own.

    Returns:
        the folder of the learner's notebooks.
    """
    from llmtl_helpers.lessons.hand_out import hand_out

    folder = paths.home() / "notebooks"
    source = paths.ROOT / "notebooks"
    editions = {path.name: path.read_bytes() for path in source.glob("*.ipynb")}
    for sentence in hand_out(editions, folder):
        print(sentence)
    os.environ.update(jupyter_environment(paths.home() / "jupyter"))
    return folder


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
