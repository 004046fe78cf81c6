"""Stage mode on a projector of 1280 by 720: all that a lesson needs is on the screen, and large."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # rows.py of the tests beside this folder

from lab import need_browser, write_notebook  # noqa: E402
from rows import make_curve  # noqa: E402

from llmtl_helpers import Ledger, paths, stage  # noqa: E402
from llmtl_helpers.benchmark.browser import jupyterlab, open_and_run, page  # noqa: E402

SCREEN = 1280, 720
SMALLEST = 15  # pixels of type
RUN = '''
from rows import make_row
from llmtl_helpers import Ledger, RunConfig, TwinExplorer
from llmtl_helpers.sweep import Event

class Slow:
    def run(self, configs, stop):
        for update in range(1, 1001):  # five minutes: it must not end before it is stopped
            if stop.wait(0.3):
                return
            yield Event("progress", configs[0], update=update, updates=1000, loss=0.5,
                        seconds=0.3 * update)

def plan(task, arm, n, profile, ledger):
    return RunConfig.from_row(make_row(task=task, arm=arm, n=n, purpose="live", run_seed=1000))

explorer = TwinExplorer(ledger=Ledger(shipped="none"), workers=Slow(), plan=plan)
explorer.open_at("n=64;seed=all")
explorer.show.click()
explorer
'''


def test_a_live_dot_is_readable_on_a_projector(tmp_path, monkeypatch):
    need_browser()
    monkeypatch.setenv(stage.SWITCH, "1")  # for the server's settings, which this process writes
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    ledger = Ledger(own=home / "runs", shipped=tmp_path / "none")
    for row in make_curve():
        ledger.add(row)
    write_notebook(work / "stage.ipynb", [RUN])
    found = f"{paths.ROOT}:{paths.ROOT / 'tests'}"
    with (jupyterlab(work, home, LLMTL_PROFILE="laptop", PYTHONPATH=found) as server,
          page(*SCREEN) as shown):
        sheet = shown.sheet
        open_and_run(sheet, server, "stage.ipynb", view="doc")
        picture, reading = sheet.locator("figure img"), sheet.locator("figcaption")
        picture.wait_for(timeout=60_000)
        train = sheet.get_by_role("button", name="Train it live")
        train.click()
        sheet.get_by_text("left", exact=False).first.wait_for(timeout=20_000)
        clock = sheet.locator(".llmtl-clock")
        sheet.wait_for_function("() => /about \\d+:\\d\\d left/.test("
                                "document.querySelector('.llmtl-clock').innerText)")
        stop = sheet.get_by_role("button", name="Stop", exact=True)
        needed = [picture, reading, train, stop, clock, sheet.locator(".noUi-handle").first]
        sheet.evaluate("document.querySelector('.jp-OutputArea').scrollIntoView()")
        for part in needed:
            box = part.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= SCREEN[0], part
            assert box["y"] >= 0 and box["y"] + box["height"] <= SCREEN[1], part
        size = "part => parseFloat(getComputedStyle(part).fontSize)"
        assert min(part.evaluate(size) for part in (reading, train, stop)) >= SMALLEST
        assert clock.evaluate(size) >= 2 * SMALLEST
        assert picture.evaluate("image => image.naturalWidth") == 800 * stage.SCALE
        assert 11 / 72 * 100 * picture.bounding_box()["width"] / 800 >= SMALLEST  # type in a figure
        stop.click()
        sheet.get_by_text("19 of 20 new runs").wait_for(timeout=20_000)
        assert shown.errors == []
