"""Figures on e-mails: the same thing in picture, table and words."""

import numpy as np
import pytest
from rows import make_row
from test_plots import line, texts
from test_plots_11 import look

from llmtl_helpers import paths
from llmtl_helpers.arms import ARMS, EVERY_ARM
from llmtl_helpers.assets.store import absent
from llmtl_helpers.curves.confusion import Confusion, confusion, macro_f1_difference
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.explain import (Judge, Occlusion, masked, network_judge, occlude, plain_words,
                                   probability, put_probe, shown, snippet, word_judge)
from llmtl_helpers.explain.words import telling_words
from llmtl_helpers.ledger import pack_flags
from llmtl_helpers.plots import (discordance_figure, drawn_test_sets, error_cost, false_alarms,
                                 marked_text, occlusion_figure, paired_gap, telling_words_figure)
from llmtl_helpers.plots.hard_mail import HARD
from llmtl_helpers.plots.mail_runs import gold_labels
from llmtl_helpers.plots.precision_recall import equal_prices
from llmtl_helpers.plots.test_sets import RUNS_TOO
from llmtl_helpers.training.baselines import word_model

MESSAGES, HARD_MESSAGES = 400, 100
GOLD = (np.arange(MESSAGES) % 4 == 0).astype(int)
# arm -> junk missed, real lost, hard mail lost, at 64 and at 1,024 labels
RATES = {
    "fine_tuned": ((0.12, 0.05, 0.35), (0.05, 0.020, 0.25)),
    "scratch": ((0.80, 0.08, 0.10), (0.25, 0.060, 0.30)),
    "small_scratch": ((0.60, 0.08, 0.10), (0.20, 0.050, 0.30)),
    "probe": ((0.15, 0.06, 0.35), (0.09, 0.030, 0.30)),
    "tfidf": ((0.90, 0.00, 0.02), (0.16, 0.004, 0.28)),
    "tfidf_beginning": ((0.92, 0.00, 0.02), (0.18, 0.012, 0.20)),
}


def mail(arms=tuple(RATES), sizes=(64, 1024), seeds=5, **fields) -> list[dict]:
    """Rows of made-up filters: what is hard for one run is mostly hard for all."""
    rng = np.random.default_rng(0)
    hardness, hard_hardness = rng.random(MESSAGES), rng.random(HARD_MESSAGES)
    rows = []
    for arm in arms:
        for place, n in enumerate(sizes):
            missed, lost, hard = RATES[arm][place]
            for seed in range(seeds):
                right = 0.7 * hardness + 0.3 * rng.random(MESSAGES) > _quantile(
                    np.where(GOLD == 1, missed, lost))
                there = 0.7 * hard_hardness + 0.3 * rng.random(HARD_MESSAGES) > _quantile(hard)
                score = round(confusion(GOLD, right).macro_f1, 5)
                rows.append(make_row(**{
                    "task": "email/spam", "arm": arm, "n": n, "run_seed": seed, "subset_seed": seed,
                    "metric": "macro_f1", "score": score, "macro_f1": score,
                    "accuracy": float(right.mean()), "test_size": MESSAGES,
                    "correct": pack_flags(right), "other_tests": {HARD: {
                        "test_size": HARD_MESSAGES, "correct": pack_flags(there)}}, **fields}))
    return rows


def _quantile(share):
    """Where so large a share of 0.7 u + 0.3 v lies below, u and v being uniform (near the ends)."""
    return np.where(np.asarray(share) < 0.2, np.sqrt(0.42 * np.asarray(share)), share)


ROWS = mail()
both_themes = pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
OCCLUDED = Occlusion(("Free", "offer!", "for", "<b>Tom</b>", "a@b.example", "mortgage" * 6),
                     (1.5, 0.4, 0.01, -0.7, -0.2, 0.6), 1.2, 40)


def arms_of(twin, label):
    return [row for row in twin.table if label in row.values()]


# -- how far ahead ----------------------------------------------------------------------------

@both_themes
@pytest.mark.parametrize("draw", [
    lambda **o: paired_gap(ROWS, gold=GOLD, **o),
    lambda **o: paired_gap(ROWS, ("tfidf",), gold=GOLD, **o),
    lambda **o: error_cost(ROWS, gold=GOLD, **o),
    lambda **o: error_cost(ROWS, 1000, 64, gold=GOLD, **o),
    lambda **o: false_alarms(ROWS, gold=GOLD, **o),
    lambda **o: drawn_test_sets(ROWS, **o),
    lambda **o: drawn_test_sets(ROWS, 10_000, luck=RUNS_TOO, **o),
    lambda **o: discordance_figure(290, 281, 300, ("pre-trained", "random weights"), **o),
    lambda **o: occlusion_figure(OCCLUDED, **o),
])
def test_figures_are_readable(draw, theme, scale):
    look(draw, theme, scale)


def test_the_gap_is_the_paired_difference_at_each_size():
    twin = paired_gap(ROWS, ("tfidf",), gold=GOLD)
    rows = {(row["arm"], row["n"], row["run_seed"]): row for row in ROWS}
    from llmtl_helpers.ledger import correct_flags
    ours, theirs = ([correct_flags(rows[arm, 1024, seed]) for seed in range(5)]
                    for arm in ("fine_tuned", "tfidf"))
    expected = macro_f1_difference(GOLD, ours, theirs)
    (last,) = [row for row in twin.table if row["n"] == 1024]
    assert last["points ahead"] == pytest.approx(100 * expected.difference)
    assert last["interval"] == pytest.approx(tuple(100 * end for end in expected.interval))
    means = [np.mean([row["score"] for row in ROWS if (row["arm"], row["n"]) == (arm, 1024)])
             for arm in ("fine_tuned", "tfidf")]
    assert last["points ahead"] == pytest.approx(100 * (means[0] - means[1]), abs=0.01)
    drawn = line(twin, ARMS["tfidf"].label)
    assert drawn.get_ydata()[-1] == pytest.approx(last["points ahead"])


def test_the_reading_says_the_direction_and_the_doubt():
    ahead = paired_gap(mail(sizes=(64,)), ("tfidf",), gold=GOLD).reading
    assert "points of macro-F1 above the bag of words" in ahead and "holds 0" not in ahead
    assert "more than 2 points apart" in ahead
    behind = paired_gap(mail(sizes=(64,)), ("fine_tuned",), treatment="tfidf", gold=GOLD).reading
    assert "points of macro-F1 below the fine-tuned checkpoint" in behind
    same = [{**row, "arm": "tfidf", "id": f"x{row['id']}"}
            for row in mail(("fine_tuned",), sizes=(64,))]
    level = paired_gap([*mail(("fine_tuned",), sizes=(64,)), *same], ("tfidf",), gold=GOLD).reading
    assert "level with the bag of words" in level and "holds 0" in level
    assert "within 2 points of each other there" in level
    few = paired_gap(mail(sizes=(64,), seeds=2), ("tfidf",), gold=GOLD)
    assert "too few for an interval" in few.reading and few.table[0]["interval"] is None


def test_without_the_messages_the_gap_is_one_of_accuracy(monkeypatch):
    def not_here(name):
        raise absent("email")

    monkeypatch.setattr("llmtl_helpers.tasks.load_task", not_here)
    twin = paired_gap(ROWS, ("tfidf",))
    assert "points of accuracy" in twin.reading
    assert "`python3 start.py assets fetch email`" in twin.reading
    with pytest.raises(LearnerError, match="assets fetch email"):
        gold_labels(ROWS)
    cost = error_cost(ROWS)
    assert "assets fetch email" in cost.reading and not cost.table
    alarms = false_alarms(ROWS)
    assert "Ordinary mail is left out" in alarms.reading
    assert {row["mail"] for row in alarms.table} == {"hard"}


def test_runs_on_other_messages_are_not_judged_by_these(monkeypatch):
    class Task:
        fingerprint = "f" * 64

    monkeypatch.setattr("llmtl_helpers.tasks.load_task", lambda name: Task)
    with pytest.raises(LearnerError, match="other texts"):
        gold_labels(ROWS)


@pytest.mark.parametrize("draw", [paired_gap, error_cost, false_alarms, drawn_test_sets])
def test_without_runs_a_figure_names_the_command(draw):
    twin = draw([])
    assert "`python3 start.py sweep --task email/spam" in twin.reading and not twin.table
    bare = draw(mail(correct="") if draw is not false_alarms else mail(other_tests={}))
    assert "start.py sweep --task email/spam" in bare.reading and not bare.table


@pytest.mark.parametrize("draw", [paired_gap, error_cost, false_alarms])
def test_an_arm_without_runs_is_named(draw):
    twin = draw([row for row in ROWS if row["arm"] != "tfidf_beginning"], gold=GOLD)
    assert EVERY_ARM["tfidf_beginning"].label in twin.reading
    assert "--arms tfidf_beginning` makes it" in twin.reading
    assert "Not there yet" not in draw(ROWS, gold=GOLD).reading


@pytest.mark.parametrize("draw", [paired_gap, error_cost, false_alarms, drawn_test_sets])
def test_trials_and_live_runs_and_other_rules_stay_out(draw):
    gold = {} if draw is drawn_test_sets else {"gold": GOLD}
    more = [*mail(("fine_tuned",), purpose="trial"), *mail(("fine_tuned",), purpose="live"),
            *mail(("fine_tuned",), purpose="luck")]
    assert draw([*ROWS, *more], **gold).table == draw(ROWS, **gold).table
    with pytest.raises(LearnerError, match="training rules"):
        draw([*ROWS, *mail(("tfidf",), budget="smoke")], **gold)


# -- one test set, and many -------------------------------------------------------------------

def test_every_split_is_a_point_and_the_reading_has_both_ends():
    twin = discordance_figure(290, 281, 300, ("A", "B"))
    points = np.concatenate([kind.get_offsets() for kind in twin.figure.axes[0].collections])
    assert sorted(points[:, 0]) == [9 + 2 * b for b in range(11)]
    assert sorted(points[:, 1]) == pytest.approx(sorted(row["p"] for row in twin.table))
    assert "0.004 and 0.136" in twin.reading and "below 0.05 in 5 of 11" in twin.reading
    assert "decide nothing" in twin.reading
    assert "always below 0.05" in discordance_figure(299, 200, 300).reading
    assert "never below 0.05" in discordance_figure(281, 281, 300).reading


def test_every_draw_is_in_the_histogram_and_flips_are_counted():
    twin = drawn_test_sets(ROWS, 300)
    bars = [bar for bar in twin.figure.axes[0].patches if bar.get_label() != "_legend"]
    assert sum(bar.get_height() for bar in bars) == pytest.approx(2000)
    (row,) = [row for row in twin.table if row["test messages"] == 300]
    assert f"in {row['worse model ahead']:.0%} of the 2,000 draws the worse model" in twin.reading
    hatched = sum(bar.get_height() for bar in bars if bar.get_hatch() == "//")
    assert hatched == pytest.approx(2000 * row["worse model ahead"])
    flips = [row["worse model ahead"] for row in twin.table if row["test messages"] >= 300]
    assert flips == sorted(flips, reverse=True)


def test_the_roles_of_the_two_models_can_be_changed():
    one, other = (drawn_test_sets(ROWS, 300, *pair) for pair in (("fine_tuned", "tfidf"),
                                                                 ("tfidf", "fine_tuned")))
    assert " above the " in one.reading and " below the " in other.reading
    for a, b in zip(one.table, other.table, strict=True):
        assert a["worse model ahead"] == pytest.approx(b["worse model ahead"], abs=0.04)


def test_the_luck_of_the_runs_is_said():
    assert "one run of each" in " ".join(texts(drawn_test_sets(ROWS)))
    assert "5 runs of each" in " ".join(texts(drawn_test_sets(ROWS, luck=RUNS_TOO)))
    with pytest.raises(ValueError, match="messages and runs"):
        drawn_test_sets(ROWS, luck="seeds")


# -- kinds of errors --------------------------------------------------------------------------

def test_counts_in_the_table_are_those_of_the_runs():
    twin = error_cost(ROWS, 10, gold=GOLD)
    (row,) = arms_of(twin, ARMS["fine_tuned"].label)
    assert row["caught junk"] + row["missed junk"] == GOLD.sum()
    assert row["lost real"] + row["kept real"] == MESSAGES - GOLD.sum()
    one = Confusion(row["caught junk"], row["missed junk"], row["lost real"], row["kept real"])
    assert row["harm at price 10"] == pytest.approx(one.harm(10))
    scores = [row["score"] for row in ROWS if (row["arm"], row["n"]) == ("fine_tuned", 1024)]
    assert row["macro-F1"] == pytest.approx(np.mean(scores), abs=0.003)
    drawn = line(twin, ARMS["fine_tuned"].label)
    assert drawn.get_ydata()[0] == pytest.approx(one.harm(1))
    assert drawn.get_ydata()[-1] == pytest.approx(one.harm(1000))


def test_the_price_decides_who_does_least_harm():
    cheap, dear = error_cost(ROWS, 1, gold=GOLD), error_cost(ROWS, 1000, gold=GOLD)
    assert "the fine-tuned checkpoint does the least harm" in cheap.reading
    assert "the bag of words (TF-IDF) does the least harm" in dear.reading
    assert "no filter at all would be better" in dear.reading
    assert "as bad as 1 missed junk message," in cheap.reading
    (tuned,), (words,) = (arms_of(cheap, ARMS[arm].label) for arm in ("fine_tuned", "tfidf"))
    at = (words["missed junk"] - tuned["missed junk"]) / (tuned["lost real"] - words["lost real"])
    assert f"Below a price of {at:.3g}" in cheap.reading
    with pytest.raises(ValueError, match="1 and 1,000"):
        error_cost(ROWS, 0.5, gold=GOLD)


def test_equal_harm_by_hand():
    a, b = Confusion(88, 12, 9, 91), Confusion(70, 30, 3, 97)
    assert equal_prices(a, b) == equal_prices(b, a) == 3.0
    assert a.harm(3) == b.harm(3)
    assert equal_prices(a, Confusion(88, 12, 9, 91)) is None
    assert equal_prices(a, Confusion(80, 20, 10, 90)) is None  # worse in both: never equal


def test_false_alarms_are_counted_for_both_kinds_of_mail():
    twin = false_alarms(ROWS, gold=GOLD)
    hard = {row["filter"]: row for row in twin.table if row["mail"] == "hard"}
    ordinary = {row["filter"]: row for row in twin.table if row["mail"] == "ordinary"}
    assert set(hard) == set(ordinary) == {EVERY_ARM[arm].label for arm in RATES}
    label = ARMS["tfidf"].label
    assert hard[label]["messages"] == HARD_MESSAGES
    assert ordinary[label]["messages"] == MESSAGES - GOLD.sum()
    assert hard[label]["share"] > 5 * ordinary[label]["share"]
    low, high = hard[label]["interval"]
    assert low < hard[label]["share"] < high
    assert f"{100 * hard[label]['share']:.1f}%" in twin.reading or "calls" in twin.reading


# -- what it looks at -------------------------------------------------------------------------

TEXTS = ["free offer click now !", "win money free !", "free money now", "click to win !",
         "the kernel patch i wrote", "i wrote the list", "the printer list and the patch",
         "kernel list i think"]
LABELS = [1] * 4 + [0] * 4


@pytest.fixture(scope="module")
def bag():
    return word_model(10.0).fit(TEXTS, LABELS)


def test_telling_words_have_the_largest_weights_to_either_side(bag):
    found = telling_words(bag, 3)
    weights = [one.weight for one in found]
    assert weights == sorted(weights, reverse=True) and weights[2] > 0 > weights[3]
    assert found[0].word == "free" and "the" in [one.word for one in found[3:]]
    assert max(bag[-1].coef_[0]) == weights[0] and min(bag[-1].coef_[0]) == weights[-1]
    with pytest.raises(ValueError):
        telling_words(bag, 0)


def test_the_figure_of_telling_words_masks_what_is_not_plain(bag):
    twin = telling_words_figure(bag, 3, plain={"the", "list", "kernel"})
    assert [row["speaks for"] for row in twin.table] == ["junk"] * 3 + ["real"] * 3
    assert twin.table[0]["word"] == "f···" and "free" not in twin.html()
    assert "free" in telling_words_figure(bag, 3).reading
    drawn = [bar.get_width() for bar in twin.figure.axes[0].patches]
    assert drawn == pytest.approx([row["weight"] for row in twin.table])
    for count in (0, 10):
        with pytest.raises(ValueError, match="choose 1 to 9"):
            telling_words_figure(bag, count)


def test_occlusion_takes_one_word_away_at_a_time():
    seen = []

    def logits(texts):
        seen.extend(texts)
        return [text.count("free") - 0.5 * text.count("list") for text in texts]

    found = occlude(Judge("counter", logits), "free  list free\nend")
    assert seen == ["free  list free\nend", "  list free\nend", "free   free\nend",
                    "free  list \nend", "free  list free\n"]
    assert found.words == ("free", "list", "free", "end")
    assert found.changes == (1.0, -0.5, 1.0, 0.0)
    assert (found.logit, found.rest) == (1.5, 0)


def test_what_is_not_read_or_not_tried_is_counted():
    first = Judge("short-sighted", lambda texts: [0.0] * len(texts), lambda text: text[:9])
    assert occlude(first, "one two three four").rest == 9
    assert occlude(Judge("all", lambda texts: [0.0] * len(texts)), "one two three", 2).rest == 6
    for empty in ("", " \n "):
        with pytest.raises(ValueError, match="no word"):
            occlude(first, empty)


def test_the_bag_of_words_as_a_judge(bag):
    judge = word_judge(bag)
    logits = judge.logits(["free money !", "the list i wrote"])
    assert logits[0] > 0 > logits[1] and judge.reads("anything") == "anything"
    assert [probability(logit) for logit in logits] == pytest.approx(
        bag.predict_proba(["free money !", "the list i wrote"])[:, 1])
    assert (probability(0), probability(-1000), probability(1000)) == (0.5, 0.0, 1.0)


def test_a_network_as_a_judge_reads_its_beginning_and_a_probe_can_be_its_head(tmp_path):
    from tiny import BAD, GOOD, tiny_checkpoint

    from llmtl_helpers.models import build
    from llmtl_helpers.training.loop import evaluate

    model = build(tiny_checkpoint(tmp_path))
    judge = network_judge(model, 6)
    text = "the film was a story with music"
    assert judge.reads(text) == "the film was a"  # 6 tokens, two of them marks
    outputs = evaluate(model, model.encode([text], 6))
    assert judge.logits([text])[0] == pytest.approx(float(outputs[0, 1] - outputs[0, 0]))
    assert judge.logits([text]) == pytest.approx(judge.logits([judge.reads(text)]))
    before = model.body.state_dict()["embeddings.word_embeddings.weight"].clone()
    texts_ = [f"the film was {word}" for word in (*GOOD, *BAD)] * 3
    put_probe(model, texts_, ([1] * 5 + [0] * 5) * 3, 6, 10.0)
    assert ((judge.logits(texts_) > 0) == (np.array(([1] * 5 + [0] * 5) * 3) == 1)).all()
    assert before.equal(model.body.state_dict()["embeddings.word_embeddings.weight"])


def test_the_occlusion_figure_keeps_the_order_of_the_text():
    twin = occlusion_figure(OCCLUDED, 3)
    widths = [bar.get_width() for bar in twin.figure.axes[0].patches]
    assert widths == [1.5, -0.7, 0.6]
    assert len(twin.table) == 6 and twin.table[3]["speaks for"] == "real"
    assert "+1.20" in twin.reading and "turns the answer round" in twin.reading
    assert "40 characters at the end" in twin.reading
    for count in (0, 19):
        with pytest.raises(ValueError, match="choose 1 to 18"):
            occlusion_figure(OCCLUDED, count)


def test_marked_text_has_sign_and_number_and_is_escaped():
    found = marked_text(OCCLUDED)
    assert "+1.5" in found.html and "-0.7" in found.html and "plus speaks for junk" in found.html
    assert "<b>Tom" not in found.html and "&lt;b&gt;Tom&lt;/b&gt;" in found.html
    assert "a@b.example" not in found.html and "(address)" in found.html
    assert "mortgage" * 6 not in found.html and "…" in found.html
    assert repr(found).startswith("Free (+1.5) offer! (+0.4) for ")
    assert "F···" in marked_text(OCCLUDED, plain={"for"}).html
    assert "+0.000" not in marked_text(Occlusion(("a", "b"), (0.0, 0.0), 0.0, 0)).text


# -- masks ------------------------------------------------------------------------------------

def test_what_is_rare_in_real_mail_is_masked():
    plain = plain_words(["the list is long", "the printer", "THE end", "a list"], share=0.5)
    assert plain == {"the", "list"}
    assert masked("The list of Mortgage offers, 100% at no 5!", plain) == (
        "The list of M······· o·····, 100% at no 5!")


def test_a_snippet_is_one_short_line_without_addresses():
    text = "Hello\n\n  Tom <tom@mail.example>,\n" + "word " * 100
    assert snippet(text, 60).startswith("Hello Tom (address) word")
    assert len(snippet(text, 60)) <= 64 and snippet(text, 60).endswith(" ...")
    assert snippet("free money", 60, {"money"}) == "f··· money"
    assert shown("a@b.example", {"x"}) == "(address)"


def test_lessons_name_of_the_hard_test_is_the_tasks():
    from llmtl_helpers.tasks.emails import TEST_ONLY

    assert TEST_ONLY == (HARD,) and paths.ROOT.joinpath("lessons/06_classify_emails.md").is_file()
