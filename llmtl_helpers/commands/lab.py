"""Open JupyterLab at the first notebook, reachable from this machine only.

Its settings, kernels and working files are kept in the suite's own folder, so that it
neither reads nor changes another JupyterLab's. The notebooks are opened in place: what
you run and write is saved in `notebooks/`.
"""

import json
import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError

FIRST = "00_start_here"

SETTINGS = {
    # The first start would ask whether to fetch news: it takes the focus and the network.
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    # Else widgets' callbacks run on another thread than the cells, beside a running cell.
    "@jupyterlab/apputils-extension:kernels-settings": {"commsOverSubshells": "disabled"},
}


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8888,
                        help="port; the next free one is taken if it is in use (default: 8888)")
    parser.add_argument("--no-browser", action="store_true",
                        help="only print the address, token included")
    parser.add_argument("--notebook", default=FIRST, metavar="NAME",
                        help=f"notebook to open, such as 01_scratch_vs_fine_tuned or 01 "
                             f"(default: {FIRST})")


def run(args: Namespace) -> int:
    notebook = find_notebook(args.notebook)
    os.environ.update(jupyter_environment(paths.home() / "jupyter"))
    for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH"):  # kernels and settings from elsewhere
        os.environ.pop(name, None)
    if not os.environ.get("JUPYTER_TOKEN"):  # empty would mean: no token; absent: a random one
        os.environ.pop("JUPYTER_TOKEN", None)
    print(f"JupyterLab opens {notebook.relative_to(paths.ROOT)}. Ctrl-C here ends it.", flush=True)

    from jupyterlab.labapp import LabApp  # after the environment is set: it is read on import

    LabApp.launch_instance(server_arguments(notebook, args.port, args.no_browser))
    return 0


def find_notebook(name: str) -> Path:
    """The notebook whose file name is `name` or begins with it.

    Raises:
        LearnerError: there is none.
    """
    folder = paths.ROOT / "notebooks"
    found = sorted(folder.glob(f"{name.removesuffix('.ipynb')}*.ipynb")) if name else []
    if not found:
        there = ", ".join(path.stem for path in sorted(folder.glob("*.ipynb"))) or "none"
        raise LearnerError(f"there is no notebook called {name!r}", f"in {folder} there are: {there}",
                           "choose one of them, or its number")
    return found[0]


def jupyter_environment(folder: Path) -> dict[str, str]:
    """Make Jupyter's folders below `folder` with the suite's settings; return the variables.

    Without the user's own data folder the only kernel found is this environment's, which
    Jupyter calls `python3`.
    """
    config = folder / "config" / "labconfig"
    config.mkdir(parents=True, exist_ok=True)
    (config / "default_setting_overrides.json").write_text(json.dumps(SETTINGS, indent=1),
                                                           encoding="utf-8")
    return {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
    }


def server_arguments(notebook: Path, port: int, no_browser: bool) -> list[str]:
    """Options for JupyterLab.

    A token is always asked for: a random one, which is in the address printed, or the one
    in the environment variable JUPYTER_TOKEN. As an option every user could read it.
    """
    import zmq

    arguments = [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={paths.ROOT}",
        f"--LabApp.default_url=/lab/tree/{notebook.relative_to(paths.ROOT).as_posix()}",
        "--LabApp.extension_manager=readonly",  # the other one asks a package index
        "--Application.log_level=WARN",  # the address is printed all the same
    ]
    if zmq.has("curve"):  # else other users of the machine could listen in on the kernel
        arguments.append("--KernelManager.transport_encryption=auto")
    if no_browser:
        arguments.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # usual in containers; loopback and token
        arguments.append("--allow-root")
    return arguments
