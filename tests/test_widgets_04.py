"""The explorer of transplants by its values and clicks."""

import json

import pytest
from explorers import (keeps_another_rule_apart, made, planned, stops_and_stores_nothing,
                       takes_what_was_chosen_at_the_click)
from rows import make_row
from test_plots_04 import MEANS, transplants
from test_widgets import FakeWorkers, shipped, text

from llmtl_helpers import Ledger, TransplantExplorer
from llmtl_helpers.arms import kept_arm
from llmtl_helpers.assets import state
from llmtl_helpers.journal import Journal
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.profiles import get_profile
from llmtl_helpers.sweep import live_config


@pytest.fixture
def ledger(tmp_path):
    shipped(tmp_path / "shipped", transplants())
    return Ledger(own=tmp_path / "runs", shipped=tmp_path / "shipped")


@pytest.fixture
def make(ledger, tmp_path):
    yield from made(TransplantExplorer, ledger, tmp_path, workers=FakeWorkers(), plan=planned)


def test_ticking_a_part_marks_another_combination(make):
    explorer = make(kept="e")
    explorer.show.click()
    assert explorer.kept == "e" and "the embeddings." in explorer.reading
    before = explorer.picture.value
    explorer.blocks[0].value = True
    assert explorer.kept == "e0" and "0.700" in explorer.reading
    assert explorer.picture.value != before
    explorer.embeddings.value = False
    assert explorer.kept == "0" and "no shipped runs" in explorer.reading
    explorer.kept = "e012345"
    assert all(block.value for block in explorer.blocks) and "everything" in explorer.reading
    assert explorer.last_error is None


def test_every_control_has_a_description(make):
    explorer = make()
    for control in (explorer.embeddings, *explorer.blocks, explorer.prediction, explorer.commit,
                    explorer.show, explorer.train, explorer.stop, explorer.reset):
        assert control.description


def test_results_are_hidden_until_a_guess_and_the_guess_is_kept(make, tmp_path):
    explorer = make(kept="e012")
    assert explorer.hidden and "0.73" not in explorer.reading + explorer.alt
    assert "blocks 1 to 3" in text(explorer.question)
    explorer.train.click()
    assert "guess comes first" in text(explorer.live_text)
    explorer.prediction.value = 0.73
    explorer.commit.click()
    assert not explorer.hidden and "inside the band" in text(explorer.guess_text)
    assert "0.730" in explorer.reading
    (kept,) = Journal(tmp_path / "guesses.jsonl").entries("guess")
    assert kept["arm"] == "kept_e012" and kept["seen"] is False
    explorer.reset.click()
    assert explorer.hidden and "0.73" not in explorer.reading


def test_a_guess_that_is_no_share_reveals_nothing(make):
    explorer = make()
    explorer.prediction.value = 73
    explorer.commit.click()
    assert explorer.hidden and isinstance(explorer.last_error, LearnerError)
    assert "no guess" in text(explorer.errors)


def test_a_live_run_is_held_against_the_band_of_its_combination(make, ledger):
    explorer = make(kept="e012", workers=FakeWorkers(score=0.735))
    explorer.show.click()
    explorer.train.click()
    assert explorer.wait(10) and explorer.last_error is None
    assert "inside the 95% band" in text(explorer.live_text)
    (row,) = ledger.rows(purpose="live")
    assert row["arm"] == "kept_e012" and "live" in explorer.table.value
    assert "took 50 s here" in text(explorer.cost)


def test_a_combination_without_runs_is_trained_at_the_usual_rate(make):
    workers = FakeWorkers(score=0.66)
    explorer = make(kept="e135", workers=workers)
    explorer.show.click()
    assert "chose most often" in text(explorer.cost)
    explorer.train.click()
    assert explorer.wait(10) and explorer.last_error is None
    (config,) = workers.configs
    assert config.init == "kept:e135" and config.learning_rate == 1e-4
    assert "No runs of this combination are shipped" in text(explorer.live_text)
    assert "0.660" in explorer.table.value


def test_boxes_ticked_after_the_click_change_nothing_of_the_run(make):
    """The run is planned in a thread, while the learner goes on looking at combinations."""
    workers = FakeWorkers(score=0.66)
    explorer = make(kept="e135", workers=workers)
    explorer.show.click()
    usual = explorer._rate("e135")[0]
    explorer._rates["e012"] = 9e-4
    takes_what_was_chosen_at_the_click(explorer, lambda: setattr(explorer, "kept", "e012"))
    (config,) = workers.configs
    assert (config.init, config.learning_rate) == ("kept:e135", usual) and usual != 9e-4


def test_the_ends_are_the_arms_of_the_twin_curve(make):
    for kept in ("", "e012345"):
        workers = FakeWorkers(score=MEANS[kept])
        explorer = make(kept=kept, workers=workers)
        explorer.show.click()
        explorer.train.click()
        assert explorer.wait(10)
        assert workers.configs[0].arm == kept_arm(kept)
        assert "inside the 95% band" in text(explorer.live_text)


def test_stop_ends_a_run_and_stores_nothing(make, ledger):
    workers = FakeWorkers(pause=5)
    stops_and_stores_nothing(make(workers=workers), workers, ledger)


def test_a_run_of_another_rule_is_kept_and_not_compared(make, ledger):
    explorer = make(profile="smoke", kept="e012")
    assert "tunes nothing" in text(explorer.cost)
    keeps_another_rule_apart(explorer, ledger)


def test_the_static_twin_hides_nothing_and_stands_for_the_widget(make):
    explorer = make(kept="e012")
    assert explorer.hidden and "0.730" in explorer.static().reading
    assert "<figure" in explorer._repr_mimebundle_()["text/html"]


def test_without_shipped_runs_it_says_what_makes_them(tmp_path, make):
    explorer = make(ledger=Ledger(own=tmp_path / "none", shipped=tmp_path / "neither"))
    explorer.show.click()
    assert "--study transplants" in explorer.reading and explorer.last_error is None
    assert "has not been timed here" in text(explorer.cost)


@pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                    reason="the assets are not there")
def test_live_runs_that_have_no_trials_of_their_own_can_be_planned():
    ledger, laptop = Ledger(), get_profile("laptop")
    config = live_config("sentiment/films", "kept_e13", 256, laptop, ledger, knob=5e-5)
    assert (config.init, config.learning_rate, config.purpose) == ("kept:e13", 5e-5, "live")
    with pytest.raises(LearnerError, match="trials"):
        live_config("sentiment/films", "kept_e13", 256, laptop, ledger)
    tuned = live_config("sentiment/films", "layers_fine_tuned", 256, laptop, ledger, "fine_tuned")
    curve = live_config("sentiment/films", "fine_tuned", 256, laptop, ledger)
    assert (tuned.learning_rate, tuned.updates) == (curve.learning_rate, curve.updates)
