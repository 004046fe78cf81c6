"""A JupyterLab on loopback and a real browser that looks at it.

For the run through all notebooks and for the browser tests. Playwright comes with the packages
for testing and drives the browser that is installed; it never fetches one.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.jupyter import jupyter_environment, server_arguments
from llmtl_helpers.errors import LearnerError

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: its address without a path, its token, its process."""

    address: str
    token: str
    pid: int


@dataclass
class Page:
    """A browser page (`sheet`, Playwright's), what its console complained of, what it asked for."""

    sheet: object
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def find_browser() -> str:
    """Path of an installed browser.

    Raises:
        LearnerError: neither a browser nor Playwright is here.
    """
    if find_spec("playwright") is None:
        raise LearnerError("a browser cannot be driven", "the package playwright is not installed",
                           "run `python3 start.py test` once, which adds it")
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise LearnerError("no browser was found that could be driven",
                       f"looked for {', '.join(BROWSERS)}", "install Chromium")


@contextmanager
def jupyterlab(folder: Path, home: Path, **environment: str) -> Iterator[Server]:
    """JupyterLab in `folder` with the suite's own settings and flags.

    Args:
        home: the kernels' LLMTL_HOME.
        environment: further variables for server and kernels.

    Raises:
        LearnerError: it did not start.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    flags = server_arguments(paths.ROOT / "notebooks" / "any.ipynb", port, no_browser=True)
    flags = [flag for flag in flags if "root_dir" not in flag and "default_url" not in flag]
    flags += [f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0",
              "--expose-app-in-browser"]
    for_all = {**os.environ, **jupyter_environment(home / "jupyter"), "LLMTL_HOME": str(home),
               "JUPYTER_TOKEN": token, "PYTHONPATH": str(paths.ROOT), **environment}
    log = home / "jupyterlab.log"
    with open(log, "wb") as output:
        server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *flags], env=for_all,
                                  stdout=output, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(f"{address}/api?token={token}", server, log)
        yield Server(address, token, server.pid)
    finally:
        server.terminate()  # the server ends its kernels
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_up(url: str, server: subprocess.Popen, log: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise LearnerError("JupyterLab did not start", log.read_text(errors="replace")[-2000:],
                       "run `python3 start.py doctor`")


@contextmanager
def page(width: int = 1280, height: int = 1000) -> Iterator[Page]:
    """A fresh browser page of this size in pixels."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=QUIET)
        try:
            shown = Page(browser.new_page(viewport={"width": width, "height": height}))
            shown.sheet.on("console", lambda message: shown.errors.append(message.text)
                           if message.type == "error" else None)
            shown.sheet.on("pageerror", lambda error: shown.errors.append(str(error)))
            shown.sheet.on("request", lambda request: shown.asked.append(request.url))
            yield shown
        finally:
            browser.close()


def open_notebook(sheet, server: Server, notebook: str, view: str = "lab") -> None:
    """Open a notebook by its name and wait until its kernel is idle. view: "doc" shows it alone."""
    # without `reset` it would open what an earlier page had open as well
    sheet.goto(f"{server.address}/{view}/tree/{notebook}?reset&token={server.token}")
    sheet.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    sheet.wait_for_function("""() => {
        const now = window.jupyterapp?.shell.currentWidget?.context?.sessionContext;
        return now?.session?.kernel?.status === 'idle';}""", timeout=60_000)


def open_and_run(sheet, server: Server, notebook: str, view: str = "lab") -> None:
    """Open a notebook by its name and run all its cells; `view` as in `open_notebook`."""
    open_notebook(sheet, server, notebook, view)
    sheet.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
