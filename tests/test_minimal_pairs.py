"""Pairs of sentences of which one is right: the files, the judging, the figure."""

import builtins
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_plots import line, texts
from test_plots_11 import look
from tiny import tiny_causal

from llmtl_helpers import models, paths
from llmtl_helpers.arms import DECODER
from llmtl_helpers.assets import state
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.explain import cloze, minimal_pairs
from llmtl_helpers.explain.cloze import fact_pairs
from llmtl_helpers.explain.minimal_pairs import (BEFORE, LONGEST, Pair, grammar_pairs, preferences,
                                                 right_by_kind)
from llmtl_helpers.lessons.source import read_lessons
from llmtl_helpers.plots.minimal_pairs import ALL, PRETRAINED, RANDOM, minimal_pairs_figure, shares
from llmtl_helpers.tasks.base import normalised

SETS = {"grammar": grammar_pairs(), "facts": fact_pairs()}
by_set = pytest.mark.parametrize("pairs", SETS.values(), ids=SETS)


def words(sentence: str) -> list[str]:
    return normalised(sentence).split()


def marked(sentence: str) -> list[str]:
    """Words, without regard to capitals, and the mark at the end."""
    return [*words(sentence), sentence[-1]]


# --- the files ------------------------------------------------------------------------------


def test_there_are_pairs_enough():
    grammar, facts = (Counter(pair.kind for pair in pairs) for pairs in SETS.values())
    assert len(grammar) >= 8 and min(grammar.values()) >= 25
    assert len(facts) >= 5 and sum(facts.values()) >= 60 and min(facts.values()) >= 12


@by_set
def test_every_line_is_a_pair_of_whole_sentences(pairs):
    for pair in pairs:
        assert pair.kind
        for sentence in (pair.right, pair.wrong):
            assert sentence == " ".join(sentence.split()) and sentence.isascii(), sentence
            assert sentence[0].isupper() and sentence[-1] in ".?!", sentence
            assert 3 <= len(words(sentence)) <= 14 and not set(sentence) & set('";:()'), sentence
    for file in (minimal_pairs.FILE, cloze.FILE):
        assert paths.PACKAGE in file.parents  # so that it is packed with the code
        lines = file.read_text(encoding="utf-8").splitlines()
        assert len({line.count("\t") for line in lines}) == 1 and all(map(str.strip, lines))


@by_set
def test_no_sentence_stands_twice(pairs):
    sentences = [" ".join(words(s)) + s[-1] for pair in pairs for s in (pair.right, pair.wrong)]
    twice = [s for s, count in Counter(sentences).items() if count > 1]
    assert not twice, "a sentence is right in one pair and wrong in another, or is repeated"


@by_set
def test_the_two_differ_in_one_word_or_in_the_order_alone(pairs):
    for pair in pairs:
        right, wrong = marked(pair.right), marked(pair.wrong)
        assert right != wrong and len(right) == len(wrong), pair
        swapped = sum(a != b for a, b in zip(right, wrong))
        assert swapped == 1 or Counter(right) == Counter(wrong), pair


@by_set
def test_every_swap_has_its_mirror_image_within_its_kind(pairs):
    """So that no list of good words, of frequent ones or of short ones beats chance."""
    swaps = Counter()
    for pair in pairs:
        right, wrong = Counter(marked(pair.right)), Counter(marked(pair.wrong))
        swaps[pair.kind, *(right - wrong), "for", *(wrong - right)] += 1
    for (kind, *new, _, old), count in ((key, n) for key, n in swaps.items() if len(key) == 4):
        assert swaps[kind, old, "for", *new] == count, f"{kind}: {new} for {old}"


def test_where_the_order_decides_it_decides_both_ways():
    """A network that likes sentences to begin with a certain word must not gain by it."""
    first = Counter(words(pair.right)[0] for pair in grammar_pairs()
                    if pair.kind == "polarity and scope")
    assert first == {"no": 15, "the": 15}


@by_set
@given(seed=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_whoever_looks_at_single_words_is_right_in_half_of_each_kind(pairs, seed):
    worth = dict(zip(*(iter(s) for s in (
        dict.fromkeys(w for p in pairs for s in (p.right, p.wrong) for w in marked(s)),
        np.random.default_rng(seed).normal(size=10_000)))))

    def score(sentence):
        return sum(worth[word] for word in sorted(marked(sentence)))

    found = right_by_kind(pairs, [score(pair.right) - score(pair.wrong) for pair in pairs])
    ties = right_by_kind(pairs, [score(pair.wrong) - score(pair.right) for pair in pairs])
    for kind, right in found.items():
        assert right.sum() == ties[kind].sum(), kind  # as many better as worse; the rest are ties


def test_facts_differ_in_their_last_word_and_every_ending_is_right_once():
    endings = {True: Counter(), False: Counter()}
    for pair in fact_pairs():
        right, wrong = words(pair.right), words(pair.wrong)
        assert right[:-1] == wrong[:-1] and right[-1] != wrong[-1], pair
        endings[True][pair.kind, right[-1]] += 1
        endings[False][pair.kind, wrong[-1]] += 1
    assert endings[True] == endings[False]


# --- the judging ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from llmtl_helpers.models import build_language_model

    return build_language_model(tiny_causal(tmp_path_factory.mktemp("causal")))


STORY = [Pair("order", "the film was a story with actors", "film the was a story with actors"),
         Pair("order", "a story was good", "story a was good"),
         Pair("word", "the film was superb", "the film was today")]


def test_a_preference_is_the_difference_of_two_log_probabilities_to_the_end(model):
    import torch

    def log_p(sentence):
        ids = [*model.tokenizer(f"{BEFORE} {sentence}")["input_ids"], model.tokenizer.eos_token_id]
        with torch.no_grad():
            logs = model.network(torch.tensor([ids])).logits[0].log_softmax(-1)
        return sum(logs[at, ids[at + 1]].item() for at in range(len(ids) - 1))

    found = preferences(model, STORY)
    assert found.dtype == np.float64
    assert found == pytest.approx([log_p(pair.right) - log_p(pair.wrong) for pair in STORY],
                                  abs=1e-4)
    assert preferences(model, STORY[::-1])[::-1] == pytest.approx(found, abs=1e-4)
    turned = [Pair(pair.kind, pair.wrong, pair.right) for pair in STORY]
    assert preferences(model, turned) == pytest.approx(-found, abs=1e-4)


def test_no_sentence_is_cut(model):
    from llmtl_helpers.arms import DIAL
    from llmtl_helpers.models import load_tokenizer

    tokenizer = load_tokenizer(f"causal-{list(DIAL)[-1]}")
    longest = max(len(tokenizer(s)["input_ids"]) for pairs in SETS.values() for pair in pairs
                  for s in (pair.right, pair.wrong))
    assert longest < LONGEST / 2  # tokenizers that cut finer have room


def test_a_model_that_read_such_sentences_prefers_them(model, tmp_path):
    from llmtl_helpers.models import build_language_model
    from llmtl_helpers.training.loop import train

    taught = build_language_model(tiny_causal(tmp_path))
    train(taught, [(BEFORE, f" {pair.right}") for pair in STORY], [0] * len(STORY), updates=60,
          batch_size=3, learning_rate=2e-2)
    assert (preferences(taught, STORY) > 1).all()
    assert not (preferences(model, STORY) > 1).all()


def test_what_cannot_be_judged_is_refused(model):
    with pytest.raises(ValueError, match="no pairs"):
        preferences(model, [])
    for wrong in ([1.0, 2.0], np.zeros((2, 4)), np.zeros((1, 1, 3)), 1.0):
        with pytest.raises(ValueError, match="3 pairs need as many"):
            right_by_kind(STORY, wrong)
    with pytest.raises(ValueError, match="0 pairs need"):
        right_by_kind([], [])


def test_right_is_above_zero_and_kinds_keep_their_order():
    found = right_by_kind(STORY, [[1.0, 0.0, -2.0], [1.0, 3.0, 0.1]])
    assert list(found) == ["order", "word"]
    assert found["order"].tolist() == [[True, False], [True, True]]  # a tie is no preference
    assert found["word"].tolist() == [[False], [True]]


# --- the figure -----------------------------------------------------------------------------


def made(pairs, mean: float, runs: int = 1) -> np.ndarray:
    return np.random.default_rng(runs).normal(mean, 1, (runs, len(pairs)))


@by_set
@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
def test_the_figure_is_readable(pairs, theme, scale):
    look(lambda **options: minimal_pairs_figure(pairs, made(pairs, 1.5), made(pairs, 0, 3),
                                                **options), theme, scale)


def test_points_table_and_reading_say_the_same():
    pairs = grammar_pairs()
    pretrained, random = made(pairs, 1.5), made(pairs, 0.0, 3)
    twin = minimal_pairs_figure(pairs, pretrained, random, title="Grammar")
    rows = {(row["kind"], row["weights"]): row for row in twin.table}
    kinds = {pair.kind for pair in pairs}
    assert {kind for kind, _ in rows} == kinds | {ALL} and len(rows) == 2 * (len(kinds) + 1)
    whole = rows[ALL, PRETRAINED]
    assert whole["share"] == pytest.approx((pretrained > 0).mean()) and whole["pairs"] == len(pairs)
    assert whole["interval"][0] < whole["share"] < whole["interval"][1]
    assert rows[ALL, RANDOM]["networks"] == 3
    assert line(twin, PRETRAINED).get_xdata() == pytest.approx([100 * whole["share"]])
    assert f"{100 * whole['share']:.0f}%" in twin.reading and "chance is 50%" in twin.reading
    shown = [row["share"] for row in twin.table[2:] if row["weights"] == PRETRAINED]
    assert shown == sorted(shown, reverse=True)  # the hardest kind at the bottom
    lowest = min(shown)
    named = twin.reading.partition("Lowest with pre-trained weights: ")[2].partition(",")[0]
    assert rows[named, PRETRAINED]["share"] == lowest
    assert twin.alt.startswith("Grammar. ") and twin.reading in twin.alt
    assert "3 seeds" in " ".join(texts(twin))
    dots = [found for found in twin.figure.axes[0].collections
            if found.get_label() == f"_seeds {RANDOM}"]
    assert len(dots) == len(kinds) + 1 and all(len(found.get_offsets()) == 3 for found in dots)


def test_surely_above_chance_needs_the_whole_interval():
    pairs = [Pair("half", f"a{n}", f"b{n}") for n in range(30)]
    pairs += [Pair("most", f"a{n}", f"b{n}") for n in range(30)]
    preferred = [*[1, -1] * 15, *[1] * 29, -1]
    found = shares(pairs, preferred)
    assert not found["half"].surely_above and found["most"].surely_above
    assert str(found["half"]) == "50% (33 to 67)"
    said = minimal_pairs_figure(pairs, preferred, preferred).reading
    assert "1 of 2 kinds with pre-trained weights, 1 with random weights" in said
    assert "Lowest with pre-trained weights: half" in said
    assert "1 seed" in " ".join(texts(minimal_pairs_figure(pairs, preferred, preferred)))


# --- the lesson -----------------------------------------------------------------------------


@pytest.mark.skipif(state("sentiment") != "ready", reason="the reviews have not been fetched")
def test_the_lesson_goes_on_without_decoder_and_runs(tmp_path, monkeypatch, capsys):
    def tokenizer_of(name):
        if name == DECODER:
            raise LearnerError("the decoder is not here", next="fetch it")
        return load(name)

    load = models.load_tokenizer
    (tmp_path / "shipped").mkdir()
    checkpoints = paths.shipped_checkpoints()  # the small model came with the suite
    monkeypatch.setattr(paths, "shipped_checkpoints", lambda: checkpoints)
    for place in ("shipped", "own_runs"):
        monkeypatch.setattr(paths, place, lambda: tmp_path / "shipped")
    monkeypatch.setattr(models, "load_tokenizer", tokenizer_of)
    monkeypatch.setattr(builtins, "display", lambda *things: None, raising=False)
    monkeypatch.setenv("LLMTL_PROFILE", "smoke")
    (lesson,) = [one for one in read_lessons() if one.number == "08"]
    cells = re.findall(r"^```\{code-cell\} ipython3\n(.*?)^```$", lesson.text, re.DOTALL | re.MULTILINE)
    assert len(cells) > 30
    scope: dict = {}
    for cell in cells:
        exec(compile(re.sub(r"\A:tags:.*\n", "", cell), "a cell of 08", "exec"), scope)
    said = capsys.readouterr().out
    assert "assets fetch decoder" in said and "sweep --task write/films" in said
    assert list(scope["judgements"]) == [scope["SMALL"]] and not scope["table"]
