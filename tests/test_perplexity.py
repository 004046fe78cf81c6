"""Perplexity: summaries and figure, on made rows."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtl_helpers.assets import state
from llmtl_helpers.curves import as_perplexity, intervals_apart, summarise_perplexity, summarise_scores
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import perplexity_curve
from llmtl_helpers.profiles import LANGUAGE
from llmtl_helpers.sweep.grid import trial_runs
from rows import make_row

SIZES = (2000, 10_000, 50_000, 100_000)
LEVELS = {"causal_30M": (190, 160, 115, 100), "causal_scratch": (730, 370, 160, 120),
          "causal_untuned": (240,) * 4}


def language_row(**fields):
    return make_row(**{"task": "language/films", "metric": "log_likelihood", "purpose": "perplexity",
                       "budget": "early-stopping", **fields})


def rows(seeds: int = 5, spread: float = 0.02):
    return [language_row(arm=arm, n=n, run_seed=seed, subset_seed=seed, score=-math.log(level) + (
                0 if arm == "causal_untuned" else spread * (seed - (seeds - 1) / 2)))
            for arm, levels in LEVELS.items() for n, level in zip(SIZES, levels, strict=True)
            for seed in range(seeds)]


@given(st.lists(st.floats(-9, -0.1), min_size=3, max_size=9))
def test_a_perplexity_summary_is_the_log_summary_turned_round(scores):
    logs = summarise_scores(scores, "causal_30M", 2000, (-math.inf, 0.0))
    turned = as_perplexity(logs)
    assert turned.mean == pytest.approx(math.exp(-logs.mean)) and turned.k == len(scores)
    assert list(turned.scores) == sorted(turned.scores)
    for one, other in ((logs.interval, turned.interval), (logs.band, turned.band)):
        if one is None:
            assert other is None
        else:
            assert 1 <= other[0] <= turned.mean <= other[1]
            assert math.log(other[0]) == pytest.approx(-one[1], abs=1e-9)


def test_failed_runs_and_other_purposes_are_left_out():
    every = [*rows(), language_row(arm="causal_30M", n=2000, run_seed=9, status="failed", score=None),
             language_row(arm="causal_30M", n=2000, run_seed=8, score=-1.0, purpose="trial")]
    point = summarise_perplexity([*every, *every])["causal_30M"][0]
    assert (point.k, point.left_out) == (5, 1) and point.mean == pytest.approx(190, rel=0.01)
    with pytest.raises(LearnerError, match="several"):
        summarise_perplexity([*every, language_row(task="language/other", arm="causal_30M", score=-4.0)])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_figure_says_what_it_shows(theme):
    found = perplexity_curve(rows(), theme=theme)
    assert "10,000 target tokens" in found.reading and "160" in found.reading and "370" in found.reading
    assert "do not overlap" in found.reading
    assert "before any tuning it has 240, which random weights first beat at 50,000" in found.reading
    assert len(found.table) == 12 and {row["runs"] for row in found.table} == {5}
    axes = found.figure.axes[0]
    assert axes.get_yscale() == axes.get_xscale() == "log"
    low, high = axes.get_ylim()
    assert low < 100 and high > 730 and len([t for t in axes.get_yticks() if low <= t <= high]) >= 4
    assert "lower is better" in found.alt and "240 at every size" in found.alt


def test_what_is_not_there_is_said():
    assert "--study perplexity" in perplexity_curve([]).reading
    only = [row for row in rows() if row["arm"] == "causal_30M"]
    assert "no pair to compare" in perplexity_curve(only).reading
    close = perplexity_curve(rows(spread=2.0))
    assert "intervals of the two means overlap" in close.reading
    never = [row for row in rows() if row["n"] == 2000]
    assert "beat at no size up to 2,000" in perplexity_curve(never).reading


def test_a_live_run_is_a_star():
    live = language_row(arm="causal_scratch", n=10_000, run_seed=1000, purpose="live", score=-6.0)
    found = perplexity_curve(rows(), live_rows=[live, live])
    assert "stars: 1 run made live" in found.alt
    assert found.table[-1]["perplexity"] == pytest.approx(math.exp(6))
    assert "only 1 run made live" in perplexity_curve([], live_rows=[live]).reading


@pytest.mark.skipif(state("sentiment") != "ready", reason="the sentences were not fetched")
@pytest.mark.parametrize("n, tuned_at", [(2000, 2000), (5000, 2000), (20_000, 10_000), (100_000, 50_000)])
def test_running_text_is_tuned_at_the_nearest_trial_size_below(n, tuned_at):
    """Sizes count tokens here, and there are more of them than texts."""
    trials = trial_runs("language/films", "causal_scratch", n, LANGUAGE)
    assert {trial.n for trial in trials} == {tuned_at} and len(trials) == 4


def test_intervals_are_apart_in_either_order_and_not_without_one():
    low, high, near = (summarise_scores(scores, "causal_30M", 2000) for scores in
                       ((0.1, 0.11, 0.12), (0.8, 0.81, 0.82), (0.1, 0.12, 0.13)))
    single = summarise_scores((0.5,), "causal_30M", 2000)
    assert intervals_apart(low, high) and intervals_apart(high, low)
    assert not intervals_apart(low, near) and not intervals_apart(low, single)
