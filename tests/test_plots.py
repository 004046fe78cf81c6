"""Figures say in picture, table and words the same thing, and only what the rows say."""

import html.parser
import subprocess
import sys

import pytest
from matplotlib.text import Text
from rows import LEVELS, SIZES, make_curve, make_row

from llmtl_helpers.arms import ARMS
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import training_curves, twin_curve
from llmtl_helpers.plots.draw import apart
from llmtl_helpers.plots.theme import FONT
from llmtl_helpers.plots.twin import LIVE, PlotData, backdrop, mark

ROWS = make_curve(sizes=(16, 64, 256)) + make_curve(sizes=(1024,), seeds=3)
STAR = make_row(purpose="live", run_seed=101, score=0.77, shipped=False)


def line(twin, label):
    (found,) = [line for line in twin.figure.axes[0].lines if line.get_label() == label]
    return found


def texts(twin) -> list[str]:
    return [text.get_text().replace("\n", " ") for text in twin.figure.findobj(Text)]


def boxes(twin) -> list:
    """Drawn boxes, in pixels, of all texts on the figure."""
    twin.figure.canvas.draw()
    axes = twin.figure.axes[0]
    low, high = axes.get_ylim()
    beyond = [label for label in axes.get_yticklabels()  # kept by the axis and not drawn
              if not low - 1e-9 <= label.get_position()[1] <= high + 1e-9]
    return [text.get_window_extent() for text in twin.figure.findobj(Text)
            if text.get_text().strip() and text.get_visible() and text not in beyond]


def test_every_arm_has_its_line_its_style_and_its_label():
    twin = twin_curve(ROWS)
    for arm in (ARMS[name] for name in LEVELS if name != "majority"):
        drawn = line(twin, arm.label)
        assert (drawn.get_color().upper(), drawn.get_linestyle(), drawn.get_marker()) == (
            "#1A1A1A" if arm.name == "tfidf" else arm.colour, arm.line, arm.marker)
        assert list(drawn.get_xdata()) == list(SIZES)
        assert list(drawn.get_ydata()) == pytest.approx(LEVELS[arm.name])
        assert arm.label in texts(twin)
    assert set(line(twin, ARMS["majority"].label).get_ydata()) == {0.5}


def test_sizes_are_the_ticks_of_a_log_axis():
    axes = twin_curve(ROWS).figure.axes[0]
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["16", "64", "256", "1,024"]
    assert "labels" in axes.get_xlabel()


def test_band_covers_what_the_table_says():
    twin = twin_curve(ROWS)
    (band,) = [c for c in twin.figure.axes[0].collections if c.get_label() == "_band scratch"]
    low, high = next(row["band"] for row in twin.table
                     if (row["arm"], row["n"]) == (ARMS["scratch"].label, 256))
    at_256 = {y for path in band.get_paths() for x, y in path.vertices if x == 256}
    assert (min(at_256), max(at_256)) == pytest.approx((low, high))


def test_single_runs_are_points():
    (points,) = [c for c in twin_curve(ROWS).figure.axes[0].collections
                 if c.get_label() == "_runs scratch"]
    assert len(points.get_offsets()) == 5 + 5 + 5 + 3


def test_live_run_is_a_star_with_its_own_key_and_row_and_moves_no_band():
    without, with_star = twin_curve(ROWS), twin_curve(ROWS, live_rows=[STAR])
    (star,) = [c for c in with_star.figure.axes[0].collections
               if c.get_label() == "_live fine_tuned"]
    assert star.get_offsets().tolist() == [[256, 0.77]]
    key = [text.get_text() for text in with_star.figure.axes[0].get_legend().get_texts()]
    assert key == ["single run", "95% band for one new run", LIVE]
    assert with_star.table[:-1] == without.table
    assert with_star.table[-1]["mean"] == 0.77
    assert "fine-tuned checkpoint with 256 labels 0.77" in with_star.alt
    assert with_star.table == twin_curve([*ROWS, STAR], live_rows=[STAR]).table


@pytest.mark.parametrize("n", [16, 256, 1024])
@pytest.mark.parametrize("above", [0.0, 0.02, 0.04])
def test_no_letter_hides_a_star(n, above):
    mean = LEVELS["fine_tuned"][SIZES.index(n)]
    twin = twin_curve(ROWS, at=n, live_rows=[make_row(
        n=n, purpose="live", run_seed=101, score=round(mean + above, 4), shipped=False)])
    letters = boxes(twin)
    [star] = [dots for dots in twin.figure.axes[0].collections
              if dots.get_label() == "_live fine_tuned"]
    x, y = twin.figure.axes[0].transData.transform((n, mean + above))
    assert star.get_offsets().tolist() == [[n, round(mean + above, 4)]]
    assert not any(box.x0 < x + 7 and box.x1 > x - 7 and box.y0 < y + 7 and box.y1 > y - 7
                   for box in letters)


def test_small_print_says_seeds_and_test_size():
    assert "5 seeds; 3 at 1,024; 1,200 test texts" in texts(twin_curve(ROWS))


def test_small_print_says_what_is_missing_or_failed():
    rows = [*make_curve(arms=("scratch",)),
            make_row(arm="scratch", run_seed=9, status="failed", score=None)]
    (small,) = [text for text in texts(twin_curve(rows)) if "test texts" in text]
    assert "1 run failed or without this metric, left out" in small
    assert "not drawn: always the majority class, bag of words (TF-IDF)" in small


@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
def test_letters_are_large_enough_and_nothing_overlaps(theme, scale):
    twin = twin_curve(ROWS, live_rows=[STAR], theme=theme, scale=scale)
    sizes = [text.get_fontsize() for text in twin.figure.findobj(Text) if text.get_text().strip()]
    assert min(sizes) >= FONT >= 11
    drawn = boxes(twin)
    width, height = twin.figure.canvas.get_width_height()
    for index, box in enumerate(drawn):
        assert 0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height
        assert not any(box.overlaps(other) for other in drawn[:index])


def test_labels_do_not_overlap_where_all_lines_end_together():
    rows = [make_row(arm=arm, n=n, run_seed=s, score=0.7 + s / 1000)
            for arm in LEVELS for n in SIZES for s in range(5)]
    drawn = boxes(twin_curve(rows, live_rows=[STAR]))
    assert not any(box.overlaps(other) for i, box in enumerate(drawn) for other in drawn[:i])


def test_boxes_are_moved_apart_and_keep_their_order():
    placed = apart([0.5, 0.5, 0.51, 0.9], [0.1] * 4)
    assert placed == pytest.approx([0.5 + 1 / 300 - 0.1, 0.5 + 1 / 300, 0.5 + 1 / 300 + 0.1, 0.9])
    assert max(apart([1.0, 1.0, 1.0], [0.1] * 3)) <= 1.0


def test_reading_of_a_gap_that_closes():
    rows = make_curve(arms=("fine_tuned", "scratch")) + [
        make_row(arm="scratch", n=4096, run_seed=seed, score=0.80 + seed / 100)
        for seed in range(3)]
    assert twin_curve(rows).reading == (
        "With 256 labels the fine-tuned checkpoint gets 0.780 and the same network from scratch "
        "0.530, a gap of 25.0 points; the same network from scratch first reaches 0.780 at 4,096 "
        "labels, 16 times as many.")


def test_reading_of_a_gap_that_does_not_close():
    reading = twin_curve(make_curve()).reading
    assert "does not reach 0.780 at any size drawn, up to 1,024 labels." in reading


def test_reading_where_transfer_loses():
    rows = [make_row(arm=arm, run_seed=seed, score=score + seed / 1000)
            for arm, score in (("fine_tuned", 0.60), ("scratch", 0.70)) for seed in range(5)]
    reading = twin_curve(rows).reading
    assert "same network from scratch gets 0.702 and the fine-tuned checkpoint 0.602, a gap of 10.0 points" in reading
    assert "transfer loses here" in reading


def test_reading_of_a_tie_and_of_overlapping_bands():
    def both(low, high):
        return twin_curve([make_row(arm=arm, run_seed=seed, score=score + seed / 50)
                           for arm, score in (("fine_tuned", high), ("scratch", low))
                           for seed in range(5)]).reading
    assert "both get 0.640 on average: these runs show no gap" in both(0.60, 0.60)
    assert "; transfer loses here" in both(0.60, 0.20)
    assert "that transfer loses here is not decided" in both(0.60, 0.59)
    assert "the bands overlap" in both(0.60, 0.63)
    assert "the bands overlap" not in both(0.30, 0.63)


def test_reading_with_one_arm_few_runs_or_none():
    baseline = twin_curve(make_curve(arms=("fine_tuned", "tfidf"))).reading
    assert "the fine-tuned checkpoint gets 0.780 and the bag of words (TF-IDF) 0.630" in baseline
    alone = twin_curve(make_curve(arms=("scratch",))).reading
    assert "no run of the fine-tuned checkpoint at this size to compare it with" in alone
    few = twin_curve([make_row(), make_row(arm="scratch", score=0.5)]).reading
    assert "from only 1 run per line" in few
    empty = twin_curve([])
    assert "no finished runs" in empty.reading and "no finished runs" in empty.alt
    assert empty.table == [] and empty.png().startswith(b"\x89PNG")
    assert "no finished run with 7 labels" in twin_curve(ROWS, at=7).reading
    assert "only 1 run made live" in twin_curve([STAR]).reading


def test_reading_numbers_are_those_of_the_table():
    twin = twin_curve(ROWS, at=64)
    by_arm = {row["arm"]: row["mean"] for row in twin.table if row["n"] == 64}
    assert f"{by_arm[ARMS['fine_tuned'].label]:.3f}" in twin.reading
    assert f"{by_arm[ARMS['scratch'].label]:.3f}" in twin.reading


def test_alt_text_describes_axes_lines_ends_and_marked_size():
    alt = twin_curve(ROWS, at=64).alt
    assert "accuracy on the test set" in alt and "16 to 1,024 labels" in alt
    assert "Same network from scratch, dashed line with squares: 0.50 at 16 labels to 0.60" in alt
    assert "Always the majority class, dotted line: 0.50 at both ends." in alt
    assert "Marked size: 64 labels (fine-tuned checkpoint 0.70" in alt
    assert alt.endswith(".") and "Marked" not in twin_curve(ROWS).alt


def test_a_chosen_seed_is_ringed_at_every_size():
    found = PlotData(ROWS, "accuracy")
    _, axes = backdrop(found, None, "light", 1.0)
    rings = {artist.get_label(): artist for artist in mark(axes, found, 64, "light", seed=0)}
    scratch = rings["_seed scratch"]
    ringed = zip(scratch.get_xdata(), scratch.get_ydata(), strict=True)
    assert sorted(ringed) == sorted((row["n"], row["score"]) for row in ROWS
                                    if row["arm"] == "scratch" and row["run_seed"] == 0)
    assert "_seed majority" not in rings and "_ring scratch" not in rings


def test_arms_and_metric_can_be_chosen():
    twin = twin_curve(ROWS, metric="macro_f1", arms=("scratch", "majority"))
    assert {row["arm"] for row in twin.table} == {ARMS["scratch"].label, ARMS["majority"].label}
    assert twin.figure.axes[0].get_ylabel() == "macro-F1 on the test set"
    assert next(row["mean"] for row in twin.table if row["n"] == 256) == pytest.approx(0.52)


def test_dark_figures_are_dark_and_black_turns_to_ink():
    twin = twin_curve(ROWS, theme="dark")
    assert twin.figure.get_facecolor()[:3] < (0.2, 0.2, 0.2)
    assert line(twin, ARMS["tfidf"].label).get_color() == "#EDEDED"


def test_html_holds_picture_words_and_table_with_every_text_escaped():
    bad = '<script>alert("1")</script>'
    rows = [make_row(task=bad), {**make_row(arm="scratch", task=bad, score=0.5), "arm": bad}]
    text = twin_curve(rows, at=256).html()
    assert "<script" not in text and "&lt;script&gt;" in text

    seen = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append((tag, dict(attrs)))

    Reader().feed(text)
    tags = [tag for tag, _ in seen]
    assert [tag for tag in tags if tag in ("figure", "img", "figcaption", "details", "table")] == [
        "figure", "img", "figcaption", "details", "table"]
    image = dict(seen)["img"]
    assert image["src"].startswith("data:image/png;base64,") and bad in image["alt"]
    assert tags.count("tr") == 1 + 2


def test_a_dollar_sign_is_no_formula():
    assert twin_curve([make_row(task="cost $\\frac{1")]).png()


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_save_writes_the_format_of_the_ending(tmp_path, ending):
    path = twin_curve(ROWS).save(tmp_path / "new" / f"figure{ending}")
    start = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[ending]
    assert path.read_bytes().startswith(start)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_save_says_what_is_wrong(tmp_path):
    twin = twin_curve(ROWS)
    with pytest.raises(LearnerError, match="names no picture format"):
        twin.save(tmp_path / "figure.docx")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LearnerError, match="could not be saved"):
        twin.save(tmp_path / "file" / "figure.png")


def test_refusals():
    for wrong in ({"theme": "pink"}, {"scale": 0}):
        with pytest.raises(LearnerError):
            twin_curve(ROWS, **wrong)
    with pytest.raises(LearnerError, match="cannot share a figure"):
        twin_curve([*ROWS, make_row(purpose="live", budget="smoke")])


def test_training_curves_show_how_fast_each_arm_learns():
    twin = training_curves(ROWS)
    fine = line(twin, ARMS["fine_tuned"].label)
    assert list(fine.get_xdata()) == list(range(25, 251, 25))
    assert fine.get_ydata()[-1] == pytest.approx(0.78)
    assert list(line(twin, ARMS["tfidf"].label).get_ydata()) == pytest.approx([0.63, 0.63])
    assert twin.reading.startswith("With 256 labels the fine-tuned checkpoint ends at 0.780 and "
                                   "the same network from scratch at 0.53")
    assert "by update 50 of 250" in twin.reading
    assert "not a test result" in " ".join(texts(twin))
    assert "Bag of words (TF-IDF) level at 0.63." in twin.alt
    drawn = boxes(twin)
    assert not any(box.overlaps(other) for i, box in enumerate(drawn) for other in drawn[:i])


def test_training_curves_need_a_history():
    with pytest.raises(LearnerError, match="choose one of|Choose one of"):
        training_curves(ROWS, n=100)
    for nothing in ([], [make_row(history_updates=[25], history_scores=[float("nan")])]):
        with pytest.raises(LearnerError, match="no training curves"):
            training_curves(nothing)


def test_pyplot_is_never_loaded_and_the_package_is_quick():
    code = ("import sys, llmtl_helpers; assert 'matplotlib' not in sys.modules;"
            "from llmtl_helpers import twin_curve, training_curves; twin_curve([]).png();"
            "assert 'matplotlib.pyplot' not in sys.modules; assert 'torch' not in sys.modules")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
