"""Figures of written tasks: picture, table and words agree, on made-up runs."""

import math
import subprocess
import sys

import numpy as np
import pytest
from rows import make_row
from test_plots import line, texts
from test_plots_11 import look
from written import METRICS, SHARES, TEXTS, expected_points, written_rows, written_task

from llmtl_helpers import tasks as tasks_module
from llmtl_helpers.arms import WRITERS
from llmtl_helpers.assets.store import absent
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots.twin import LIVE
from llmtl_helpers.plots.writing import writing_curve
from llmtl_helpers.plots.writing_data import Written, rows_of
from llmtl_helpers.plots.writing_pairs import OPPONENTS, pairs
from llmtl_helpers.plots.writing_reading import against
from llmtl_helpers.plots.writing_samples import samples
from llmtl_helpers.plots.writing_worth import prompt_worth, said
from llmtl_helpers.training import text_metrics

TASKS = {name: written_task(name) for name in METRICS}
NEWS, FRENCH, ARABIC, FILMS = TASKS.values()
ROWS = {task.name: written_rows(task) for task in TASKS.values()}
kinds = pytest.mark.parametrize("task", [NEWS, FRENCH, FILMS], ids=lambda task: task.metric)


@pytest.fixture(autouse=True)
def at_hand(monkeypatch):
    """The made-up texts are on this machine."""
    monkeypatch.setattr(tasks_module, "load_task", lambda name: TASKS[name])


@pytest.fixture
def not_at_hand(monkeypatch):
    def not_here(name):
        raise absent("news")

    monkeypatch.setattr(tasks_module, "load_task", not_here)


def only(task, arms=tuple(WRITERS), sizes=None, **fields):
    return written_rows(task, arms, sizes=sizes, **fields)


def mean_of(rows, arm, n):
    return np.mean([row["score"] for row in rows if (row["arm"], row["n"]) == (arm, n)])


# -- the curve: what is drawn ----------------------------------------------------------------

@kinds
@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.0), ("light", 1.6)])
def test_curves_are_readable(task, theme, scale):
    rows = ROWS[task.name]
    live = make_row(**{**rows[0], "id": "live", "purpose": "live", "run_seed": 1000})
    look(lambda **options: writing_curve(rows, live_rows=[live], **options), theme, scale)


@kinds
@pytest.mark.parametrize("arms, sizes", [
    (("writer", "prompted", "no_model"), None), (("prompted", "prompted_chat"), (0,)),
    (("writer",), (32,)), (("writer_scratch",), (32, 512)), ((), None)])
def test_curves_with_runs_missing_are_readable(task, arms, sizes):
    look(lambda **options: writing_curve(only(task, arms, sizes), **options), "light", 1.0)


@kinds
def test_every_arm_has_its_line_and_its_runs_means(task):
    rows = ROWS[task.name]
    twin = writing_curve(rows)
    for arm in ("writer", "writer_scratch", "writer_adapters", "prompted", "prompted_chat"):
        drawn = line(twin, WRITERS[arm].label)
        sizes = [n for n in SHARES[arm] if n]
        assert [*drawn.get_xdata()] == sizes and drawn.get_linestyle() == WRITERS[arm].line
        means = [mean_of(rows, arm, n) for n in sizes]
        shown = [math.exp(-mean) for mean in means] if task is FILMS else means
        assert [*drawn.get_ydata()] == pytest.approx(shown)


@kinds
def test_what_needs_no_example_is_a_line_from_the_left_edge(task):
    twin = writing_curve(ROWS[task.name])
    left = twin.figure.axes[0].get_xlim()[0]
    for arm in ("prompted", "prompted_chat", *(["no_model"] if task is not FILMS else [])):
        (level,) = {*line(twin, f"_zero {arm}").get_ydata()}
        mean = mean_of(ROWS[task.name], arm, 0)
        assert level == pytest.approx(math.exp(-mean) if task is FILMS else mean)
        assert line(twin, f"_from {arm}").get_xdata()[0] == left
    ticks = dict(zip(twin.figure.axes[0].get_xticks(), texts_of_ticks(twin), strict=True))
    assert ticks[left] == "0" and ticks[512] == "512" and ticks[1] == "1"


def texts_of_ticks(twin):
    return [label.get_text() for label in twin.figure.axes[0].get_xticklabels()]


def test_perplexity_falls_and_says_so():
    twin = writing_curve(ROWS[FILMS.name])
    axes = twin.figure.axes[0]
    assert axes.get_yscale() == "log" and "lower is better" in axes.get_ylabel()
    assert len(axes.get_yticks()) >= 3
    narrow = writing_curve(only(FILMS, ("prompted",), (0,))).figure.axes[0]
    assert len(narrow.get_yticks()) >= 3


@pytest.mark.parametrize("task", [NEWS, FRENCH], ids=lambda task: task.metric)
def test_rouge_and_chrf_go_to_100(task):
    twin = writing_curve(ROWS[task.name])
    twin.figure.canvas.draw()
    ticks = [float(label.get_text()) for label in twin.figure.axes[0].get_yticklabels()]
    assert max(ticks) > 5 and all(tick == round(tick) for tick in ticks)
    name = "ROUGE-L" if task is NEWS else "chrF"
    tuned = next(row for row in twin.table if row["examples"] == 512)
    assert tuned[name] == pytest.approx(100 * mean_of(ROWS[task.name], "writer", 512))


def test_the_rule_of_the_runs_is_printed_on_the_figure():
    print_ = " ".join(texts(writing_curve(ROWS[NEWS.name])))
    for part in ("3 seeds, so bands are wide", "80 updates of 8", f"{TEXTS} test texts",
                 "one learning rate an arm, tuned at 128 examples with one seed"):
        assert part in print_
    smoke = " ".join(texts(writing_curve(only(NEWS, budget="smoke", updates=3))))
    assert "3 updates of" in smoke and "one learning rate an arm, not tuned" in smoke


@kinds
def test_the_table_holds_every_point(task):
    twin = writing_curve(ROWS[task.name])
    assert len(twin.table) == expected_points(task)
    assert len(twin.csv().splitlines()) == len(twin.table) + 1
    assert {"interval_low", "band_high"} <= set(twin.csv().splitlines()[0].split(","))


def test_a_live_run_is_a_star_and_one_of_another_rule_is_only_counted():
    rows = ROWS[NEWS.name]
    live = make_row(**{**rows[0], "id": "a", "purpose": "live", "run_seed": 1000, "score": 0.9,
                       "rouge_l": 0.9})
    other = make_row(**{**live, "id": "b", "budget": "smoke"})
    twin = writing_curve(rows, live_rows=[live, other])
    (star,) = [dots for dots in twin.figure.axes[0].collections
               if dots.get_label() == "_live writer"]
    assert [*star.get_offsets()[0]] == pytest.approx([32, 0.9])
    assert "Live: fine-tuned decoder with 32 examples 90.0." in twin.reading
    assert "another training rule are not drawn beside these: 1." in twin.reading
    assert LIVE in twin.table[-1]["arm"]
    assert twin.table[:-1] == writing_curve(rows).table  # it moves nothing


# -- the curve: what it says -----------------------------------------------------------------

@kinds
def test_the_reading_names_the_best_and_its_two_differences(task):
    found = Written(ROWS[task.name])
    text = writing_curve(ROWS[task.name]).reading
    assert text.startswith("Tuned on 512 examples, the fine-tuned decoder has the best mean: ")
    for rival, words in ((("writer_scratch", 512), "the same decoder from scratch"),
                         (("prompted", 0), "the untuned decoder without examples")):
        difference = found.difference(("writer", 512), rival)
        assert difference.examples == TEXTS and difference.runs == 3
        assert difference.difference == pytest.approx(
            mean_of(ROWS[task.name], "writer", 512) - mean_of(ROWS[task.name], *rival), abs=1e-4)
        low, high = difference.interval
        if task is FILMS:
            assert (f"{math.exp(-difference.difference):.2f} times the perplexity of {words} (95% "
                    f"{math.exp(-high):.2f} to {math.exp(-low):.2f})") in text
        else:
            assert (f"{100 * difference.difference:.1f} points ahead of {words} (95% "
                    f"{100 * low:+.1f} to {100 * high:+.1f})") in text


def test_differences_are_paired_by_text():
    """Texts differ far more than the arms: only pairs show which one is better."""
    found = Written(ROWS[FILMS.name])
    one = found.difference(("writer", 128), ("writer", 32))
    assert one.interval[0] > 0
    rows = [row | {"text_log_likelihoods": row["text_log_likelihoods"][::-1],
                   "text_targets": row["text_targets"][::-1]} if row["n"] == 32 else row
            for row in ROWS[FILMS.name]]
    other = Written(rows).difference(("writer", 128), ("writer", 32))
    assert other.difference == pytest.approx(one.difference)
    assert np.ptp(other.interval) > 1.5 * np.ptp(one.interval)


def test_adapters_can_be_the_best():
    shares = SHARES | {"writer_adapters": {512: 0.9}}
    text = writing_curve(written_rows(NEWS, shares=shares)).reading
    assert "Tuned on 512 examples, the decoder with adapters (LoRA) has the best mean" in text
    assert "not surely ahead of" not in text
    text = writing_curve(written_rows(NEWS, shares=SHARES | {
        "writer_adapters": {512: SHARES["writer"][512]}})).reading
    assert ", not surely ahead of the " in text.partition(". ")[0]


def test_where_all_goes_by_the_slogan_nothing_is_held_against_it():
    shares = SHARES | {"writer": dict.fromkeys((32, 128, 512), 0.95)}
    text = against(Written(written_rows(NEWS, shares=shares)))
    assert text == ("Of 15 comparisons, at each size with each rival, the fine-tuned decoder is "
                    "surely ahead in 15.")


@pytest.mark.parametrize("rival, n, said_", [
    ("writer_scratch", 512, "the same decoder from scratch (tuned on 512)"),
    ("prompted", 0, "the untuned decoder without examples (tuned on 32, 128 and 512)"),
    ("prompted_chat", 0, "the untuned decoder asked in a chat, without examples (tuned on"),
    ("prompted", 8, "the untuned decoder with 8 examples in its prompt (tuned on"),
    ("no_model", 0, "no model: lead (first 5 words) (tuned on 32, 128 and 512)")])
def test_what_goes_against_the_slogan_is_said(rival, n, said_):
    shares = SHARES | {rival: SHARES[rival] | {n: 0.99}}
    text = against(Written(written_rows(NEWS, shares=shares)))
    assert "Against the slogan that tuning a pre-trained model beats" in text
    assert said_ in text.partition("surely behind")[2].partition("Not decided")[0]


def test_what_is_not_decided_is_said():
    shares = SHARES | {"writer": {32: 0.33, 128: 0.6, 512: 0.9}}
    text = against(Written(written_rows(NEWS, shares=shares)))
    assert "Not decided is it against the untuned decoder without examples (tuned on 32)" in text


def test_two_runs_are_too_few_for_an_interval():
    text = writing_curve(written_rows(NEWS, seeds=2)).reading
    assert "(2 runs of each: too few for an interval)" in text and "comparisons" not in text


def test_more_tokens_in_the_right_answers_are_said():
    rows = [row | {"text_targets": [n + 1 for n in row["text_targets"]]}
            if row["arm"] == "prompted_chat" else row for row in ROWS[FILMS.name]]
    text = writing_curve(rows).reading
    share = 100 * TEXTS / sum(ROWS[FILMS.name][0]["text_targets"])
    assert f"cut into +{share:.1f}% of tokens (untuned decoder, asked in a chat):" in text
    assert "cut into" not in writing_curve(ROWS[FILMS.name]).reading


def test_what_is_missing_is_named_with_its_command():
    assert "Not there yet" not in writing_curve(ROWS[NEWS.name]).reading
    assert "Not there yet" not in writing_curve(ROWS[FILMS.name]).reading  # no model has none there
    text = writing_curve(only(NEWS, ("writer", "prompted"), (0, 8, 32, 128))).reading
    for part in ("fine-tuned decoder with 512 examples", "same decoder from scratch",
                 "examples in the prompt with 1, 2 and 4 examples", "no model",
                 "`python3 start.py sweep --task headlines/news` makes what is missing"):
        assert part in text
    prompts = writing_curve(only(NEWS, ("prompted",), (0,))).reading
    assert prompts.startswith("Nothing that was tuned has runs yet")


def test_without_runs_there_is_a_sentence_and_no_picture_of_anything():
    for rows in ([], [make_row(**{**ROWS[FRENCH.name][0], "id": "t", "purpose": "trial"})]):
        twin = writing_curve(rows)
        task = "translate/fr" if rows else "write/films"
        assert f"`python3 start.py sweep --task {task}` makes them" in twin.reading
        assert not twin.table and not twin.figure.axes[0].lines


def test_failed_runs_are_counted_and_left_out():
    rows = [row | {"status": "failed", "score": None, "rouge_l": None} if row["run_seed"] == 2 and
            (row["arm"], row["n"]) == ("writer", 512) else row for row in ROWS[NEWS.name]]
    twin = writing_curve(rows)
    assert "1 run failed or without this metric, left out" in " ".join(texts(twin))
    assert next(row for row in twin.table if row["examples"] == 512)["runs"] == 2


def test_own_runs_fill_gaps_and_do_not_mix_with_shipped_ones():
    rows = ROWS[NEWS.name]
    own = [row | {"id": row["id"] + "o", "shipped": False, "score": 0.01, "rouge_l": 0.01}
           for row in rows]
    assert writing_curve([*rows, *own]).table == writing_curve(rows).table
    gap = [row for row in rows if row["arm"] != "writer"]
    assert any(row["ROUGE-L"] == pytest.approx(1.0) for row in writing_curve([*gap, *own]).table)


def test_rows_that_must_not_share_a_figure_are_refused():
    rows = ROWS[NEWS.name]
    with pytest.raises(LearnerError, match="several tasks"):
        writing_curve([*rows, *ROWS[FRENCH.name]])
    with pytest.raises(LearnerError, match="several training rules"):
        writing_curve([*rows, {**rows[0], "id": "x", "budget": "smoke"}])
    for name in ROWS:
        with pytest.raises(LearnerError, match="several checkpoints.*own tokenizer.*bits per byte"):
            writing_curve([*ROWS[name], {**ROWS[name][0], "id": "x", "checkpoint": "gpt2@0"}])
    with pytest.raises(LearnerError, match="no theme"):
        writing_curve(rows, theme="pink")


def test_without_the_texts_it_pairs_by_seed_alone(not_at_hand):
    found = Written(ROWS[NEWS.name])
    difference = found.difference(("writer", 512), ("prompted", 0))
    assert (difference.examples, difference.runs) == (0, 3) and difference.interval is not None
    text = writing_curve(ROWS[NEWS.name]).reading
    assert "no model 3" in text and "lead" not in text


def test_answers_to_other_texts_are_not_used():
    rows = [row | {"outputs": row["outputs"][::-1]} if row["arm"] == "writer" else row
            for row in ROWS[NEWS.name]]
    assert Written(rows).difference(("writer", 512), ("prompted", 0)).examples == 0


def test_a_rival_without_a_model_is_compared_text_by_text_though_no_run_keeps_its_answers():
    answers = [NEWS.writing.baseline(text) for text in NEWS.test[:TEXTS]["text"]]
    score = round(text_metrics.rouge_l(NEWS.test[:TEXTS]["target"], answers), 5)
    lead = {**only(NEWS, ("no_model",))[0], "score": score, "rouge_l": score}
    kept = Written(only(NEWS, ("writer",)) + [{**lead, "outputs": answers}])
    del lead["outputs"]
    found = Written(only(NEWS, ("writer",)) + [lead])
    one = found.difference(("writer", 512), ("no_model", 0))
    assert one == kept.difference(("writer", 512), ("no_model", 0)) and one.examples == TEXTS


def test_rows_of_the_usual_rule_come_before_those_of_another(tmp_path):
    from llmtl_helpers import Ledger

    ledger = Ledger(own=tmp_path / "runs", shipped=tmp_path / "none")
    for row in only(NEWS, ("prompted",), (0,), budget="smoke"):
        ledger.add(row)
    assert {row["budget"] for row in rows_of(ledger, NEWS.name, "smoke")} == {"smoke"}
    assert rows_of(ledger, NEWS.name) == []
    for row in only(NEWS, ("prompted",), (0,)):
        ledger.add(row)
    assert {row["budget"] for row in rows_of(ledger, NEWS.name, "smoke")} == {"80-updates"}


# -- what a prompt is worth ------------------------------------------------------------------

@kinds
@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
def test_worths_are_readable(task, theme, scale):
    look(lambda **options: prompt_worth(ROWS[task.name], **options), theme, scale)


@pytest.mark.parametrize("arms, sizes", [
    (("writer", "prompted"), (0, 8, 32, 128)), (("writer", "prompted"), (0, 32)),
    (("writer",), None), (("prompted",), None), ((), None)])
def test_worths_with_runs_missing_are_readable(arms, sizes):
    rows = only(NEWS, arms, sizes)
    look(lambda **options: prompt_worth(rows, **options), "light", 1.0)
    assert "sweep --task" in prompt_worth(rows).reading


def with_levels(prompt, tuned=(0.35, 0.45, 0.55)):
    """Rows whose means are exactly so; the answers no longer fit and are not needed here."""
    rows = []
    for row in only(NEWS, ("writer", "prompted")):
        if row["arm"] == "writer":
            score = tuned[(32, 128, 512).index(row["n"])] + 0.01 * (row["run_seed"] - 1)
        else:
            score = prompt[row["n"]]
        rows.append(row | {"score": score, "rouge_l": score})
    return rows


def test_a_prompt_is_worth_what_the_curve_says_or_a_bound():
    levels = {0: 0.40, 1: 0.20, 2: 0.45, 4: 0.50, 8: 0.80}
    twin = prompt_worth(with_levels(levels))
    worths = {row["prompt"]: row["examples needed"] for row in twin.table}
    assert worths == {"no example": "about 64 examples", "1 example": "fewer than 32 examples",
                      "2 examples": "about 128 examples", "4 examples": "about 256 examples",
                      "8 examples": "more than 512 examples"}
    assert "has ROUGE-L 40.0; to get there the fine-tuned decoder needs about 64 examples (95%: " \
        in twin.reading
    assert "8 examples, more than 512 examples (95%: at least " in twin.reading
    assert {"about 64", "fewer than 32", "more than 512"} <= set(texts(twin))
    markers = {drawn.get_label(): drawn.get_marker() for drawn in twin.figure.axes[0].lines}
    assert markers["_worth ('prompted', 1)"] == "<" and markers["_worth ('prompted', 8)"] == ">"


def test_a_bound_at_the_empty_prompt_is_said_in_words():
    for level, words in ((0.1, "needs fewer than 32 examples (95%: at most 32)"),
                         (0.9, "needs more than 512 examples (95%: at least 512)")):
        assert words in prompt_worth(with_levels(dict.fromkeys((0, 1, 2, 4, 8), level))).reading


def test_worth_in_perplexity_reads_the_same_curve():
    found = Written(ROWS[FILMS.name])
    worth = found.worth(("prompted", 8))
    low, high = (math.log(found.mean(("writer", n))) for n in (32, 128))
    share = (low - math.log(found.mean(("prompted", 8)))) / (low - high)
    assert worth.examples == pytest.approx(32 * 4**share, rel=1e-3)
    assert said(worth, [32, 128, 512]) in prompt_worth(ROWS[FILMS.name]).reading


# -- samples ---------------------------------------------------------------------------------

@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_samples_are_the_runs_own_answers(task):
    found = Written(ROWS[task.name])
    table = samples(found, 3, 128, 1, 4).table
    rows = {row["arm"]: row for row in ROWS[task.name] if row["run_seed"] == 1
            and row["n"] == {"prompted": 4, "prompted_chat": 4}.get(row["arm"], 128)}
    said_ = {row["who"]: row["answer"] for row in table}
    assert said_["fine-tuned decoder, 128 examples"] == rows["writer"]["outputs"][2]
    assert said_["same decoder from scratch, 128 examples"] == rows["writer_scratch"]["outputs"][2]
    assert said_["untuned decoder in a chat, 4 examples in the prompt"] == (
        rows["prompted_chat"]["outputs"][2])
    assert said_["a person"] == task.test[2]["target"]
    assert not any("adapters" in who for who in said_)  # they have runs at the largest size alone
    assert ("no model: lead (first 5 words)" in said_) == (task is not FILMS)


def test_each_answer_has_its_own_score():
    found = Written(ROWS[NEWS.name])
    scores = []
    for text in range(1, TEXTS + 1):
        scores.append(samples(found, text, 512, 2).table[0]["ROUGE-L"])
    (row,) = [row for row in found.rows if (row["arm"], row["n"], row["run_seed"]) == (
        "writer", 512, 2)]
    assert np.mean(scores) == pytest.approx(100 * row["score"], abs=0.01)
    films = Written(ROWS[FILMS.name])
    (row,) = [row for row in films.rows if (row["arm"], row["n"], row["run_seed"]) == (
        "writer", 512, 0)]
    assert samples(films, 2).table[0]["perplexity of the target"] == pytest.approx(
        math.exp(-row["text_log_likelihoods"][1] / row["text_targets"][1]))


def test_samples_escape_every_text():
    evil = "<script>alert('x')</script> & \u202e"
    rows = [row | {"outputs": [evil] * TEXTS} for row in ROWS[NEWS.name]]
    shown = samples(Written(rows), 1)
    for html in (shown.html(), shown.body):
        assert "<script" not in html and "&lt;script&gt;" in html


def test_samples_of_a_right_to_left_script_say_so():
    body = samples(Written(ROWS[ARABIC.name]), 1).body
    assert body.count('dir="auto" lang="ar"') >= 5
    assert ARABIC.test[0]["target"] in body and 'lang="en"' in body  # what is read is English


def test_an_empty_answer_and_one_that_was_not_kept_are_told_apart():
    rows = [row | {"outputs": [""] * TEXTS if row["arm"] == "writer" else row["outputs"][:1]}
            for row in ROWS[NEWS.name]]
    found = Written(rows)
    assert "(an empty answer)" in samples(found, 1).body
    assert "this answer was not kept" in samples(found, 2).body
    assert samples(found, 1).table[0]["answer"] == ""


def test_samples_without_the_texts_show_the_answers_and_say_why(not_at_hand):
    shown = samples(Written(ROWS[NEWS.name]), 1)
    assert "What was to be answered cannot be shown" in shown.body
    assert "assets fetch news" in shown.body
    assert ROWS[NEWS.name][0]["outputs"][0] in [row["answer"] for row in samples(
        Written(ROWS[NEWS.name]), 1, 32).table]


def test_samples_that_are_not_there_are_refused():
    with pytest.raises(LearnerError, match="no answer to text 900.*from 1 to 40"):
        samples(Written(ROWS[NEWS.name]), 900)
    with pytest.raises(LearnerError, match="with seed 0"):
        samples(Written(only(NEWS, ("writer",))), 0)


# -- pairs -----------------------------------------------------------------------------------

def test_a_game_is_drawn_by_its_number_and_holds_each_text_once():
    found = Written(ROWS[NEWS.name])
    for other in OPPONENTS:
        first, ties = pairs(found, other, 512, 4)
        assert pairs(found, other, 512, 4) == (first, ties)
        assert [pair.text for pair in first] != [pair.text for pair in pairs(
            found, other, 512, 5)[0]]
        assert len({pair.text for pair in first}) == len(first)
        assert 8 < sum(pair.first_tuned for pair in first) < 32  # of 40
        assert len({pair.seed for pair in first}) == 3
        for pair in first:
            assert pair.tuned["arm"] == "writer" and pair.other["arm"] == OPPONENTS[other]
            assert (pair.answers[0] == pair.tuned["outputs"][pair.text - 1]) == pair.first_tuned


def test_equal_answers_are_left_out_and_counted():
    tuned = {row["run_seed"]: row["outputs"] for row in ROWS[NEWS.name]
             if (row["arm"], row["n"]) == ("writer", 512)}
    rows = [row | {"outputs": [f" {answer}  " for answer in tuned[row["run_seed"]][:30]]
                   + row["outputs"][30:]} if row["arm"] == "writer_scratch" and row["n"] == 512
            else row for row in ROWS[NEWS.name]]
    dealt, ties = pairs(Written(rows), "scratch", 512, 0)
    assert ties >= 90 and {pair.text for pair in dealt} <= set(range(31, 41))


def test_without_runs_of_both_there_is_no_pair():
    assert pairs(Written(only(NEWS, ("writer",))), "scratch", 512, 0) == ([], 0)
    assert pairs(Written([]), "prompt", 0, 0) == ([], 0)


def test_nothing_slow_is_loaded_before_it_is_needed():
    names = [f"llmtl_helpers.{name}" for name in (
        "plots.writing", "plots.writing_worth", "widgets.sample_explorer", "widgets.blind_game",
        "widgets.prompt_box")]
    slow = "torch transformers datasets scipy.stats sklearn sacrebleu rouge_score matplotlib.pyplot"
    code = f"import sys, {', '.join(names)}; print([m for m in {slow.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
