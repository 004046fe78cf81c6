"""The benchmark: both contestants do the same work, and the table says what was measured."""

from argparse import ArgumentParser
from dataclasses import replace
from itertools import accumulate
from threading import Event
from types import SimpleNamespace

import pytest

from llmtl_helpers import corpora
from llmtl_helpers.assets import state
from llmtl_helpers.benchmark import contestants, jobs, pretraining, pretraining_report, report
from llmtl_helpers.benchmark.contestants import Contestant
from llmtl_helpers.benchmark.jobs import ENGINE, TRAINER, Measured, gap
from llmtl_helpers.commands import bench
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.training.config import RunConfig
from rows import make_row
from tiny import tiny_causal

real = pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                          reason="the assets have not been fetched")


def measured(seconds=10.0, arms=("fine_tuned", "scratch"), score=0.7, rate=500.0):
    scores = {(arm, n, seed): score + 0.01 * seed for arm in arms for n in jobs.SIZES
              for seed in range(jobs.SEEDS)}
    return Measured(seconds, scores, rate, 1500.0)


@real
def test_both_contestants_carry_out_every_kind_of_job(monkeypatch):
    """The real checkpoint and data, as small as they can be; all weights: test_cli."""
    monkeypatch.setattr(jobs, "SHORT", 0)  # once is enough here
    configs = [config.changed(test_limit=32) for n, plan in ((16, jobs.top_two_blocks),
                                                             (32, jobs.probe))
               for config in plan(2, sizes=(n,), seeds=1)]
    for runner in (ENGINE, TRAINER):
        found = jobs.measure(runner, configs, 1, 2, lambda text: None)
        assert set(found.scores) == {("fine_tuned", 16, 0), ("fine_tuned", 32, 0)}
        assert 0 <= min(found.scores.values()) <= max(found.scores.values()) <= 1
        assert found.seconds > 0 and found.memory_mb > 100 and found.tokens_per_second > 0


def test_a_job_without_updates_has_no_tokens_per_second(monkeypatch):
    class Fits:
        def __init__(self, *crew, **options):
            pass

        def run(self, configs):
            for config in configs:
                row = {"seconds": 1.0, "score": 0.5, "peak_memory_mb": 200.0}
                yield SimpleNamespace(kind="done", config=config, row=row)

    monkeypatch.setattr(jobs, "Workers", Fits)
    monkeypatch.setattr(jobs, "SHORT", 0)
    config = RunConfig.from_row(make_row(arm="probe"))
    assert jobs.measure(ENGINE, [config], 1, 1, lambda text: None).tokens_per_second is None


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


def asked_for(*words: str):
    parser = ArgumentParser()
    bench.add_arguments(parser)
    return parser.parse_args(words)


def test_the_tables_are_written_between_their_marks(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bench.paths, "ROOT", tmp_path)
    file = tmp_path / "BENCHMARKS.md"
    file.write_text(f"before\n{bench.BEGIN}\nold\n{bench.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(report, "carry_out", lambda *args: ([], {"default": 1.0, "fast": 1.0}))
    monkeypatch.setattr(report, "markdown", lambda *args: "| new |")
    monkeypatch.setattr("llmtl_helpers.models.build", lambda name: None)
    monkeypatch.setattr(bench, "_multiplying_weights", lambda model: 1)
    assert bench.run(asked_for("--sweeps", "--updates", "1", "--write")) == 0
    assert file.read_text(encoding="utf-8") == (
        f"before\n{bench.BEGIN}\n\n| new |\n\n{bench.END}\nafter\n")


def test_the_committed_benchmark_holds_the_marks():
    text = (bench.paths.ROOT / "BENCHMARKS.md").read_text(encoding="utf-8")
    for mark in (bench.BEGIN, bench.END, *bench.PRETRAINING, *bench.WRITING, *bench.ROUNDING,
                 *bench.NOTEBOOKS):
        assert text.count(mark) == 1


# --- pre-training ---------------------------------------------------------------------------

LENGTH = 16  # tokens


@pytest.fixture
def one_document(monkeypatch, tmp_path):
    """A corpus that is one document 55 times, of just a sequence: all batches are the same."""
    from llmtl_helpers.pretraining.tokenizer import train_tokenizer

    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    text = ("a film as good as a good song " * 20).strip()
    words = len(train_tokenizer([text] * 55, 264)(text)["input_ids"])
    while words > LENGTH:
        text = text.rsplit(maxsplit=1)[0]
        words = len(train_tokenizer([text] * 55, 264)(text)["input_ids"])
    corpus = corpora.Corpus("tiny", "Tiny", (text,) * 55, 0, "made by the test", "none")
    monkeypatch.setitem(corpora.CORPORA, "tiny", lambda name: corpus)
    corpora._known.cache_clear()
    ours = replace(contestants.OURS, corpus="tiny", words_from="tiny", vocabulary=264,
                   length=words, batch_size=2)
    monkeypatch.setattr(contestants, "OURS", ours)
    monkeypatch.setattr(contestants, "EXAMPLE", replace(
        ours, length=2 * words, learning_rate=5e-5, dropout=0.1))
    yield
    corpora._known.cache_clear()


def test_with_equal_settings_only_the_loop_differs(one_document):
    """Same weights, batches, schedule, optimizer and question: the losses agree all the way."""
    contestant, looks = Contestant("any", "ours", 0), {}
    recipe = contestant.recipe(20)
    for who, pretrainer in contestants.PRETRAINERS.items():
        looks[who] = pretrainer(contestant, recipe, lambda update: None, Event())
    ours, theirs = looks["engine"], looks["trainer"]
    assert [update for update, _ in ours] == [update for update, _ in theirs] == [*range(2, 21, 2)]
    assert [loss for _, loss in theirs] == pytest.approx([loss for _, loss in ours], rel=1e-3)
    assert ours[0][1] > 2 * ours[-1][1] > 0  # and they did learn


@pytest.mark.parametrize("who, settings, tokens", [
    ("engine", "ours", 2), ("trainer", "ours", 2), ("trainer", "example", 4)])
def test_a_contestant_trains_for_its_time(who, settings, tokens, one_document, monkeypatch):
    for name, count in (("WARM", 2), ("TRIED", 3), ("PROFILED", 2), ("TRIAL", 0)):
        monkeypatch.setattr(pretraining, name, count)
    seen = []
    found = pretraining.run(Contestant(who, settings, 0.5), watch=lambda *at: seen.append(at[0]))
    assert found["tokens"] == len(seen) * tokens * contestants.OURS.length
    seconds, losses = zip(*found["looks"])
    assert list(seconds) == sorted(seconds) and seconds[-1] == found["seconds"] > 0.05
    assert losses[-1] < losses[0]
    assert list(found["profile"]) == [*pretraining.KINDS, pretraining.REST]
    assert found["profile"]["matrix products"] > 0 and found["profile"][pretraining.REST] > 0


def test_the_clock_leaves_out_what_is_not_training():
    spent = [9, 1, 1.5, 1, 1, 7, 1, 1, 7, 1]  # start-up first; a look in the 6th and after the 8th
    assert pretraining._clock(list(accumulate(spent)), [6, 8]) == pytest.approx(
        list(accumulate([1, 1, 1.5, *[1] * 7])))
    assert pretraining._clock([5.0], [1]) == [0.0]


def test_operations_are_counted_once_and_the_rest_is_time_between_them():
    operations = [SimpleNamespace(key=key, self_cpu_time_total=100.0) for key in (
        "mkldnn::_linear_pointwise", "aten::addmm", "aten::_softmax", "aten::add_",
        "aten::_scaled_dot_product_flash_attention_for_cpu", "aten::_fused_adamw_", "MmBackward0")]
    found = pretraining._by_kind(operations, 0.001, 10)  # 1,000 us, 10 tokens
    assert found == {"matrix products": 20, "attention": 10, "softmax and loss": 10,
                     "optimizer and clipping": 10, "sums, copies, activations": 10,
                     pretraining.REST: 40}


def test_each_contestant_has_a_process_of_its_own_and_a_failure_is_a_sentence(monkeypatch):
    from llmtl_helpers.sweep import Event as Happened

    crews, kind = [], "done"

    class Workers:
        def __init__(self, count, threads, runner):
            assert (count, threads, runner) == (1, 1, "llmtl_helpers.benchmark.pretraining")

        def run(self, configs):
            crews.append(configs)
            yield Happened("started", configs[0])
            yield Happened(kind, configs[0], row={"seconds": 1}, reason="memory ran out")

    monkeypatch.setattr("llmtl_helpers.sweep.Workers", Workers)
    found = pretraining.contest(60, lambda text: None)
    assert [len(crew) for crew in crews] == [1] * 4
    assert [(c.who, c.settings, c.seconds) for c in found] == [
        ("engine", "ours", 15), ("engine", "ours", 60), ("trainer", "example", 60),
        ("trainer", "ours", 60)]
    kind = "failed"
    with pytest.raises(LearnerError, match="memory ran out"):
        pretraining.contest(60, lambda text: None)


def pretrained(seconds, rate, losses, profile=None):
    looks = [(seconds * (at + 1) / len(losses), loss) for at, loss in enumerate(losses)]
    return {"seconds": seconds, "tokens": int(rate * seconds), "looks": looks,
            "profile": profile or {}}


def test_the_reading_says_when_this_engine_is_as_far():
    profile = dict.fromkeys([*pretraining.KINDS, pretraining.REST], 7.0)
    found = {
        Contestant("engine", "ours", 120, False): pretrained(120, 1000, [6, 5]),
        Contestant("engine", "ours", 480): pretrained(480, 1000, [5.5, 5.2, 4.5, 4], profile),
        Contestant("trainer", "example", 480): pretrained(480, 250, [7, 7, 6.8, 5.5], profile),
        Contestant("trainer", "ours", 480): pretrained(480, 500, [5, 4.5, 4, 3.5], profile)}
    first, second = pretraining_report.reading(found)
    # the long training at its first look, after 120 s; the short one at its end, then too
    assert "ends at 5.50 after 8.0 min" in first and "**4.0x**" in first
    assert "as far after **2.0 min** at the latest" in first
    assert "**2.0x**" in second and "not as far after 8.0 min" in second
    text = pretraining_report.markdown(found, {"default": 10.0, "fast": 20.0}, "a machine", 5e6)
    assert "| this engine, 2.0 min | 2.0 min | 120,000 | 1,000 | " in text
    assert "| 5.50 | 5.20 | 4.00 | 50% | 25% |" in text  # 5 GFLOP/s of 10 and of 20
    assert "a machine; one thread" in text and first in text
    assert text.count("| 7.0 | 7.0 | 7.0 |") == len(profile) and "| 42.0 | 42.0 | 42.0 |" in text


def test_the_head_multiplies_and_the_look_up_of_word_vectors_does_not(one_document):
    per_block = 12 * 128**2  # attention 4, the two layers after it 8
    assert pretraining_report.flop_per_token() == 6 * (2 * per_block + 264 * 128)


def test_each_benchmark_writes_its_own_part(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bench.paths, "ROOT", tmp_path)
    begin, end = bench.PRETRAINING
    file = tmp_path / "BENCHMARKS.md"
    file.write_text(f"{bench.BEGIN}\nkept\n{bench.END}\n{begin}\nold\n{end}\nafter\n",
                    encoding="utf-8")
    asked = []
    monkeypatch.setattr(pretraining_report, "tables",
                        lambda minutes, say: asked.append(minutes) or "| new |")
    assert bench.run(asked_for("--pretraining", "--minutes", "2", "--write")) == 0
    assert asked == [2.0]
    assert file.read_text(encoding="utf-8") == (
        f"{bench.BEGIN}\nkept\n{bench.END}\n{begin}\n\n| new |\n\n{end}\nafter\n")
    assert "| new |" in capsys.readouterr().out


def test_the_writing_table_holds_every_contestant_beside_the_obvious_one():
    from llmtl_helpers.benchmark import writing
    from llmtl_helpers.benchmark.writing import Wrote

    ours, theirs = writing.NAMES
    found = {(task, runner): Wrote(200.0 if runner == ours else 100.0, 2.5,
                                   3.0 if runner == ours else 2.0, 2000.0)
             for task in writing.TASKS for runner in (ours, theirs)}
    text = writing.markdown(found, 40, "a machine")
    assert text.count("**2.0x**") == text.count("**1.5x**") == len(writing.TASKS)
    assert text.count("Trainer and `generate`") == len(writing.TASKS)
    assert bench.WRITING[0] in (bench.paths.ROOT / "BENCHMARKS.md").read_text(encoding="utf-8")


@pytest.mark.skipif(state("decoder") != "ready" or state("django") != "ready",
                    reason="the assets have not been fetched")
def test_the_obvious_alternative_tunes_and_writes(tmp_path):
    from llmtl_helpers.benchmark import writing

    config = writing.order("translate/fr", 2).changed(n=8, test_limit=3,
                                                      checkpoint=tiny_causal(tmp_path, positions=512))
    row = writing.run(config)
    assert len(row["outputs"]) == 3 and row["log_likelihood"] < 0
    assert row["tokens"] > 100 and min(row["seconds_training"], row["seconds_writing"]) > 0


def test_the_rounding_table_compares_each_run_with_itself():
    from llmtl_helpers.benchmark import rounding
    from llmtl_helpers.ledger import pack_flags

    def row(arm, seed, accuracy, seconds):
        flags = [True] * round(accuracy * 100) + [False] * (100 - round(accuracy * 100))
        return {"id": f"{arm} {seed}", "arm": arm, "accuracy": accuracy, "tokens": 1000,
                "seconds_training": seconds, "test_size": 100,
                "correct": pack_flags(flags)}

    exact = [row(arm, seed, 0.60 + seed / 100, 10.0) for arm in rounding.ARMS for seed in range(3)]
    rounded = [row(arm, seed, 0.62 + seed / 100, 5.0) for arm in rounding.ARMS for seed in range(3)]
    text = rounding.markdown(exact, rounded, exact[:2], "a machine")
    assert "100 tokens/s" in text and "**2.0x**" in text
    for arm in rounding.ARMS:  # two more are right in each; of seeds 1, 1 and 2 of 100 differ
        assert f"| {arm} | 61.0 ± 1.0 | 63.0 ± 1.0 | +2.0 ± 0.0 | 98.0% | 98.7% |" in text


def test_only_exact_rows_are_compared_with():
    from llmtl_helpers.benchmark import rounding

    rows = rounding.exact_rows()
    assert {row["arm"] for row in rows} == set(rounding.ARMS) and len(rows) >= 10
    assert all(row.get("matmul") != "bfloat16" for row in rows)


def test_a_page_that_two_share_is_counted_once_where_the_system_tells():
    from llmtl_helpers.benchmark.notebooks import _memory

    def resident():
        return SimpleNamespace(rss=300)

    told = SimpleNamespace(memory_full_info=lambda: SimpleNamespace(pss=200), memory_info=resident)
    silent = SimpleNamespace(memory_full_info=resident, memory_info=resident)
    assert (_memory(told), _memory(silent)) == (200, 300)
