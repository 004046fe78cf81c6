"""Stage mode: larger figures, controls beside them, a clock, the band of a run that is stopped."""

import json
import re
import threading
from pathlib import Path

import pytest
from rows import make_curve
from test_widgets import FILMS, FakeWorkers, plan, shipped, text

from llmtl_helpers import Ledger, TwinExplorer, stage, twin_curve
from llmtl_helpers.commands import lab
from llmtl_helpers.jupyter import jupyter_environment, server_arguments
from llmtl_helpers.widgets import LevelExplorer, clock


@pytest.fixture
def ledger(tmp_path):
    shipped(tmp_path / "shipped", make_curve())
    return Ledger(own=tmp_path / "runs", shipped=tmp_path / "shipped")


@pytest.fixture
def projector(monkeypatch):
    monkeypatch.setenv(stage.SWITCH, "1")


def test_figures_are_drawn_larger_and_nothing_else_moves(ledger, monkeypatch):
    usual = twin_curve(ledger.rows(task=FILMS))
    monkeypatch.setenv(stage.SWITCH, "1")
    large = twin_curve(ledger.rows(task=FILMS))
    assert large.figure.dpi == stage.SCALE * usual.figure.dpi
    assert list(large.figure.get_size_inches()) == list(usual.figure.get_size_inches())
    assert (large.reading, large.alt, large.table) == (usual.reading, usual.alt, usual.table)


def test_only_the_switch_turns_it_on(monkeypatch):
    for value, on in (("1", True), ("", False), ("0", False)):
        monkeypatch.setenv(stage.SWITCH, value)
        assert stage.on() is on and stage.scaled(1.5) == (1.5 * stage.SCALE if on else 1.5)


def test_controls_stand_beside_the_picture_and_the_table_below(ledger, projector):
    explorer = LevelExplorer(ledger=ledger)
    columns, table = explorer.children
    controls, picture = columns.children
    assert table is explorer.table and picture.children == (explorer.picture,)
    assert explorer.level in controls.children and explorer.errors in controls.children
    assert explorer.domain in controls.children[-1].children[0].children  # chosen beforehand


def test_without_the_switch_there_is_neither_column_nor_clock(ledger, tmp_path):
    explorer = TwinExplorer(FILMS, ledger=ledger, guesses_file=tmp_path / "guesses.jsonl")
    assert explorer.clock is None and explorer.picture in explorer.children


def open_twin(ledger, tmp_path, workers):
    explorer = TwinExplorer(FILMS, ledger=ledger, profile="laptop", workers=workers, plan=plan,
                            guesses_file=tmp_path / "guesses.jsonl")
    explorer.open_at("n=64")
    explorer.show.click()
    return explorer


def test_a_stopped_run_leaves_the_shipped_band(ledger, tmp_path, projector):
    workers = FakeWorkers(pause=60)
    explorer = open_twin(ledger, tmp_path, workers)
    controls = explorer.children[0].children[0].children
    at = controls.index(explorer.clock)
    assert explorer.train in controls[at - 1].children and controls[at + 1] is explorer.live_text
    explorer.train.click()
    assert workers.reached.wait(10)
    assert "time left not known yet" in explorer.clock.value
    explorer.stop.click()
    assert explorer.wait(10) and explorer.last_error is None
    low, high = explorer.runs_of("fine_tuned", 64).band
    assert f"fall between {low:.3f} and {high:.3f}" in text(explorer.live_text)
    assert "stopped" in explorer.clock.value


def test_another_tasks_band_is_not_taken_for_the_stopped_run(ledger, tmp_path):
    explorer = open_twin(ledger, tmp_path, FakeWorkers())
    explorer._running = ("sentiment/tweets", "fine_tuned", 64)
    assert explorer._band() == ""
    explorer._running = (FILMS, "fine_tuned", 64)
    assert "19 of 20" in explorer._band()


def test_a_finished_run_says_what_it_took(ledger, tmp_path, projector):
    explorer = open_twin(ledger, tmp_path, FakeWorkers())
    explorer.train.click()
    assert explorer.wait(10) and explorer.last_error is None
    assert re.search(r">0:0\d<div[^>]*>in all</div>", explorer.clock.value)


def test_the_clock_goes_by_itself_until_it_is_ended(monkeypatch):
    monkeypatch.setattr(clock, "TICK", 0.01)
    shown = clock.Clock()
    seen = threading.Event()
    shown.observe(lambda change: "about 1:1" in change["new"] and seen.set(), "value")
    shown.start()
    shown.left(75.5)
    assert seen.wait(10)
    shown.end("stopped")
    for thread in threading.enumerate():
        if thread.name == "clock":
            thread.join(10)
    assert "stopped" in shown.value
    assert (clock.minutes(0), clock.minutes(75.9), clock.minutes(3600)) == ("0:00", "1:15", "60:00")


def test_jupyterlab_gets_large_type_and_room(tmp_path, monkeypatch):
    def started(folder) -> tuple[str, dict, bool]:
        variables = jupyter_environment(folder)
        config = Path(variables["JUPYTER_CONFIG_DIR"])
        settings = json.loads((config / "labconfig" / "default_setting_overrides.json").read_text())
        options = " ".join(server_arguments(folder / "02_a.ipynb", 8888, True))
        return options, settings, (config / "custom" / "custom.css").exists()

    options, settings, styled = started(tmp_path / "usual")
    assert "/lab/tree/02_a.ipynb" in options and "custom_css" not in options and not styled
    monkeypatch.setenv(stage.SWITCH, "1")
    options, on_stage, styled = started(tmp_path / "stage")
    assert "/doc/tree/02_a.ipynb" in options and "--LabApp.custom_css=True" in options and styled
    assert settings.items() < on_stage.items()


def test_the_teachers_notebooks_follow_the_lessons_but_for_what_a_teacher_changed(
        tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    file, other = (tmp_path / "teacher" / name for name in ("02_a.ipynb", "03_b.ipynb"))

    def opened(text: str) -> list[str]:
        monkeypatch.setattr("llmtl_helpers.lessons.hand_out.build_all",
                            lambda edition: {file: f"{edition} {text}", other: f"{edition} {text}"})
        assert lab.teachers_notebooks() == file.parent
        return [path.read_text() for path in (file, other)]

    assert opened("one") == ["teacher one", "teacher one"]
    file.write_text("with my own notes")
    assert opened("one") == ["with my own notes", "teacher one"]
    assert capsys.readouterr().out == ""
    assert opened("two") == ["with my own notes", "teacher two"]
    assert "new edition of 02_a.ipynb" in capsys.readouterr().out
