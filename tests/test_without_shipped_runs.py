"""Lessons that read shipped runs: with the files deleted they say so, and invent nothing."""

import builtins
import json
import re

import pytest

from llmtl_helpers import paths
from llmtl_helpers.assets import state

LESSONS = ("02_how_much_data_does_it_save", "07_domain_shift_and_forgetting", "11_what_it_costs")
# a score or a ratio that only runs could have made, such as 0.774, 15.7 points, 8.0x
RESULT = re.compile(r"accuracy 0\.\d{2,}|gets 0\.\d|mean 0\.\d|[\d.]+x \[|\bby [\d.]+ points|"
                    r"\d+ against \d+")


def code_cells(name: str) -> list[str]:
    book = json.loads((paths.ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]


@pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                    reason="the assets have not been fetched")
@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_without_shipped_runs_says_what_is_missing(name, tmp_path, monkeypatch, capsys):
    (tmp_path / "shipped").mkdir()
    monkeypatch.setattr(paths, "shipped", lambda: tmp_path / "shipped")
    monkeypatch.setattr(paths, "own_runs", lambda: tmp_path / "runs")
    shown = []
    monkeypatch.setattr(builtins, "display", lambda *things: shown.extend(things), raising=False)
    scope: dict = {}
    for source in code_cells(name):
        exec(compile(source, f"{name}, a cell", "exec"), scope)
    said = capsys.readouterr().out + " ".join(
        re.sub("<[^>]*>", " ", thing._repr_html_()) for thing in shown
        if hasattr(thing, "_repr_html_"))
    assert "shipped" in said and re.search(r"git|python3 start\.py sweep", said)
    assert not RESULT.search(said), RESULT.search(said)
