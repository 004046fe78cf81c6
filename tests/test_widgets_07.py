"""The explorers of replay and of domains by their values and clicks."""

import json

import pytest
from explorers import keeps_another_rule_apart, made, stops_and_stores_nothing
from rows import make_curve
from test_curves_domains import domain_rows, entry, guess_rows
from test_plots_07 import FIRST, SECOND, sequel_rows
from test_widgets import FakeWorkers, shipped, text
from test_widgets import plan as plan_without_data

from llmtl_helpers import DomainExplorer, Ledger, ReplayExplorer
from llmtl_helpers.assets import state
from llmtl_helpers.journal import Journal
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.profiles import get_profile
from llmtl_helpers.sweep import STUDIES, live_config


def plan(task, arm, n, profile, ledger, tuned_as=""):
    assert tuned_as == "fine_tuned"
    return plan_without_data(task, arm, n, profile, ledger)


class Sequel(FakeWorkers):
    """Plays a run that is tried on the first task too."""

    def __init__(self, first=0.82, **options):
        super().__init__(**options)
        self.first = first

    def run(self, configs, stop=None):
        for event in super().run(configs, stop):
            if event.row:
                event.row.update(macro_f1=self.score, other_tests={FIRST: entry(self.first)})
            yield event


@pytest.fixture
def ledger(tmp_path):
    shipped(tmp_path / "shipped", [*sequel_rows(), *domain_rows(arms=("fine_tuned",)),
                                   *make_curve(arms=("fine_tuned",))])
    return Ledger(own=tmp_path / "runs", shipped=tmp_path / "shipped")


@pytest.fixture
def make(ledger, tmp_path):
    yield from made(ReplayExplorer, ledger, tmp_path, workers=Sequel(score=0.925), plan=plan)


def test_the_slider_chooses_among_the_shipped_shares(make):
    explorer = make(share=0)
    explorer.show.click()
    assert explorer.reading.startswith("Without replay: films 0.7")
    before = explorer.picture.value
    explorer.share.value = 25
    assert explorer.reading.startswith("With 25% films: films 0.8")
    assert explorer.picture.value != before and explorer.last_error is None
    assert [value for _, value in explorer.share.options] == [0, 10, 25, 50]


def test_every_control_has_a_description(make):
    explorer = make()
    for control in (explorer.share, explorer.prediction, explorer.commit, explorer.show,
                    explorer.train, explorer.stop, explorer.reset):
        assert control.description


def test_what_became_of_the_first_task_waits_for_a_guess_that_is_kept(make, tmp_path):
    explorer = make(share=25)
    assert explorer.hidden and "0.82" not in explorer.reading + explorer.alt
    assert "25% films in the mix" in text(explorer.question)
    explorer.train.click()
    assert "guess comes first" in text(explorer.live_text)
    explorer.prediction.value = 0.70
    explorer.commit.click()
    assert not explorer.hidden and "too low" in text(explorer.guess_text)
    (kept,) = Journal(tmp_path / "guesses.jsonl").entries("guess")
    assert (kept["task"], kept["metric"], kept["arm"], kept["n"]) == (
        FIRST, "macro_f1", "replay_25", 1024)
    assert kept["truth"] == pytest.approx(0.82, abs=0.01) and kept["seen"] is False
    explorer.reset.click()
    assert explorer.hidden and "0.82" not in explorer.reading


def test_a_guess_that_is_no_share_and_a_share_that_is_not_there_are_sentences(make):
    explorer = make()
    explorer.prediction.value = 80
    explorer.commit.click()
    assert explorer.hidden and "no guess" in text(explorer.errors)
    with pytest.raises(LearnerError, match="no share of 33%"):
        make(share=33)


def test_a_live_run_is_held_against_both_bands(make, ledger):
    workers = Sequel(first=0.99, score=0.925)
    explorer = make(share=25, workers=workers)
    explorer.show.click()
    assert "two trainings with 1,024 labels each took 50 s" in text(explorer.cost)
    explorer.train.click()
    assert explorer.wait(10) and explorer.last_error is None
    assert "On tweets:" in text(explorer.live_text) and "inside the 95% band" in text(
        explorer.live_text)
    assert "On films: 0.990, outside the 95% band" in text(explorer.live_text)
    (row,) = ledger.rows(purpose="live")
    assert (row["arm"], row["task"], row["also_tested"]) == ("replay_25", SECOND, [FIRST])
    assert "25 (live)" in explorer.table.value


def test_stop_ends_a_run_and_stores_nothing(make, ledger):
    workers = Sequel(pause=5)
    stops_and_stores_nothing(make(workers=workers), workers, ledger)


def test_a_run_of_another_rule_is_kept_and_not_compared(make, ledger):
    explorer = make(profile="smoke")
    keeps_another_rule_apart(explorer, ledger)
    assert "On films" not in text(explorer.live_text)


def test_the_static_twin_hides_nothing_and_stands_for_the_widget(make):
    explorer = make(share=50)
    assert explorer.hidden and "With 50% films: films 0.8" in explorer.static().reading
    assert "<figure" in explorer._repr_mimebundle_()["text/html"]


def test_before_such_a_run_was_timed_one_training_is_the_measure(tmp_path, make):
    shipped(tmp_path / "curve", make_curve(arms=("fine_tuned",)))
    explorer = make(ledger=Ledger(own=tmp_path / "none", shipped=tmp_path / "curve"))
    assert "has not been timed yet; one training took 50 s" in text(explorer.cost)


def test_without_runs_it_says_what_makes_them(tmp_path, make):
    explorer = make(ledger=Ledger(own=tmp_path / "none", shipped=tmp_path / "neither"))
    explorer.show.click()
    assert "--study replay" in explorer.reading and explorer.last_error is None
    assert "has not been timed here" in text(explorer.cost)
    assert explorer.run_chosen() == (SECOND, "replay_10", 1024)


@pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                    reason="the assets are not there")
def test_a_live_run_differs_from_the_studys_in_seed_and_purpose_alone():
    from llmtl_helpers.sweep import study_runs

    ledger = Ledger()
    arm = "replay_25"
    config = live_config(SECOND, arm, 1024, get_profile("laptop"), ledger, tuned_as="fine_tuned")
    config = config.changed(also_tested=(FIRST,))
    planned = next(run for run in study_runs("replay", SECOND, ledger, [arm]) if run.run_seed == 0)
    assert arm in STUDIES["replay"].arms
    assert config.changed(subset_seed=0, run_seed=0, purpose="sequel") == planned


# -- domains -----------------------------------------------------------------------------------

@pytest.fixture
def domains(tmp_path):
    shipped(tmp_path / "domains", [*domain_rows(), *guess_rows(), *make_curve()])
    return DomainExplorer(ledger=Ledger(own=tmp_path / "none", shipped=tmp_path / "domains"))


def test_every_arm_can_be_chosen_and_taken_off(domains):
    pictures = set()
    for arm in ("fine_tuned", "probe", "tfidf"):
        for minus in ("", "scratch", "majority"):
            domains.arm.value, domains.minus.value = arm, minus
            assert domains.wait(10) and domains.last_error is None
            pictures.add(domains.picture.value)
    assert len(pictures) == 9
    assert "minus the majority guess" in domains.reading and "pairs of runs" in domains.table.value


def test_the_square_follows_the_metric_and_has_a_static_twin(domains):
    before = domains.reading
    domains.metric.value = "accuracy"
    assert domains.reading != before and "accuracy" in domains.reading
    assert domains.static().reading == domains.reading
    assert "<figure" in domains._repr_mimebundle_()["text/html"]
    for control in (domains.arm, domains.minus, domains.metric):
        assert control.description


def test_an_arm_minus_itself_is_nothing_and_another_arm_is_refused(domains, tmp_path):
    domains.minus.value = "fine_tuned"
    assert "0.0 points on average" in domains.reading and domains.last_error is None
    with pytest.raises(LearnerError, match="no arm"):
        DomainExplorer("gradual", ledger=Ledger(own=tmp_path / "a", shipped=tmp_path / "b"))


def test_without_runs_the_square_says_what_makes_them(tmp_path):
    explorer = DomainExplorer(ledger=Ledger(own=tmp_path / "a", shipped=tmp_path / "b"))
    assert "--study domains" in explorer.reading and explorer.last_error is None
