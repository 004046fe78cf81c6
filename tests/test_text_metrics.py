"""Scores of written answers: the libraries' figures, properties, and what was copied."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtl_helpers.training.metrics import METRICS, WRITTEN
from llmtl_helpers.training.text_metrics import (ONE_TEXT, bits_per_byte, chrf, chrf_counts,
                                                 chrf_from_counts, copied, distinct_n,
                                                 exact_match, longest_copied, per_text_scores,
                                                 rouge_1, rouge_2, rouge_l, words)

TEXTS = ["the cat sat on the mat", "Удалить эту страницу?", "删除此页面", "حذف هذه الصفحة",
         "Êtes-vous sûr ?", "ok", "a", "", "  ", "?!"]
texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=30),
                  st.lists(st.sampled_from("abcd"), max_size=12).map(" ".join))
pairs = st.lists(st.tuples(texts, texts), min_size=1, max_size=6)
plain = st.text(st.characters(max_codepoint=126, min_codepoint=32, exclude_characters="_"),
                max_size=40)


def sides(drawn):
    return [gold for gold, _ in drawn], [answer for _, answer in drawn]


@pytest.mark.parametrize("name", WRITTEN)
@given(pairs)
@settings(max_examples=40, deadline=None)
def test_scores_lie_between_0_and_1(name, drawn):
    gold, answers = sides(drawn)
    assert 0 <= METRICS[name](gold, answers) <= 1
    assert 0 <= METRICS[name](gold, [""] * len(gold)) <= METRICS[name](gold, gold) <= 1
    assert all(0 <= score <= 1 for score in per_text_scores(name, gold, answers))


@pytest.mark.parametrize("name", WRITTEN)
def test_the_target_itself_scores_1_in_any_script_and_nothing_scores_0(name):
    gold = [text * 4 for text in ("the cat sat here ", "Удалить эту страницу ", "删除 此 页面 ",
                                  "حذف هذه الصفحة ", "हटाएँ यह पृष्ठ ")]
    assert METRICS[name](gold, gold) == pytest.approx(1)
    assert per_text_scores(name, gold, gold) == pytest.approx([1] * 5)
    assert METRICS[name](gold, [""] * 5) == 0 and per_text_scores(name, gold, [""] * 5) == [0] * 5


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("gold, answers", [(["a"], []), ([], []), (["a"], ["a", "b"])])
def test_lists_that_do_not_fit_are_refused(name, gold, answers):
    for score in (METRICS[name], lambda *both: per_text_scores(name, *both), chrf_counts):
        with pytest.raises(ValueError, match="cannot be held against|no answers"):
            score(gold, answers)


def test_a_metric_that_scores_no_single_text_is_refused():
    assert set(ONE_TEXT) == set(WRITTEN)
    with pytest.raises(ValueError, match="'log_likelihood' does not score single texts; chrf"):
        per_text_scores("log_likelihood", ["a"], ["a"])


# --- ROUGE and exact match -----------------------------------------------------------------


def test_rouge_by_hand():
    gold, answers = ["The cat sat on the mat."], ["the cat lay on a mat"]
    assert rouge_1(gold, answers) == pytest.approx(4 / 6)  # the, cat, on, mat
    assert rouge_2(gold, answers) == pytest.approx(1 / 5)  # the cat
    assert rouge_l(gold, answers) == pytest.approx(4 / 6)
    assert rouge_l(gold, ["mat the on cat"]) == pytest.approx(2 * 2 / 10)
    assert rouge_1([*gold, "x"], [*answers, "y"]) == pytest.approx(2 / 6)


@given(st.lists(st.tuples(plain, plain), min_size=1, max_size=4))
@settings(max_examples=80, deadline=None)
def test_on_plain_english_rouge_is_the_librarys_own(drawn):
    from rouge_score.rouge_scorer import RougeScorer

    gold, answers = sides(drawn)
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"])
    for name, theirs in (("rouge_1", "rouge1"), ("rouge_2", "rouge2"), ("rouge_l", "rougeL")):
        expected = [scorer.score(g, a)[theirs].fmeasure for g, a in zip(gold, answers)]
        assert per_text_scores(name, gold, answers) == pytest.approx(expected)
        assert METRICS[name](gold, answers) == pytest.approx(np.mean(expected))


def test_letters_beyond_a_to_z_count():
    from rouge_score.rouge_scorer import RougeScorer

    text = "Удалить эту страницу"
    assert RougeScorer(["rougeL"]).score(text, text)["rougeL"].fmeasure == 0  # all of it dropped
    assert rouge_l([text], ["удалить страницу"]) == pytest.approx(0.8)
    assert words("Straße, हटाएँ_x don't 3½") == ["strasse", "हटाएँ", "x", "don", "t", "3½"]


def test_an_exact_match_forgives_spaces_only():
    answers = [" Delete \n page", "A", "e\u0301", "x."]
    assert exact_match(["Delete page", "a", "é", "x"], answers) == 0.5


# --- chrF ----------------------------------------------------------------------------------


@given(pairs, st.integers(0, 2**32 - 1))
@settings(max_examples=120, deadline=None)
def test_chrf_of_summed_counts_is_the_librarys_of_the_corpus(drawn, seed):
    gold, answers = sides(drawn)
    counts = chrf_counts(gold, answers)
    assert counts.shape == (len(gold), 6, 3) and (counts >= 0).all()
    assert (counts[..., 2] <= counts[..., :2].min(-1)).all()
    assert float(chrf_from_counts(counts.sum(0))) == pytest.approx(chrf(gold, answers))
    assert chrf_from_counts(counts) == pytest.approx(per_text_scores("chrf", gold, answers))
    chosen = np.random.default_rng(seed).integers(len(gold), size=(3, len(gold)))
    assert chrf_from_counts(counts[chosen].sum(1)) == pytest.approx(
        [chrf([gold[i] for i in row], [answers[i] for i in row]) for row in chosen])


def test_chrf_does_not_punish_missing_spaces_but_other_letters():
    assert chrf(["Supprimer la page"], ["Supprimerlapage"]) == 1
    near, far = chrf(["Supprimer la page"], ["Supprimer les pages"]), chrf(["Supprimer la page"],
                                                                           ["Delete the page"])
    assert 0.6 < near < 1 and far < 0.4


# --- diversity and copying -----------------------------------------------------------------


def test_distinct_runs_by_hand():
    assert distinct_n(["a b a b"], 1) == 0.5 and distinct_n(["a b a b"], 2) == pytest.approx(2 / 3)
    assert distinct_n(["a b", "A b!"], 2) == 0.5  # runs do not cross from text to text
    assert distinct_n(["one two", "three four"], 2) == 1
    assert math.isnan(distinct_n(["one", ""], 2)) and math.isnan(distinct_n([], 1))
    for empty in (0, -1):
        with pytest.raises(ValueError, match="at least one word"):
            distinct_n(["a"], empty)


def test_what_was_copied_by_hand():
    training = ["A warm, funny film that never lets go.", "It never lets up"]
    assert copied(["a warm funny film that never"], training, 5) == 1
    assert copied(["a warm funny film about love"], training, 5) == 0
    assert copied(["a warm funny film about love"], training, 3) == 0.5
    assert copied(["lets go it never lets"], training, 3) == pytest.approx(1 / 3)
    assert math.isnan(copied(["short"], training))
    assert longest_copied(["A film that never lets up", "warm, funny", "", "nothing new", "go it"],
                          training) == ["film that never lets", "warm funny", "", "", "go"]
    assert longest_copied(["a b"], []) == [""]


letters = st.lists(st.sampled_from("abc"), max_size=9).map(" ".join)


@given(st.lists(letters, max_size=4), st.lists(letters, max_size=3), st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_copying_agrees_with_looking_everywhere(training, answers, n):
    def stands(run):
        return any(f" {run} " in f" {text} " for text in training)

    runs = [" ".join(said[at:at + n]) for said in map(str.split, answers)
            for at in range(len(said) - n + 1)]
    share = copied(answers, training, n)
    assert math.isnan(share) if not runs else share == pytest.approx(np.mean([*map(stands, runs)]))
    for answer, longest in zip(answers, longest_copied(answers, training), strict=True):
        said = answer.split()
        there = [" ".join(said[i:j]) for i in range(len(said)) for j in range(i + 1, len(said) + 1)
                 if stands(" ".join(said[i:j]))]
        assert longest in {*there, ""}
        assert len(longest.split()) == max((len(run.split()) for run in there), default=0)


@given(st.lists(letters, min_size=1, max_size=5), st.integers(1, 3))
def test_all_of_a_training_text_is_copied_and_distinct_is_a_share(drawn, n):
    assert longest_copied(drawn, drawn) == drawn
    share, all_of_it = distinct_n(drawn, n), copied(drawn, drawn, n)
    assert math.isnan(share) == math.isnan(all_of_it)
    assert math.isnan(share) or (0 < share <= 1 and all_of_it == 1)


# --- bits per byte -------------------------------------------------------------------------


def test_guessing_bytes_blindly_costs_eight_bits_each():
    targets = ["four", "é", ""]  # 4, 2 and no bytes
    sums = [-len(target.encode()) * math.log(256) for target in targets]
    assert bits_per_byte(sums, targets) == pytest.approx(8)
    assert bits_per_byte([-math.log(2) * 3, 0, 0], targets) == pytest.approx(0.5)


def test_bits_per_byte_do_not_depend_on_how_the_text_was_cut():
    draw = random.Random(0)
    one_by_one = [-draw.random() for _ in range(20)]
    assert bits_per_byte([sum(one_by_one)], ["x" * 40]) == pytest.approx(
        bits_per_byte(one_by_one, ["xx"] * 20))


@pytest.mark.parametrize("sums, targets", [([], []), ([-1.0], [""]), ([-1.0], ["a", "b"])])
def test_no_bytes_are_refused(sums, targets):
    with pytest.raises(ValueError, match="no bits per byte"):
        bits_per_byte(sums, targets)
