"""What the browser tests share: skipped without a browser, and a home whose runs are made up."""

import json
from pathlib import Path

import pytest
from rows import make_curve

from llmtl_helpers import Ledger
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


def world_with_runs(folder: Path) -> tuple[Path, Path, Ledger]:
    """A folder for notebooks, a home whose ledger holds `make_curve()`, and that ledger."""
    work, home = folder / "work", folder / "home"
    work.mkdir()
    ledger = Ledger(own=home / "runs", shipped=folder / "none")
    for row in make_curve():
        ledger.add(row)
    return work, home, ledger
