"""The explorer by its values and clicks: what it shows, keeps, refuses and trains."""

import html
import json
import random
import re
import threading
import time

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rows import make_curve, make_row
from tiny import tiny_run_config

from llmtl_helpers import Ledger, TwinExplorer
from llmtl_helpers.arms import ARMS
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.journal import Journal
from llmtl_helpers.plots import twin
from llmtl_helpers.profiles import get_profile
from llmtl_helpers.sweep import Event, Workers
from llmtl_helpers.sweep.workers import PATIENCE
from llmtl_helpers.training.config import RunConfig
from llmtl_helpers.widgets.latest import Latest
from llmtl_helpers.widgets.live import progress_text
from llmtl_helpers.widgets.picture import LOWER, Layers
from llmtl_helpers.widgets.state import State, read

FILMS = "sentiment/films"


def shipped(folder, rows) -> None:
    folder.mkdir(exist_ok=True)
    lines = [json.dumps({k: v for k, v in row.items() if k != "shipped"}) for row in rows]
    (folder / "test.jsonl").write_text("\n".join(lines))


@pytest.fixture
def ledger(tmp_path):
    shipped(tmp_path / "shipped", [
        *make_curve(),
        *make_curve(arms=("scratch", "tfidf"), sizes=(16, 64), seeds=3, task="sentiment/tweets")])
    return Ledger(own=tmp_path / "runs", shipped=tmp_path / "shipped")


@pytest.fixture
def make(ledger, tmp_path):
    made = []

    def explorer(**options):
        options = {"ledger": ledger, "profile": "laptop", "workers": FakeWorkers(), "plan": plan,
                   "guesses_file": tmp_path / "home" / "guesses.jsonl", **options}
        made.append(TwinExplorer(FILMS, **options))
        return made[-1]

    yield explorer
    for one in made:  # no thread of one test may reach into the next
        one.stop.click()
        assert one.wait(10)


def plan(task, arm, n, profile, ledger) -> RunConfig:
    """As `sweep.live_config`: the next seed from 1,000 that was not used, without any data."""
    used = {row["run_seed"] for row in ledger.rows(task=task, arm=arm, n=n, purpose="live")}
    seed = next(seed for seed in range(1000, 1100) if seed not in used)
    row = make_row(task=task, arm=arm, n=n, run_seed=seed, subset_seed=seed, purpose="live",
                   budget=profile.budget)
    return RunConfig.from_row(row)


class FakeWorkers:
    """Plays a run in this process: ten updates, `pause` seconds each."""

    def __init__(self, score=0.78, pause=0.0, end="done", error=None):
        self.score, self.pause, self.end, self.error = score, pause, end, error
        self.configs = []
        self.reached = threading.Event()

    def run(self, configs, stop=None):
        (config,) = configs
        self.configs.append(config)
        if self.error:
            raise self.error
        yield Event("started", config)
        for update in range(1, 11):
            self.reached.set()
            if stop.wait(self.pause):
                yield Event("stopped", config)
                return
            yield Event("progress", config, update=update, updates=10, loss=0.5,
                        seconds=float(update))
        if self.end == "failed":
            yield Event("failed", config, reason="The worker was killed, <b>memory</b> ran out.")
        else:
            yield Event("done", config, row=make_row(
                **{**config.as_row(), "score": self.score, "shipped": False}))


def text(control) -> str:
    return html.unescape(control.value)


def open_explorer(make, **options):
    explorer = make(**options)
    explorer.show.click()
    return explorer


# -- what is shown ---------------------------------------------------------------------------

def test_shows_at_once_what_the_ledger_holds(make):
    explorer = open_explorer(make)
    assert "fine-tuned checkpoint gets 0.78" in text(explorer.picture)
    assert explorer.picture.value.count("<img") == 1
    assert f'alt="{html.escape(explorer.alt)}"' in explorer.picture.value
    assert explorer.last_error is None and explorer.errors.value == ""
    assert [value for _, value in explorer.size.options] == [16, 64, 256, 1024]


def test_alt_text_reading_and_picture_change_with_the_size(make):
    explorer = open_explorer(make)
    seen = set()
    for n in (16, 64, 256, 1024):
        explorer.size.value = n
        assert f"Marked size: {n:,} labels" in explorer.alt
        assert f"With {n:,} labels" in explorer.reading
        assert explorer.reading in text(explorer.picture)
        seen.add(explorer.picture.value)
    assert len(seen) == 4


def test_every_control_changes_the_picture_and_the_state(make):
    explorer = open_explorer(make)
    for control, value, part in (("metric", "macro_f1", "metric=macro_f1"),
                                 ("arms", ("scratch", "tfidf"), "arms=scratch,tfidf"),
                                 ("seed", 3, "seed=3"), ("size", 64, "n=64"),
                                 ("domain", "sentiment/tweets", "task=sentiment/tweets")):
        before = explorer.picture.value
        getattr(explorer, control).value = value
        assert explorer.picture.value != before
        assert part in explorer.state.value.split(";")
    assert "macro-F1" in explorer.alt and "sentiment/tweets" in explorer.alt


def test_controls_have_descriptions(make):
    explorer = make()
    for name in ("domain", "metric", "seed", "arms", "size", "prediction", "commit", "show",
                 "train_arm", "train", "stop", "progress", "state", "reset"):
        assert getattr(explorer, name).description


def test_another_domain_offers_its_own_sizes_and_keeps_the_nearest(make):
    explorer = open_explorer(make)
    explorer.size.value = 1024
    explorer.domain.value = "sentiment/tweets"
    assert [value for _, value in explorer.size.options] == [16, 64]
    assert explorer.size.value == 64
    explorer.domain.value = "sentiment/products"  # no runs at all
    assert "no finished runs" in explorer.reading and explorer.last_error is None
    assert [value for _, value in explorer.size.options] == list(get_profile("laptop").sizes)


def test_moving_the_slider_redraws_the_marks_alone(make, monkeypatch):
    explorer = open_explorer(make)
    drawn = []
    backdrop = twin.backdrop
    monkeypatch.setattr(twin, "backdrop", lambda *args: drawn.append(args) or backdrop(*args))
    for n in (16, 64, 1024):
        explorer.size.value = n
    explorer.seed.value = 2
    assert drawn == [] and explorer.redraw_ms > 0
    explorer.metric.value = "macro_f1"
    assert len(drawn) == 1
    explorer.metric.value = "accuracy"  # this picture was kept
    assert len(drawn) == 1 and "rings around the runs of seed 2" in explorer.alt


def test_table_is_folded_anew_only_when_its_numbers_change(make):
    explorer = open_explorer(make)
    changes = []
    explorer.table.observe(changes.append, "value")
    explorer.size.value = 64
    assert not changes
    explorer.arms.value = ("scratch",)
    assert len(changes) == 1 and "same network from scratch" in explorer.table.value


def test_text_from_rows_is_escaped_everywhere(tmp_path):
    bad = '<script>alert("1")</script>'
    shipped(tmp_path / "shipped", [make_row(task=bad, run_seed=s, score=0.7 + s / 99)
                                   for s in range(3)])
    explorer = TwinExplorer(bad, ledger=Ledger(own=tmp_path / "runs", shipped=tmp_path / "shipped"),
                            guesses_file=tmp_path / "guesses", workers=FakeWorkers(), plan=plan)
    explorer.show.click()
    explorer.state.value = f"task={bad}x"
    shown = "".join(control.value for control in (
        explorer.picture, explorer.table, explorer.errors, explorer.guess_text, explorer.live_text))
    assert bad in html.unescape(shown) and "<script" not in shown
    assert "<script" not in explorer.static().html()


def test_static_twin_shows_the_same_view(make):
    explorer = open_explorer(make)
    explorer.size.value = 64
    explorer.arms.value = ("fine_tuned", "scratch")
    static = explorer.static()
    assert (static.alt, static.reading) == (explorer.alt, explorer.reading)
    bundle = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "<figcaption" in bundle["text/html"]


def test_choosing_no_arm_is_answered_with_a_sentence(make):
    explorer = open_explorer(make)
    explorer.arms.value = ()
    assert "No arm is chosen" in text(explorer.errors)
    explorer.arms.value = ("scratch",)
    assert explorer.errors.value == "" and isinstance(explorer.last_error, LearnerError)


# -- predict first ---------------------------------------------------------------------------

def test_trained_networks_are_hidden_until_a_guess(make):
    explorer = make()
    shown, hidden = explorer.alt.split("Not shown until a guess is made: fine-tuned checkpoint")
    for arm in ("fine_tuned", "scratch", "small_scratch"):
        for words in (shown, explorer.table.value, explorer.reading):
            assert not re.search(rf"{ARMS[arm].label}\b", words, re.IGNORECASE)
    assert "bag of words" in explorer.alt and "always the majority class" in explorer.alt.lower()
    explorer.prediction.value = 0.8
    explorer.commit.click()
    assert "fine-tuned checkpoint gets 0.78" in explorer.reading
    assert text(explorer.guess_text).endswith(
        ">You said 0.80; the 5 shipped runs have mean 0.780, band 0.751 to 0.809: "
        "inside the band.</div>")


def test_a_guess_outside_the_band_says_by_how_much(make):
    explorer = make()
    explorer.prediction.value = 0.6
    explorer.commit.click()
    assert "outside the band, 18 points too low." in explorer.guess_text.value


def test_guesses_are_kept_with_what_was_known(make, tmp_path):
    explorer = make()
    explorer.prediction.value = 0.8
    explorer.commit.click()
    explorer.size.value = 64
    explorer.commit.click()
    first, second = Journal(tmp_path / "home" / "guesses.jsonl").entries("guess")
    assert (first["guess"], first["n"], first["task"], first["seen"]) == (0.8, 256, FILMS, False)
    assert first["truth"] == pytest.approx(0.78) and first["runs"] == 5
    assert (second["n"], second["seen"]) == (64, True)


@pytest.mark.parametrize("wrong", [80, -0.1, float("nan")])
def test_a_guess_that_is_no_share_reveals_nothing(make, wrong):
    explorer = make()
    explorer.prediction.value = wrong
    explorer.commit.click()
    assert "write 80% as 0.80" in text(explorer.errors).lower()
    assert "Not shown until a guess" in explorer.alt


def test_just_show_me_keeps_no_guess(make, tmp_path):
    explorer = open_explorer(make)
    assert "fine-tuned checkpoint gets 0.78" in explorer.reading
    assert explorer.show.disabled
    assert Journal(tmp_path / "home" / "guesses.jsonl").entries("guess") == []


def test_a_guess_after_the_curves_were_seen_is_kept_as_such(make, tmp_path):
    explorer = open_explorer(make)
    explorer.reset.click()
    assert "Not shown until a guess" in explorer.alt
    explorer.commit.click()
    (kept,) = Journal(tmp_path / "home" / "guesses.jsonl").entries("guess")
    assert kept["seen"] is True


def test_each_domain_asks_for_its_own_guess_and_reset_hides_again(make):
    explorer = open_explorer(make)
    explorer.domain.value = "sentiment/tweets"
    assert "Not shown until a guess is made" in explorer.alt
    explorer.domain.value = FILMS
    assert "Not shown" not in explorer.alt
    explorer.reset.click()
    assert "Not shown until a guess is made" in explorer.alt and not explorer.show.disabled


def test_a_guess_that_cannot_be_kept_still_reveals_and_says_so(make, tmp_path):
    (tmp_path / "file").write_text("in the way")
    explorer = make(guesses_file=tmp_path / "file" / "guesses.jsonl")
    explorer.commit.click()
    assert "could not be kept" in text(explorer.errors)
    assert "fine-tuned checkpoint gets 0.78" in explorer.reading


# -- state -----------------------------------------------------------------------------------

def test_state_round_trip(make):
    explorer, other = open_explorer(make), open_explorer(make)
    explorer.domain.value = "sentiment/tweets"
    explorer.show.click()
    explorer.size.value, explorer.metric.value = 16, "macro_f1"
    explorer.arms.value, explorer.seed.value = ("scratch", "tfidf"), 2
    assert explorer.state.value == (
        "task=sentiment/tweets;n=16;metric=macro_f1;arms=scratch,tfidf;seed=2")
    other.show.click()
    other.state.value = explorer.state.value
    assert other.last_error is None and other.state.value == explorer.state.value
    assert (other.size.value, other.seed.value) == (16, 2)
    other.show.click()
    assert other.picture.value == explorer.picture.value


def test_parts_left_out_of_a_state_stay_as_they_are(make):
    explorer = open_explorer(make)
    explorer.state.value = " n = 1,024 ; seed=1"
    assert explorer.state.value == f"task={FILMS};n=1024;metric=accuracy;arms=all;seed=1"


@pytest.mark.parametrize("wrong, why", [
    ("nonsense", "has no '='"), ("n=100", "16, 64, 256, 1024"), ("n=many", "not a whole number"),
    ("task=films", "choose one of sentiment/films"), ("metric=bleu", "accuracy, macro_f1"),
    ("arms=scratch,tuned", "'tuned'"), ("arms=", "no arm"), ("seed=77", "all, 0, 1, 2, 3, 4"),
    ("n=16;n=64", "given twice"), ("colour=red", "the names are task, n"), ("", "is empty"),
    ("task=sentiment/tweets;n=1024", "16, 64"),
])
def test_an_unknown_state_is_answered_and_changes_nothing(make, wrong, why):
    explorer = open_explorer(make)
    before = (explorer.state.value, explorer.picture.value, explorer.domain.value)
    explorer.state.value = wrong
    assert why.lower() in text(explorer.errors).lower()
    assert isinstance(explorer.last_error, LearnerError)
    assert (explorer.state.value, explorer.picture.value, explorer.domain.value) == before


def test_state_text_is_read_back():
    state = State(FILMS, 256, "accuracy", ("fine_tuned",), None)
    assert read(str(state), State("other", 1, "macro_f1", (), 3)) == state
    assert read("arms=all", state).arms == tuple(ARMS)


# -- many events, errors ---------------------------------------------------------------------

def test_200_rapid_events_end_in_the_picture_of_the_last_state(make):
    explorer, calm = open_explorer(make), open_explorer(make)
    moves = random.Random(0).choices([16, 64, 256, 1024], k=200)
    threads = [threading.Thread(target=lambda part: [setattr(explorer.size, "value", n)
                                                     for n in part], args=(moves[i::4],))
               for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert explorer.wait(20) and explorer.last_error is None
    calm.size.value = explorer.size.value
    assert explorer.picture.value == calm.picture.value
    assert explorer.state.value == calm.state.value


def test_latest_coalesces_and_ends_with_the_last():
    state, seen, gate = [0], [], threading.Event()

    def work():
        value = state[0]
        gate.wait(5)
        seen.append(value)

    latest = Latest(work)
    worker = threading.Thread(target=latest)
    worker.start()
    for value in range(1, 100):
        state[0] = value
        latest()
    gate.set()
    worker.join(5)
    assert latest.wait(1) and seen[-1] == 99 and len(seen) == 2


def test_latest_goes_on_after_an_error():
    answers = iter([ValueError("once"), None])

    def work():
        if error := next(answers):
            raise error

    latest = Latest(work)
    with pytest.raises(ValueError):
        latest()
    latest()
    assert latest.wait(0)


def test_latest_works_for_a_note_that_came_before_an_error():
    begun, gate, done = threading.Event(), threading.Event(), []

    def work():
        begun.set()
        gate.wait(5)
        done.append(len(done))
        if len(done) == 1:
            raise ValueError("of a state that is no longer asked for")

    latest = Latest(work)
    worker = threading.Thread(target=latest)
    worker.start()
    assert begun.wait(5)
    latest()  # another state, while the first is being drawn
    gate.set()
    worker.join(5)
    assert latest.wait(1) and done == [0, 1]


def test_an_error_in_a_handler_is_shown_kept_and_does_not_stop_the_widget(make, monkeypatch):
    explorer = open_explorer(make)
    picture = explorer.layers
    monkeypatch.setattr(picture, "layered", lambda *args: 1 / 0)
    explorer.size.value = 64
    assert isinstance(explorer.last_error, ZeroDivisionError)
    assert "fault in the suite" in explorer.errors.value and 'role="alert"' in explorer.errors.value
    monkeypatch.undo()
    explorer.size.value = 16
    assert explorer.errors.value == "" and "With 16 labels" in explorer.reading
    assert isinstance(explorer.last_error, ZeroDivisionError)


# -- live runs -------------------------------------------------------------------------------

def test_a_live_run_adds_a_star_a_row_and_a_verdict(make, ledger):
    explorer = open_explorer(make, workers=FakeWorkers(score=0.79))
    explorer.size.value = 256
    explorer.train.click()
    assert explorer.wait(10) and explorer.last_error is None
    assert text(explorer.live_text).endswith(
        ">Seed 1000 of the fine-tuned checkpoint with 256 labels got 0.790: inside the 95% band "
        "(0.751 to 0.809).</div>")
    (row,) = ledger.rows(purpose="live")
    assert (row["score"], row["shipped"]) == (0.79, False)
    assert "Stars, live runs of this machine" in explorer.alt
    assert explorer.progress.value == 1 and explorer.stop.disabled
    again = TwinExplorer(FILMS, ledger=Ledger(own=ledger.own, shipped=ledger.shipped))
    again.show.click()
    assert "Stars, live runs of this machine" in again.alt


def test_a_live_run_outside_the_band_says_why_that_may_be(make):
    explorer = open_explorer(make, workers=FakeWorkers(score=0.60))
    explorer.train.click()
    assert explorer.wait(10)
    assert "outside the 95% band" in explorer.live_text.value
    assert "One new run in 20" in explorer.live_text.value


def test_another_click_takes_another_seed(make, ledger):
    workers = FakeWorkers()
    explorer = open_explorer(make, workers=workers)
    for _ in range(2):
        explorer.train.click()
        assert explorer.wait(10)
    assert [config.run_seed for config in workers.configs] == [1000, 1001]
    assert len(ledger.rows(purpose="live")) == 2


def test_arm_and_size_of_a_live_run_are_those_at_the_click(make):
    workers = FakeWorkers(pause=0.02)
    explorer = open_explorer(make, workers=workers)
    explorer.train_arm.value, explorer.size.value = "scratch", 64
    explorer.train.click()
    explorer.size.value, explorer.train_arm.value = 1024, "probe"
    assert explorer.wait(10)
    (config,) = workers.configs
    assert (config.arm, config.n) == ("scratch", 64)
    assert "same network from scratch with 64 labels" in explorer.live_text.value


def test_controls_work_while_a_run_is_trained_and_a_second_click_is_refused(make):
    workers = FakeWorkers(pause=0.2)
    explorer = open_explorer(make, workers=workers)
    explorer.train.click()
    assert workers.reached.wait(5)
    explorer.size.value = 64
    assert "With 64 labels" in explorer.reading
    explorer.train.click()
    assert "being trained already" in explorer.errors.value
    assert len(workers.configs) == 1 and not explorer.stop.disabled
    assert explorer.wait(10) and "inside the 95% band" in explorer.live_text.value
    assert "being trained already" in explorer.errors.value  # the run's end is no answer to it


def test_a_result_that_cannot_be_kept_is_told_all_the_same(make, monkeypatch):
    explorer = open_explorer(make, workers=FakeWorkers(score=0.79))

    def full(row):
        raise LearnerError("the run could not be kept", "No space left on device", "make room")

    monkeypatch.setattr(explorer.shelf.ledger, "add", full)
    explorer.train.click()
    assert explorer.wait(10)
    assert "got 0.790" in explorer.live_text.value and "could not be kept" in explorer.errors.value


def test_stopped_is_said_when_the_next_run_can_be_started(make):
    class SlowToEnd(FakeWorkers):
        leave = threading.Event()

        def run(self, configs, stop=None):
            yield from super().run(configs, stop)
            self.leave.wait(5)  # as a worker process takes its time to go

    workers = SlowToEnd(pause=5)
    explorer = open_explorer(make, workers=workers)
    explorer.train.click()
    assert workers.reached.wait(5)
    explorer.stop.click()
    time.sleep(0.3)
    assert "Stopping" in explorer.live_text.value
    workers.leave.set()
    assert explorer.wait(5) and "Stopped" in explorer.live_text.value
    workers.pause = 0
    explorer.train.click()
    assert explorer.wait(5) and len(workers.configs) == 2 and explorer.last_error is None


def test_stop_ends_a_run_and_stores_nothing(make, ledger):
    workers = FakeWorkers(pause=5)
    explorer = open_explorer(make, workers=workers)
    explorer.train.click()
    assert workers.reached.wait(5)
    began = time.monotonic()
    explorer.stop.click()
    assert explorer.wait(2) and time.monotonic() - began < 2
    assert "Stopped" in explorer.live_text.value and explorer.progress.value == 0
    assert ledger.rows(purpose="live") == [] and explorer.stop.disabled
    workers.pause = 0
    explorer.train.click()
    assert explorer.wait(10) and len(ledger.rows(purpose="live")) == 1


def test_stop_while_the_run_is_still_being_planned(make, ledger):
    gate, workers = threading.Event(), FakeWorkers()

    def slow(*args):
        gate.wait(5)
        return plan(*args)

    explorer = open_explorer(make, workers=workers, plan=slow)
    explorer.train.click()
    explorer.stop.click()
    gate.set()
    assert explorer.wait(10)
    assert workers.configs == [] and "Stopped" in explorer.live_text.value


def test_a_worker_that_dies_is_reported(make):
    explorer = open_explorer(make, workers=FakeWorkers(end="failed"))
    explorer.train.click()
    assert explorer.wait(10)
    assert "&lt;b&gt;memory" in explorer.live_text.value and explorer.stop.disabled


def test_a_run_whose_loss_explodes_is_kept_and_called_failed(make, ledger):
    class Exploding(FakeWorkers):
        def run(self, configs, stop=None):
            (config,) = configs
            yield Event("done", config, row=make_row(
                **{**config.as_row(), "status": "failed", "score": None, "failure": "loss is nan",
                   "shipped": False}))

    explorer = open_explorer(make, workers=Exploding())
    explorer.train.click()
    assert explorer.wait(10)
    assert "The run failed: loss is nan" in explorer.live_text.value
    assert len(ledger.rows(purpose="live")) == 1 and "Stars" not in explorer.alt


def test_an_error_before_or_in_the_workers_is_shown(make):
    error = LearnerError("a worker process could not be started", next="close other programs")
    explorer = open_explorer(make, workers=FakeWorkers(error=error))
    explorer.train.click()
    assert explorer.wait(10)
    assert explorer.last_error is error
    assert "could not be started" in explorer.errors.value
    assert "No run was made" in explorer.live_text.value and explorer.stop.disabled


def test_training_waits_for_the_guess(make):
    workers = FakeWorkers()
    explorer = make(workers=workers)
    explorer.train.click()
    assert explorer.wait(1) and workers.configs == []
    assert "guess comes first" in explorer.live_text.value


def test_runs_of_another_rule_are_kept_and_not_compared(make, ledger):
    explorer = open_explorer(make, profile="smoke")
    assert "fine-tuned checkpoint gets 0.78" in explorer.reading  # the shipped rows
    explorer.train.click()
    assert explorer.wait(10) and explorer.last_error is None
    assert "not compared with" in explorer.live_text.value
    assert len(ledger.rows(purpose="live", budget="smoke")) == 1 and "Stars" not in explorer.alt


def test_own_runs_on_older_data_stay_out_of_the_figure(make, ledger):
    ledger.add(make_row(purpose="live", run_seed=1000, data_fingerprint="1" * 64))
    explorer = open_explorer(make)
    assert explorer.last_error is None and "Stars" not in explorer.alt
    assert "fine-tuned checkpoint gets 0.78" in explorer.reading


def test_cost_is_said_before_the_run(make):
    explorer = open_explorer(make)
    assert "took 50 s where the runs shown were made" in explorer.cost.value
    explorer.shelf.rows = [row for row in explorer.shelf.rows if row["arm"] != "scratch"]
    explorer.train_arm.value = "scratch"
    assert "has not been timed here yet" in explorer.cost.value


def test_time_left_follows_the_pace():
    """20 s went into loading; ten updates then took 4 s."""
    assert progress_text(20, 250, 0.512, 24.0, first=(10, 20.0)) == (
        "update 20 of 250, loss 0.51, about 92 s left")
    assert progress_text(10, 250, None, 20.0, first=(10, 20.0)) == (
        "update 10 of 250, time left not known yet")


# -- with real worker processes --------------------------------------------------------------

@pytest.fixture(scope="module")
def tiny_run(tmp_path_factory):
    """A function that plans a real run on a toy task and a toy checkpoint."""
    config = tiny_run_config(tmp_path_factory.mktemp("world"))
    return lambda updates: config.changed(updates=updates)


def test_a_real_worker_trains_a_live_run(make, ledger, tiny_run):
    explorer = open_explorer(make, workers=Workers(threads=1), plan=lambda *_: tiny_run(5))
    explorer.train.click()
    assert explorer.wait(120) and explorer.last_error is None
    (row,) = ledger.rows(purpose="live")
    assert row["status"] == "done" and 0 <= row["score"] <= 1 and row["updates"] == 5
    assert "choose that data to see it" in explorer.live_text.value


def test_stop_ends_a_real_worker_within_about_two_seconds(make, ledger, tiny_run):
    explorer = open_explorer(make, workers=Workers(threads=1), plan=lambda *_: tiny_run(100_000))
    moving = threading.Event()
    explorer.progress.observe(lambda change: change["new"] and moving.set(), "value")
    explorer.train.click()
    assert moving.wait(120)
    began = time.monotonic()
    explorer.stop.click()
    assert explorer.wait(10) and time.monotonic() - began < PATIENCE + 1
    assert "Stopped" in explorer.live_text.value and ledger.rows(purpose="live") == []


def test_lower_layers_are_drawn_once_while_somebody_goes_back_and_forth():
    drawn, layers = [], Layers()

    def show(key, top):
        def backdrop():
            drawn.append(key)
            figure = Figure(figsize=(1, 1))
            FigureCanvasAgg(figure)
            axes = figure.subplots()
            axes.plot([0, key + 1])
            axes.set(xlim=(0, 9), ylim=(0, 9))
            return figure, axes
        layers.layered(key, top, backdrop, lambda axes: [axes.axvline(top)],
                       lambda axes: (f"alt {key}", f"reading {top}"))
        return layers.png

    pictures = {(key, top): show(key, top) for top in range(3) for key in range(LOWER)}
    assert drawn == list(range(LOWER)) and len(set(pictures.values())) == 3 * LOWER
    show(LOWER, 0)  # one more than are kept: the one that was not seen for longest goes
    assert show(1, 3) and drawn == [*range(LOWER), LOWER]
    assert show(0, 3) and drawn[-1] == 0
    layers._kept.clear()
    assert show(0, 1) == pictures[0, 1], "drawn again, it is the same"
    assert (layers.alt, layers.reading) == ("alt 0", "reading 1")
