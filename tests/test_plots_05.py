"""How much to unfreeze: the same thing in picture, table and words, from made-up rows."""

import builtins
import json

import numpy as np
import pytest
from rows import make_row
from test_plots import line, texts
from test_plots_11 import look
from test_without_shipped_runs import RESULT, code_cells

from llmtl_helpers import Ledger, paths
from llmtl_helpers.arms import UNFREEZE
from llmtl_helpers.assets import state
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import pack_flags
from llmtl_helpers.lessons import check
from llmtl_helpers.lessons.source import read_exercises, read_lessons
from llmtl_helpers.plots import unfreeze_data
from llmtl_helpers.plots.unfreeze import columns, figure_of, unfreeze_figure
from llmtl_helpers.plots.unfreeze_data import NAMES, OTHER_ORDER, Unfrozen
from llmtl_helpers.plots.unfreeze_words import against_all, against_the_slogans, as_good, best
from llmtl_helpers.sweep import STUDIES

SIZES = (16, 64, 256, 1024)
# arm -> (trained weights, seconds, accuracy at each size)
MADE_UP = {
    "probe": (385, None, (0.580, 0.670, 0.715, 0.735)),
    "head": (770, 3.0, (0.560, 0.655, 0.705, 0.730)),
    "biases": (26_498, 42.0, (0.565, 0.665, 0.745, 0.790)),
    "adapters_8": (74_498, 46.0, (0.570, 0.675, 0.770, 0.815)),
    "top_1": (1_775_234, 9.0, (0.575, 0.680, 0.750, 0.790)),
    "top_2": (3_549_698, 15.0, (0.570, 0.685, 0.765, 0.810)),
    "top_4": (7_098_626, 29.0, (0.560, 0.690, 0.780, 0.830)),
    "fine_tuned": (22_566_146, 62.0, (0.550, 0.650, 0.785, 0.840)),
    "probe_first": (22_566_146, 63.0, (0.585, 0.685, 0.780, 0.835)),
    "gradual": (22_566_146, 44.0, (0.565, 0.680, 0.780, 0.838)),
    "scratch": (22_566_146, 62.0, (0.500, 0.510, 0.540, 0.620)),
}
CURVE = ("probe", "fine_tuned", "scratch")
LINE = ("probe", "head", "biases", "adapters_8", "top_1", "top_2", "top_4", "fine_tuned")


def unfrozen(arms=tuple(MADE_UP), sizes=SIZES, seeds=5, flags=True, **fields):
    """Rows of choices; run i lies (i - middle) x 0.005 from its level, answers agree in part."""
    rng, rows = np.random.default_rng(5), []
    hard = rng.random(1200)  # a sentence is as hard for all networks
    for arm in arms:
        weights, seconds, levels = MADE_UP[arm]
        for n, level in zip(SIZES, levels, strict=True):
            for seed in range(seeds if n in sizes else 0):
                score = level + 0.005 * (seed - (seeds - 1) / 2)
                right = hard + 0.25 * rng.standard_normal(1200) < np.quantile(hard, score)
                answers = {"correct": pack_flags(right)} if flags else {}
                rows.append(make_row(**{
                    "arm": arm, "n": n, "subset_seed": seed, "run_seed": seed,
                    "score": round(float(right.mean()) if flags else score, 5),
                    "purpose": "curve" if arm in CURVE else "unfreeze",
                    "trained_parameters": weights, "learning_rate": seconds and 1e-3,
                    "seconds": 80.0, **({"seconds_training": seconds} if seconds else {}),
                    **answers, **fields}))
    return rows


ROWS = unfrozen()


# -- the figure ------------------------------------------------------------------------------

def live(arm="adapters_8", n=64, score=0.69, **fields):
    return make_row(**{"arm": arm, "n": n, "purpose": "live", "run_seed": 1000, "score": score,
                       "trained_parameters": MADE_UP[arm][0], "shipped": False, **fields})


@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
@pytest.mark.parametrize("quantity", ["parameters", "seconds"])
@pytest.mark.parametrize("sizes", [None, (64,)])
def test_choices_are_readable(theme, scale, quantity, sizes):
    look(lambda **options: unfreeze_figure(ROWS, quantity, sizes, live_rows=[live()], **options),
         theme, scale)


def test_choices_with_as_many_classes_as_news_topics_are_readable():
    """With more classes the probe and the head train equally many weights: a tie at the left."""
    rows = [row | {"trained_parameters": 1925} if row["arm"] in ("probe", "head") else row
            for row in ROWS]
    look(lambda **options: unfreeze_figure(rows, **options), "light", 1.0)
    assert len(set(columns({"probe": 1925, "head": 1925}).values())) == 2


def test_each_size_has_one_line_from_the_probe_to_all_weights():
    twin = unfreeze_figure(ROWS)
    for n in SIZES:
        drawn = line(twin, f"{n:,} labels")
        assert list(drawn.get_xdata()) == pytest.approx([MADE_UP[arm][0] for arm in LINE])
        means = [np.mean([row["score"] for row in ROWS if (row["arm"], row["n"]) == (arm, n)])
                 for arm in LINE]
        assert list(drawn.get_ydata()) == pytest.approx(means)
        (level,) = {*line(twin, f"_scratch {n}").get_ydata()}
        assert level == pytest.approx(np.mean([row["score"] for row in ROWS if (
            row["arm"], row["n"]) == ("scratch", n)]))
    assert {short for _, short in NAMES.values()} <= set(texts(twin))


def test_another_order_of_training_all_weights_stands_beside_and_on_no_line():
    twin = unfreeze_figure(ROWS)
    beside = [line(twin, f"_64 {arm}").get_xdata()[0] for arm in OTHER_ORDER]
    assert beside == sorted(beside) and beside[0] > MADE_UP["fine_tuned"][0]
    ticks = [float(tick) for tick in twin.figure.axes[0].get_xticks()]
    assert max(ticks) <= MADE_UP["fine_tuned"][0]  # no scale where there is none


def test_columns_keep_their_order_and_their_place_where_they_can():
    places = columns({"a": 1_000, "b": 1_001, "c": 100_000, "d": 100_000})
    assert list(places.values()) == sorted(places.values())
    assert places["a"] == pytest.approx(1_000) and places["c"] == pytest.approx(100_000)
    assert places["b"] > 1_500 and places["d"] > 200_000


def test_names_are_those_of_the_study_and_the_curve():
    assert set(UNFREEZE) | {"probe", "fine_tuned"} == set(NAMES)
    assert STUDIES["unfreeze"].sizes == unfreeze_data.SIZES == SIZES


def test_table_holds_every_choice_with_its_difference_to_all_weights():
    twin = unfreeze_figure(ROWS, live_rows=[live()])
    row = next(row for row in twin.table
               if (row["trained"], row["labels"]) == ("the head alone", 256))
    ours, theirs = ([other["score"] for other in ROWS if (other["arm"], other["n"]) == (arm, 256)]
                    for arm in ("head", "fine_tuned"))
    assert row["minus all weights"] == pytest.approx(np.mean(ours) - np.mean(theirs), abs=1e-4)
    low, high = row["interval"]
    assert low < row["minus all weights"] < high < 0
    assert row["weights"] == 770 and row["seconds"] == 3.0 and row["learning rate"] == "0.001"
    assert len(twin.table) == 4 * len(MADE_UP) + 1
    assert "live run on this machine, seed 1000" in twin.table[-1]["trained"]
    every = unfreeze_figure(ROWS, live_rows=[live()]).csv().splitlines()
    assert len(every) == len(twin.table) + 1


# -- what it says ----------------------------------------------------------------------------

def test_the_reading_says_where_the_order_of_probe_and_all_weights_turns():
    said = unfreeze_figure(ROWS).reading
    assert "The order of the two means turns between 64 and 256 labels" in said
    assert "Surely better with 64 labels; surely worse with 256 and 1,024 labels; " in said
    assert "not decided with 16 labels." in against_all(Unfrozen(ROWS), "probe")
    always = [row for row in ROWS if row["n"] > 64]
    said = unfreeze_figure(always, sizes=(256, 1024)).reading
    assert "does not turn within these sizes" in said and "urely better" not in said


def test_the_slogans_are_answered_without_numbers():
    said = against_the_slogans(Unfrozen(ROWS))
    assert len(said) == 5 and not any("0." in sentence or "points" in sentence for sentence in said)
    assert "the frozen probe: surely better with 64 labels; surely worse with 256 and" in said[0]
    assert all("No runs of this yet" in sentence for sentence in against_the_slogans(Unfrozen([])))


def test_the_reading_names_the_best_and_the_fewest_weights_that_are_as_good():
    found = Unfrozen(ROWS)
    for n in SIZES:
        top, cheap = best(found, n), as_good(found, n)
        means = {arm: choice.summary.mean for arm, choice in found.choices[n].items()}
        assert means[top] == max(means.values())
        assert found.trained(cheap) <= found.trained(top)
        for arm in found.arms[:found.arms.index(cheap)]:  # all with fewer weights are surely worse
            assert found.difference(top, arm, n).interval[0] > 0
    assert "with 1,024 labels all weights 0.8" in unfreeze_figure(ROWS).reading


def test_the_way_that_the_head_alone_goes_is_a_share_of_the_gap_to_scratch():
    said = unfreeze_figure(ROWS, sizes=(1024,)).reading
    low, head, top = (
        np.mean([row["score"] for row in ROWS if (row["arm"], row["n"]) == (arm, 1024)])
        for arm in ("scratch", "head", "fine_tuned"))
    assert f"the head alone goes {(head - low) / (top - low):.0%} (" in said


def test_a_head_that_loses_to_scratch_is_said():
    worse = [row | {"score": 0.45, "accuracy": 0.45 + row["run_seed"] / 1000} if (
        row["arm"], row["n"]) == ("head", 1024) else row for row in unfrozen(flags=False)]
    said = unfreeze_figure(worse).reading
    assert "Surely below the same network from scratch: the head alone with 1,024 labels" in said
    assert "None is surely below the same network from scratch" in unfreeze_figure(ROWS).reading


def test_differences_are_paired_by_seed_and_sentence():
    """Every seed is a point better, and seeds differ by more than a point: only pairs show it."""
    rows = [row | {"accuracy": 0.60 + gain * (1 + row["run_seed"] % 2) + 0.04 * row["run_seed"]}
            for arm, gain in (("probe", 0.01), ("fine_tuned", 0.0))
            for row in unfrozen((arm,), (64,), flags=False)]
    difference = Unfrozen(rows, (64,)).difference("probe", "fine_tuned", 64)
    assert difference.difference == pytest.approx(0.014) and difference.interval[0] > 0
    bands = [choice.summary.band for choice in Unfrozen(rows, (64,)).choices[64].values()]
    assert bands[0][0] < bands[1][1] and bands[1][0] < bands[0][1]  # the bands say nothing


def test_seconds_name_the_quickest_of_what_is_as_good():
    said = unfreeze_figure(ROWS, "seconds").reading
    assert "With 1,024 labels all weights take 62 s" in said
    assert "the top 4 blocks, 29.0 s" in said
    drawn = {drawn.get_label() for drawn in unfreeze_figure(ROWS, "seconds").figure.axes[0].lines}
    assert "_64 head" in drawn and "_64 probe" not in drawn  # a probe makes no updates


def test_a_live_run_is_a_star_in_its_column_and_moves_nothing_else():
    twin = unfreeze_figure(ROWS, live_rows=[live(score=0.7)])
    (star,) = [kind for kind in twin.figure.axes[0].collections
               if kind.get_label().startswith("_live")]
    assert tuple(star.get_offsets()[0]) == pytest.approx((74_498, 0.7))
    assert twin.table[:-1] == unfreeze_figure(ROWS).table
    assert twin.reading == unfreeze_figure(ROWS).reading


# -- what is not there -----------------------------------------------------------------------

def test_missing_choices_are_said_with_the_command_that_makes_them():
    twin = unfreeze_figure([row for row in ROWS if row["arm"] in CURVE])
    said = twin.reading
    assert any("8 of 10 choices have no runs yet" in text for text in texts(twin))
    assert "`python3 start.py sweep --study unfreeze --arms head biases adapters_8" in said
    assert "start.py sweep" not in unfreeze_figure(ROWS).reading
    assert not any("no runs yet" in text for text in texts(unfreeze_figure(ROWS)))
    said = unfreeze_figure([row for row in ROWS if (row["arm"], row["n"]) != ("top_2", 64)]).reading
    assert "At 64 labels: not there yet: top 2 blocks." in said


def test_nothing_at_all_and_live_runs_alone():
    nothing = unfreeze_figure([])
    assert nothing.table == [] and "no finished runs" in nothing.reading
    assert "--study unfreeze" in unfreeze_figure([], "seconds").reading
    alone = unfreeze_figure([], live_rows=[live()])
    assert len(alone.table) == 1 and "only live ones" in alone.reading


def test_runs_of_other_studies_and_trials_do_not_count():
    other = [make_row(arm="adapters_8", purpose=purpose, n=1024, score=0.99, trained_parameters=9)
             for purpose in ("domains", "forgetting", "trial", "live")]
    other += [make_row(arm="fine_tuned", purpose="leak", n=1024, score=0.99, trained_parameters=9)]
    assert unfreeze_figure([*ROWS, *other]).table == unfreeze_figure(ROWS).table


def test_own_runs_fill_gaps_and_mix_with_none():
    own = [row | {"shipped": False, "id": f"own{i}", "score": 0.9, "accuracy": 0.9}
           for i, row in enumerate(unfrozen(("head",)))]
    assert unfreeze_figure([*ROWS, *own]).table == unfreeze_figure(ROWS).table
    filled = unfreeze_figure([*(row for row in ROWS if row["arm"] != "head"), *own])
    assert {row["mean"] for row in filled.table if row["trained"] == "the head alone"} == {0.9}


def test_failed_runs_and_rows_without_a_count_are_left_out():
    broken = [row | {"status": "failed", "score": None} if row["run_seed"] == 0 else row
              for row in ROWS]
    assert {row["runs"] for row in unfreeze_figure(broken).table} == {4}


def test_what_cannot_share_a_figure_is_refused():
    with pytest.raises(LearnerError, match="training rules"):
        unfreeze_figure([*ROWS, *unfrozen(("head",), budget="smoke")])
    with pytest.raises(LearnerError, match="Choose one of parameters, seconds"):
        unfreeze_figure(ROWS, "memory")


def test_before_a_guess_the_hidden_choices_are_nowhere():
    found = Unfrozen(ROWS)
    hidden = [arm for arm in NAMES if arm != "fine_tuned"]
    twin = figure_of(found, hidden=hidden, mark=("head", 64))
    assert {row["trained"] for row in twin.table} == {"all weights",
                                                      "the same network from scratch"}
    assert "head" not in twin.reading and "sweep" not in twin.reading
    shown = figure_of(found, mark=("head", 64))
    (x,), (y,) = (line(shown, "_ring").get_xdata(), line(shown, "_ring").get_ydata())
    assert x == pytest.approx(770) and y == found.choices[64]["head"].summary.mean


# -- the lesson ------------------------------------------------------------------------------

def exercise(name):
    return next(found for lesson in read_lessons() for found in read_exercises(lesson.text)
                if found.name == name)


@pytest.mark.parametrize("trials", [True, False])
def test_the_exercise_on_one_rate_is_right_with_trials_and_without(trials, tmp_path, monkeypatch):
    rows = [make_row(arm="adapters_8", purpose="trial", run_seed=seed, learning_rate=rate,
                     validation_score=0.70 + 0.02 * place + 0.01 * seed, score=None)
            for place, rate in enumerate(UNFREEZE["adapters_8"].trials) for seed in range(3)]
    rows[-1]["status"] = "failed"
    (tmp_path / "shipped").mkdir()
    (tmp_path / "shipped" / "some.jsonl").write_text(
        "\n".join(json.dumps(row) for row in (rows if trials else [])))
    monkeypatch.setattr(paths, "shipped", lambda: tmp_path / "shipped")
    monkeypatch.setattr(paths, "own_runs", lambda: tmp_path / "runs")
    scope = {"ledger": Ledger(), "np": np, "TASK": "sentiment/films",
             "SHIPPED": "at-least-250-updates"}
    one = exercise("one-rate-for-lora")
    exec(one.solution, scope)
    assert scope["answer"] == (pytest.approx(5.5) if trials else "no trials")
    assert check(one.name, scope["answer"]).state == "right"
    other = "no trials" if trials else 5.5
    assert check(one.name, other).state == "not yet"
    assert check(one.name, 0.055).state == "not yet"


@pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                    reason="the assets have not been fetched")
def test_the_lesson_without_any_runs_says_what_is_missing(tmp_path, monkeypatch, capsys):
    (tmp_path / "shipped").mkdir()
    monkeypatch.setattr(paths, "shipped", lambda: tmp_path / "shipped")
    monkeypatch.setattr(paths, "own_runs", lambda: tmp_path / "runs")
    monkeypatch.setattr("llmtl_helpers.sweep.live.Workers.run", lambda self, configs: [])
    monkeypatch.setattr("llmtl_helpers.training.run.run",  # of the probes, live too
                        lambda config: {"validation_score": float("nan")})
    shown = []
    monkeypatch.setattr(builtins, "display", lambda *things: shown.extend(things), raising=False)
    scope: dict = {}
    for source in code_cells("05_how_much_to_unfreeze"):
        exec(compile(source, "a cell", "exec"), scope)
    said = " ".join(capsys.readouterr().out.split())
    assert "--study unfreeze" in said and "not timed yet" in said
    assert not RESULT.search(said), RESULT.search(said)
    assert scope["explorer"].last_error is None and scope["mine"] == []
