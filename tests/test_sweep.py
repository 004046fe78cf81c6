"""Planning and carrying out sweeps: real worker processes on a tiny checkpoint and task."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from itertools import product

import pytest

from llmtl_helpers.arms import ARMS, BEGINNINGS, EVERY_ARM, Arm
from llmtl_helpers.assets import state
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.profiles import PROFILES, get_profile
from llmtl_helpers.recipes import RECIPES
from llmtl_helpers.sweep import (
    STUDIES, Workers, live_config, next_wave, study_runs, trial_rows)
from llmtl_helpers.sweep.workers import PATIENCE
from rows import make_row
from tiny import parquet_folder, tiny_checkpoint

PROFILE = replace(PROFILES["smoke"], name="tiny", budget="tiny", sizes=(8, 16, 32), seeds=3,
                  seeds_large=2, large_from=32, trial_sizes=(16,), trial_seeds=2, min_updates=5,
                  validation_limit=20, test_limit=40)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A task in a Parquet folder and a checkpoint folder: child processes find both by name."""
    folder = tmp_path_factory.mktemp("world")
    return (f"folder:{parquet_folder(folder / 'data')}", tiny_checkpoint(folder / "checkpoint"))


@pytest.fixture
def ledger(tmp_path):
    return Ledger(own=tmp_path / "runs", shipped=tmp_path / "none")


@pytest.fixture
def arms(world, monkeypatch):
    """Two arms on the tiny checkpoint and one without a network, instead of the real ones."""
    found = {
        "pre": Arm("pre", "pre", world[1], "pretrained", "all_weights", "learning_rate",
                   (1e-4, 1e-3), "#000000", "-", "o"),
        "raw": Arm("raw", "raw", world[1], "random", "all_weights", "learning_rate",
                   (1e-4, 1e-3), "#000000", "-", "o"),
        "words": Arm("words", "words", "none", "none", "bag_of_words", "inverse_regularisation",
                     (1.0, 10.0), "#000000", "-", "o"),
    }
    monkeypatch.setattr("llmtl_helpers.sweep.grid.ARMS", found)
    return found


def carry_out(configs, ledger, **kwargs):
    for event in Workers(**kwargs).run(configs):
        if event.kind == "done":
            ledger.add(event.row)
        yield event


# --- planning ----------------------------------------------------------------------------


def pretend(ledger, config, validation_score=0.5, **fields):
    """A finished row for a config, without training."""
    ledger.add({**make_row(), **config.as_row(), "validation_score": validation_score, **fields})


def test_trials_come_first_and_the_curve_takes_the_best_on_validation(world, arms, ledger):
    wave = next_wave(world[0], PROFILE, ledger, ["pre"])
    assert {c.purpose for c in wave} == {"trial"} and {c.n for c in wave} == {16}
    assert len(wave) == 4  # two rates, two seeds
    for config in wave:
        pretend(ledger, config, 0.9 if config.learning_rate == 1e-3 else 0.6)
    wave = next_wave(world[0], PROFILE, ledger, ["pre"])
    assert {c.purpose for c in wave} == {"curve"} and {c.learning_rate for c in wave} == {1e-3}
    assert sorted((c.n, c.run_seed) for c in wave) == [
        (8, 0), (8, 1), (8, 2), (16, 0), (16, 1), (16, 2), (32, 0), (32, 1)]
    assert len(trial_rows(world[0], "pre", 8, PROFILE, ledger)) == 4


def test_only_what_is_missing_is_planned(world, arms, ledger):
    for _ in range(2):
        for config in next_wave(world[0], PROFILE, ledger, ["pre", "raw"]):
            pretend(ledger, config)
    assert next_wave(world[0], PROFILE, ledger, ["pre", "raw"]) == []
    os.remove(next(ledger.own.glob("*.json")))
    fresh = Ledger(own=ledger.own, shipped=ledger.shipped)
    assert len(next_wave(world[0], PROFILE, fresh, ["pre", "raw"])) == 1


def test_the_arms_of_one_figure_get_the_same_number_of_trials_batches_and_updates(world, arms, ledger):
    for config in next_wave(world[0], PROFILE, ledger, ["pre", "raw"]):
        pretend(ledger, config)
    runs = next_wave(world[0], PROFILE, ledger, ["pre", "raw"])
    for n in PROFILE.sizes:
        settings = {name: {(c.updates, c.batch_size, c.max_length, c.subset_seed, c.run_seed)
                           for c in runs if c.arm == name and c.n == n} for name in ("pre", "raw")}
        assert settings["pre"] == settings["raw"]
    assert len({len(arm.trials) for arm in ARMS.values() if arm.knob}) == 1


@pytest.mark.parametrize("loss, chosen", [(0.692, 1e-3), (0.66, 2e-3)])
def test_a_trial_that_never_left_the_loss_of_guessing_counts_as_failed(world, arms, ledger, loss,
                                                                       chosen):
    """One class for everything can score best on few validation texts."""
    wave = next_wave(world[0], PROFILE, ledger, ["raw"])
    rates = sorted({config.learning_rate for config in wave})
    for config in wave:
        high = config.learning_rate == rates[1]
        pretend(ledger, config, 0.58 if high else 0.55, train_classes=[8, 8],
                history_losses=[0.69, loss if high else 0.1])
    wave = next_wave(world[0], PROFILE, ledger, ["raw"])
    assert {config.learning_rate for config in wave} == {rates[chosen == 2e-3]}


def test_a_failed_trial_counts_as_nothing(world, arms, ledger):
    for config in next_wave(world[0], PROFILE, ledger, ["raw"]):
        if config.learning_rate == 1e-3:
            pretend(ledger, config, None, status="failed", score=None, failure="exploded")
        else:
            pretend(ledger, config, 0.1)
    assert {c.learning_rate for c in next_wave(world[0], PROFILE, ledger, ["raw"])} == {1e-4}


def test_where_every_value_failed_once_the_scores_of_the_others_decide(world, arms, ledger):
    wave = next_wave(world[0], PROFILE, ledger, ["raw"])
    rates = sorted({config.learning_rate for config in wave})
    for config in wave:
        if config.run_seed == 0:
            pretend(ledger, config, None, status="failed", score=None, failure="exploded")
        else:
            pretend(ledger, config, 0.9 if config.learning_rate == rates[-1] else 0.1)
    seeds = {config.run_seed for config in wave}
    assert {c.learning_rate for c in next_wave(world[0], PROFILE, ledger, ["raw"])} == {
        rates[-1] if len(seeds) > 1 else rates[0]}


def test_a_checkpoint_is_not_compared_on_texts_that_it_has_read(ledger):
    with pytest.raises(LearnerError, match="was pre-trained on the articles"):
        study_runs("small-sentiment", "topics/news", ledger, arms=["masked_30M"])


def test_a_run_that_another_process_kept_is_found(world, arms, ledger):
    (config, *_) = next_wave(world[0], PROFILE, ledger, ["raw"])
    other = Ledger(own=ledger.own, shipped=ledger.shipped)
    assert ledger.get(config.id) is None
    pretend(other, config, 0.5)
    assert ledger.get(config.id)["validation_score"] == 0.5


def test_live_seeds_are_not_those_of_the_curve_and_never_used_twice(world, arms, ledger):
    for config in next_wave(world[0], PROFILE, ledger, ["pre"]):
        pretend(ledger, config)
    seeds = []
    for _ in range(3):
        config = live_config(world[0], "pre", 16, PROFILE, ledger)
        seeds.append(config.run_seed)
        pretend(ledger, config)
    assert len(set(seeds)) == 3 and min(seeds) >= 1000


def test_a_live_run_without_trials_says_what_to_run(world, arms, ledger):
    with pytest.raises(LearnerError, match="sweep --task"):
        live_config(world[0], "pre", 16, PROFILE, ledger)


def test_every_size_is_read_in_one_place(monkeypatch):
    for profile in PROFILES.values():
        assert set(profile.live_sizes) <= set(profile.sizes)
        if profile.name != "smoke":
            assert min(map(profile.updates, profile.sizes)) >= 250
    monkeypatch.setenv("LLMTL_PROFILE", "enormous")
    with pytest.raises(LearnerError, match="smoke, laptop, full, broad, own, gpu"):
        get_profile()


# --- carrying out --------------------------------------------------------------------------


def test_there_are_no_more_workers_than_cores(monkeypatch):
    monkeypatch.setattr("llmtl_helpers.sweep.workers.usable_cores", lambda: 2)
    found = [Workers(1), Workers(2), Workers(3), Workers(3, device="auto")]
    assert [workers.count for workers in found] == [1, 2, 2, 3]
    assert [workers.threads for workers in found] == [2, 1, 1, 1]


def test_a_sweep_is_carried_out_and_resumed(world, arms, ledger, monkeypatch):
    monkeypatch.setattr("llmtl_helpers.sweep.workers.usable_cores", lambda: 2)  # two side by side
    arms = ["pre", "words"]
    for config in next_wave(world[0], PROFILE, ledger, arms, sizes=(8,), seeds=2):
        pretend(ledger, config)  # the trials
    wave = next_wave(world[0], PROFILE, ledger, arms, sizes=(8,), seeds=2)
    kinds = [event.kind for event in carry_out(wave, ledger, count=2, threads=1)]
    assert kinds.count("done") == len(wave) == 4 and "failed" not in kinds
    assert next_wave(world[0], PROFILE, ledger, arms, sizes=(8,), seeds=2) == []
    rows = ledger.rows(purpose="curve")
    assert sorted((r["arm"], r["run_seed"]) for r in rows) == [
        ("pre", 0), ("pre", 1), ("words", 0), ("words", 1)]
    assert all(row["threads"] == 1 and row["created"] for row in rows)


def test_the_device_asked_for_reaches_the_worker_process_and_bad_runs_are_sentences(world, arms):
    from queue import Queue

    from llmtl_helpers.sweep.workers import _Worker

    worker = _Worker(1, "auto", "llmtl_helpers.training.run", Queue())
    try:
        assert worker.process.args[-3:] == ["1", "auto", "llmtl_helpers.training.run"]
    finally:
        worker.end()
    bad = long_config(world, arms, 5).changed(data_fingerprint="0")
    events = list(Workers(1, 1, "auto").run([bad, long_config(world, arms, 5)]))
    assert [e.kind for e in events if e.kind in ("failed", "done")] == ["failed", "done"]
    assert "fingerprint" in next(e.reason for e in events if e.kind == "failed")
    assert events[-1].row["device"] in ("cpu", "cuda", "mps")


def long_config(world, arms, updates=100_000):
    from llmtl_helpers.sweep.grid import _config

    return _config(world[0], arms["raw"], 16, 0, PROFILE, "curve", 1e-4).changed(updates=updates)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_killed_worker_is_reported_the_rest_goes_on_and_stops_within_two_seconds(world, arms):
    killed, events, stop, asked = False, [], threading.Event(), 0.0
    configs = [long_config(world, arms, updates) for updates in (100_000, 8, 90_000, 99)]
    for event in Workers(1, 1).run(configs, stop):
        events.append(event)
        if event.kind == "progress" and event.config.updates == 90_000 and not stop.is_set():
            stop.set()
            asked = time.monotonic()
        elif event.kind == "progress" and not killed:
            children = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "sweep.worker"],
                                      capture_output=True, text=True).stdout.split()
            os.kill(int(children[-1]), signal.SIGKILL)
            killed = True
    assert time.monotonic() - asked < PATIENCE + 1.5
    ends = [(e.kind, e.config.updates) for e in events if e.kind not in ("started", "progress")]
    assert ends == [("failed", 100_000), ("done", 8), ("stopped", 90_000)]
    assert [e.kind for e in events].count("started") == 3  # the fourth run is not begun
    assert "memory" in next(e.reason for e in events if e.kind == "failed")


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_sweep_loses_only_the_runs_in_flight_and_leaves_no_process(world, tmp_path, how):
    code = ("import sys; sys.path[:0] = ['tests']\n"
            "from test_sweep import *\n"
            # a process that was started in the background may inherit that it ignores Ctrl-C
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            f"arms = {{'raw': Arm('raw', 'raw', {world[1]!r}, 'random', 'all_weights',"
            " 'learning_rate', (1e-4, 1e-3), '#000000', '-', 'o')}\n"
            f"world = {world!r}; ledger = Ledger(own={str(tmp_path)!r}, shipped='none')\n"
            "configs = [long_config(world, arms, 5), long_config(world, arms)]\n"
            "for event in carry_out(configs, ledger, count=1, threads=1):\n"
            "    if event.kind != 'progress' or event.update > 5: print(event.kind, flush=True)\n")
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                               stderr=subprocess.DEVNULL,
                               env={**os.environ, "PYTHONPATH": os.getcwd()})
    for line in process.stdout:
        if line.strip() == "progress":
            break
    worker = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True,
                            text=True).stdout.split()[0]
    process.send_signal(how)
    process.wait(20)
    assert len(Ledger(own=tmp_path, shipped="none").rows()) == 1
    deadline = time.monotonic() + 20
    while alive(int(worker)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(int(worker))


def alive(process: int) -> bool:
    import psutil

    try:  # an orphan that nobody has buried yet is no longer at work
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# --- studies ------------------------------------------------------------------------------


@pytest.fixture
def tuned():
    """The shipped ledger: its trials choose the knobs of the studies."""
    if not Ledger().rows(task="sentiment/films", purpose="trial"):
        pytest.skip("no shipped trials")
    return Ledger()


@pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                    reason="the assets are not there")
@pytest.mark.parametrize("name", STUDIES)
def test_a_study_stays_out_of_the_twin_curve(tuned, name):
    """It differs from the curve's runs in what it is about, and by that never shares a figure."""
    study = STUDIES[name]
    if name == "writing" and not all(state(asset) == "ready" for asset in ("decoder", "news")):
        pytest.skip("what the decoder is and writes about has not been fetched")
    task = "headlines/news" if name == "writing" else "sentiment/films"
    arms = [arm for arm in study.arms if EVERY_ARM[arm].checkpoint not in RECIPES
            and arm != "token_counts"]  # which has a likelihood alone: of reviews, not of headlines
    runs = study_runs(name, task, tuned, arms)
    assert len(runs) == len({run.id for run in runs}) and {run.arm for run in runs} == set(arms)
    if not study.own_trials:
        assert len(runs) == len(arms) * len(study.sizes) * len(study.seeds)
    rule = PROFILES["full"].budget
    added = set(BEGINNINGS)  # drawn with the curve of e-mails, whose own arms it leaves alone
    assert all(run.purpose != "curve" or run.budget != rule or run.arm in added for run in runs)
    assert not added & set(ARMS)


@pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                    reason="the assets are not there")
def test_studies_differ_in_what_they_are_about(tuned):
    def run(name, arm, n):
        return next(r for r in study_runs(name, "sentiment/films", tuned)
                    if (r.arm, r.n) == (arm, n))

    assert run("epochs", "scratch", 16).updates == 6
    assert run("rates", "scratch", 256).learning_rate == 2e-5
    assert run("leak", "scratch", 1024).leaked == 512
    patient = run("convergence", "scratch", 64)
    assert patient.patience and patient.updates == 1000
    assert patient.learning_rate == run("luck", "scratch", 64).learning_rate


@pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                    reason="the assets are not there")
def test_what_no_task_answers_without_a_model_is_not_planned(tuned):
    if state("decoder") != "ready":
        pytest.skip("the decoder has not been fetched")
    runs = study_runs("writing", "write/films", tuned, ["no_model", "prompted", "token_counts"])
    counts = [run for run in runs if run.arm == "token_counts"]
    assert {(run.n, run.run_seed) for run in counts} == set(product((32, 128, 512), range(3)))
    runs = [run for run in runs if run not in counts]
    assert {run.arm for run in runs} == {"prompted"}
    assert sum(run.n == 0 for run in runs) == 1 and sum(run.n == 8 for run in runs) == 3


@pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                    reason="the assets are not there")
def test_a_study_can_be_made_size_by_size(tuned):
    def ids(sizes):
        return {run.id for run in study_runs("unfreeze", "sentiment/films", tuned, sizes=sizes)}

    parts = [ids([n]) for n in STUDIES["unfreeze"].sizes]
    assert all(parts) and set().union(*parts) == ids(None)
    assert ids([5]) == set()


def test_a_study_without_trials_says_which_command_makes_them(ledger):
    if state("sentiment") != "ready":
        pytest.skip("the assets are not there")
    with pytest.raises(LearnerError, match="sweep --task sentiment/films"):
        study_runs("luck", "sentiment/films", ledger)


@pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                    reason="the assets are not there")
def test_what_is_shipped_names_the_command_that_makes_it(tuned, monkeypatch, tmp_path):
    from llmtl_helpers.commands import sweep

    monkeypatch.setenv("LLMTL_HOME", str(sweep.paths.home()))  # else it would move with ROOT
    monkeypatch.setattr(sweep.paths, "shipped", lambda: tmp_path)
    monkeypatch.setattr(sweep.paths, "ROOT", tmp_path)
    sweep._ship("sentiment/films", PROFILES["full"], tuned, None, [16])
    header, *_ = (tmp_path / "sentiment-films.jsonl").read_text(encoding="utf-8").split("{", 1)
    assert "sweep --task sentiment/films --profile full --sizes 16 --ship" in header
    rows = Ledger(own=tmp_path / "own", shipped=tmp_path).rows()
    assert {row["n"] for row in rows if row["purpose"] == "curve"} == {16}
    assert any(row["purpose"] == "trial" for row in rows)


def test_a_point_that_lacks_a_seed_is_not_shipped(world, arms, ledger):
    from llmtl_helpers.sweep import planned_rows

    for _ in ("trials", "curve"):
        for config in next_wave(world[0], PROFILE, ledger, ["words"]):
            if (config.purpose, config.n, config.run_seed) != ("curve", 8, 2):
                pretend(ledger, config)
    there = {row["n"] for row in planned_rows(world[0], PROFILE, ledger)
             if row["purpose"] == "curve"}
    assert there == {16, 32}


def test_nothing_is_shipped_where_nothing_was_run(ledger, monkeypatch):
    from llmtl_helpers.commands import sweep

    if state("sentiment") != "ready":
        pytest.skip("the assets are not there")
    with pytest.raises(LearnerError, match="nothing to ship"):
        sweep._ship("sentiment/films", PROFILES["full"], ledger, None, [16])
