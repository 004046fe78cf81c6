"""What the browser tests share: skipped without a browser; a notebook, a server, axe, hosts."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlparse

import pytest

from llmtl_helpers.benchmark import browser
from llmtl_helpers.errors import LearnerError


def need_browser() -> None:
    """Without a browser, or what drives it, the test is skipped."""
    try:
        browser.find_browser()
    except LearnerError as error:
        pytest.skip(str(error))


def write_notebook(path: Path, sources: list[str]) -> None:
    """A notebook of code cells."""
    path.write_text(json.dumps({
        "cells": [{"cell_type": "code", "id": f"cell{number}", "execution_count": None,
                   "metadata": {}, "outputs": [], "source": source}
                  for number, source in enumerate(sources)],
        "nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {
            "name": "python3", "display_name": "Python 3", "language": "python"}}}))


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """A plain file server on loopback; yields its address."""
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def hosts(asked: list[str]) -> set[str]:
    """The hosts, with their ports, that a page asked for these addresses."""
    return {address.netloc for address in map(urlparse, asked)
            if address.scheme in ("http", "https", "ws", "wss")}


def serious_faults(sheet, inside: str = "body", without: str = "") -> list[str]:
    """What axe finds serious or critical in the part of the page that the selector names.

    Args:
        without: selector of what is left out of it.
    """
    import axe_core_python

    sheet.evaluate((Path(axe_core_python.__file__).parent / "axe.min.js").read_text("utf-8"))
    found = sheet.evaluate(
        "([inside, without]) => axe.run({include: [[inside]], exclude: without ? [[without]] : []},"
        " {resultTypes: ['violations']})", [inside, without])
    return [f"{fault['id']}: {fault['help']}: {node['html'][:200]}" for fault in found["violations"]
            if fault["impact"] in ("serious", "critical") for node in fault["nodes"]]
