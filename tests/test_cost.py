"""Costs: exact counts against torch's counter, costs to a level, the bill, break-even."""

import math
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import make_curve, make_row
from tiny import tiny_checkpoint

from llmtl_helpers import cost
from llmtl_helpers.arms import DECODER, ENCODER, SMALL
from llmtl_helpers.assets import state
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.recipes import RECIPES

few = settings(max_examples=30, deadline=None)
numbers = st.floats(1e3, 1e15, allow_nan=False)


# --- counting --------------------------------------------------

def test_flops_of_a_network_that_can_be_counted_by_hand():
    one = cost.Architecture(layers=1, width=2, inner=3, vocabulary=5, positions=4, segments=1)
    found = cost.forward_flops(one, batch=1, tokens=2, labels=2)
    # 4 projections of 2 x 2 and 2 of 2 x 3 for each of 2 tokens; 2 products of 2 x 2 x 2; 2 x 2
    assert found == cost.Flops(blocks=2 * 2 * (4 * 4 + 2 * 6), attention=2 * 2 * 8, head=2 * 4)
    assert found.total == 112 + 32 + 8
    assert one.embedding_weights == (5 + 4 + 1) * 2
    # projections and biases, feed-forward and biases, norms of the block, norm of the embeddings
    assert one.non_embedding_weights == 4 * (4 + 2) + (6 + 3) + (6 + 2) + 8 + 4
    assert one.head_weights(3) == 3 * 3


@few
@given(st.integers(1, 64), st.integers(1, 256))
def test_linear_work_grows_with_tokens_and_attention_with_their_square(batch, tokens):
    one = cost.forward_flops(cost.ARCHITECTURES[SMALL], batch, tokens)
    two = cost.forward_flops(cost.ARCHITECTURES[SMALL], batch, 2 * tokens)
    assert (two.blocks, two.attention, two.head) == (2 * one.blocks, 4 * one.attention, one.head)
    single = cost.forward_flops(cost.ARCHITECTURES[SMALL], 1, tokens)
    assert one.total == batch * single.total
    assert cost.training_flops(cost.ARCHITECTURES[SMALL], batch, tokens).total == 3 * one.total


@pytest.mark.parametrize("numbers", [(-1, 3, 2), (1, -3, 2), (1, 3, -2)])
def test_negative_numbers_have_no_cost(numbers):
    with pytest.raises(ValueError, match="negative"):
        cost.forward_flops(cost.ARCHITECTURES[ENCODER], *numbers)


def test_six_nd():
    assert cost.six_nd(10, 7) == 420
    with pytest.raises(ValueError, match="negative"):
        cost.six_nd(-1, 7)


def assert_counted(checkpoint, monkeypatch):
    """Forward and backward work of the real classifier, as torch counts it, to the last FLOP."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from llmtl_helpers.models import build, classifier, load_config

    monkeypatch.setattr(classifier, "use_fast_linear", lambda model: model)  # not counted by torch
    model = build(checkpoint, "random").train()
    model.body.set_attn_implementation("eager")  # nor is the fused attention, on a CPU
    architecture = cost.Architecture.of(load_config(checkpoint))
    ids = torch.randint(4, 20, (3, 7))  # (batch, tokens)
    with FlopCounterMode(display=False) as forward:
        logits = model(ids, torch.ones_like(ids))
    with FlopCounterMode(display=False) as backward:
        logits.sum().backward()
    expected = cost.forward_flops(architecture, 3, 7)
    assert forward.get_total_flops() == expected.total
    assert backward.get_total_flops() == 2 * expected.total
    assert (cost.training_flops(architecture, 3, 7).total
            == forward.get_total_flops() + backward.get_total_flops())
    weights = sum(p.numel() for p in model.parameters())
    tables = sum(m.weight.numel() for m in model.modules() if isinstance(m, torch.nn.Embedding))
    assert architecture.embedding_weights == tables
    assert architecture.non_embedding_weights == weights - tables - architecture.head_weights(2)
    return architecture


def test_flops_are_what_torch_counts(tmp_path, monkeypatch):
    assert_counted(tiny_checkpoint(tmp_path), monkeypatch)


@pytest.mark.skipif(state("encoder") != "ready", reason="the encoder was not fetched")
@pytest.mark.parametrize("checkpoint", [ENCODER, SMALL])
def test_flops_of_the_course_networks_are_what_torch_counts(checkpoint, monkeypatch):
    assert assert_counted(checkpoint, monkeypatch) == cost.ARCHITECTURES[checkpoint]


def test_shipped_flops_are_six_nd():
    rows = [row for row in Ledger().rows(shipped=True, strategy="all_weights", status="done")]
    if not rows:
        pytest.skip("no shipped runs")
    for row in rows:
        if row["checkpoint"] == DECODER:  # its table of words multiplies at targets alone
            body = row["parameters"] - 49_152 * 576
            assert (cost.six_nd(body, row["tokens"]) <= row["flops"]
                    < cost.six_nd(row["parameters"], row["tokens"]))
            continue
        if row["metric"] == "log_likelihood":  # its table of words is the head, so it multiplies
            positions = 128 * 128
            weights = row["parameters"] - positions
        elif (made := RECIPES.get(row["checkpoint"])) and made.vocabulary:  # a small language model as a classifier
            looked_up = 3000 * 128 + (128 * 128 if row["checkpoint"].startswith("causal") else 0)
            weights = row["parameters"] - looked_up - (2 * 128 + 2)  # words, positions, head
        else:
            architecture = made.architecture if made else row["checkpoint"]
            weights = cost.ARCHITECTURES[architecture].non_embedding_weights
        assert row["flops"] == pytest.approx(cost.six_nd(weights, row["tokens"]))


# --- what a run cost --------------------------------------------------

def trained(n=256, arm="scratch", **fields):
    """A network's row with a cost: 250 updates of 8 texts of 20 tokens."""
    tokens = fields.pop("tokens", 250 * 8 * 20)
    return make_row(arm=arm, n=n, **{
        "tokens": tokens, "flops": 6.0 * 100 * tokens, "seconds": 60.0, "seconds_training": 40.0,
        "peak_memory_mb": 900.0, **fields})


def test_cost_of_a_trained_network():
    found = cost.run_cost(trained())
    assert (found.tokens, found.flops, found.seconds) == (40_000, 24_000_000, 40.0)
    assert (found.labels, found.peak_memory_mb, found.estimated) == (256, 900.0, False)
    exact = cost.training_flops(cost.ARCHITECTURES[ENCODER], 2_000, 20).total
    assert found.matmul_flops == pytest.approx(exact)
    assert found.of("labels") == 256
    with pytest.raises(ValueError, match="unit"):
        found.of("euros")


def test_early_stopping_counts_the_updates_that_were_made():
    whole = cost.run_cost(trained(updates=1000, updates_done=250))
    assert whole.matmul_flops == cost.run_cost(trained()).matmul_flops


def test_cost_of_a_probe_is_one_forward_pass_and_an_estimate():
    row = make_row(arm="probe", updates=0, batch_size=0, n=50, seconds=0.5)
    assert cost.run_cost(row).flops is None
    found = cost.run_cost(row, text_tokens=20.0)
    weights = cost.ARCHITECTURES[ENCODER].non_embedding_weights
    assert (found.tokens, found.flops, found.estimated) == (1000, 2.0 * weights * 1000, True)
    assert found.seconds == 0.5
    one = cost.forward_flops(cost.ARCHITECTURES[ENCODER], 50, 20, labels=0).total
    assert found.matmul_flops == pytest.approx(one)


def test_counting_words_has_no_flops():
    found = cost.run_cost(make_row(arm="tfidf", updates=0, batch_size=0), text_tokens=20.0)
    assert found.flops is found.tokens is found.matmul_flops is None and found.seconds == 50.0


def test_a_cost_that_is_no_number_is_not_known():
    row = trained(seconds_training=math.nan)
    assert cost.run_cost(row).seconds is None


def test_mean_text_tokens_weighs_runs_by_their_texts():
    rows = [trained(tokens=40_000), trained(tokens=80_000, updates=1000, n=4)]
    assert cost.mean_text_tokens(rows) == 120_000 / (250 * 8 + 1000 * 4)
    assert cost.mean_text_tokens([make_row(arm="tfidf")]) is None


def test_a_frozen_prefix_has_no_exact_count():
    assert cost.run_cost(trained(strategy="top_blocks")).matmul_flops is None


def test_tuning_cost_is_that_of_all_trials():
    rows = [trained(purpose="trial", run_seed=seed) for seed in range(3)] + [trained()]
    assert cost.tuning_cost(rows, "scratch", "tokens") == 120_000
    assert cost.tuning_cost(rows, "fine_tuned") is None
    unknown = make_row(arm="scratch", purpose="trial", run_seed=9)
    assert cost.tuning_cost([*rows, unknown], "scratch") is None  # one trial that does not say
    with pytest.raises(ValueError, match="unit"):
        cost.tuning_cost(rows, "scratch", "euros")


def test_speed_and_memory():
    rows = [trained(arm="fine_tuned"), trained(arm="fine_tuned", run_seed=1, peak_memory_mb=700.0)]
    assert cost.speed(rows) == pytest.approx(2 * 24e6 / 80)
    assert cost.least_memory(rows, "fine_tuned") == 700.0
    assert cost.speed(rows, "scratch") is cost.least_memory(rows, "scratch") is None


def test_costs_by_size_takes_finished_curve_runs():
    rows = [trained(n=64), trained(n=64, run_seed=1, status="failed", score=None),
            trained(n=16, purpose="trial"), trained(n=16), trained(n=16, arm="fine_tuned")]
    assert cost.costs_by_size(rows, "scratch") == {16: (24e6,), 64: (24e6,)}
    assert list(cost.costs_by_size(rows, "scratch", "labels")) == [16, 64]
    assert cost.costs_by_size(rows, "tfidf") == {}


# --- cost to reach a level --------------------------------------------------

def line(arm="scratch", sizes=(16, 64, 256, 1024), start=0.5, rise=0.1, tokens=100, seeds=3,
         spread=0.0):
    """Runs whose score rises by `rise` each fourfold n, and whose cost is proportional to n."""
    return [trained(n=n, arm=arm, subset_seed=seed, run_seed=seed, tokens=tokens * n,
                    score=start + rise * place + spread * (seed - (seeds - 1) / 2))
            for place, n in enumerate(sizes) for seed in range(seeds)]


@pytest.mark.parametrize("unit, per_label", [("labels", 1), ("tokens", 100), ("flops", 60_000)])
def test_cost_to_reach_is_exact_on_a_straight_line(unit, per_label):
    found = cost.cost_to_reach(line(), "scratch", 0.65, unit)
    assert found.n == pytest.approx(128)  # half-way from 64 to 256 on a log scale
    assert found.cost == pytest.approx(128 * per_label)
    assert found.interval == pytest.approx((found.cost, found.cost))  # seeds agree
    assert found.censored is None and not found.floor


def test_cost_at_the_ends_is_a_bound():
    low = cost.cost_to_reach(line(), "scratch", 0.3)
    assert (low.censored, low.n, low.cost) == ("at most", 16, pytest.approx(16 * 60_000))
    assert str(low).startswith("at most ") and low.interval[0] == 0
    high = cost.cost_to_reach(line(), "scratch", 0.9)
    assert (high.censored, high.n, high.cost) == ("at least", 1024, pytest.approx(1024 * 60_000))
    assert str(high).startswith("more than ") and high.interval[1] == math.inf


def test_cost_without_runs_or_without_a_count_is_undefined():
    assert "no finished run" in cost.cost_to_reach([], "scratch", 0.6).undefined
    rows = make_curve(arms=("tfidf", "scratch"))
    assert "runs no network" in str(cost.cost_to_reach(rows, "tfidf", 0.6))
    assert "says what it cost" in cost.cost_to_reach(rows, "scratch", 0.6).undefined
    assert cost.cost_to_reach(rows, "tfidf", 0.6, "seconds").cost == pytest.approx(50)
    rows = [make_row(arm="tfidf", seconds=0.0)]
    assert "rounded to zero" in cost.cost_to_reach(rows, "tfidf", 0.6, "seconds").undefined


def test_where_every_size_costs_the_same_the_floor_is_named():
    rows = [trained(n=n, score=0.5 + 0.1 * place) for place, n in enumerate((16, 64, 256))]
    found = cost.cost_to_reach(rows, "scratch", 0.65)
    assert found.floor and found.cost == pytest.approx(24e6)
    assert not cost.cost_to_reach(rows, "scratch", 0.65, "labels").floor
    assert found.interval is None  # one seed only


def test_more_luck_means_a_wider_interval():
    def width(spread):
        low, high = cost.cost_to_reach(line(spread=spread), "scratch", 0.65).interval
        return high / low

    assert 1 < width(0.005) < width(0.02)


@few
@given(st.randoms(use_true_random=False), st.floats(0.51, 0.79))
def test_order_of_rows_does_not_matter(shuffler: random.Random, level):
    rows = line(spread=0.01)
    before = cost.cost_to_reach(rows, "scratch", level, resamples=50)
    shuffler.shuffle(rows)
    after = cost.cost_to_reach(rows, "scratch", level, resamples=50)
    assert after.cost == pytest.approx(before.cost)
    assert after.interval == pytest.approx(before.interval)


@few
@given(st.floats(0.5, 0.8), st.floats(0.5, 0.8))
def test_a_higher_level_never_costs_less(a, b):
    low, high = sorted((a, b))
    rows = line()
    assert (cost.cost_to_reach(rows, "scratch", low, resamples=0).cost
            <= cost.cost_to_reach(rows, "scratch", high, resamples=0).cost * (1 + 1e-9))


def test_questions_that_make_no_sense():
    with pytest.raises(ValueError, match="unit"):
        cost.cost_to_reach(line(), "scratch", 0.6, "euros")
    with pytest.raises(ValueError, match="between 0 and 1"):
        cost.cost_to_reach(line(), "scratch", 60)
    with pytest.raises(LearnerError, match="several tasks"):
        cost.cost_to_reach([*line(), trained(task="sentiment/tweets")], "scratch", 0.6)


@pytest.mark.parametrize("value, unit, text", [
    (3.3192e12, "flops", "3.32e+12 FLOP"), (43.14, "seconds", "43.1 seconds"),
    (12345.6, "tokens", "12,346 tokens"), (480, "labels", "480 labels")])
def test_spoken_cost(value, unit, text):
    assert cost.spoken_cost(value, unit) == text


# --- within a run --------------------------------------------------

def watched(scores, **fields):
    updates = list(range(25, 25 * len(scores) + 1, 25))
    return make_row(arm="scratch", history_updates=updates, history_scores=scores, **fields)


def test_updates_to_reach_reads_the_mean_of_the_runs():
    rows = [watched([0.5, 0.5, 0.7, 0.8]), watched([0.5, 0.6, 0.5, 0.8], run_seed=1)]
    found = cost.updates_to_reach(rows, "scratch", 256, 0.6)
    assert (found.updates, found.share, found.runs, found.censored) == (75, 75 / 250, 2, None)
    assert str(cost.updates_to_reach(rows, "scratch", 256, 0.9)) == "more than 100 updates"
    assert str(cost.updates_to_reach(rows, "scratch", 256, 0.5)) == "at most 25 updates"


def test_runs_that_stopped_early_are_compared_where_all_were_watched():
    rows = [watched([0.5, 0.9]), watched([0.5, 0.5, 0.9], run_seed=1)]
    assert cost.updates_to_reach(rows, "scratch", 256, 0.8).censored == "at least"


def test_updates_to_reach_refuses_few_validation_texts():
    assert "too few" in str(cost.updates_to_reach([watched([0.9], n=64)], "scratch", 64, 0.6))
    assert "no finished run" in cost.updates_to_reach([], "scratch", 256, 0.6).undefined
    with pytest.raises(ValueError, match="between 0 and 1"):
        cost.updates_to_reach([], "scratch", 256, 2)


# --- the bill for pre-training --------------------------------------------------

def evaluate(arithmetic: str) -> list[tuple[float, float]]:
    """(product that the text states, product of the factors that it states) of each 'a x b x c'."""
    scale = {"million": 1e6, "billion": 1e9}
    found = []
    for text, result in re.findall(r"(\d[^=;]*?) = ([\d.e+]+) FLOP", arithmetic):
        product = 1.0
        for factor in re.sub(r"\(.*?\)", "", text).split(" x "):
            number, *words = factor.replace(",", "").split()
            product *= float(number) * scale.get(words[0] if words else "", 1.0)
        found.append((float(result), product))
    return found


@pytest.mark.parametrize("line", [*cost.pretraining_bill().lines, *cost.PUBLISHED],
                         ids=lambda line: line.name)
def test_each_arithmetic_comes_out_as_it_says_and_names_its_source(line):
    stated = evaluate(line.arithmetic)
    assert stated
    for result, product in stated:
        assert result == pytest.approx(product, rel=0.05)  # the text is rounded to two digits
    assert sum(result for result, _ in stated) == pytest.approx(line.flops, rel=0.02)
    assert line.source
    if isinstance(line, cost.Line):
        assert "estimate" in line.arithmetic and line.doubt


def test_the_settings_are_those_that_the_papers_give():
    teacher, distillation, pairs = (line.arithmetic for line in cost.pretraining_bill().lines)
    assert "500,000 updates of 7,680 texts of 512 tokens" in teacher  # Bao et al., section 4.1
    assert "400,000 updates of 2,048 texts of 512 tokens" in distillation  # Wang et al., 4.1
    assert "100,000 updates of 1,024 pairs of 2 texts of 128 tokens" in pairs  # the model's card


def test_scopes_are_nested_and_add_up():
    bill = cost.pretraining_bill()
    assert bill.total() == sum(line.flops for line in bill.lines)
    totals = [bill.total(scope) for scope in cost.SCOPES]
    assert totals == sorted(totals, reverse=True) and len(set(totals)) == len(totals)
    assert bill.charged("sentence pairs") == bill.lines[-1:]
    for scope in cost.SCOPES:
        assert f"{bill.total(scope):.1e} FLOP (estimate)" in bill.arithmetic(scope)
    with pytest.raises(ValueError, match="scope"):
        bill.total("everything")


def test_the_bill_prints_whole_and_safely():
    bill = cost.pretraining_bill()
    for line in bill.lines:
        assert f"{line.name}: {line.flops:.1e} FLOP (estimate)" in str(bill)
    assert bill.arithmetic() in str(bill) and max(map(len, str(bill).splitlines())) <= 96
    unsafe = cost.Bill("<b>", bill.lines, "<script>")
    assert "<script>" not in unsafe._repr_html_() and "&lt;b&gt;" in unsafe._repr_html_()


def test_published_time_implies_a_speed():
    teacher, distillation, _ = cost.pretraining_bill().lines
    assert teacher.speed == pytest.approx(teacher.flops / (64 * 20 * 24 * 3600))
    assert 1e12 < teacher.speed < 125e12  # below a V100's peak, so the estimate is possible
    assert distillation.speed is None


def test_a_checkpoint_without_a_known_history_has_no_bill():
    with pytest.raises(ValueError, match="not known"):
        cost.pretraining_bill("some/other-model")


@pytest.mark.skipif(state("encoder") != "ready", reason="the encoder was not fetched")
def test_the_checkpoint_s_own_card_says_what_the_bill_says():
    from llmtl_helpers.assets import asset_path

    card = (asset_path("encoder") / "README.md").read_text(encoding="utf-8")
    text = " ".join(card.split())
    assert "100k steps using a batch size of 1024" in text and "limited to 128 tokens" in text
    assert "on a TPU v3-8" in text and "nreimers/MiniLM-L6-H384-uncased" in text


# --- break-even --------------------------------------------------

def to_reach(value, censored=None, **fields):
    return cost.CostToReach(**{"arm": "scratch", "level": 0.7, "unit": "flops", "cost": value,
                               "censored": censored, **fields})


@few
@given(numbers, numbers, numbers)
def test_at_break_even_both_ways_cost_the_same(pretraining, a, b):
    tuned, scratch = sorted((a, b))
    found = cost.break_even_tasks(pretraining, scratch, tuned)
    if scratch == tuned:
        assert found.undefined
    else:
        assert pretraining + found.tasks * tuned == pytest.approx(found.tasks * scratch, rel=1e-6)


def test_break_even_of_bounds_is_a_bound():
    assert str(cost.break_even_tasks(100, to_reach(30), to_reach(10))) == "5 tasks"
    bounded = cost.break_even_tasks(100, to_reach(30, "at least"), to_reach(10))
    assert (bounded.tasks, bounded.censored, str(bounded)) == (5, "at most", "at most 5 tasks")
    assert cost.break_even_tasks(100, to_reach(30), to_reach(10, "at most")).censored == "at most"


@pytest.mark.parametrize("scratch, tuned, why", [
    (10, 10, "no number of tasks"),
    (5, 10, "no number of tasks"),
    (to_reach(30), to_reach(10, "at least"), "does not reach"),
    (to_reach(5, "at least"), to_reach(10), "not known"),
    (to_reach(30, "at most"), to_reach(10), "nothing to save"),
    (to_reach(None, undefined="there is no finished run of x"), to_reach(10), "no finished run"),
])
def test_break_even_is_undefined_with_its_reason(scratch, tuned, why):
    found = cost.break_even_tasks(100, scratch, tuned)
    assert found.tasks is None and why in found.undefined and why in str(found)


def test_break_even_refuses_costs_that_do_not_compare():
    with pytest.raises(ValueError, match="unit or level"):
        cost.break_even_tasks(1, to_reach(30, level=0.7), to_reach(10, level=0.8))
    with pytest.raises(ValueError, match="unit or level"):
        cost.break_even_tasks(1, to_reach(30), to_reach(10, unit="seconds"))
    for wrong in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match="not negative"):
            cost.break_even_tasks(wrong, 2, 1)


def test_more_tasks_share_the_bill():
    shares = [cost.cost_per_task(100, 10, tasks) for tasks in (1, 2, 10)]
    assert shares == [110, 60, 20]
    with pytest.raises(ValueError, match="one task or more"):
        cost.cost_per_task(100, 10, 0)
