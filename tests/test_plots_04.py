"""Figures on what transfers: the same thing in picture, table and words."""

import numpy as np
import pytest
from rows import make_row
from test_plots import line, texts
from test_plots_11 import look

from llmtl_helpers import paths
from llmtl_helpers.arms import (ARMS, ENCODER_LADDER, EVERY_ARM, SMALL_LADDER, TRANSPLANTS, find_arm,
                                kept_arm, parts_text)
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import pack_flags, shipped_or_own
from llmtl_helpers.plots import ladder_figure, layer_curve, transplant_figure
from llmtl_helpers.plots.missing_runs import missing_runs
from llmtl_helpers.plots.transplants_data import LINES, nearest, usual_rate


def rung(arm, score, seeds=5, n=256, **fields):
    purpose = "curve" if arm in ARMS else "small" if arm in SMALL_LADDER else "ladder"
    return [make_row(**{"arm": arm, "n": n, "run_seed": seed, "subset_seed": seed,
                        "purpose": purpose, "score": round(score + 0.01 * (seed - 2), 4), **fields})
            for seed in range(seeds)]


def ladder(arms):
    return [row for place, arm in enumerate(arms) for row in rung(arm, 0.55 + 0.04 * place)]


# -- the ladder ------------------------------------------------------------------------------

@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
@pytest.mark.parametrize("arms", [ENCODER_LADDER, SMALL_LADDER])
def test_the_ladder_is_readable_with_all_its_long_labels(theme, scale, arms):
    rows = ladder(arms)
    live = [make_row(arm=arms[1], purpose="live", run_seed=1000, score=0.6)]
    look(lambda **options: ladder_figure(rows, arms, 256, live_rows=live, **options), theme, scale)


def test_the_lowest_rung_is_at_the_bottom_and_every_run_is_a_point():
    twin = ladder_figure(ladder(ENCODER_LADDER), ENCODER_LADDER, 256)
    dots = {kind.get_label().removeprefix("_runs "): kind.get_offsets()
            for kind in twin.figure.axes[0].collections if kind.get_label().startswith("_runs")}
    heights = [np.mean(dots[arm][:, 1]) for arm in ENCODER_LADDER]
    assert heights == sorted(heights)
    assert sorted(dots["shuffled_layers"][:, 0]) == pytest.approx([0.61, 0.62, 0.63, 0.64, 0.65])
    assert {EVERY_ARM[arm].label for arm in ENCODER_LADDER} <= set(texts(twin))


def test_table_and_reading_say_how_far_each_rung_goes():
    rows = [*rung("scratch", 0.50), *rung("random_moments", 0.50), *rung("shuffled_layers", 0.65),
            *rung("fine_tuned", 0.70)]
    twin = ladder_figure(rows, ("scratch", "random_moments", "shuffled_layers", "fine_tuned"), 256)
    by_arm = {row["rung"]: row for row in twin.table}
    assert by_arm[EVERY_ARM["shuffled_layers"].label]["share of the gap"] == pytest.approx(0.75)
    assert "shuffled 75%" in twin.reading and "0.500" in twin.reading and "0.700" in twin.reading
    better, _, unsure = twin.reading.partition("Not surely different")
    assert EVERY_ARM["shuffled_layers"].label in better.partition("urely better")[2]
    assert EVERY_ARM["random_moments"].label in unsure


def test_answers_to_single_texts_count_where_they_are_recorded():
    rng = np.random.default_rng(0)
    rows = [row | {"correct": pack_flags(answers), "score": float(answers.mean()),
                   "accuracy": float(answers.mean())}
            for arm, share in (("scratch", 0.5), ("shuffled_layers", 0.6), ("fine_tuned", 0.7))
            for row in rung(arm, share, test_size=400)
            for answers in [rng.random(400) < share]]
    arms = ("scratch", "shuffled_layers", "fine_tuned")

    def width(rows):
        low, high = ladder_figure(rows, arms, 256).table[1]["interval"]
        return high - low

    assert width(rows) > width([{**row, "correct": ""} for row in rows])


def test_a_missing_rung_is_said_with_the_command_that_makes_it():
    rows = ladder(("scratch", "random_moments", "fine_tuned"))
    twin = ladder_figure(rows, ENCODER_LADDER, 256)
    assert "`python3 start.py sweep --study ladder --arms shuffled_layers" in twin.reading
    assert EVERY_ARM["own_text"].label in twin.reading
    assert any("5 of 8 rungs are not there yet" in text for text in texts(twin))
    small = ladder_figure(ladder(SMALL_LADDER[:3]), SMALL_LADDER, 256)
    assert "--study small-ladder --arms masked_nonsense" in small.reading
    assert "--study ladder" in ladder_figure([], ENCODER_LADDER, 256).reading


@pytest.fixture
def no_checkpoints(tmp_path, monkeypatch):
    for place in ("own_checkpoints", "shipped_checkpoints"):
        monkeypatch.setattr(paths, place, lambda: tmp_path)
    return tmp_path


def test_what_a_rung_starts_from_is_pretrained_first_and_its_time_is_said(no_checkpoints):
    said = missing_runs(["random_moments", "nonsense", "own_text"], 256)
    assert "`python3 start.py pretrain encoder-nonsense encoder-own-text` comes first" in said
    assert "2M tokens, about 22 min on one core each" in said
    assert said.index("start.py pretrain") < said.index("start.py sweep --study ladder --arms")
    (no_checkpoints / "encoder-own-text").mkdir()
    (no_checkpoints / "encoder-own-text" / "config.json").write_text("{}")
    assert "pretrain encoder-nonsense`" in missing_runs(["nonsense", "own_text"], 256)
    assert "pretrain" not in missing_runs(["random_moments", "own_text"], 256).partition("`")[2]
    assert missing_runs([], 256) == ""


def test_the_pace_of_a_like_pretraining_is_taken_where_there_is_one(no_checkpoints):
    assert "(10M tokens)" in missing_runs(["masked_nonsense"], 256)  # no pace known
    (no_checkpoints / "masked-10M").mkdir()
    (no_checkpoints / "masked-10M" / "pretraining.json").write_text(
        '{"tokens": 10000000, "seconds": 1200}')
    assert "10M tokens, about 20 min on one core)" in missing_runs(["masked_nonsense"], 256)


def test_own_runs_fill_the_rungs_that_have_no_shipped_ones_and_mix_with_none():
    shipped, mine = ladder(ENCODER_LADDER[:3] + ENCODER_LADDER[-1:]), {"shipped": False}
    others = [*rung("random_moments", 0.9, seeds=7, learning_rate=6e-4, **mine),
              *rung("own_text", 0.7, purpose="trial", **mine),
              *rung("other_text", 0.7, purpose="live", **mine)]
    assert (ladder_figure([*shipped, *others], ENCODER_LADDER, 256).table
            == ladder_figure(shipped, ENCODER_LADDER, 256).table)
    filled = ladder_figure([*shipped, *others, *rung("own_text", 0.7, **mine)], ENCODER_LADDER, 256)
    (row,) = [row for row in filled.table if row["rung"] == EVERY_ARM["own_text"].label]
    assert row["mean"] == pytest.approx(0.7) and row["runs"] == 5


def test_what_counts_is_decided_for_every_size_and_purpose_by_itself():
    rows = [make_row(arm="own_text", n=64, purpose="ladder"),
            make_row(arm="own_text", n=64, purpose="ladder", run_seed=1, shipped=False),
            make_row(arm="own_text", n=256, purpose="ladder", shipped=False),
            make_row(arm="own_text", n=64, purpose="luck", shipped=False),
            make_row(arm="own_text", n=64, purpose="trial"),
            make_row(arm="own_text", n=256, purpose="live", shipped=False)]
    assert shipped_or_own(rows) == [rows[0], rows[2], rows[3]]


def test_without_an_end_there_is_no_share():
    twin = ladder_figure(ladder(ENCODER_LADDER)[5:], ENCODER_LADDER, 256)
    assert "no gap to measure by" in twin.reading and "--arms scratch" in twin.reading
    assert all(row["share of the gap"] is None for row in twin.table)


def test_trials_spoilt_runs_and_other_sizes_are_left_out():
    good = ladder(ENCODER_LADDER)
    other = [make_row(arm="fine_tuned", purpose="leak", score=0.99),
             make_row(arm="own_text", purpose="trial", score=0.99),
             make_row(arm="own_text", purpose="ladder", n=64, score=0.99)]
    assert ladder_figure([*good, *other], ENCODER_LADDER, 256).table == (
        ladder_figure(good, ENCODER_LADDER, 256).table)


def test_a_live_run_is_a_star_and_a_row_and_moves_nothing_else():
    rows = ladder(ENCODER_LADDER)
    live = make_row(arm="nonsense", purpose="live", run_seed=1000, score=0.61)
    twin = ladder_figure(rows, ENCODER_LADDER, 256, live_rows=[live])
    (star,) = [kind for kind in twin.figure.axes[0].collections
               if kind.get_label() == "_live nonsense"]
    assert tuple(star.get_offsets()[0]) == pytest.approx((0.61, 3))
    assert twin.table[-1]["mean"] == 0.61 and "seed 1000" in twin.table[-1]["rung"]
    assert twin.table[:-1] == ladder_figure(rows, ENCODER_LADDER, 256).table


def test_runs_of_several_rules_cannot_share_a_ladder():
    rows = [*ladder(ENCODER_LADDER), *rung("nonsense", 0.6, budget="smoke")]
    with pytest.raises(LearnerError, match="training rules"):
        ladder_figure(rows, ENCODER_LADDER, 256)
    with pytest.raises(LearnerError, match="two arms"):
        ladder_figure(rows, ("scratch",), 256)


# -- layers ----------------------------------------------------------------------------------

PLACES = {  # scores of the probes and similarity, at the embeddings and six blocks
    "layers_random": ([0.56] * 7, [0.78, 0.76, 0.72, 0.61, 0.52, 0.44, 0.21]),
    "layers_pretrained": ([0.69, 0.70, 0.71, 0.73, 0.76, 0.75, 0.74], [1.0] * 7),
    "layers_fine_tuned": ([0.70, 0.72, 0.73, 0.77, 0.78, 0.79, 0.80],
                          [1.0, 0.99, 0.96, 0.83, 0.45, 0.25, 0.16]),
}


def probes(arms=tuple(PLACES), seeds=5, **fields):
    return [make_row(**{"arm": arm, "run_seed": seed, "subset_seed": seed, "purpose": "layers",
                        "layer_scores": [score + 0.01 * (seed - 2) for score in PLACES[arm][0]],
                        "layer_similarity": list(PLACES[arm][1]), **fields})
            for arm in arms for seed in range(seeds)]


GUESS = make_row(arm="majority", score=0.49, checkpoint="none", init="none")


@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
@pytest.mark.parametrize("quantity", ["score", "similarity"])
def test_layer_curves_are_readable(theme, scale, quantity):
    live = probes(seeds=1, purpose="live", run_seed=1000)
    look(lambda **options: layer_curve([*probes(), GUESS], quantity=quantity, live_rows=live,
                                       **options), theme, scale)


@pytest.mark.parametrize("quantity, field", [("score", 0), ("similarity", 1)])
def test_every_place_is_drawn_and_said(quantity, field):
    twin = layer_curve([*probes(), GUESS], quantity=quantity)
    for arm, expected in PLACES.items():
        drawn = line(twin, EVERY_ARM[arm].label)
        assert list(drawn.get_xdata()) == list(range(7))
        assert list(drawn.get_ydata()) == pytest.approx(expected[field])
        in_table = [row["mean"] for row in twin.table if row["weights"] == EVERY_ARM[arm].label]
        assert in_table == pytest.approx(expected[field])
    assert any("majority" in row["weights"] for row in twin.table) == (quantity == "score")


def test_the_readings_name_the_best_place_and_where_tuning_changed_most():
    said = layer_curve(probes()).reading
    assert "best after block 4" in said and "+6.0 points, after block 6" in said
    said = layer_curve(probes(), quantity="similarity").reading
    assert "below 0.9 from block 3 on" in said and "below 0.9 from the embeddings on" in said


def test_live_probes_alone_make_the_figure_and_say_that_they_are_single_runs():
    live = probes(seeds=1, purpose="live", run_seed=1000)
    twin = layer_curve([], live_rows=live)
    assert "single live runs" in twin.reading and len(twin.table) == 21
    stars = [kind for kind in twin.figure.axes[0].collections
             if kind.get_label().startswith("_live")]
    assert len(stars) == 21
    assert "--study layers" in layer_curve([]).reading
    assert "--study layers" in layer_curve(probes(), n=1024).reading


def test_layer_curves_refuse_what_they_cannot_show():
    with pytest.raises(LearnerError, match="score, similarity"):
        layer_curve(probes(), quantity="loss")
    with pytest.raises(LearnerError, match="training rules"):
        layer_curve([*probes(), *probes(seeds=1, budget="smoke")])


# -- transplants -----------------------------------------------------------------------------

MEANS = {"": 0.60, "e": 0.68, "e0": 0.70, "e01": 0.71, "e012": 0.73, "e0123": 0.75,
         "e01234": 0.77, "e5": 0.69, "e45": 0.69, "e345": 0.68, "e2345": 0.69, "e12345": 0.70,
         "012": 0.56, "345": 0.55, "012345": 0.52, "e012345": 0.80}


def transplants(means=MEANS, seeds=5):
    return [make_row(arm=kept_arm(kept), run_seed=seed, subset_seed=seed,
                     purpose="curve" if kept in ("", "e012345") else "transplants",
                     score=round(mean + 0.01 * (seed - 2), 4))
            for kept, mean in means.items() for seed in range(seeds)]


def test_any_combination_is_an_arm_and_nothing_else_is():
    for kept in ("e", "e02", "135", "012345"):
        assert find_arm(f"kept_{kept}").init == f"kept:{kept}"
    for name in ("kept_", "kept_e012345", "kept_20", "kept_e6", "kept_ee", "keep_e"):
        assert find_arm(name) is None
    assert kept_arm("") == "scratch" and kept_arm("e012345") == "fine_tuned"
    assert set(TRANSPLANTS) == {kept_arm(kept) for kept in MEANS} - {"scratch", "fine_tuned"}


@pytest.mark.parametrize("kept, said", [
    ("e", "the embeddings"), ("0", "block 1"), ("45", "blocks 5 and 6"),
    ("e012", "the embeddings and blocks 1 to 3"), ("135", "blocks 2, 4 and 6"),
    ("e0134", "the embeddings and blocks 1, 2, 4 and 5")])
def test_parts_are_said_in_words_and_counted_from_one(kept, said):
    assert parts_text(kept) == said


@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
@pytest.mark.parametrize("kept", [None, "", "e012", "e012345"])
def test_transplants_are_readable(theme, scale, kept):
    live = [make_row(arm="kept_e13", purpose="live", run_seed=1000, score=0.66)]
    look(lambda **options: transplant_figure(transplants(), kept, live_rows=live, **options),
         theme, scale)


def test_each_line_holds_its_combinations_in_order():
    twin = transplant_figure(transplants())
    up, down = line(twin, LINES[0][0].label), line(twin, LINES[1][0].label)
    assert list(up.get_xdata()) == list(down.get_xdata()) == list(range(7))
    assert list(up.get_ydata()) == pytest.approx([0.68, 0.70, 0.71, 0.73, 0.75, 0.77, 0.80])
    assert list(down.get_ydata()) == pytest.approx([0.68, 0.69, 0.69, 0.68, 0.69, 0.70, 0.80])
    assert list(line(twin, LINES[2][0].label).get_ydata()) == pytest.approx([0.60, 0.56, 0.52])
    assert "embeddings alone 0.680, which is 40% of the way" in twin.reading
    assert len(twin.table) == len(MEANS)


def test_a_marked_combination_is_ringed_named_and_drawn_as_boxes():
    twin = transplant_figure(transplants(), "e012")
    ring = line(twin, "_ring")
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == pytest.approx((3, 0.73))
    said = texts(twin)
    assert {"embed.: kept", "block 3: kept", "block 4: random", "head: new"} <= set(said)
    assert "blocks 1 to 3" in twin.reading and "65% of the way" in twin.reading
    assert "column of boxes" in twin.alt


def test_a_combination_without_runs_names_the_nearest_that_have_some():
    twin = transplant_figure(transplants(), "e02")
    assert "no shipped runs of this combination" in twin.reading
    # one part away: block 3 added, block 1 alone ...; nothing farther is named
    assert nearest(MEANS, "e02") == ["e0", "e012"]
    assert "block 1 kept, 0.700" in twin.reading and "blocks 1 to 3 kept, 0.730" in twin.reading


def test_before_a_guess_the_ends_alone_are_there():
    twin = transplant_figure(transplants(), "e012", hidden=True)
    assert {row["kept"] for row in twin.table} == {"nothing", "everything"}
    assert "0.73" not in twin.reading + twin.alt and not any("0.73" in text for text in texts(twin))
    assert not [drawn for drawn in twin.figure.axes[0].lines if drawn.get_label() == "_ring"]


def test_no_runs_and_no_such_combination_are_said():
    assert "--study transplants" in transplant_figure([]).reading
    assert "no run of it" in transplant_figure([], "e0").reading
    for wrong in ("e9", "21", "x"):
        with pytest.raises(LearnerError, match="no combination"):
            transplant_figure(transplants(), wrong)


def test_the_usual_rate_is_that_of_most_combinations():
    assert usual_rate({"e": 1e-4, "e0": 5e-5, "e01": 1e-4, "": 3e-4, "e012345": 3e-4}) == (1e-4, 2)
    assert usual_rate({"e": 1e-4, "e0": 5e-5}) == (5e-5, 1) and usual_rate({"": 3e-4}) is None
