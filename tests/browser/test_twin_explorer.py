"""The explorer in a real JupyterLab: seen, moved by keyboard, and silent towards the network."""

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urlparse

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # rows.py of the tests beside this folder

from lab import need_browser, world_with_runs, write_notebook  # noqa: E402

from llmtl_helpers import paths  # noqa: E402
from llmtl_helpers.benchmark.browser import jupyterlab, open_and_run, page  # noqa: E402

LESSON = paths.ROOT / "notebooks" / "01_scratch_vs_fine_tuned.ipynb"
SHORT = ["from llmtl_helpers import Ledger, TwinExplorer",
         "explorer = TwinExplorer(ledger=Ledger(shipped='none'))\nexplorer",
         "print('all cells', 'have run')"]


def look_and_move(folder: Path, home: Path, notebook: str, seconds: float, **environment) -> None:
    """Run all cells, reveal the curves, and move the size slider by keyboard alone."""
    with (jupyterlab(folder, home, LLMTL_PROFILE="smoke", **environment) as server,
          page() as shown):
        sheet = shown.sheet
        open_and_run(sheet, server, notebook)
        guess = sheet.get_by_role("button", name="Just show me")
        guess.wait_for(timeout=1000 * seconds)
        sheet.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.context.sessionContext"
            ".session.kernel.status === 'idle'", timeout=1000 * seconds)
        assert sheet.locator('.jp-OutputArea-output[data-mime-type*="error"]').count() == 0
        if guess.is_enabled():  # a lesson may have revealed the curves itself
            guess.focus()
            sheet.keyboard.press("Enter")
        picture = sheet.locator(".widget-html figure img").last
        sheet.wait_for_function("() => !document.querySelector('.widget-html figure img')"
                                ".alt.includes('Not shown until')", timeout=20_000)
        assert picture.get_attribute("src").startswith("data:image/png;base64,")
        assert picture.evaluate("image => image.complete && image.naturalWidth") >= 800
        sheet.locator(".noUi-handle").last.focus()
        sheet.keyboard.press("Home")  # the smallest size, where the slider may stand already
        sheet.wait_for_timeout(1500)
        before = picture.get_attribute("src"), picture.get_attribute("alt")
        assert "Marked size" in before[1]
        sheet.keyboard.press("ArrowRight")
        sheet.wait_for_function(
            "seen => document.querySelector('.widget-html figure img').alt !== seen",
            arg=before[1], timeout=20_000)
        after = picture.get_attribute("src"), picture.get_attribute("alt")
        assert after[0] != before[0] and "Marked size" in after[1]
        assert shown.errors == []
        hosts = {urlparse(url).netloc for url in shown.asked
                 if urlparse(url).scheme in ("http", "https", "ws", "wss")}
        assert hosts == {urlparse(server.address).netloc}


def test_explorer_is_moved_by_keyboard(tmp_path):
    need_browser()
    work, home, _ = world_with_runs(tmp_path)
    write_notebook(work / "short.ipynb", SHORT)
    look_and_move(work, home, "short.ipynb", seconds=60)


def test_explorer_in_the_first_lesson(tmp_path):
    need_browser()
    if not any(paths.shipped().glob("*.jsonl")):
        pytest.skip("no runs are shipped yet, so the lesson has no curve to show")
    if not (paths.cache() / "assets").is_dir():
        pytest.skip("the assets have not been fetched: python3 start.py assets fetch")
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    os.symlink(paths.cache(), home / "cache", target_is_directory=True)
    shutil.copy(LESSON, work)
    look_and_move(work, home, LESSON.name, seconds=400)
