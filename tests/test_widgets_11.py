"""CostExplorer and FairnessBoard by their values: what they show, keep and refuse."""

import html
import json

import pytest
from rows import make_curve, make_row
from test_plots_11 import COSTED, EVERY, costed

from llmtl_helpers import Ledger
from llmtl_helpers.cost import pretraining_bill
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.fairness import SWITCHES
from llmtl_helpers.widgets import CostExplorer, FairnessBoard

FILMS = "sentiment/films"
TWEETS = costed(make_curve(arms=("fine_tuned", "scratch"), sizes=(16, 64),
                           task="sentiment/tweets"))


@pytest.fixture
def make(tmp_path):
    def widget(kind, rows, **options):
        (tmp_path / "shipped").mkdir(exist_ok=True)
        (tmp_path / "shipped" / "test.jsonl").write_text("\n".join(
            json.dumps({k: v for k, v in row.items() if k != "shipped"}) for row in rows))
        ledger = Ledger(own=tmp_path / "runs", shipped=tmp_path / "shipped")
        return kind(FILMS, "laptop", ledger, **options)

    return widget


def text(control) -> str:
    return html.unescape(control.value)


def controls(widget) -> list:
    """All controls of a widget, at any depth."""
    found = []
    for child in getattr(widget, "children", ()):
        found += [child, *controls(child)]
    return found


@pytest.mark.parametrize("kind, rows", [(CostExplorer, COSTED), (FairnessBoard, EVERY)])
def test_a_view_shows_picture_words_and_table_and_has_a_static_twin(make, kind, rows):
    view = make(kind, rows)
    assert view.last_error is None and view.wait(5)
    assert view.picture.value.count("<img") == 1 and view.redraw_ms > 0
    assert f'alt="{html.escape(view.alt)}"' in view.picture.value
    assert view.reading in text(view.picture)
    assert "Download this table as CSV" in view.table.value
    assert "<img" in view.static().html() and view.static().reading in html.unescape(
        view._repr_mimebundle_()["text/html"])
    assert all(control.description for control in controls(view)
               if hasattr(control, "value") and type(control).__name__ != "HTML")


@pytest.mark.parametrize("kind", [CostExplorer, FairnessBoard])
def test_without_any_run_a_view_says_what_is_missing(make, kind):
    view = make(kind, [])
    assert "start.py sweep" in view.reading and view.last_error is None
    assert "<table" not in view.table.value
    view.domain.value = "sentiment/tweets"
    assert view.last_error is None


# -- cost ------------------------------------------------------------------------------------

def test_every_control_of_the_costs_changes_the_picture(make):
    explorer = make(CostExplorer, [*COSTED, *TWEETS])
    seen = [explorer.picture.value]
    for name, value, said in (("level", 0.7, "accuracy 0.70"), ("unit", "seconds", "seconds"),
                              ("metric", "macro_f1", "macro-F1"),
                              ("charge", True, "shared by 1 task,"),
                              ("tasks", 1000, "shared by 1,000 tasks"),
                              ("scope", "sentence pairs", "by estimate"),
                              ("view", "break-even", "break-even"),
                              ("domain", "sentiment/tweets", "")):
        getattr(explorer, name).value = value
        assert explorer.last_error is None
        assert said in explorer.reading + explorer.alt.replace("Break", "break")
        assert explorer.picture.value not in seen
        seen.append(explorer.picture.value)


def test_the_explorer_says_what_the_figure_says(make):
    explorer = make(CostExplorer, COSTED, level=0.78)
    assert explorer.level.value == 0.78
    for charge, tasks, view in ((False, 1, "cost"), (True, 1, "cost"), (True, 10**6, "cost"),
                                (False, 10**6, "break-even")):
        explorer.charge.value, explorer.tasks.value, explorer.view.value = charge, tasks, view
        twin = explorer.static()
        assert (explorer.reading, explorer.alt) == (twin.reading, twin.alt)


def test_the_bill_moves_only_the_arms_that_start_from_the_checkpoint(make):
    explorer = make(CostExplorer, COSTED)
    explorer.charge.value = True
    rows = explorer.static().table
    for row in rows:
        if row["flops"]:
            paid = "checkpoint" in row["arm"]
            bill = pretraining_bill().total() if paid else 0
            assert row["with pre-training"] == pytest.approx(row["flops"] + bill)
    assert {bool(row["flops"]) for row in rows} == {True, False}  # words have no FLOP


def test_controls_that_change_nothing_are_switched_off(make):
    explorer = make(CostExplorer, COSTED)
    assert explorer.tasks.disabled and explorer.scope.disabled and not explorer.charge.disabled
    explorer.charge.value = True
    assert not explorer.tasks.disabled and not explorer.scope.disabled
    explorer.charge.value, explorer.view.value = False, "break-even"  # it is always charged there
    assert not explorer.tasks.disabled and explorer.charge.disabled


def test_a_bill_in_tokens_is_refused_in_the_widget_and_can_be_mended(make):
    explorer = make(CostExplorer, COSTED)
    explorer.unit.value, explorer.charge.value = "tokens", True
    assert isinstance(explorer.last_error, LearnerError)
    assert "Choose flops or seconds" in text(explorer.errors)
    explorer.unit.value = "flops"
    assert explorer.errors.value == "" and "by estimate" in explorer.reading


def test_the_level_stays_on_the_scores_of_the_data(make):
    explorer = make(CostExplorer, [*COSTED, *TWEETS], level=0.84)
    low, high = explorer.level.min, explorer.level.max
    assert low < 0.5 < 0.84 < high < 0.9
    explorer.domain.value = "sentiment/tweets"
    assert explorer.level.min <= explorer.level.value <= explorer.level.max < high


def test_pictures_that_were_shown_are_not_drawn_again(make, monkeypatch):
    explorer = make(CostExplorer, COSTED)
    explorer.view.value = "break-even"
    explorer.level.value = 0.7
    shown = explorer.picture.value
    explorer.level.value = 0.75
    monkeypatch.setattr(explorer, "static", None)  # would be called to draw
    explorer.level.value = 0.7
    assert explorer.picture.value == shown and explorer.last_error is None


# -- fairness --------------------------------------------------------------------------------

def test_all_off_is_the_honest_figure(make):
    board = make(FairnessBoard, EVERY)
    assert board.on == [] and board.broken == {}
    assert "fine-tuned checkpoint gets 0.78" in board.reading
    assert "All switches are off" in text(board.explanation)


@pytest.mark.parametrize("name", SWITCHES)
def test_one_switch_shows_its_comparison(make, name):
    board = make(FairnessBoard, EVERY)
    board.switches[name].value = True
    expected = SWITCHES[name].function(EVERY)
    assert board.on == [name] and board.reading == expected.reading
    assert board.broken[name].broken_gap == expected.broken_gap is not None
    assert SWITCHES[name].what_it_does in text(board.explanation)
    assert "Two line charts side by side" in board.alt
    board.switches[name].value = False
    assert board.broken == {} and "fine-tuned checkpoint gets 0.78" in board.reading


def test_several_switches_share_a_board(make):
    board = make(FairnessBoard, EVERY)
    for switch in board.switches.values():
        switch.value = True
    assert list(board.broken) == list(SWITCHES) and board.last_error is None
    assert board.alt.count(" labels.") == len(SWITCHES)
    for name, broken in board.broken.items():
        assert SWITCHES[name].label in board.reading
        assert SWITCHES[name].what_it_does in text(board.explanation)
        assert html.escape(broken.reading) in board.table.value
    assert board.static().reading == board.reading


@pytest.mark.parametrize("name, control, value", [
    ("best_of_k", "k", 20), ("best_of_k", "who", "scratch"),
    ("small_test_set", "test_size", 25), ("small_test_set", "seed", 7)])
def test_controls_reach_their_switch(make, name, control, value):
    board = make(FairnessBoard, EVERY)
    board.switches[name].value = True
    before, picture = board.broken[name], board.picture.value
    getattr(board, control).value = value
    assert board.broken[name] == SWITCHES[name].function(EVERY, **{control: value})
    assert board.broken[name].broken_gap != before.broken_gap
    assert board.picture.value != picture


def test_controls_are_shown_only_with_their_switch(make):
    board = make(FairnessBoard, EVERY)

    def shown(control) -> bool:
        (group,) = [one for one in board.children if control in getattr(one, "children", ())]
        return group.layout.display != "none"

    every = (board.k, board.who, board.test_size, board.seed, board.wronged)
    assert not any(map(shown, every))
    board.switches["best_of_k"].value = True
    assert list(map(shown, every)) == [True, True, False, False, False]
    assert board.domain.layout.display != "none"


def test_a_missing_study_is_said_with_its_command(make):
    board = make(FairnessBoard, make_curve())
    board.switches["leaked_test_text"].value = True
    assert "--study leak" in board.reading
    board.switches["best_of_k"].value = True
    assert "--study leak" in board.reading and "best of k seeds: inflated" in board.reading
    board.wronged.value = "fine_tuned"  # of a switch that is off
    assert board.last_error is None


def test_a_draw_that_is_larger_than_the_test_set_is_not_made(make):
    small = [make_row(arm=arm, run_seed=seed, score=0.5, test_size=40, correct="aaaaaaaaaa")
             for arm in ("fine_tuned", "scratch") for seed in range(3)]
    board = make(FairnessBoard, small)
    board.switches["small_test_set"].value = True
    assert "100 cannot be drawn" in board.reading and board.last_error is None
    board.test_size.value = 25
    assert "25 of them" in board.reading


def test_runs_of_another_version_of_the_data_are_left_out(make):
    old = make_curve(arms=("fine_tuned",), data_fingerprint="1" * 64, seeds=1, sizes=(64,))
    board = make(FairnessBoard, [*EVERY, *old])
    board.switches["no_baseline"].value = True
    assert board.last_error is None
    assert board.broken["no_baseline"] == SWITCHES["no_baseline"].function(EVERY)
