"""The first lesson in a real JupyterLab, as far as its explorer: run, moved by keyboard, and silent
towards the network."""

import json
import os

import pytest
from lab import hosts, need_browser

from llmtl_helpers import paths
from llmtl_helpers.benchmark.browser import jupyterlab, open_and_run, page

LESSON = paths.ROOT / "notebooks" / "01_scratch_vs_fine_tuned.ipynb"
SECONDS = 400


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
    lesson = json.loads(LESSON.read_text(encoding="utf-8"))
    last = next(number for number, cell in enumerate(lesson["cells"])
                if cell["cell_type"] == "code" and "TwinExplorer(TASK)" in "".join(cell["source"]))
    del lesson["cells"][last + 1:]  # what follows trains a live run, as other tests do ...
    lesson["cells"] = [cell for cell in lesson["cells"]  # ... and so does a cell before it
                       if "live" not in cell["metadata"].get("tags", [])]
    (work / LESSON.name).write_text(json.dumps(lesson), encoding="utf-8")
    with (jupyterlab(work, home, LLMTL_PROFILE="smoke") as server,
          page() as shown):
        sheet = shown.sheet
        open_and_run(sheet, server, LESSON.name)
        guess = sheet.get_by_role("button", name="Just show me")
        guess.wait_for(timeout=1000 * SECONDS)
        sheet.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.context.sessionContext"
            ".session.kernel.status === 'idle'", timeout=1000 * SECONDS)
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
        assert hosts(shown.asked) == hosts([server.address])
