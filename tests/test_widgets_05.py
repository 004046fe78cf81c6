"""The explorer of how much to unfreeze, by its values and clicks."""

import json

import pytest
from explorers import (keeps_another_rule_apart, made, planned, stops_and_stores_nothing,
                       takes_what_was_chosen_at_the_click)
from rows import make_row
from test_plots_05 import MADE_UP, ROWS, SIZES, unfrozen
from test_widgets import FakeWorkers, shipped, text

from llmtl_helpers import Ledger, UnfreezeExplorer
from llmtl_helpers.arms import UNFREEZE
from llmtl_helpers.assets import state
from llmtl_helpers.journal import Journal
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots.unfreeze_data import NAMES, Unfrozen
from llmtl_helpers.profiles import get_profile
from llmtl_helpers.sweep import Event, live_config
from llmtl_helpers.sweep.live import train_live
from llmtl_helpers.widgets.unfreeze_explorer import CHOICES

MEANS = {(arm, n): choice.summary.mean for n, there in Unfrozen(ROWS).choices.items()
         for arm, choice in there.items()}


class Workers(FakeWorkers):
    """As real ones, a run tells how many weights it trained."""

    def run(self, configs, stop=None):
        for event in super().run(configs, stop):
            if event.row is not None:
                event.row["trained_parameters"] = MADE_UP[event.config.arm][0]
            yield event


@pytest.fixture
def ledger(tmp_path):
    shipped(tmp_path / "shipped", ROWS)
    return Ledger(own=tmp_path / "runs", shipped=tmp_path / "shipped")


@pytest.fixture
def make(ledger, tmp_path):
    yield from made(UnfreezeExplorer, ledger, tmp_path, workers=Workers(), plan=planned)


def test_another_choice_or_size_marks_another_place(make):
    explorer = make()
    explorer.show.click()
    assert f"mean {MEANS['adapters_8', 64]:.3f}" in explorer.reading
    before = explorer.picture.value
    explorer.trained.value = "head"
    assert explorer.reading.startswith("The head alone: 770 trained weights, 5 runs")
    assert explorer.picture.value != before
    explorer.size.value = 1024
    assert f"mean {MEANS['head', 1024]:.3f}" in explorer.reading
    assert "points (" in explorer.reading and "3 s of updates" in explorer.reading
    assert "Marked: the head alone with 1,024 labels" in explorer.alt
    assert explorer.last_error is None


def test_every_control_has_a_description_and_every_choice_is_offered(make):
    explorer = make()
    for control in (explorer.trained, explorer.size, explorer.prediction, explorer.commit,
                    explorer.show, explorer.train, explorer.stop, explorer.reset):
        assert control.description
    assert {value for _, value in explorer.trained.options} == set(NAMES) - {"fine_tuned"}
    assert [value for _, value in explorer.size.options] == list(SIZES)


def test_results_are_hidden_until_a_guess_and_the_guess_is_kept(make, tmp_path):
    explorer = make(trained="top_2", n=256)
    mean = f"{MEANS['top_2', 256]:.3f}"
    assert explorer.hidden and "hidden until you have guessed" in explorer.reading
    for said in (explorer.reading, explorer.alt, explorer.table.value):
        assert mean not in said and "0.70" not in said
    assert "the top 2 blocks" in text(explorer.question) and "256 labels" in text(explorer.question)
    explorer.train.click()
    assert "guess comes first" in text(explorer.live_text)
    explorer.prediction.value = round(MEANS["top_2", 256], 2)
    explorer.commit.click()
    assert not explorer.hidden and "inside the band" in text(explorer.guess_text)
    assert mean in explorer.reading
    (kept,) = Journal(tmp_path / "guesses.jsonl").entries("guess")
    assert (kept["arm"], kept["n"]) == ("top_2", 256)
    explorer.reset.click()
    assert explorer.hidden and mean not in explorer.reading


def test_a_guess_after_the_results_were_seen_is_kept_as_such(make, tmp_path):
    explorer = make()
    explorer.show.click()
    explorer.reset.click()
    assert explorer.hidden
    explorer.commit.click()
    (kept,) = Journal(tmp_path / "guesses.jsonl").entries("guess")
    assert kept["seen"] is True


def test_a_guess_that_is_no_share_reveals_nothing(make):
    explorer = make()
    explorer.prediction.value = 70
    explorer.commit.click()
    assert explorer.hidden and isinstance(explorer.last_error, LearnerError)
    assert "no guess" in text(explorer.errors)


def test_a_live_run_is_a_star_and_held_against_the_band(make, ledger):
    explorer = make(workers=Workers(score=MEANS["adapters_8", 64] + 0.004))
    explorer.show.click()
    assert "took 80 s where the runs shown were made" in text(explorer.cost)
    explorer.train.click()
    assert explorer.wait(10) and explorer.last_error is None
    assert "inside the 95% band" in text(explorer.live_text)
    (row,) = ledger.rows(purpose="live")
    assert (row["arm"], row["n"]) == ("adapters_8", 64)
    assert "live run on this machine" in explorer.table.value
    assert "took 50 s here" in text(explorer.cost)


def test_what_was_chosen_at_the_click_is_trained(make):
    workers = Workers()
    explorer = make(workers=workers)
    explorer.show.click()

    def choose_another():
        explorer.trained.value, explorer.size.value = "top_4", 16

    takes_what_was_chosen_at_the_click(explorer, choose_another)
    (config,) = workers.configs
    assert (config.arm, config.n) == ("adapters_8", 64)


def test_without_trials_the_second_rate_of_the_list_is_taken_and_said(tmp_path, make):
    shipped(tmp_path / "some", unfrozen(("probe", "fine_tuned", "scratch")))
    workers = Workers(score=0.6)
    explorer = make(ledger=Ledger(own=tmp_path / "own", shipped=tmp_path / "some"), workers=workers)
    explorer.show.click()
    assert "There is no run of LoRA of rank 8" in explorer.reading
    assert "--study unfreeze" in explorer.reading
    assert "the second of its list, 0.001" in text(explorer.cost)
    assert "has not been timed here" in text(explorer.cost)
    explorer.train.click()
    assert explorer.wait(10) and explorer.last_error is None
    assert workers.configs[0].learning_rate == UNFREEZE["adapters_8"].trials[1]
    assert "No runs of this choice are shipped" in text(explorer.live_text)


def test_stop_ends_a_run_and_stores_nothing(make, ledger):
    workers = Workers(pause=5)
    stops_and_stores_nothing(make(workers=workers), workers, ledger)


def test_a_run_of_another_rule_is_kept_and_not_compared(make, ledger):
    explorer = make(profile="smoke")
    assert "tunes nothing" in text(explorer.cost)
    keeps_another_rule_apart(explorer, ledger)


def test_the_static_twin_hides_nothing_and_stands_for_the_widget(make):
    explorer = make(trained="biases", n=16)
    assert explorer.hidden and f"{MEANS['biases', 16]:.3f}" in explorer.static().reading
    assert "<figure" in explorer._repr_mimebundle_()["text/html"]


def test_without_any_runs_it_says_what_makes_them(tmp_path, make):
    explorer = make(ledger=Ledger(own=tmp_path / "none", shipped=tmp_path / "neither"))
    explorer.show.click()
    assert "--study unfreeze" in explorer.reading and explorer.last_error is None


def test_a_choice_that_is_none_is_refused():
    for wrong in (dict(trained="fine_tuned"), dict(trained="top_3"), dict(n=32)):
        with pytest.raises(LearnerError, match="no choice"):
            UnfreezeExplorer(**wrong)


@pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                    reason="the assets are not there")
def test_every_choice_can_be_planned_live():
    ledger, laptop = Ledger(), get_profile("laptop")
    for arm in CHOICES:
        knob = UNFREEZE[arm].trials[1] if arm in UNFREEZE else None
        config = live_config("sentiment/films", arm, 64, laptop, ledger, knob=knob)
        assert (config.arm, config.purpose) == (arm, "live")


# -- runs from a cell --------------------------------------------------------------------------

class Several:
    """Plays any number of runs; those of `broken` die, those of `exploding` end as failed."""

    def __init__(self, broken=(), exploding=()):
        self.broken, self.exploding, self.trained = broken, exploding, []

    def run(self, configs):
        for config in configs:
            self.trained.append(config.arm)
            yield Event("started", config)
            for update in (25, 50, 100, 120):
                yield Event("progress", config, update=update, updates=120, loss=0.5)
            if config.arm in self.broken:
                yield Event("failed", config, reason="The worker ran out of memory.")
                continue
            failed = config.arm in self.exploding
            end = ({"status": "failed", "score": None, "failure": "The loss exploded."} if failed
                   else {"status": "done", "score": 0.7})
            yield Event("done", config, row=make_row(**{**config.as_row(), **end,
                                                        "shipped": False}), seconds=9.0)


def test_runs_from_a_cell_are_kept_and_not_repeated(tmp_path, capsys):
    ledger = Ledger(own=tmp_path / "own", shipped=tmp_path / "none")
    configs = [planned("sentiment/films", arm, 64, get_profile("laptop"), ledger)
               for arm in ("head", "top_2", "biases")]
    workers = Several(broken=("top_2",), exploding=("biases",))
    rows = train_live(configs, ledger, workers=workers)
    said = capsys.readouterr().out
    assert [row["arm"] for row in rows] == ["head"]
    assert workers.trained == ["head", "top_2", "biases"]
    assert said.count("head: update") == 2 and "head: ended after 9 s" in said
    assert "top_2: no run was made. The worker ran out of memory." in said
    assert "biases: the run failed. The loss exploded." in said
    again = Several()
    assert [row["arm"] for row in train_live(configs, ledger, workers=again)] == ["head", "top_2"]
    assert again.trained == ["top_2"]  # a failed run is a result too
