"""Figures that read the twin curve sideways, and tables that can be downloaded."""

import base64
import csv
import io
import re
import sys
from html import unescape
from pathlib import Path

import pytest
from matplotlib.text import Text
from rows import SIZES, make_curve, make_row
from test_plots import boxes, line, texts

from llmtl_helpers.arms import ARMS
from llmtl_helpers.benchmark.browser import page
from llmtl_helpers.curves import data_multiplier, forecast, multiplier_sizes
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import (forecast_figure, level_curve, multiplier_by_level,
                                 multiplier_by_size, twin_curve)
from llmtl_helpers.plots.tables import cell, csv_text, file_name, table_html
from llmtl_helpers.plots.theme import FONT

ROWS = make_curve()
LONG = make_curve(arms=("fine_tuned", "majority")) + [
    make_row(n=n, run_seed=seed, score=score + seed / 500)
    for n, score in ((32, 0.66), (128, 0.74), (512, 0.81)) for seed in range(5)]


def parse(text: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def scores(arm: str) -> dict[int, list[float]]:
    return {n: [row["score"] for row in ROWS if (row["arm"], row["n"]) == (arm, n)]
            for n in SIZES}


def labelled(twin, label):
    return [artist for artist in twin.figure.axes[0].get_children()
            if artist.get_label() == label]


# -- tables to download ----------------------------------------------------------------------

def test_csv_keeps_every_digit():
    twin = twin_curve(ROWS)
    read = parse(twin.csv())
    assert len(read) == len(twin.table) > 20
    for written, row in zip(read, twin.table, strict=True):
        assert float(written["mean"]) == row["mean"] and int(written["n"]) == row["n"]
        ends = tuple(float(written[f"band_{end}"]) for end in ("low", "high")
                     if written[f"band_{end}"])
        assert ends == (row["band"] or ())


def test_csv_has_a_header_and_leaves_nothing_empty_but_none():
    read = parse(csv_text([{"arm": 'a "b", c\nd é', "x": None, "band": (0.1 + 0.2, 1.0)},
                           {"arm": "", "x": -0.5, "band": None}]))
    assert read == [{"arm": 'a "b", c\nd é', "x": "", "band_low": "0.30000000000000004",
                     "band_high": "1.0"},
                    {"arm": "", "x": "-0.5", "band_low": "", "band_high": ""}]
    assert csv_text([]) == ""


def test_columns_do_not_depend_on_whether_there_is_a_band():
    one = csv_text([{"n": 1, "band": None}])
    assert one.splitlines()[0] == csv_text([{"n": 1, "band": (0.1, 0.2)}]).splitlines()[0]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_no_text_is_run_as_a_formula(start):
    (row,) = parse(csv_text([{"text": f"{start}1+1", f"{start}head": -1.5, "low": -2}]))
    assert list(row.items()) == [("text", f"'{start}1+1"), (f"'{start}head", "-1.5"),
                                 ("low", "-2")]


def test_the_link_holds_the_csv_itself():
    table = [{"arm": "<é>", "mean": 1 / 3}]
    link = re.search(r'<a download="([^"]+)"[^>]*href="data:text/csv;charset=utf-8;base64,'
                     r'([^"]+)">', table_html(table, name='Films: "a/b"'))
    assert link[1] == "films-a-b.csv"
    assert base64.b64decode(link[2]).decode("utf-8") == csv_text(table)
    assert "<a " not in table_html([]) and file_name("") == "table"
    assert file_name("x" * 200) == "x" * 60


def test_every_figure_carries_its_link_under_its_title():
    assert 'download="what-the-checkpoint-buys-sentiment-films.csv"' in twin_curve(ROWS).html()


def test_a_table_is_saved_by_its_ending(tmp_path):
    twin = twin_curve(ROWS)
    path = twin.save(tmp_path / "new" / "table.csv")
    assert path.read_bytes().decode("utf-8") == twin.csv()
    assert [file.name for file in path.parent.iterdir()] == ["table.csv"]


def test_cells_in_print():
    assert [cell(value) for value in (0.12345, 1234.56, 3.2e9, float("inf"), (2.0, float("inf")),
                                      12345, None)] == [
        "0.123", "1,234.6", "3.2e+09", "no limit", "2.000 to no limit", "12,345", "–"]


def test_a_browser_downloads_the_csv(tmp_path):
    sys.path.insert(0, str(Path(__file__).parent / "browser"))
    from lab import need_browser

    need_browser()
    twin = twin_curve(make_curve(arms=("fine_tuned", "tfidf")))
    with page() as shown:
        shown.sheet.set_content(twin.html())
        with shown.sheet.expect_download() as waiting:
            shown.sheet.get_by_role("link", name="Download this table as CSV").click()
        waiting.value.save_as(tmp_path / "got.csv")
        assert waiting.value.suggested_filename == "what-the-checkpoint-buys-sentiment-films.csv"
    assert (tmp_path / "got.csv").read_bytes() == twin.csv().encode()
    assert shown.errors == []


# -- the level -------------------------------------------------------------------------------

def test_level_meets_both_lines_where_the_multiplier_says():
    twin = level_curve(ROWS, 0.64, baseline="small_scratch")
    want = data_multiplier(scores("small_scratch"), scores("fine_tuned"), 0.64)
    assert want.n_treatment == pytest.approx(16 * 4 ** 0.25)  # a quarter of the way, on a log axis
    assert want.n_baseline == pytest.approx(256 * 4 ** 0.6)
    for arm, n in (("fine_tuned", want.n_treatment), ("small_scratch", want.n_baseline)):
        (ring,) = labelled(twin, f"_meets {arm}")
        assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (n, 0.64)
    assert {"23", "588"} <= set(texts(twin))
    assert twin.reading.startswith(f"{want}. To reach accuracy 0.640 the right-sized network from "
                                   "scratch needs 588 labels and the fine-tuned checkpoint needs "
                                   "23 labels")
    assert str(want).startswith("588 against 23: 26x [") and twin.alt.endswith(f", {want}.")


def test_level_is_written_into_the_table():
    twin = level_curve(ROWS, 0.64, baseline="small_scratch")
    plain = twin_curve(ROWS, arms=("fine_tuned", "small_scratch", "probe", "tfidf", "majority"))
    assert twin.table[:-2] == plain.table
    last = parse(twin.csv())[-1]
    assert last["arm"] == "right-sized network from scratch, where it meets the level"
    assert float(last["n"]) == pytest.approx(588.1, abs=0.1) and last["mean"] == "0.64"


def test_a_level_that_the_baseline_never_reaches_is_a_bound():
    twin = level_curve(ROWS, 0.70)
    assert twin.reading.startswith("At least 16x")
    assert "the same network from scratch does not get there with 1,024 labels" in twin.reading
    assert not labelled(twin, "_meets scratch") and labelled(twin, "_meets fine_tuned")
    assert [row["arm"] for row in twin.table if "meets" in row["arm"]] == [
        "fine-tuned checkpoint, where it meets the level"]
    arrow = next(text for text in twin.figure.axes[0].texts if getattr(text, "arrow_patch", None))
    assert arrow.xy == (twin.figure.axes[0].get_xlim()[1], 0.70)


def test_a_level_below_the_baselines_first_size_is_a_bound_from_above():
    twin = level_curve(ROWS, 0.55, treatment="small_scratch", baseline="fine_tuned")
    assert twin.reading.startswith("At most 0.18x")
    assert "the fine-tuned checkpoint is above it with its smallest number, 16 labels" in (
        twin.reading)


@pytest.mark.parametrize("level", [0.55, 0.95])
def test_a_level_that_says_nothing_is_explained(level):
    twin = level_curve(ROWS, level)
    assert twin.reading.startswith(f"No multiplier at accuracy {level:.3f}: the treatment ")
    assert f"at {level:.3f}: no multiplier" in texts(twin)
    assert not any("meets" in row["arm"] for row in twin.table)


def test_reading_says_where_the_checkpoint_loses_and_only_there():
    rows = [make_row(arm=arm, n=n, run_seed=seed, score=score + seed / 1000)
            for arm, line_ in (("fine_tuned", (0.5, 0.55, 0.62)), ("scratch", (0.5, 0.63, 0.7)))
            for n, score in zip((16, 64, 256), line_, strict=True) for seed in range(3)]
    assert level_curve(rows, 0.6).reading.endswith("; transfer loses here.")
    assert "loses" not in level_curve(ROWS, 0.64, "small_scratch", "fine_tuned").reading


def test_default_level_is_one_that_both_lines_pass():
    reading = level_curve(ROWS, baseline="small_scratch").reading
    assert "accuracy 0.640" in reading  # halfway from 0.62, where one starts, to 0.66
    assert level_curve(ROWS).reading  # these lines have no score in common


def test_level_of_another_metric():
    assert "To reach macro-F1 0.640" in level_curve(ROWS, 0.64, baseline="small_scratch",
                                                    metric="macro_f1").reading


def test_a_line_that_falls_is_read_on_its_best_mean_so_far():
    rows = make_curve(arms=("scratch",)) + [
        make_row(n=n, run_seed=seed, score=score + seed / 1000) for seed in range(3)
        for n, score in ((16, 0.5), (64, 0.58), (256, 0.54), (1024, 0.6))]
    (best,) = labelled(level_curve(rows, 0.59), "_best fine_tuned")
    assert list(best.get_ydata()) == pytest.approx([0.501, 0.581, 0.581, 0.601])
    assert not labelled(level_curve(ROWS, 0.64), "_best fine_tuned")


def test_level_refusals():
    with pytest.raises(LearnerError, match="with itself"):
        level_curve(ROWS, treatment="scratch")
    with pytest.raises(LearnerError, match="80% as 0.80"):
        level_curve(ROWS, 80)
    with pytest.raises(LearnerError, match="cannot share a figure"):
        level_curve([*ROWS, *make_curve(arms=("scratch",), budget="three-epochs")])


# -- the multiplier --------------------------------------------------------------------------

def test_multiplier_by_level_is_the_multiplier_at_every_level():
    twin = multiplier_by_level(ROWS)
    for arm in ("scratch", "small_scratch", "tfidf"):
        lines = [row for row in twin.table if row["baseline"] == ARMS[arm].label]
        assert [row["level"] for row in lines] == pytest.approx(
            [0.64, 0.66, 0.68, 0.70, 0.72, 0.74, 0.76, 0.78, 0.80, 0.82, 0.84], abs=1e-9)
        for row in lines:
            want = data_multiplier(scores(arm), scores("fine_tuned"), row["level"])
            assert (row["ratio"], row["interval"], row["note"]) == (
                want.ratio, want.interval, want.undefined or want.censored)
    assert line(twin, ARMS["tfidf"].label).get_ydata()[0] == pytest.approx(
        next(row["ratio"] for row in twin.table if row["baseline"] == ARMS["tfidf"].label))


def test_multiplier_by_size_is_the_multiplier_at_every_size():
    twin = multiplier_by_size(ROWS)
    lines = [row for row in twin.table if row["baseline"] == ARMS["tfidf"].label]
    want = multiplier_sizes(scores("tfidf"), scores("fine_tuned"))
    assert [(row["n"], row["ratio"]) for row in lines] == [(n, m.ratio) for n, m in want]
    assert "logarithmic in both directions" in twin.alt


def test_bounds_are_arrows_and_join_no_line():
    twin = multiplier_by_size(ROWS)
    bounds = [row for row in twin.table if row["note"] == "at least"]
    assert {(row["baseline"], row["n"]) for row in bounds} >= {(ARMS["scratch"].label, 256)}
    (arrows,) = labelled(twin, "_at least scratch")
    assert arrows.get_marker() == "^" and 256 in arrows.get_xdata()
    assert 256 not in line(twin, ARMS["scratch"].label).get_xdata()
    (ceiling,) = labelled(twin, "_ceiling")
    for row in bounds:  # no bound says more than the largest size can show
        assert row["ratio"] == pytest.approx(1024 / row["n"])
        assert (row["n"], row["ratio"]) in [pytest.approx(point) for point in zip(
            ceiling.get_xdata(), ceiling.get_ydata(), strict=True)]
    assert list(labelled(twin, "_one")[0].get_ydata()) == [1, 1]


def test_multiplier_reading_keeps_bounds_and_numbers_apart():
    reading = multiplier_by_size(ROWS, baselines=("scratch",)).reading
    assert reading == ("Labels needed, as a multiple of those of the fine-tuned checkpoint, by the "
                       "labels of the fine-tuned checkpoint. Same network from scratch: at least "
                       "64x at 16, where only a bound is known.")
    assert "There is no finished run of the same network from scratch" in multiplier_by_level(
        make_curve(arms=("fine_tuned", "tfidf")), baselines=("scratch", "tfidf")).reading


def test_a_multiplier_that_is_nowhere_defined_draws_nothing_and_says_why():
    rows = make_curve(arms=("scratch",)) + [
        make_row(n=n, run_seed=seed, score=0.4) for n in SIZES for seed in range(3)]
    twin = multiplier_by_level(rows, levels=[0.9], baselines=("scratch",))
    assert "No multiplier is defined" in twin.reading and "Empty axes" in twin.alt
    assert [row["ratio"] for row in twin.table] == [None] and "never reaches" in (
        twin.table[0]["note"])


# -- the forecast ----------------------------------------------------------------------------

def test_what_is_hidden_is_nowhere_to_be_seen():
    twin = forecast_figure(LONG, shown_sizes=(16, 32, 64, 128))
    assert [row["mean"] is None for row in twin.table] == [False] * 4 + [True] * 3
    assert "What will it get with 256, 512 and 1,024 labels?" in twin.reading
    told = unescape(twin.html()) + twin.csv()
    for n in (256, 512, 1024):
        drawn = [p for artist in twin.figure.axes[0].lines
                 for p in zip(artist.get_xdata(), artist.get_ydata(), strict=True) if p[0] == n]
        assert drawn == []
    for score in ("0.780", "0.814", "0.840", "0.78 ", "0.81 ", "0.84 "):
        assert score not in told
    assert texts(twin).count("?") == 3


def test_reveal_compares_guess_power_law_and_no_change():
    guess = {256: 0.80, 512: 0.80, 1024: 0.80}
    twin = forecast_figure(LONG, shown_sizes=(16, 32, 64, 128), guess=guess, revealed=True)
    shown = {row["n"]: row["mean"] for row in twin.table}
    assert shown[1024] == pytest.approx(0.84) and {row["guess"] for row in twin.table} == {
        None, 0.80}
    seen = {n: [row["score"] for row in LONG if (row["arm"], row["n"]) == ("fine_tuned", n)]
            for n in (16, 32, 64, 128)}
    law = forecast(seen, 256)
    by_n = {row["n"]: row for row in twin.table}
    assert not law.refused and by_n[256]["power_law"] == law.value
    assert by_n[256]["power_law_interval"] == law.interval
    assert by_n[512]["power_law"] is None and "more than 2 times" in by_n[512]["note"]
    off = sum(abs(0.80 - shown[n]) for n in guess) / 3
    flat = sum(abs(shown[128] - shown[n]) for n in guess) / 3
    assert (f"At 256, 512 and 1,024 labels your guess is off by {100 * off:.1f} points on average, "
            f"saying that nothing changes after 128 labels by {100 * flat:.1f}.") in twin.reading
    assert (f"At 256 labels the power law is off by {100 * abs(law.value - shown[256]):.1f} "
            "points, your guess by 2.0.") in twin.reading
    assert "At 512 and 1,024 labels the power law is refused: " in twin.reading


def test_power_law_is_drawn_no_further_than_it_is_believed():
    twin = forecast_figure(LONG, shown_sizes=(16, 32, 64, 128), revealed=True)
    (law,) = labelled(twin, "_law")
    assert (law.get_xdata()[0], law.get_xdata()[-1]) == pytest.approx((16, 256))
    few = forecast_figure(LONG, shown_sizes=(16, 32), revealed=True)
    assert not labelled(few, "_law") and "too few" in few.reading


def test_forecast_defaults_to_the_smaller_half():
    assert [row["n"] for row in forecast_figure(LONG).table if row["mean"]] == [16, 32, 64, 128]


def test_forecast_refusals():
    with pytest.raises(LearnerError, match="80% as 0.80"):
        forecast_figure(LONG, guess={1024: 80})
    with pytest.raises(LearnerError, match="nothing to guess at 64 labels"):
        forecast_figure(LONG, guess={64: 0.7})
    one = forecast_figure(make_curve(sizes=(64,)))
    assert "needs some to show and larger ones to hide" in one.reading and one.table == []


# -- all of them -----------------------------------------------------------------------------

DRAWN = {
    "level": lambda **look: level_curve(ROWS, 0.64, baseline="small_scratch", **look),
    "level near the ends": lambda **look: level_curve(ROWS, 0.621, baseline="tfidf", **look),
    "bound": lambda **look: level_curve(ROWS, 0.84, **look),
    "no multiplier": lambda **look: level_curve(ROWS, 0.55, **look),
    "by level": lambda **look: multiplier_by_level(ROWS, **look),
    "by size": lambda **look: multiplier_by_size(ROWS, **look),
    "game": lambda **look: forecast_figure(LONG, **look),
    "guessed": lambda **look: forecast_figure(LONG, guess={256: 0.5, 1024: 1.0}, **look),
    "revealed": lambda **look: forecast_figure(LONG, guess={1024: 0.83}, revealed=True, **look),
}


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("look", [{}, {"theme": "dark", "scale": 1.6}], ids=["light", "dark"])
def test_letters_are_large_enough_and_nothing_overlaps(name, look):
    twin = DRAWN[name](**look)
    sizes = [text.get_fontsize() for text in twin.figure.findobj(Text) if text.get_text().strip()]
    assert min(sizes) >= FONT
    drawn = boxes(twin)
    width, height = twin.figure.canvas.get_width_height()
    for index, box in enumerate(drawn):
        assert 0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height
        assert not any(box.overlaps(other) for other in drawn[:index])


@pytest.mark.parametrize("draw", [level_curve, multiplier_by_level, multiplier_by_size,
                                  forecast_figure])
def test_without_rows_they_say_what_makes_them(draw):
    twin = draw([])
    assert "There is no finished run of the fine-tuned checkpoint" in twin.reading
    assert "`python3 start.py sweep`" in twin.reading and twin.table == []
    assert twin.png().startswith(b"\x89PNG") and "Empty axes" in twin.alt


@pytest.mark.parametrize("draw", [level_curve, multiplier_by_level, multiplier_by_size])
def test_text_from_rows_is_escaped(draw):
    bad = '<script>alert("1")</script>'
    assert "<script" not in draw(make_curve(task=bad)).html()
