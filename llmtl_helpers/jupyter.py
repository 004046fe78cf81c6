"""JupyterLab as the suite runs it: its own settings and folders, on loopback, with a token."""

import json
import os
from pathlib import Path

from llmtl_helpers import stage

SETTINGS = {
    # The first start would ask whether to fetch news: it takes the focus and the network.
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    # Else widgets' callbacks run on another thread than the cells, beside a running cell.
    "@jupyterlab/apputils-extension:kernels-settings": {"commsOverSubshells": "disabled"},
}
STAGE = {"@jupyterlab/statusbar-extension:plugin": {"visible": False}}  # more room for a figure
EXTENSIONS = Path(__file__).parent / "labextensions"  # the suite's own, for JupyterLab


def jupyter_environment(folder: Path) -> dict[str, str]:
    """Make Jupyter's folders below `folder` with the suite's settings; return the variables.

    Without the user's own data folder the only kernel found is this environment's, which
    Jupyter calls `python3`.
    """
    config = folder / "config" / "labconfig"
    config.mkdir(parents=True, exist_ok=True)
    settings = {**SETTINGS, **STAGE} if stage.on() else SETTINGS
    (config / "default_setting_overrides.json").write_text(json.dumps(settings, indent=1),
                                                           encoding="utf-8")
    if stage.on():
        style = folder / "config" / "custom" / "custom.css"  # where JupyterLab looks for it
        style.parent.mkdir(exist_ok=True)
        style.write_bytes(stage.CSS.read_bytes())
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
        f"--ServerApp.root_dir={notebook.parent}",
        f"--LabApp.default_url=/{'doc' if stage.on() else 'lab'}/tree/{notebook.name}",
        "--LabApp.extension_manager=readonly",  # the other one asks a package index
        f"--LabApp.extra_labextensions_path={EXTENSIONS}",
        "--Application.log_level=ERROR",  # the address is printed all the same
    ]
    if stage.on():
        arguments.append("--LabApp.custom_css=True")
    if zmq.has("curve"):  # else other users of the machine could listen in on the kernel
        arguments.append("--KernelManager.transport_encryption=auto")
    if no_browser:
        arguments.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # usual in containers; loopback and token
        arguments.append("--allow-root")
    return arguments
