"""Corpora and pre-training, on a tiny corpus and a tiny network."""

import json
import shutil
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from llmtl_helpers import corpora, paths, recipes
from llmtl_helpers.assets import state as asset_state
from llmtl_helpers.commands import pretrain as pretrain_command
from llmtl_helpers.corpora import CORPORA, Corpus, load_corpus, overlap
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models import build, hash_weights, load_tokenizer
from llmtl_helpers.pretraining import engine, state
from llmtl_helpers.pretraining.card import read_card
from llmtl_helpers.pretraining.objectives import masked_loss, masked_model
from llmtl_helpers.pretraining.stream import DISORDERS, Stream
from llmtl_helpers.recipes import Recipe
from llmtl_helpers.tasks import load_task
from tiny import tiny_checkpoint, tiny_rows

DOCUMENTS = tuple(row["text"] for row in tiny_rows(300))
TINY = Corpus("tiny", "Tiny", DOCUMENTS, 0, "made by the test", "none")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("masked"), mask=True)


@pytest.fixture
def recipe(checkpoint, monkeypatch, tmp_path):
    """A recipe called "tiny" in a home of its own."""
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    monkeypatch.setitem(CORPORA, "tiny", lambda name: TINY)
    corpora._known.cache_clear()
    found = Recipe("tiny", checkpoint, tokens=16 * 8 * 20, length=16, batch_size=8,
                   learning_rate=5e-3)
    monkeypatch.setitem(recipes.RECIPES, "tiny", found)
    return found


# --- corpora --------------------------------------------------------------------------------


def test_overlap_counts_texts_that_share_a_run_of_words():
    documents = ["One, two three FOUR five six.", "Nothing of the kind here"]
    texts = ["so two three four five", "two three five four", "too short", "of the kind here too"]
    found = overlap(documents, texts, n=4)
    assert (found.texts, found.shared) == (3, 2) and found.share == pytest.approx(2 / 3)
    assert "two three four five" in found.examples and "2 of 3" in str(found)
    assert overlap(documents, ["short"], n=4).share != overlap(documents, ["short"], n=4).share  # NaN
    with pytest.raises(ValueError, match="at least one"):
        overlap(documents, texts, n=0)


@pytest.mark.skipif(asset_state("sentiment") != "ready" or asset_state("news") != "ready",
                    reason="the assets are not there")
@pytest.mark.parametrize("name", CORPORA)
def test_no_corpus_holds_a_test_text(name):
    corpus = load_corpus(name)
    assert len(corpus.documents) > 100 and corpus.words > 30_000
    assert corpus.name == name and len(set(corpus.documents)) == len(corpus.documents)
    for domain in ("films", "editorials", "products", "tweets"):
        texts = load_task(f"sentiment/{domain}").test[:]["text"]
        long = [text for text in texts if len(text.split()) >= 8]
        assert overlap(corpus.documents, long, n=8).share < 0.05
        assert not set(texts) & set(corpus.documents)


def test_an_unknown_corpus_is_a_sentence():
    with pytest.raises(LearnerError, match="no corpus called"):
        load_corpus("encyclopedia")


# --- the stream -----------------------------------------------------------------------------


def test_disorders_keep_what_they_promise():
    rng = np.random.default_rng(0)
    shuffled = DISORDERS["shuffled_words"](DOCUMENTS, rng)
    assert all(sorted(a.split()) == sorted(b.split()) for a, b in zip(shuffled, DOCUMENTS, strict=True))
    assert shuffled != list(DOCUMENTS)
    drawn = DISORDERS["random_words"](DOCUMENTS, rng)
    assert [len(text.split()) for text in drawn] == [len(text.split()) for text in DOCUMENTS]
    words = {word for text in DOCUMENTS for word in text.split()}
    assert {word for text in drawn for word in text.split()} <= words
    assert sum(sorted(a.split()) == sorted(b.split())
               for a, b in zip(drawn, DOCUMENTS, strict=True)) < 10


def test_a_batch_depends_on_its_number_alone(recipe, checkpoint):
    stream = Stream(recipe, DOCUMENTS, load_tokenizer(checkpoint))
    first = [ids for ids, _ in zip(stream.from_update(0), range(3 * stream.batches), strict=False)]
    assert all(ids.shape == (8, 16) and ids.dtype == np.int64 for ids in first)
    for start in (1, stream.batches - 1, stream.batches, 2 * stream.batches + 1):
        np.testing.assert_array_equal(next(stream.from_update(start)), first[start])
    one, two = (np.sort(np.concatenate(first[e * stream.batches:(e + 1) * stream.batches]).ravel())
                for e in (0, 1))
    assert not np.array_equal(first[0], first[stream.batches])
    assert np.mean(one == two) > 0.9  # an epoch reads nearly all of the corpus


@pytest.mark.parametrize("documents", [(), ("good film",)])
def test_a_corpus_below_one_batch_is_a_sentence(recipe, checkpoint, documents):
    with pytest.raises(LearnerError, match="one batch needs 128"):
        Stream(recipe, documents, load_tokenizer(checkpoint))


# --- the engine -----------------------------------------------------------------------------


def test_pretraining_learns_and_leaves_a_checkpoint_like_any_other(recipe):
    losses = []
    folder = engine.pretrain("tiny", watch=lambda update, updates, loss: losses.append(loss))
    assert len(losses) == recipe.updates == 20
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.1
    card = read_card(folder.name)
    assert card["tokens"] == recipe.tokens and card["updates"] == 20 and card["seconds"] > 0
    assert card["corpus"]["fingerprint"] == TINY.fingerprint and card["losses"][-1][0] == 20
    model = build("tiny")
    assert set(model.report.new) == {"head.weight", "head.bias"}
    assert model.pool(torch.tensor([[2, 5, 3]]), torch.ones(1, 3, dtype=torch.long)).shape == (1, 16)
    again = engine.pretrain("tiny", watch=lambda *_: pytest.fail("it was finished"))
    assert again == folder


def test_an_interrupted_training_ends_as_an_uninterrupted_one(recipe, monkeypatch):
    whole = hash_weights(build(str(engine.pretrain("tiny"))))
    shutil.rmtree(paths.own_checkpoints())
    monkeypatch.setattr(engine, "KEEP_EVERY", 0.0)
    for last in (7, 15):
        stop = threading.Event()
        assert engine.pretrain("tiny", stop=stop, watch=lambda update, *_, stop=stop, last=last: (
            stop.set() if update == last else None)) is None
        with pytest.raises(LearnerError, match="not here yet"):
            build("tiny")
    seen = []
    folder = engine.pretrain("tiny", watch=lambda update, *_: seen.append(update))
    assert seen[0] == 16 and hash_weights(build(str(folder))) == whole
    assert [entry.name for entry in paths.own_checkpoints().iterdir()] == ["tiny"]


def test_a_state_of_another_recipe_or_a_damaged_one_is_not_used(recipe, monkeypatch):
    stop = threading.Event()
    engine.pretrain("tiny", stop=stop, watch=lambda update, *_: stop.set() if update == 5 else None)
    seen = []
    monkeypatch.setitem(recipes.RECIPES, "tiny", replace(recipe, seed=1))
    stop.clear()
    engine.pretrain("tiny", stop=stop, watch=lambda update, *_: (seen.append(update), stop.set()))
    (folder,) = paths.own_checkpoints().iterdir()
    file = folder / "state.safetensors"
    file.write_bytes(file.read_bytes()[:50])
    engine.pretrain("tiny", watch=lambda update, *_: seen.append(update))
    assert seen[:2] == [1, 1]


def test_a_stop_before_the_first_update_leaves_nothing_and_harms_nothing(recipe):
    stop = threading.Event()
    stop.set()
    assert engine.pretrain("tiny", stop=stop) is None
    assert not paths.own_checkpoints().exists() or not list(paths.own_checkpoints().iterdir())
    assert engine.pretrain("tiny") is not None


def test_a_state_without_all_of_its_parts_is_begun_anew_or_gone_on_with(recipe):
    stop, seen = threading.Event(), []
    engine.pretrain("tiny", stop=stop, watch=lambda update, *_: update == 3 and stop.set())
    (folder,) = paths.own_checkpoints().iterdir()
    tensors = load_file(folder / "state.safetensors")
    save_file({key: tensor for key, tensor in tensors.items() if key != "0 weight"},
              folder / "state.safetensors")
    engine.pretrain("tiny", watch=lambda update, *_: seen.append(update))
    assert seen[0] == 1


def test_two_at_once_under_one_name_is_a_sentence(recipe):
    def second(update, *_):
        if update == 1:
            with pytest.raises(LearnerError, match="being pre-trained already"):
                engine.pretrain("tiny")

    assert engine.pretrain("tiny", watch=second) is not None


def test_a_full_disk_is_a_sentence_and_what_was_there_stays(recipe, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    stop = threading.Event()
    engine.pretrain("tiny", stop=stop, watch=lambda update, *_: stop.set())
    (folder,) = paths.own_checkpoints().iterdir()
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    monkeypatch.setattr(state, "json", SimpleNamespace(dumps=full, loads=json.loads))
    with pytest.raises(LearnerError, match="No space left.*goes on from the last state"):
        engine.pretrain("tiny")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert list(paths.own_checkpoints().iterdir()) == [folder]


def test_the_masked_loss_is_that_of_guessing_before_training(checkpoint):
    from llmtl_helpers.models import load_config

    torch.manual_seed(0)
    model, tokenizer = masked_model(load_config(checkpoint)), load_tokenizer(checkpoint)
    ids = torch.randint(4, 24, (16, 32))
    loss, guessed = masked_loss(model, tokenizer, ids)
    assert abs(loss.item() - np.log(len(tokenizer))) < 0.3
    assert 0.1 < guessed / ids.numel() < 0.3


def test_a_tokenizer_without_a_mask_is_a_sentence(tmp_path):
    from llmtl_helpers.models import load_config

    plain = tiny_checkpoint(tmp_path)
    with pytest.raises(LearnerError, match="mask token"):
        masked_loss(masked_model(load_config(plain)), load_tokenizer(plain),
                    torch.randint(4, 20, (2, 8)))


def test_an_unknown_recipe_is_a_sentence():
    with pytest.raises(LearnerError, match="no recipe called"):
        engine.pretrain("encoder-everything")


# --- what comes with the suite ------------------------------------------------------------------


SHIPPED = sorted(file.parent.name for file in paths.shipped_checkpoints().glob("*/config.json"))


def test_shipped_checkpoints_are_few_and_small():
    files = [file for file in paths.shipped_checkpoints().rglob("*") if file.is_file()]
    assert SHIPPED and sum(file.stat().st_size for file in files) < 12 * 2**20
    assert {file.suffix for file in files} <= {".json", ".safetensors", ".md"}
    for file in files:
        if file.suffix == ".json":
            assert "/home" not in (text := file.read_text(encoding="utf-8")) and "/tmp" not in text


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_checkpoint_has_a_card_and_is_what_its_recipe_says(name, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "own_checkpoints", lambda: tmp_path)
    card = read_card(name)
    assert card["command"] == f"python3 start.py pretrain {name} --ship"
    assert card["recipe_id"] == recipes.RECIPES[name].id, "the recipe was changed since"
    assert "non-commercial" in card["corpus"]["licence"] and not card["commit"].endswith("+")
    assert card["corpus"]["fingerprint"] == load_corpus(card["recipe"]["corpus"]).fingerprint
    assert card["held_out_losses"][-1][1] < card["held_out_losses"][0][1] - 0.3
    model = build(name)
    outputs = model.encode(["a film of rare beauty"], 32)
    assert model.report.init == "pretrained" and len(outputs[0]) > 3


@pytest.fixture
def own_checkpoint(monkeypatch, tmp_path):
    """Makes the folder of a checkpoint of one's own, in a suite where nothing is shipped."""
    for place in ("own", "shipped"):
        monkeypatch.setattr(paths, f"{place}_checkpoints", lambda place=place: tmp_path / place)
    monkeypatch.setattr(paths, "ROOT", tmp_path)

    def make(name: str):
        folder = tmp_path / "own" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        return folder

    return make


def test_only_committed_work_within_the_limit_is_shipped(own_checkpoint, tmp_path):
    folder = own_checkpoint("tiny")
    for commit, weights, wrong in (("", 8, "not committed"), ("abc+", 8, "not committed"),
                                   ("abc", 13 * 2**20, "are allowed")):
        (folder / "pretraining.json").write_text(json.dumps({"commit": commit}))
        (folder / "model.safetensors").write_bytes(b"0" * weights)
        with pytest.raises(LearnerError, match=wrong):
            pretrain_command._ship("tiny")
    (folder / "model.safetensors").write_bytes(b"0" * 8)
    pretrain_command._ship("tiny")
    pretrain_command._ship("tiny")  # once more replaces it
    assert read_card("tiny") == {"commit": "abc"}  # one's own comes first
    shutil.rmtree(tmp_path / "own")
    assert read_card("tiny")["command"] == "python3 start.py pretrain tiny --ship"


def test_a_card_can_be_shipped_alone(own_checkpoint, tmp_path):
    folder = own_checkpoint("alone")
    (folder / "pretraining.json").write_text(json.dumps({"commit": "abc"}))
    pretrain_command._ship("alone", whole=False)
    assert [file.name for file in (tmp_path / "shipped" / "alone").iterdir()] == ["pretraining.json"]
    shutil.rmtree(tmp_path / "own")
    assert read_card("alone")["command"] == "python3 start.py pretrain alone --ship-cards"
    with pytest.raises(LearnerError, match="no checkpoint called"):
        load_tokenizer("alone")  # a card is no checkpoint
