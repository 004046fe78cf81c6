"""What a tuned body still guesses, on a tiny corpus and a tiny network that is pre-trained here."""

import pytest
import torch
from tiny import tiny_checkpoint, tiny_rows

from llmtl_helpers import corpora, recipes
from llmtl_helpers.corpora import CORPORA, Corpus
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models import build
from llmtl_helpers.models.classifier import hash_weights
from llmtl_helpers.pretraining import engine, recall
from llmtl_helpers.pretraining.card import read_card
from llmtl_helpers.pretraining.recall import masked_loss_of
from llmtl_helpers.recipes import Recipe
from llmtl_helpers.training.loop import train

DOCUMENTS = tuple(row["text"] for row in tiny_rows(300))


@pytest.fixture
def pretrained(tmp_path, monkeypatch):
    """The name of a masked model that was just pre-trained, in a home of its own."""
    checkpoint = tiny_checkpoint(tmp_path / "architecture", mask=True)
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    monkeypatch.setitem(CORPORA, "tiny", lambda name: Corpus("tiny", "Tiny", DOCUMENTS, 0, "test",
                                                             "none"))
    corpora._known.cache_clear()
    recall._stream.cache_clear()
    recipe = Recipe("tiny", checkpoint, tokens=16 * 8 * 30, length=16, batch_size=8,
                    learning_rate=5e-3)
    monkeypatch.setitem(recipes.RECIPES, "tiny", recipe)
    engine.pretrain("tiny")
    yield "tiny"
    corpora._known.cache_clear()
    recall._stream.cache_clear()


def test_an_untouched_body_has_the_loss_on_the_card(pretrained):
    last = read_card(pretrained)["held_out_losses"][-1]
    loss = masked_loss_of(build(pretrained, "pretrained"), pretrained)
    assert loss == pytest.approx(last[1], abs=1e-3)
    assert masked_loss_of(build(pretrained, "pretrained"), pretrained) == loss


def test_a_body_that_was_tuned_hard_guesses_worse_and_stays_as_it_is(pretrained):
    model = build(pretrained, "pretrained")
    before = masked_loss_of(model, pretrained)
    rows = tiny_rows(64)
    train(model, [row["text"] for row in rows], [row["label"] for row in rows], updates=40,
          batch_size=8, learning_rate=5e-2, seed=0)
    tuned = hash_weights(model)
    assert masked_loss_of(model, pretrained) > before + 0.05
    assert hash_weights(model) == tuned
    random_state = torch.random.get_rng_state()
    masked_loss_of(model, pretrained)
    assert torch.equal(torch.random.get_rng_state(), random_state)


def test_what_cannot_be_measured_is_a_sentence(pretrained, tmp_path, monkeypatch):
    model = build(pretrained, "pretrained")
    other = tiny_checkpoint(tmp_path / "no-card", seed=1, mask=True)
    with pytest.raises(LearnerError, match="cannot guess hidden words"):
        masked_loss_of(model, other)
    with pytest.raises(LearnerError, match="is not here yet"):
        masked_loss_of(model, "masked-nonsense-10M")
    wider = build(pretrained, "pretrained")
    wider.body = torch.nn.Linear(2, 2)
    with pytest.raises(LearnerError, match="does not fit"):
        masked_loss_of(wider, pretrained)
