"""Figures on cost, luck and fairness: the same thing in picture, table and words."""

import pytest
from matplotlib.text import Text
from rows import LEVELS, make_curve, make_row
from test_plots import boxes, line, texts

from llmtl_helpers.arms import ARMS
from llmtl_helpers.cost import pretraining_bill
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.fairness import SWITCHES
from llmtl_helpers.ledger import pack_flags
from llmtl_helpers.plots.best_of_k import expected_best_curve
from llmtl_helpers.plots.break_even import break_even_curve
from llmtl_helpers.plots.cost import amount, cost_curve
from llmtl_helpers.plots.cost_axis import nice_ticks, tick_texts
from llmtl_helpers.plots.fairness import fairness_figure
from llmtl_helpers.plots.fairness_board import gap_board
from llmtl_helpers.plots.luck import luck_strip
from llmtl_helpers.plots.theme import FONT

CURVE = make_curve()
# 20 further seeds at 64 labels around the level of the curve's five
LUCK = [make_row(arm=arm, n=64, purpose="luck", run_seed=seed, subset_seed=seed,
                 score=round(level + (seed - 14.5) / 1000, 4))
        for arm, level in (("fine_tuned", 0.70), ("scratch", 0.51), ("tfidf", 0.515))
        for seed in range(5, 25)]


def nothing_overlaps(twin) -> bool:
    drawn = boxes(twin)
    width, height = twin.figure.canvas.get_width_height()
    return all(0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height
               and not any(box.overlaps(other) for other in drawn[:index])
               for index, box in enumerate(drawn))


def look(draw, theme, scale) -> None:
    """What every figure here must be: readable, apart, dark where that is asked for."""
    twin = draw(theme=theme, scale=scale)
    assert min(text.get_fontsize() for text in twin.figure.findobj(Text)
               if text.get_text().strip()) >= FONT
    assert nothing_overlaps(twin)
    assert (twin.figure.get_facecolor()[0] < 0.2) == (theme == "dark")


# -- luck ------------------------------------------------------------------------------------

@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
@pytest.mark.parametrize("draw", [luck_strip, expected_best_curve])
def test_luck_figures_are_readable(draw, theme, scale):
    look(lambda **options: draw([*CURVE, *LUCK], **options), theme, scale)


def test_the_strip_holds_every_run_of_the_size_with_most_of_them():
    twin = luck_strip([*CURVE, *LUCK])
    assert "64 labels" in twin.alt
    by_arm = {row["arm"]: row for row in twin.table}
    assert by_arm[ARMS["scratch"].label]["runs"] == 25
    assert by_arm[ARMS["probe"].label]["runs"] == 5
    (points,) = [dots for dots in twin.figure.axes[0].collections
                 if dots.get_label() == "_runs scratch"]
    scores = sorted(row["score"] for row in [*CURVE, *LUCK]
                    if (row["arm"], row["n"]) == ("scratch", 64))
    assert sorted(x for x, _ in points.get_offsets()) == pytest.approx(scores)


def test_the_strip_counts_pairs_with_ties_as_halves():
    rows = [make_row(arm=arm, n=64, run_seed=seed, score=score)
            for arm, scores in (("fine_tuned", (0.6, 0.7, 0.8)), ("scratch", (0.5, 0.6, 0.75)))
            for seed, score in enumerate(scores)]
    twin = luck_strip(rows)
    # 0.6 ties with 0.6 (1/2), 0.75 beats 0.6 and 0.7 (2)
    assert "of the 9 ways" in twin.reading and "wins 2.5" in twin.reading
    assert twin.table[1]["pairs won against the fine-tuned checkpoint"] == "2.5 of 9"


def test_the_strip_names_the_arm_that_wins_most_often():
    assert "wins most often" not in luck_strip(LUCK).reading  # no third arm ever wins
    third = [make_row(arm="probe", n=64, run_seed=seed, score=score)
             for seed, score in enumerate((0.6, 0.72))]  # above all, and below all, of 20
    reading = luck_strip([*LUCK, *third]).reading
    assert "the frozen probe on the checkpoint wins most often, 20 of 40" in reading


def test_few_seeds_are_said_with_the_command_that_makes_more():
    assert "--task sentiment/films --study luck" in luck_strip(CURVE, n=64).reading
    assert "--study luck" in expected_best_curve(CURVE, n=64).reading
    many = [row for row in [*CURVE, *LUCK] if row["arm"] in ("fine_tuned", "scratch")]
    assert "--study" not in luck_strip(many).reading


def test_the_best_of_k_is_the_expected_maximum():
    rows = [make_row(arm="scratch", n=64, run_seed=seed, score=score)
            for seed, score in enumerate((0.5, 0.6))]
    twin = expected_best_curve(rows)
    # two draws from {0.5, 0.6}: a quarter of them never meet 0.6
    assert line(twin, ARMS["scratch"].label).get_ydata() == pytest.approx([0.55, 0.575])
    assert [row["expected best"] for row in twin.table] == pytest.approx([0.55, 0.575])
    assert twin.table[-1]["gain over one run"] == pytest.approx(0.025)


def test_each_line_of_the_best_of_k_ends_with_its_own_runs():
    twin = expected_best_curve([*CURVE, *LUCK])
    lengths = {arm: len(line(twin, ARMS[arm].label).get_xdata()) for arm in LEVELS}
    assert lengths == {"fine_tuned": 25, "scratch": 25, "tfidf": 25, "small_scratch": 5,
                       "probe": 5, "majority": 25}
    assert "best of 5 runs" in twin.reading  # as many as every arm has


def test_the_best_of_k_says_where_luck_turns_the_order():
    rows = [make_row(arm=arm, n=64, run_seed=seed, score=level + spread * seed)
            for arm, level, spread in (("fine_tuned", 0.60, 0.001), ("scratch", 0.56, 0.02))
            for seed in range(5)]  # means 0.602 and 0.600
    twin = expected_best_curve(rows, at=4)
    assert ("the best of 2 of the same network from scratch is above one run of the fine-tuned "
            "checkpoint, which is better on average") in twin.reading
    assert "best of 4 runs" in twin.reading


def test_what_luck_figures_refuse():
    with pytest.raises(LearnerError, match="best of 99 runs"):
        expected_best_curve(CURVE, n=64, at=99)
    with pytest.raises(LearnerError, match="Choose one of 16, 64"):
        luck_strip(CURVE, n=100)
    with pytest.raises(LearnerError, match="cannot share a figure"):
        luck_strip([*CURVE, make_row(arm="scratch", budget="three-epochs")])


@pytest.mark.parametrize("draw", [luck_strip, expected_best_curve])
def test_without_runs_luck_figures_say_which_command_makes_them(draw):
    twin = draw([])
    assert "--study luck" in twin.reading and "--study luck" in twin.alt
    assert twin.table == [] and "no runs to draw yet" in texts(twin)


# -- cost ------------------------------------------------------------------------------------

def costed(rows) -> list[dict]:
    """The rows with FLOP, seconds and tokens: 100 tokens an update, work by the network's size."""
    weights = {"fine_tuned": 1e7, "scratch": 1e7, "small_scratch": 4e5}
    found = []
    for row in rows:
        extra = {"seconds": 0.2}
        if row["arm"] in weights:
            tokens = 100 * row["n"]
            flops = 6 * weights[row["arm"]] * tokens
            extra = {"tokens": tokens, "flops": flops, "seconds_training": flops / 1e10}
        found.append({**row, **extra})
    return found


COSTED = costed([*CURVE, *(make_row(arm="scratch", n=4096, run_seed=seed, score=0.79 + seed / 100)
                           for seed in range(3))])


@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
@pytest.mark.parametrize("options", [{}, {"unit": "seconds"}, {"unit": "tokens"},
                                     {"charge_pretraining": True},
                                     {"unit": "seconds", "charge_pretraining": True,
                                      "tasks": 10**9, "scope": "sentence pairs"}])
def test_cost_curves_are_readable(options, theme, scale):
    look(lambda **more: cost_curve(COSTED, **options, **more), theme, scale)


@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
@pytest.mark.parametrize("options", [{}, {"unit": "seconds"}, {"level": 0.83}, {"level": 0.5},
                                     {"tasks": 1000, "scope": "sentence pairs"}])
def test_break_even_figures_are_readable(options, theme, scale):
    look(lambda **more: break_even_curve(COSTED, **options, **more), theme, scale)


def test_a_cost_curve_puts_each_size_at_its_cost():
    twin = cost_curve(COSTED)
    drawn = line(twin, ARMS["fine_tuned"].label)
    assert drawn.get_xdata() == pytest.approx([6e7 * 100 * n for n in (16, 64, 256, 1024)])
    assert drawn.get_ydata() == pytest.approx([0.62, 0.70, 0.78, 0.84])
    assert twin.figure.axes[0].get_xscale() == "log"
    level = line(twin, ARMS["tfidf"].label)  # no FLOP: its best mean, level
    assert list(level.get_ydata()) == pytest.approx([0.70, 0.70])
    assert next(row for row in twin.table if row["arm"] == ARMS["tfidf"].label)["flops"] is None


def test_the_reading_compares_the_twins_at_one_score():
    twin = cost_curve(COSTED, level=0.78)  # fine-tuned at 256 labels exactly
    assert "To reach accuracy 0.78 the fine-tuned checkpoint takes 1.54e+12 FLOP" in twin.reading
    n = 1024 * 4 ** ((0.78 - 0.60) / (0.80 - 0.60))  # scratch, straight in log n
    assert f"{n / 256:.3g} times as much" in twin.reading
    reading = cost_curve(COSTED, level=0.83).reading
    assert "the fine-tuned checkpoint takes" in reading
    assert "and no run of the same network from scratch is enough at any size drawn." in reading
    assert "0.95 no run of the fine-tuned checkpoint" in cost_curve(COSTED, level=0.95).reading


def test_the_bill_is_added_to_arms_of_the_checkpoint_alone_and_shared():
    free, one, many = (cost_curve(COSTED, charge_pretraining=charge, tasks=tasks)
                       for charge, tasks in ((False, 1), (True, 1), (True, 10**12)))
    bill = pretraining_bill().total()
    x = {twin: line(twin, ARMS["fine_tuned"].label).get_xdata() for twin in (free, one, many)}
    assert x[one] == pytest.approx(x[free] + bill)
    assert x[many] == pytest.approx(x[free] + bill / 1e12)
    same = [line(twin, ARMS["scratch"].label).get_xdata() for twin in (free, one)]
    assert list(same[0]) == list(same[1])
    assert "by estimate, shared by 1 task," in one.reading
    assert "shared by 1,000,000,000,000 tasks" in many.reading
    assert "with pre-training" in one.table[0] and "with pre-training" not in free.table[0]


def test_what_cost_curves_refuse():
    for wrong, said in (({"unit": "euros"}, "no unit"), ({"scope": "some"}, "no scope"),
                        ({"unit": "tokens", "charge_pretraining": True}, "in tokens"),
                        ({"tasks": 0}, "one task or more"), ({"level": 80}, "is no level")):
        with pytest.raises(LearnerError, match=said):
            cost_curve(COSTED, **wrong)
    for draw in (cost_curve, break_even_curve):
        assert "start.py sweep" in draw([]).reading
        with pytest.raises(LearnerError, match="cannot share a figure"):
            draw([*COSTED, make_row(budget="three-epochs")])


def test_break_even_is_where_the_lines_cross():
    twin = break_even_curve(COSTED, level=0.78)
    lines = [line(twin, ARMS[arm].label) for arm in ("fine_tuned", "scratch")]
    tuned, scratch = (row["cost of one task"] for row in twin.table[:2])
    tasks = next(row["break-even tasks"] for row in twin.table
                 if row["arm"] == ARMS["scratch"].label)
    assert tasks == pytest.approx(pretraining_bill().total() / (scratch - tuned))
    (ring,) = [one for one in twin.figure.axes[0].lines if one.get_label() == "_even scratch"]
    assert ring.get_xdata()[0] == pytest.approx(tasks)
    before = lines[0].get_xdata() < tasks
    assert (lines[0].get_ydata()[before] > lines[1].get_ydata()[before]).all()
    assert (lines[0].get_ydata()[~before] < lines[1].get_ydata()[~before]).all()


def test_no_break_even_is_said_with_its_reason():
    cheap = [{**row, "flops": row["flops"] / 1e3} if row["arm"] == "small_scratch" else row
             for row in COSTED]
    reading = break_even_curve(cheap, level=0.65).reading
    assert "against the right-sized network from scratch there is no break-even: tuning" in reading
    # the small network never gets to 0.78: what it would cost is not known
    reading = break_even_curve(COSTED, level=0.78).reading
    assert "reaches the level at no size" in reading
    assert "choose a lower level" in break_even_curve(COSTED, level=0.95).reading


@pytest.mark.parametrize("low, high", [(1, 10), (3e3, 4e5), (1e9, 3e21), (0.04, 300), (5, 6)])
def test_ticks_of_a_cost_axis_are_round_few_and_inside(low, high):
    ticks = nice_ticks(low, high)
    assert len(ticks) <= 7 and all(low <= tick <= high for tick in ticks)
    assert len(ticks) >= 2 or high / low < 2
    assert len(set(tick_texts(ticks))) == len(ticks)


def test_powers_are_written_out():
    assert tick_texts([1, 1000, 1e12]) == ["1", "10³", "10¹²"]
    assert tick_texts([0.5, 1000, 20000]) == ["0.5", "1,000", "20,000"]
    assert tick_texts([3e12])[0] == "3×10¹²"
    assert amount(7200 * 1.5, "seconds").endswith("(3 hours)")


# -- fairness --------------------------------------------------------------------------------

STUDIES = [
    *make_curve(arms=("fine_tuned", "scratch"), sizes=(64, 256), budget="three-epochs",
                updates=24, spread=0.02),
    *(make_row(arm=arm, n=n, purpose=purpose, run_seed=seed, subset_seed=seed, score=score, **more)
      for arm, n, purpose, score, more in (
          ("scratch", 256, "rates", 0.51, {"learning_rate": 2e-5}),
          ("fine_tuned", 1024, "leak", 0.92, {"leaked": 512}),
          ("scratch", 1024, "leak", 0.90, {"leaked": 512}),
          ("tfidf", 1024, "leak", 0.95, {"leaked": 512}))
      for seed in range(3))]
EVERY = [{**row, "correct": pack_flags(i < 1200 * row["score"] for i in range(1200))}
         for row in [*CURVE, *LUCK, *STUDIES]]


@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
@pytest.mark.parametrize("name", SWITCHES)
def test_fairness_figures_are_readable(name, theme, scale):
    broken = SWITCHES[name].function(EVERY)
    assert broken.missing is None
    look(lambda **more: fairness_figure(broken, **more), theme, scale)


@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
@pytest.mark.parametrize("count", [1, 2, 6])
def test_the_board_is_readable(count, theme, scale):
    broken = [switch.function(EVERY) for switch in list(SWITCHES.values())[:count]]
    look(lambda **more: gap_board(broken, **more), theme, scale)


def test_both_sides_stand_on_equal_axes_with_their_gaps():
    broken = SWITCHES["unequal_rates"].function(EVERY)
    twin = fairness_figure(broken)
    _, honest, switched = twin.figure.axes
    assert honest.get_ylim() == switched.get_ylim() and honest.get_xlim() == switched.get_xlim()
    for axes, gap, ends in ((honest, "+25.0", (0.774, 0.524)), (switched, "+26.4", (0.774, 0.51))):
        (bracket,) = [one for one in axes.lines if one.get_label() == "_gap"]
        assert bracket.get_ydata() == pytest.approx(ends, abs=1e-6)
        assert [text.get_text() for text in axes.texts if text.get_text() == gap]
    assert twin.reading == broken.reading and "inflated by 1.4 points" in twin.reading
    assert {row["comparison"] for row in twin.table} == {"honest", "broken"}
    assert "gap +25.0 points" in twin.alt and "gap +26.4 points" in twin.alt


def test_arms_that_the_switch_hides_have_no_leader_to_the_right_panel():
    twin = fairness_figure(SWITCHES["no_baseline"].function(EVERY))
    frame, honest, switched = twin.figure.axes
    drawn = [{one.get_label() for one in axes.lines if not one.get_label().startswith("_")}
             for axes in (honest, switched)]
    assert drawn[1] == {ARMS["fine_tuned"].label, ARMS["scratch"].label} < drawn[0]
    leaders = [one for one in frame.lines if one.get_label() == "_leader"]
    assert len(leaders) == 2 and ARMS["tfidf"].label in texts(twin)


def test_the_board_goes_from_honest_to_broken():
    rates, missing = (SWITCHES["unequal_rates"].function(rows) for rows in (EVERY, CURVE))
    twin = gap_board([rates, missing])
    (honest,), (switched,) = ([one.get_xdata()[0] for one in twin.figure.axes[0].lines
                               if one.get_label() == f"_{side} unequal_rates"]
                              for side in ("honest", "broken"))
    assert (honest, switched) == (rates.honest_gap, rates.broken_gap) == (25.0, 26.4)
    assert any("25.0 → 26.4 at 256 labels" in text for text in texts(twin))
    assert any("runs are missing" in text for text in texts(twin))
    assert "--study rates" in twin.reading and "--study rates" in twin.table[1]["reading"]
    assert "unequal learning rates: inflated by 1.4 points" in twin.reading


def test_missing_runs_are_said_instead_of_drawn():
    for name, study in (("unequal_rates", "rates"), ("leaked_test_text", "leak"),
                        ("epochs_instead_of_updates", "epochs")):
        twin = fairness_figure(SWITCHES[name].function(CURVE))
        assert f"--study {study}" in twin.reading and "no runs to draw yet" in texts(twin)
        assert twin.table == []
    assert "No switch is on." in gap_board([]).reading
