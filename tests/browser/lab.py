"""A JupyterLab on loopback and a browser that looks at it."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from rows import make_curve

from llmtl_helpers import Ledger, paths
from llmtl_helpers.commands.lab import jupyter_environment, server_arguments

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def find_browser() -> str:
    """Path of an installed browser; without one the test is skipped."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    pytest.skip(f"no browser is installed (looked for {', '.join(BROWSERS)})")


@contextmanager
def jupyterlab(folder: Path, home: Path, **environment: str):
    """Start JupyterLab in `folder` with the suite's own settings and flags.

    Args:
        home: the kernel's LLMTL_HOME.
        environment: further variables for server and kernel.

    Yields:
        the address without a path, and the token.
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
        yield address, token
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
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-2000:]}")


@contextmanager
def page(width: int = 1280, height: int = 1000):
    """A fresh browser page. Yields it with two lists: console errors, and addresses asked for."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=QUIET)
        try:
            sheet = browser.new_page(viewport={"width": width, "height": height})
            errors, asked = [], []
            sheet.on("console", lambda message: errors.append(message.text)
                     if message.type == "error" else None)
            sheet.on("pageerror", lambda error: errors.append(str(error)))
            sheet.on("request", lambda request: asked.append(request.url))
            yield sheet, errors, asked
        finally:
            browser.close()


def open_and_run(sheet, address: str, token: str, notebook: str) -> None:
    """Open a notebook by its name and run all its cells."""
    sheet.goto(f"{address}/lab/tree/{notebook}?token={token}")
    sheet.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    sheet.wait_for_function("""() => {
        const now = window.jupyterapp?.shell.currentWidget?.context?.sessionContext;
        return now?.session?.kernel?.status === 'idle';}""", timeout=60_000)
    sheet.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")


def write_notebook(path: Path, sources: list[str]) -> None:
    """A notebook of code cells."""
    path.write_text(json.dumps({
        "cells": [{"cell_type": "code", "id": f"cell{number}", "execution_count": None,
                   "metadata": {}, "outputs": [], "source": source}
                  for number, source in enumerate(sources)],
        "nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {
            "name": "python3", "display_name": "Python 3", "language": "python"}}}))


def world_with_runs(folder: Path) -> tuple[Path, Path, Ledger]:
    """A folder for notebooks, a home whose ledger holds `make_curve()`, and that ledger."""
    work, home = folder / "work", folder / "home"
    work.mkdir()
    ledger = Ledger(own=home / "runs", shipped=folder / "none")
    for row in make_curve():
        ledger.add(row)
    return work, home, ledger
