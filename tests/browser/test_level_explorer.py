"""The level in a real JupyterLab: moved by keyboard, read, and its table downloaded."""

import sys
from pathlib import Path
from urllib.parse import urlparse

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # rows.py of the tests beside this folder

from lab import need_browser, world_with_runs, write_notebook  # noqa: E402

from llmtl_helpers.benchmark.browser import jupyterlab, open_and_run, page  # noqa: E402
from llmtl_helpers.plots import twin_curve  # noqa: E402

ARMS = ("fine_tuned", "small_scratch", "probe", "tfidf", "majority")
CELL = ("from llmtl_helpers import Ledger\nfrom llmtl_helpers.widgets import LevelExplorer\n"
        "LevelExplorer(ledger=Ledger(shipped='none'), baseline='small_scratch')")


def test_level_is_moved_by_keyboard_and_its_table_downloaded(tmp_path):
    need_browser()
    work, home, ledger = world_with_runs(tmp_path)
    write_notebook(work / "level.ipynb", [CELL])
    with (jupyterlab(work, home, LLMTL_PROFILE="laptop") as server,
          page() as shown):
        sheet = shown.sheet
        open_and_run(sheet, server, "level.ipynb")
        picture = sheet.locator(".widget-html figure img")
        picture.wait_for(timeout=60_000)
        before = picture.get_attribute("alt")
        assert "A level line at 0.640" in before
        sheet.locator(".noUi-handle").first.focus()
        sheet.keyboard.press("ArrowRight")
        sheet.wait_for_function(
            "seen => document.querySelector('.widget-html figure img').alt !== seen",
            arg=before, timeout=20_000)
        assert "A level line at 0.645" in picture.get_attribute("alt")
        link = sheet.get_by_role("link", name="Download this table as CSV")
        with sheet.expect_download() as waiting:
            link.focus()
            sheet.keyboard.press("Enter")
        waiting.value.save_as(tmp_path / "got.csv")
        assert shown.errors == []
        assert {urlparse(url).netloc for url in shown.asked if urlparse(url).scheme != "data"
                and urlparse(url).scheme != "blob"} == {urlparse(server.address).netloc}
    rows = ledger.rows(purpose="curve")
    assert (tmp_path / "got.csv").read_bytes() == twin_curve(rows, arms=ARMS).csv().encode()
