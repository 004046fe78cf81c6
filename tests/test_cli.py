"""The command line and the demo, run as a learner runs them: in a process of their own."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from llmtl_helpers import paths
from llmtl_helpers.assets import state
from llmtl_helpers.cli import commands, main
from llmtl_helpers.errors import LearnerError

ROOT = paths.ROOT


def python(*words, **variables):
    return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True,
                          timeout=400, env={**os.environ, "LLMTL_PROFILE": "smoke", **variables})


def test_importing_the_package_loads_nothing_heavy():
    code = ("import sys, llmtl_helpers, llmtl_helpers.cli; "
            "print([m for m in ('torch', 'transformers', 'datasets', 'matplotlib', 'numpy', "
            "'sklearn', 'IPython') if m in sys.modules])")
    assert python("-c", code).stdout.strip() == "[]"


def test_every_public_name_is_there():
    import llmtl_helpers

    for name in llmtl_helpers.__all__:
        assert getattr(llmtl_helpers, name) is not None
    with pytest.raises(AttributeError):
        llmtl_helpers.no_such_name  # noqa: B018


def test_every_command_has_help_and_its_two_functions(capsys):
    assert {"demo", "lab", "test", "doctor", "assets", "sweep", "build", "bench"} <= set(commands())
    for name, text in commands().items():
        assert text.endswith("."), name
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        said = capsys.readouterr().out
        assert ended.value.code == 0 and "usage" in said, name
        assert text.rstrip().splitlines()[-1] in said, name  # cost and effect, not the title alone
    done = python("-m", "llmtl_helpers", "demo", "--help")
    assert done.returncode == 0 and "usage" in done.stdout, done.stderr


@pytest.mark.parametrize("words, said", [
    (["sweep", "--seeds", "2", "--ship"], "fixed number of runs"),
    (["sweep", "--seeds", "2", "--study", "luck"], "fixed number of runs"),
    (["pretrain", "causal-30M", "masked-30m"], "no recipe called 'masked-30m'"),
    (["bench", "--notebooks", "05", "--write"], "replaces the whole table")])
def test_what_cannot_go_together_is_refused_before_anything_is_done(capsys, words, said):
    assert main(words) == 2 and said in capsys.readouterr().err


def test_an_error_for_learners_is_one_sentence_and_exit_code_2(capsys):
    assert main(["sweep", "--task", "sentiment/operas"]) == 2
    said = capsys.readouterr().err
    assert "sentiment/films" in said and "Traceback" not in said and said.count("\n") == 1


def test_ctrl_c_is_no_traceback(monkeypatch, capsys):
    from llmtl_helpers.commands import sweep

    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "run", interrupted)
    assert main(["sweep"]) == 130
    assert "kept" in capsys.readouterr().err


def test_an_error_shows_itself_as_a_sentence_in_a_notebook():
    error = LearnerError("the disk is full", "3 MB are needed", "free some")
    assert error._render_traceback_() == ["The disk is full: 3 MB are needed. Free some."]


def test_without_shipped_runs_the_demo_says_so(monkeypatch, tmp_path):
    from llmtl_helpers.commands.demo import shown_rows
    from llmtl_helpers.ledger import Ledger
    from llmtl_helpers.profiles import get_profile

    with pytest.raises(LearnerError, match="no shipped runs"):
        shown_rows(Ledger(own=tmp_path, shipped=tmp_path), get_profile())


def without_network() -> list[str]:
    """A prefix that takes every network interface away, where the system allows it."""
    command = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") and subprocess.run([*command, "true"],
                                                  capture_output=True).returncode == 0:
        return command
    return []


@pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                    reason="the assets have not been fetched")
def test_the_demo_runs_without_a_network_and_gives_both_arms(tmp_path):
    (tmp_path / "cache").symlink_to(paths.cache(), target_is_directory=True)
    done = subprocess.run(
        [*without_network(), sys.executable, "-m", "llmtl_helpers", "demo", "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=400,
        env={**os.environ, "LLMTL_PROFILE": "smoke", "LLMTL_HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) >= {"profile", "task", "rows", "baselines", "reading", "figure", "seconds"}
    sizes = {arm: {row["n"] for row in found["rows"] if row["arm"] == arm}
             for arm in ("fine_tuned", "scratch")}
    assert sizes["fine_tuned"] == sizes["scratch"] and len(sizes["scratch"]) >= 2
    assert {row["arm"] for row in found["baselines"]} == {"tfidf", "majority"}
    live = [run for row in found["rows"] for run in row["live"]]
    assert len(live) == 4 and all(run["seed"] >= 1000 for run in live)
    assert all(run["inside_band"] is None for run in live)  # smoke runs are not compared
    picture = Path(found["figure"]).read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 10_000
    kept = list((tmp_path / "runs").glob("*.json"))
    assert len(kept) == 4


@pytest.mark.skipif(any(state(asset) != "ready" for asset in
                        ("decoder", "sentiment", "news", "django", "wagtail")),
                    reason="the assets have not been fetched")
@pytest.mark.parametrize("task, arms", [
    ("write/films", ["prompted", "token_counts"]), ("headlines/news", ["prompted", "no_model"]),
    ("translate/fr", ["prompted", "no_model"])])
def test_each_written_task_runs_from_the_command_line(task, arms, tmp_path, monkeypatch):
    (tmp_path / "cache").symlink_to(paths.cache(), target_is_directory=True)
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    assert main(["sweep", "--study", "writing", "--profile", "smoke", "--task", task,
                 "--workers", "1", "--arms", *arms]) == 0
    rows = [json.loads(file.read_text()) for file in (tmp_path / "runs").glob("*.json")]
    assert {row["arm"] for row in rows} == set(arms) and all(
        (row["task"], row["status"]) == (task, "done") and row["score"] is not None
        for row in rows)


def test_the_benchmark_measures_what_it_says(monkeypatch):
    from llmtl_helpers.commands import bench

    assert 0 < bench.import_seconds() < bench.first_figure_seconds()
    assert bench.redraw_milliseconds() > 1  # drawn, not looked up


@pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                    reason="the assets have not been fetched")
def test_the_benchmark_trains_both_ways(monkeypatch):
    from llmtl_helpers.commands import bench

    monkeypatch.setattr(bench, "UPDATES", 2)
    rates = bench.training_rates()
    assert len(rates) == 3 and min(rates.values()) > 0


@pytest.mark.parametrize("inside, advice", [(True, "LLMTL_HOME"), (False, "another file")])
def test_a_file_that_may_not_be_touched_is_a_sentence(inside, advice, tmp_path, monkeypatch,
                                                      capsys):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "home"))
    file = tmp_path / ("home" if inside else "elsewhere") / "texts.csv"

    def refused(args):
        raise PermissionError(errno.EACCES, "Permission denied", str(file))

    monkeypatch.setattr("llmtl_helpers.commands.progress.run", refused)
    assert main(["progress"]) == 2
    said = capsys.readouterr().err
    assert f"{file} is not yours" in said and advice in said
