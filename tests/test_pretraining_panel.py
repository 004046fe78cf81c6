"""The pre-training panel by its values and clicks, the loss figure and the dial, on made cards and rows."""

import json
import math
import threading
from dataclasses import asdict

import pytest
from crews import Crew

from llmtl_helpers import PretrainingPanel, dial_figure, paths, pretraining_curves
from llmtl_helpers.arms import DIAL
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.pretraining import card as cards
from llmtl_helpers.pretraining.job import PretrainingJob
from llmtl_helpers.recipes import RECIPES
from rows import make_row
from test_perplexity import language_row

NAMES = ("causal-100k", "masked-100k")


def make_card(name: str, **fields) -> dict:
    recipe = RECIPES[name]
    steps = range(1, 11)
    return {"name": name, "recipe": asdict(recipe), "recipe_id": recipe.id, "tokens": recipe.tokens,
            "seconds": 100.0, "updates": recipe.updates,
            "losses": [[recipe.updates * i // 10, round(8 - 0.3 * i, 3)] for i in steps],
            "held_out_losses": [[recipe.updates * i // 10, round(8.1 - 0.3 * i, 3)] for i in steps],
            **fields}


@pytest.fixture
def home(tmp_path, monkeypatch):
    for place in ("own_checkpoints", "shipped_checkpoints"):
        monkeypatch.setattr(paths, place, lambda place=place: tmp_path / place)
    monkeypatch.setenv("LLMTL_PROFILE", "smoke")
    return tmp_path


def test_names_follow_the_profile_and_both_families_are_trained(home):
    crew = Crew()
    panel = PretrainingPanel(workers=crew)
    assert panel.names.value == NAMES and "100,000 tokens" in panel.cost.value
    assert "Nothing has been pre-trained" in panel.static().reading
    panel.start.click()
    assert panel.wait(10) and crew.jobs == [PretrainingJob(name) for name in NAMES]
    assert panel.progress.value == 1 and "done" in panel.live_text.value and panel.last_error is None


def test_progress_is_said_and_a_stop_can_be_gone_on_from(home):
    crew = Crew()
    crew.gate.clear()
    panel = PretrainingPanel(workers=crew)
    panel.start.click()
    for _ in range(200):
        if "left" in panel.live_text.value:
            break
        threading.Event().wait(0.02)
    assert "causal-100k: update 97 of 195, loss 6.00, about 2 s left" in panel.live_text.value
    assert 0 < panel.progress.value < 0.5 and not panel.stop.disabled
    panel.start.click()  # a second one is refused in a sentence
    assert isinstance(panel.last_error, LearnerError) and "already" in panel.errors.value
    assert panel.busy
    panel.names.value = NAMES[:1]  # another choice does not touch what is under way
    panel.stop.click()
    crew.gate.set()
    assert panel.wait(10) and panel.stop.disabled and "goes on from here" in panel.live_text.value
    panel.start.click()
    assert panel.wait(10) and "done" in panel.live_text.value and panel.progress.value == 1
    assert panel.last_error is None and not panel.busy


def test_one_call_presses_waits_and_names_what_is_finished(home, monkeypatch):
    crew = Crew()
    panel = PretrainingPanel(workers=crew)
    folder = paths.own_checkpoints() / "causal-100k"
    folder.mkdir(parents=True)
    (folder / cards.CARD).write_text(json.dumps(make_card("causal-100k")))
    assert panel.carry_out() == ["causal-100k"] and len(crew.jobs) == 2
    crew.gate.clear()  # now it is interrupted while it waits

    def interrupted(timeout=None):
        monkeypatch.undo()
        crew.gate.set()
        raise KeyboardInterrupt

    panel.start.click()
    monkeypatch.setattr(panel, "wait", interrupted)
    panel.carry_out()
    assert not panel.busy and "goes on from here" in panel.live_text.value


def test_a_failure_is_one_sentence_in_the_panel(home):
    panel = PretrainingPanel(workers=Crew("failed", "There was not enough memory."))
    panel.start.click()
    assert panel.wait(10)
    assert "causal-100k was not pre-trained. There was not enough memory" in panel.live_text.value
    assert "goes on from it" in panel.live_text.value


def test_without_a_recipe_nothing_is_started(home):
    panel = PretrainingPanel(workers=Crew())
    panel.names.value = ()
    panel.start.click()
    assert "No recipe is chosen" in panel.errors.value
    with pytest.raises(LearnerError, match="no small recipe"):
        PretrainingPanel(names=("encoder-nonsense",))


def test_what_is_done_is_said_and_drawn_from_its_card(home):
    folder = paths.own_checkpoints() / "causal-100k"
    folder.mkdir(parents=True)
    (folder / cards.CARD).write_text(json.dumps(make_card("causal-100k")))
    panel = PretrainingPanel(names=("causal-100k",), workers=Crew())
    assert "here already" in panel.cost.value
    assert "causal-100k has a loss of 5.10 nats on held-out documents" in panel.static().reading
    assert 'alt="Loss while it is pre-trained' in panel.picture.value


def test_an_interrupted_training_is_drawn_and_its_rest_is_told(home):
    shipped = paths.shipped_checkpoints() / "causal-30M"
    shipped.mkdir(parents=True)
    (shipped / cards.CARD).write_text(json.dumps(make_card("causal-30M")))
    state = cards.unfinished(paths.own_checkpoints() / "causal-100k")
    state.mkdir(parents=True)
    log = {"updates": 97, "curve": [[50, 7.0], [97, 6.5]]}
    log["about"] = {"recipe": asdict(RECIPES["causal-100k"])}
    (state / cards.LOG).write_text(json.dumps(log))
    panel = PretrainingPanel(names=("causal-100k",), workers=Crew())
    assert "50% of it done" in panel.cost.value and "1 min" in panel.cost.value
    assert "causal-100k has a loss of 6.50" in panel.static().reading
    log["about"]["recipe"]["learning_rate"] = 1.0  # another recipe under this name
    (state / cards.LOG).write_text(json.dumps(log))
    assert "of it done" not in PretrainingPanel(names=("causal-100k",), workers=Crew()).cost.value
    (state / cards.LOG).write_text("[broken")
    assert cards.read_log("causal-100k") == {} == cards.read_card("no such")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_loss_figure_says_what_it_shows(theme):
    found = pretraining_curves({"causal-3M": make_card("causal-3M")},
                               {"masked-30M": make_card("masked-30M")}, theme=theme)
    assert "after 3M tokens in 100 s" in found.reading and "knowing nothing costs 8.01" in found.reading
    assert {row["checkpoint"] for row in found.table} == {"causal-3M", "masked-30M"}
    assert "30M" in found.alt and len(found.table) == 22


def dial_rows(levels, scratch, spread, **fields):
    make = language_row if "perplexity" in fields.get("purpose", "perplexity") else make_row
    return [make(arm=arm, run_seed=seed, subset_seed=seed, score=level + spread * (seed - 2), **fields)
            for arm, level in [*((f"causal_{name}", value) for name, value in
                                 zip(DIAL, levels, strict=True)), ("causal_scratch", scratch)]
            for seed in range(5)]


def test_the_dial_says_from_where_on_pre_training_is_better():
    rows = dial_rows([-math.log(value) for value in (380, 370, 180, 150, 130, 120)],
                     -math.log(370), 0.01, n=10_000)
    found = dial_figure([*rows, *rows])
    assert "380 after 100k tokens of pre-training and 120 after 30M" in found.reading
    assert "first apart, in favour of pre-training, at 1M tokens" in found.reading
    assert len(found.table) == 7 and {row["runs"] for row in found.table} == {5}


def test_the_dial_says_where_pre_training_was_worse_or_no_better():
    rows = dial_rows((0.60, 0.62, 0.64, 0.64, 0.64, 0.64), 0.64, 0.002, n=1024, purpose="small")
    found = dial_figure(rows, "accuracy")
    assert "at no point is pre-training better" in found.reading
    assert "worse, with intervals apart, at 100k, 300k" in found.reading


def test_the_dial_says_that_more_was_worse():
    rows = dial_rows([-math.log(value) for value in (380, 370, 180, 150, 104, 108)],
                     -math.log(370), 0.002, n=10_000)
    assert ("108 after 30M, which is worse than 104 after 10M, with intervals apart"
            in dial_figure(rows).reading)


def test_the_dial_without_runs_names_the_command():
    assert "--study dial-perplexity" in dial_figure([]).reading
    assert "--study dial`" in dial_figure([], "accuracy").reading
    with pytest.raises(LearnerError, match="knows no metric"):
        dial_figure([], "loss")
