"""The benchmark: both contestants do the same work, and the table says what was measured."""

import pytest

from llmtl_helpers.assets import state
from llmtl_helpers.benchmark import jobs, report
from llmtl_helpers.benchmark.jobs import ENGINE, TRAINER, Measured, gap
from llmtl_helpers.commands import bench
from llmtl_helpers.errors import LearnerError

real = pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                          reason="the assets have not been fetched")


def measured(seconds=10.0, arms=("fine_tuned", "scratch"), score=0.7, rate=500.0):
    scores = {(arm, n, seed): score + 0.01 * seed for arm in arms for n in jobs.SIZES
              for seed in range(jobs.SEEDS)}
    return Measured(seconds, scores, rate, 1500.0)


@real
@pytest.mark.parametrize("plan", [jobs.all_weights, jobs.top_two_blocks, jobs.probe])
def test_both_contestants_carry_out_every_kind_of_job(plan, monkeypatch):
    """The real checkpoint and data, as small as they can be."""
    monkeypatch.setattr(jobs, "SHORT", 0)  # once is enough here
    which = dict(sizes=(16,), seeds=1)
    configs = plan(2, ("fine_tuned",), **which) if plan is jobs.all_weights else plan(2, **which)
    configs = [config.changed(test_limit=32) for config in configs]
    for runner in (ENGINE, TRAINER):
        found = jobs.measure(runner, configs, 1, 2, lambda text: None)
        assert set(found.scores) == {("fine_tuned", 16, 0)}
        assert 0 <= min(found.scores.values()) <= max(found.scores.values()) <= 1
        assert found.seconds > 0 and found.memory_mb > 100
        by_updates = runner == TRAINER or plan is not jobs.probe
        assert (found.tokens_per_second or 0) > 0 if by_updates else found.tokens_per_second is None


@pytest.mark.parametrize("seconds, counted, times",
                         [([40, 1, 1], 40, 1), ([9, 7, 5], 7, 3), ([2, 9, 7], 7, 3)])
def test_of_a_short_job_the_middle_of_three_counts(seconds, counted, times, monkeypatch):
    left = list(seconds)
    monkeypatch.setattr(jobs, "_once", lambda *_: measured(left.pop(0)))
    assert jobs.measure(ENGINE, [], 1, 1, lambda text: None).seconds == counted
    assert len(seconds) - len(left) == times


@real
def test_the_jobs_are_of_one_size():
    every, top, probe = jobs.all_weights(100), jobs.top_two_blocks(100), jobs.probe(100)
    assert len(every) == 18 and len(top) == len(probe) == 9
    assert {(c.n, c.run_seed) for c in every} == {(c.n, c.run_seed) for c in top}
    assert all(c.trained_blocks == 2 for c in top)


def test_a_run_that_fails_ends_the_benchmark_with_a_sentence(monkeypatch):
    class Dead:
        def __init__(self, *args, **kwargs):
            pass

        def run(self, configs):
            from llmtl_helpers.sweep import Event

            yield Event("failed", configs[0], reason="memory ran out")

    monkeypatch.setattr(jobs, "Workers", Dead)
    from test_sweep import PROFILE  # any config will do
    from rows import make_row
    from llmtl_helpers.sweep import RunConfig

    assert PROFILE
    with pytest.raises(LearnerError, match="memory ran out"):
        jobs.measure(ENGINE, [RunConfig.from_row(make_row())], 1, 1, lambda text: None)


def test_the_gap_pairs_runs_of_one_seed():
    ours, theirs = measured(score=0.72), measured(score=0.70)
    mean, doubt = gap(ours, theirs)
    assert mean == pytest.approx(0.02) and doubt == pytest.approx(0.0, abs=1e-9)


def test_the_table_gives_ratios_and_shares_of_both_limits():
    whole = measured(1000.0)
    lines = [report.Line("one", measured(10, ("fine_tuned",)), measured(20, ("fine_tuned",))),
             report.Line("sweep", measured(400, rate=1500.0), whole),
             report.Line("top", measured(50, ("fine_tuned",)), report._only(whole, "fine_tuned", 9),
                         measured(150, ("fine_tuned",)))]
    text = report.markdown(lines, {"default": 180.0, "fast": 400.0}, 100, 2, "a machine", 6e7)
    assert "**2.0x**" in text and "**2.5x**" in text and "**10.0x**" in text and "3.0x" in text
    assert "100%" in text and "45%" in text  # 2 x 1,500 tokens/s x 60 MFLOP of 180 and 400 GFLOP/s
    assert "a machine" in text and "180 GFLOP/s" in text


def test_the_tables_are_written_between_their_marks(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bench.paths, "ROOT", tmp_path)
    file = tmp_path / "BENCHMARKS.md"
    file.write_text(f"before\n{bench.BEGIN}\nold\n{bench.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(report, "carry_out", lambda *args: ([], {"default": 1.0, "fast": 1.0}))
    monkeypatch.setattr(report, "markdown", lambda *args: "| new |")
    monkeypatch.setattr("llmtl_helpers.models.build", lambda name: None)
    monkeypatch.setattr(bench, "_multiplying_weights", lambda model: 1)
    args = type("Args", (), dict(sweeps=True, updates=1, write=True, json=False))
    assert bench.run(args) == 0
    assert file.read_text(encoding="utf-8") == (
        f"before\n{bench.BEGIN}\n\n| new |\n\n{bench.END}\nafter\n")


def test_the_committed_benchmark_holds_the_marks():
    text = (bench.paths.ROOT / "BENCHMARKS.md").read_text(encoding="utf-8")
    assert text.count(bench.BEGIN) == text.count(bench.END) == 1
