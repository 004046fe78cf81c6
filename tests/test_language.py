"""Small language models: tokenizer, loss, objectives, running text; on tiny data."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtl_helpers import corpora, recipes
from llmtl_helpers.corpora import CORPORA, Corpus, load_corpus
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models import build, build_language_model, fast_loss
from llmtl_helpers.models.architectures import ARCHITECTURES
from llmtl_helpers.pretraining import engine
from llmtl_helpers.pretraining.card import read_card
from llmtl_helpers.pretraining.objectives import OBJECTIVES
from llmtl_helpers.pretraining.stream import Stream
from llmtl_helpers.pretraining.tokenizer import train_tokenizer
from llmtl_helpers.recipes import Recipe
from llmtl_helpers.tasks.base import make_task, split_rows
from llmtl_helpers.training import run as run_module
from llmtl_helpers.training.config import RunConfig
from llmtl_helpers.training.loop import evaluate
from tiny import tiny_checkpoint, tiny_rows

DOCUMENTS = tuple(" ".join(row["text"] for row in tiny_rows(600)[at:at + 4])
                  for at in range(0, 600, 4))
VOCABULARY = 300
FAMILY = {"causal": "small-gpt2", "masked": "small-modernbert", "replaced": "small-modernbert"}


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(DOCUMENTS, VOCABULARY)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with one checkpoint of each family, called by its objective."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMTL_HOME", str(folder))
        patch.setitem(CORPORA, "tiny", lambda name: Corpus(name, "Tiny", DOCUMENTS, 0, "", ""))
        corpora._known.cache_clear()
        for objective, architecture in FAMILY.items():
            engine.pretrain(objective, Recipe(
                "tiny", architecture, objective, tokens=16 * 8 * 30, length=16, batch_size=8,
                learning_rate=2e-3, dropout=0.0, vocabulary=VOCABULARY))
        yield folder
    corpora._known.cache_clear()


# --- tokenizer ------------------------------------------------------------------------------


def test_the_tokenizer_writes_down_any_text(tokenizer):
    for text in ("The FILM was good", "Ταινία, фильм, 映画 🎬", "a\tb", ""):
        ids = tokenizer(text)["input_ids"]
        assert ids[0] == tokenizer.bos_token_id and ids[-1] == tokenizer.eos_token_id
        assert tokenizer.decode(ids[1:-1]).strip() == text.lower().strip()
    assert len(tokenizer) == VOCABULARY
    assert tokenizer.mask_token_id is not None and tokenizer.pad_token_id is not None


@pytest.mark.parametrize("documents", [(), ("a film",)])
def test_too_large_a_vocabulary_is_a_sentence(documents):
    with pytest.raises(LearnerError, match="vocabulary of 3,000 cannot be made .* Ask for 2"):
        train_tokenizer(documents, 3000)


def test_another_script_is_a_sentence(tokenizer):
    recipe = Recipe("any", "small-gpt2", length=16, batch_size=4)
    greek = ("Η ταινία ήταν καλή και η μουσική όμορφη",) * 60
    with pytest.raises(LearnerError, match="not made for this text.*words_from"):
        Stream(recipe, greek, tokenizer)


# --- the loss without logits in memory ------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(tokens=st.integers(1, 300), vocabulary=st.integers(2, 40), biased=st.booleans(),
       seed=st.integers(0, 99))
def test_the_fast_loss_is_cross_entropy(tokens, vocabulary, biased, seed):
    torch.manual_seed(seed)
    states, weight = torch.randn(tokens, 8), torch.randn(vocabulary, 8)
    bias = torch.randn(vocabulary) if biased else None
    targets = torch.randint(vocabulary, (tokens,))
    results = []
    with pytest.MonkeyPatch.context() as patch:
        for fast in (True, False):
            patch.setattr(fast_loss, "faster_here", lambda fast=fast: fast)
            inputs = [t.clone().requires_grad_() for t in (states, weight, bias) if t is not None]
            loss = fast_loss.mean_cross_entropy(inputs[0], inputs[1], targets,
                                                inputs[2] if biased else None)
            results.append([loss.detach(), *torch.autograd.grad(3 * loss, inputs)])
    expected = F.cross_entropy(F.linear(states, weight, bias), targets)
    assert results[0][0] == pytest.approx(expected.item(), abs=1e-4)
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)


# --- objectives -----------------------------------------------------------------------------


@pytest.mark.parametrize("objective", ["causal", "masked"])
def test_before_training_every_token_is_as_likely(objective, tokenizer):
    torch.manual_seed(0)
    found = OBJECTIVES[objective]
    model = found.build(ARCHITECTURES[FAMILY[objective]](tokenizer))
    ids = torch.randint(4, VOCABULARY, (8, 32))
    loss, guessed = found.loss(model, tokenizer, ids)
    assert abs(loss.item() - np.log(VOCABULARY)) < 0.3
    assert guessed == 8 * 31 if objective == "causal" else 0.1 < guessed / ids.numel() < 0.3


def test_the_families_are_of_equal_size(tokenizer):
    sizes = {}
    for objective, architecture in FAMILY.items():
        body = OBJECTIVES[objective].kept(
            OBJECTIVES[objective].build(ARCHITECTURES[architecture](tokenizer))).base_model
        sizes[objective] = sum(p.numel() for p in body.parameters())
    assert max(sizes.values()) < 1.05 * min(sizes.values())  # GPT-2 has biases and numbers the places


def test_a_causal_network_sees_no_later_token(home):
    model = build_language_model("causal").eval()
    ids = torch.randint(4, VOCABULARY, (1, 12))
    other = ids.clone()
    other[0, 8:] = torch.randint(4, VOCABULARY, (4,))
    with torch.no_grad():
        one, two = (model.body(input_ids=i).last_hidden_state for i in (ids, other))
    torch.testing.assert_close(one[:, :8], two[:, :8])
    assert not torch.allclose(one[:, 8:], two[:, 8:])


# --- checkpoints ----------------------------------------------------------------------------


@pytest.mark.parametrize("init", ["random_moments", "shuffled_layers", "kept:e", "kept:1"])
@pytest.mark.parametrize("objective", ["causal", "masked"])
def test_controls_know_where_a_family_keeps_its_blocks(objective, init, home):
    whole, changed = build(objective).state_dict(), build(objective, init, seed=1).state_dict()
    same = [name for name in whole if torch.equal(whole[name], changed[name])]
    matrices = [name for name in same if whole[name].ndim > 1]
    assert not matrices if init == "random_moments" else 0 < len(matrices) < len(whole)


@pytest.mark.parametrize("objective", FAMILY)
def test_every_family_leaves_a_checkpoint_that_classifies(objective, home):
    card = read_card(objective)
    assert card["held_out_losses"][-1][1] < card["held_out_losses"][0][1]
    model = build(objective)
    assert set(model.report.new) == {"head.weight", "head.bias"}
    outputs = evaluate(model, model.encode(["a good film", "a film"], 32))
    assert outputs.shape == (2, 2) and torch.isfinite(outputs).all()
    config = json.loads((home / "checkpoints" / objective / "config.json").read_text())
    shares = [config.get(name) for name in ("hidden_dropout_prob", "resid_pdrop", "mlp_dropout")]
    assert 0.1 in shares  # tuned with dropout, though pre-trained without


def test_held_out_documents_are_in_no_batch(home, tokenizer):
    documents = [f"n{n} " * 40 for n in range(100)]
    recipe = Recipe("any", "small-gpt2", length=16, batch_size=4)
    stream = Stream(recipe, documents, tokenizer)
    read = {tuple(ids) for batch, _ in zip(stream.from_update(0), range(stream.batches), strict=False)
            for ids in batch}
    assert len(stream.held_out) and not read & {tuple(ids) for ids in stream.held_out}


# --- language models ------------------------------------------------------------------------


def test_outputs_are_log_probabilities_whatever_the_padding(home):
    model = build_language_model("causal").eval()
    texts = ["the film was good", "a film", "music and actors today with a story"]
    encoded = model.encode(texts, 32)
    outputs = evaluate(model, encoded)
    for tokens, (total, count) in zip(encoded, outputs.tolist(), strict=True):
        ids = torch.tensor([tokens])
        with torch.no_grad():
            logs = model.network(input_ids=ids).logits.log_softmax(-1)[0, :-1]
        expected = logs[torch.arange(len(tokens) - 1), ids[0, 1:]].sum().item()
        assert count == len(tokens) - 1 and total == pytest.approx(expected, abs=1e-3)
    from llmtl_helpers.training.batches import pad

    ids, mask = pad(encoded, [0, 1, 2], model.tokenizer.pad_token_id)
    assert model.loss(ids, mask, None).item() == pytest.approx(model.loss_of(outputs, None), abs=1e-4)


def test_a_network_that_sees_both_sides_is_refused(home):
    for name in ("masked", "replaced"):
        with pytest.raises(LearnerError, match="sees the very word"):
            build_language_model(name)
    with pytest.raises(LearnerError, match="no way to start"):
        build_language_model("causal", "shuffled_layers")


def test_a_checkpoint_without_language_model_is_a_sentence(tmp_path):
    with pytest.raises(LearnerError, match="cannot be used as a language model"):
        build_language_model(tiny_checkpoint(tmp_path))


# --- running text ---------------------------------------------------------------------------


@pytest.fixture
def language(monkeypatch, home):
    """A task of running text, and a config of a run on it."""
    rows = [{**row, "label": 0} for row in tiny_rows(500)]
    task = make_task("language/tiny", "Tiny", split_rows(rows, 60, 60), (), source="", licence="",
                     citation="", label_rule="none")
    monkeypatch.setattr(run_module, "load_task", lambda name: task)
    from llmtl_helpers.models import weights_recipe

    config = RunConfig(
        task="language/tiny", arm="causal_30M", checkpoint="causal", init="pretrained",
        strategy="all_weights", n=1000, subset_seed=0, run_seed=0, updates=60, batch_size=8,
        learning_rate=3e-3, inverse_regularisation=None, budget="early-stopping", purpose="curve",
        validation_limit=50, data_fingerprint=task.fingerprint,
        weights_recipe=weights_recipe("causal", "pretrained"), patience=5)
    return task, config


def test_slices_hold_the_tokens_asked_for_and_are_nested(language):
    from llmtl_helpers.training.data import Data

    task, config = language
    assert task.metric == "log_likelihood" and "(" not in str(task.card).split("Splits:")[1].split("\n")[0]
    model = build_language_model("causal")
    slices = {n: Data(config.changed(n=n), task) for n in (200, 1000, 3000)}
    for n, data in slices.items():
        tokens = sum(len(ids) - 1 for ids in model.encode(data.train_texts, 128))
        assert tokens == data.tokens and n - 40 < tokens <= n
        assert sum(len(ids) - 1 for ids in model.encode(data.validation_texts, 128)) <= n
    assert slices[3000].train_texts[:len(slices[200].train_texts)] == slices[200].train_texts
    assert Data(config.changed(subset_seed=1), task).train_texts != slices[1000].train_texts
    with pytest.raises(LearnerError, match="less than one text"):
        Data(config.changed(n=2), task)
    with pytest.raises(LearnerError, match="no labelled examples"):
        task.subset_indices(10, 0)


def test_a_run_on_running_text_learns_and_untuned_does_not(language):
    task, config = language
    tuned = run_module.run(config)
    untuned = run_module.run(config.changed(strategy="untuned", updates=0, patience=0,
                                            learning_rate=None))
    assert tuned["score"] == tuned["log_likelihood"] > untuned["score"] + 0.1
    assert tuned["history_updates"][0] == 0 and tuned["best_update"] > 0
    assert untuned["score"] > -np.log(VOCABULARY)  # something was learnt before
    assert tuned["train_tokens"] <= 1000 and "correct" not in tuned and tuned["flops"] > 0


def test_early_stopping_can_keep_the_untuned_weights(language):
    task, config = language
    spoiled = run_module.run(config.changed(learning_rate=0.3, updates=20))
    untuned = run_module.run(config.changed(strategy="untuned", updates=0, patience=0,
                                            learning_rate=None))
    assert spoiled["status"] == "done" and spoiled["best_update"] == 0
    assert spoiled["score"] == untuned["score"] and spoiled["history_losses"][0] is None


# --- corpora of one's own -------------------------------------------------------------------


def test_a_folder_of_text_files_is_a_corpus(tmp_path, monkeypatch):
    monkeypatch.setattr(corpora, "_held_out", lambda: frozenset({"held out"}))
    with pytest.raises(LearnerError, match="no text in .* one document each"):
        load_corpus(f"folder:{tmp_path}")
    (tmp_path / "empty.txt").write_text(" \n")
    with pytest.raises(LearnerError, match="1 files there end in .txt"):
        load_corpus(f"folder:{tmp_path}")
    (tmp_path / "one.txt").write_text("A story.")
    (tmp_path / "two.txt").write_bytes(b"Held out\n")
    (tmp_path / "odd.txt").write_bytes(b"\xff\xfe broken")
    corpus = load_corpus(f"folder:{tmp_path}")
    assert len(corpus.documents) == 2 and corpus.excluded == 1
    (tmp_path / "three.txt").write_text("Another story.")
    assert len(load_corpus(f"folder:{tmp_path}").documents) == 3


@pytest.mark.parametrize(("name", "changed", "words"), [
    ("../mine", {}, "cannot be called"), (".mine", {}, "cannot be called"),
    ("mine", {"objective": "guess"}, "no objective called"),
    ("mine", {"disorder": "mess"}, "no disorder called"),
    ("mine", {"corpus": "encyclopedia"}, "no corpus called"),
    ("mine", {"architecture": "gpt-9"}, "no checkpoint called")])
def test_a_recipe_that_cannot_be_carried_out_is_a_sentence(name, changed, words, home):
    recipe = Recipe("tiny", "small-gpt2", "causal", vocabulary=VOCABULARY)
    with pytest.raises(LearnerError, match=words):
        engine.pretrain(name, replace(recipe, **changed))


def test_all_recipes_name_things_that_exist():
    for name, recipe in recipes.RECIPES.items():
        assert recipe.corpus in CORPORA and recipe.objective in OBJECTIVES, name
        if recipe.vocabulary:
            assert recipe.architecture in ARCHITECTURES and recipe.words_from in CORPORA, name
        assert replace(recipe, seed=1).id != recipe.id
