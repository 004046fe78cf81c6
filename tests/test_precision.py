"""Products of rounded factors: only where they are asked for, close to the exact ones, recorded."""

import pytest
import torch

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models import build, build_language_model, precision, weights_recipe
from llmtl_helpers.models.language_model import Tokens
from llmtl_helpers.training.config import RunConfig
from llmtl_helpers.training.loop import evaluate, train
from llmtl_helpers.training.run import run
from tiny import tiny_causal, tiny_checkpoint, tiny_task

needs_instructions = pytest.mark.skipif(not precision.has_instructions(),
                                        reason="this processor multiplies no bfloat16 factors")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture
def asked(monkeypatch):
    """Sets LLMTL_MATMUL for a test; what was read before is forgotten, and so is this."""
    def ask(value):
        monkeypatch.setenv("LLMTL_MATMUL", value)
        precision.rounded.cache_clear()

    yield ask
    monkeypatch.undo()
    precision.rounded.cache_clear()


def test_nobody_gets_them_unasked(asked):
    asked("")
    assert not precision.rounded()


def test_what_is_not_known_is_a_sentence(asked):
    asked("half")
    with pytest.raises(LearnerError, match="bfloat16"):
        precision.rounded()


def test_a_processor_without_instructions_is_a_sentence(asked, monkeypatch):
    monkeypatch.setattr(precision, "has_instructions", lambda: False)
    asked("bfloat16")
    with pytest.raises(LearnerError, match="slower"):
        precision.rounded()


def outcomes(asked, checkpoint, kind):
    """Loss after a few updates and answers, with exact and with rounded factors."""
    task, found = tiny_task(), []
    rows = task.subset(64, 0)
    for value in ("", "bfloat16"):
        asked(value)
        model = kind(checkpoint)
        losses = []
        train(model, list(rows["text"]), list(rows["label"]), updates=12, batch_size=8,
              learning_rate=1e-3, seed=3, watch=lambda update, loss: losses.append(loss))
        answers = evaluate(model, model.encode(task.test["text"], 64))
        assert {p.dtype for p in model.parameters()} == {answers.dtype} == {torch.float32}
        found.append((torch.tensor(losses), answers))
    return found


@needs_instructions
def test_a_classifier_learns_the_same_but_for_the_rounding(asked, checkpoint):
    (exact, one), (rounded, other) = outcomes(asked, checkpoint, build)
    assert not torch.equal(exact, rounded)  # or nothing was rounded
    torch.testing.assert_close(rounded, exact, atol=0.02, rtol=0.02)
    torch.testing.assert_close(other, one, atol=0.1, rtol=0.1)


@needs_instructions
def test_weights_stay_current_between_updates(asked, checkpoint):
    """A rounded copy of a weight that outlives an update would keep the loss where it was."""
    asked("bfloat16")
    model = build(checkpoint)
    ids, mask = torch.arange(5, 13)[None], torch.ones(1, 8, dtype=torch.long)
    with torch.no_grad():
        before = model(ids, mask)
        for parameter in model.body.encoder.parameters():
            parameter.mul_(0.5)
        assert not torch.equal(before, model(ids, mask))


@needs_instructions
def test_the_row_says_it_and_features_are_kept_apart(asked, tmp_path, monkeypatch, checkpoint):
    task = tiny_task()
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    monkeypatch.setattr("llmtl_helpers.training.run.load_task", lambda name: task)
    monkeypatch.setattr("llmtl_helpers.training.features._known", {})
    config = RunConfig(
        task="tiny", arm="probe", checkpoint=checkpoint, init="random", strategy="frozen_probe",
        n=32, subset_seed=0, run_seed=0, updates=0, batch_size=8, learning_rate=None,
        inverse_regularisation=1.0, budget="test", purpose="curve", validation_limit=40,
        data_fingerprint=task.fingerprint, weights_recipe=weights_recipe(checkpoint, "random"))
    asked("bfloat16")
    assert run(config)["matmul"] == "bfloat16"
    asked("")
    assert run(config)["matmul"] in ("onednn", "default")
    assert len(list((tmp_path / "cache" / "features").glob("*.npz"))) == 2


@needs_instructions
def test_a_language_model_reads_its_loss_in_full_precision(asked, tmp_path):
    """Logits are rounded, the loss of many of them is not."""
    asked("bfloat16")
    model = build_language_model(tiny_causal(tmp_path))
    ids = torch.arange(5, 21)[None]
    mask = torch.full_like(ids, 2)
    loss = model.loss(ids, mask, None)
    loss.backward()
    assert loss.dtype == torch.float32
    assert model.loss_of(evaluate(model, [Tokens(ids[0].tolist())]), None) == pytest.approx(
        loss.item(), rel=0.02)
