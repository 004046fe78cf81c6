"""What is trained, where the head starts, earlier tasks, tests elsewhere; on tiny things."""

import json
import threading
from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtl_helpers import ENCODER, load_task, training
from llmtl_helpers.assets import state
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import check, correct_flags
from llmtl_helpers.models import build, weights_recipe
from llmtl_helpers.training import elsewhere
from llmtl_helpers.training.adapt import TRAINED, as_layer, fit_head, gradually
from llmtl_helpers.training.config import ADDED_LATER, RunConfig
from llmtl_helpers.training.data import Data
from llmtl_helpers.training.features import linear_probe
from llmtl_helpers.training.loop import evaluate, train
from llmtl_helpers.training.probing import best_probe
from llmtl_helpers.training.run import run
from tiny import tiny_checkpoint, tiny_task

real = pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                          reason="the assets have not been fetched")
SHORT = dict(updates=12, batch_size=8, learning_rate=1e-2, seed=3)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def task():
    return tiny_task()


@pytest.fixture
def world(monkeypatch, task, tmp_path):
    """Every name is the one tiny task; a name of its own has the first few of its rows."""
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    for module in (training.run, elsewhere):
        monkeypatch.setattr(module, "load_task", lambda name: task)
    monkeypatch.setattr("llmtl_helpers.tasks.load_task", lambda name: task)
    monkeypatch.setattr("llmtl_helpers.training.features._known", {})


def config_for(task, checkpoint, strategy="all_weights", **values):
    return RunConfig(**{**dict(
        task="tiny", arm="scratch", checkpoint=checkpoint, init="pretrained", strategy=strategy, n=32,
        subset_seed=0, run_seed=0, updates=20, batch_size=8, learning_rate=1e-2,
        inverse_regularisation=None, budget="test", purpose="curve", validation_limit=40,
        data_fingerprint=task.fingerprint,
        weights_recipe=weights_recipe(checkpoint, "pretrained")), **values})


def changed_by_training(task, checkpoint, strategy, **values):
    """Names of the tensors that a short training moves, and the model."""
    model = TRAINED[strategy](build(checkpoint), config_for(task, checkpoint, strategy, **values))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items() if name != "table"}
    rows = task.subset(32, 0)
    train(model, list(rows["text"]), list(rows["label"]), **SHORT)
    after = model.state_dict()
    return {name for name in before if not torch.equal(before[name], after[name])}, model


# --- what is trained --------------------------------------------------------------------------


def test_with_no_block_the_head_alone_is_trained(task, checkpoint):
    changed, _ = changed_by_training(task, checkpoint, "top_blocks", trained_blocks=0)
    assert changed == {"head.weight", "head.bias"}


def test_of_biases_no_matrix_moves(task, checkpoint):
    changed, model = changed_by_training(task, checkpoint, "biases")
    assert {"head.weight", "head.bias"} < changed
    assert all(name.endswith("bias") for name in changed - {"head.weight"})
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert trained < 0.1 * sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("rank", [1, 4])
def test_adapters_leave_the_checkpoint_as_it_is(task, checkpoint, rank):
    changed, model = changed_by_training(task, checkpoint, "adapters", adapter_rank=rank)
    assert any("lora_B" in name for name in changed)
    assert all("lora_" in name or name.startswith("head.") for name in changed)
    added = [p for name, p in model.named_parameters() if "lora_" in name]
    # two layers of two blocks, 16 wide, each with one matrix in and one out
    assert sum(p.numel() for p in added) == 2 * 2 * 2 * 16 * rank


def test_adapters_change_nothing_at_the_start_and_follow_the_seed(task, checkpoint):
    config = config_for(task, checkpoint, "adapters", adapter_rank=2)
    plain, texts = build(checkpoint), task.test["text"][:20]
    model, again = (TRAINED["adapters"](build(checkpoint), config) for _ in range(2))
    torch.testing.assert_close(evaluate(model, model.encode(texts, 64)),
                               evaluate(plain, plain.encode(texts, 64)))
    for one, other in zip(model.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_adapters_go_where_they_are_told(task, checkpoint):
    model = TRAINED["adapters"](build(checkpoint), config_for(
        task, checkpoint, "adapters", adapter_rank=2, adapter_targets="key"))
    where = {name.rpartition(".lora_")[0] for name, _ in model.named_parameters() if "lora_" in name}
    assert where and all(name.endswith("self.key") for name in where)


@pytest.mark.parametrize("values, what", [
    (dict(adapter_rank=0), "train nothing.*rank of 1 or more"),
    (dict(adapter_rank=2, adapter_targets="c_attn"), "o adapters can be added.*such as query,value")])
def test_adapters_that_cannot_be_are_a_sentence(task, checkpoint, values, what):
    with pytest.raises(LearnerError, match=f"(?s){what}"):
        TRAINED["adapters"](build(checkpoint), config_for(task, checkpoint, "adapters", **values))


# --- where the head starts ---------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 5), st.integers(0, 10_000))
def test_a_probe_as_a_layer_decides_as_the_probe_does(classes, seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(3, 2, (60, 6)).astype(np.float32)
    labels = rng.integers(0, classes, 60)
    labels[:2] = 0, 1
    labels[labels == classes - 1] = 0 if classes > 2 else classes - 1  # a class may be missing
    probe = linear_probe(0.1).fit(features, labels)
    weight, bias = as_layer(probe, classes)
    assert weight.shape == (classes, 6) and bias.shape == (classes,)
    logits = features @ weight.T + bias
    clear = np.sort(logits, 1)[:, -1] - np.sort(logits, 1)[:, -2] > 1e-3
    assert (logits.argmax(1) == probe.predict(features))[clear].all()


def test_an_output_that_only_rounding_moves_gets_no_weight():
    rng = np.random.default_rng(0)
    features = rng.normal(0, 1, (200, 6)).astype(np.float32)
    features[:, 2] = 1e-33 * rng.normal(0, 1, 200)
    features[:, 4] = 1e-9 * rng.normal(0, 1, 200)
    labels = (features[:, 0] + 0.3 * rng.normal(0, 1, 200) > 0).astype(int)
    probe = linear_probe(0.1).fit(features, labels)
    weight, bias = as_layer(probe, 2)
    assert (weight[:, [2, 4]] == 0).all() and 0 < np.abs(weight).max() < 10
    assert ((features @ weight.T + bias).argmax(1) == probe.predict(features)).mean() > 0.95


@real
def test_the_checkpoints_own_head_of_a_probe_can_be_trained_on():
    """Three outputs of this checkpoint are always zero but for rounding."""
    texts = load_task("sentiment/films").train.select(range(64))
    model = build(ENCODER)
    features = training.features.pooled(model, texts["text"], 128)
    weight, _ = as_layer(linear_probe(0.001).fit(features, texts["label"]), 2)
    assert (weight == 0).any() and np.abs(weight).max() < 10


def test_a_fitted_head_says_what_the_probe_says(world, task, checkpoint):
    config = config_for(task, checkpoint, head_first=1)
    model, data = build(checkpoint), Data(config, task)
    assert fit_head(model, config, task, data, threading.Event())
    features = {split: training.features.pooled(model, getattr(data, f"{split}_texts"), 128)
                for split in ("train", "validation")}
    best = best_probe(features, data.train_labels, data.validation_labels, task.metric)
    said = evaluate(model, model.encode(data.validation_texts, 128)).argmax(1).numpy()
    assert (said == best.validation).mean() > 0.97


def test_probe_first_is_another_run_than_plain_tuning(world, task, checkpoint):
    plain, first = (run(config_for(task, checkpoint, head_first=flag)) for flag in (0, 1))
    assert plain["id"] != first["id"] and plain["initial_weights"] != first["initial_weights"]


# --- when the blocks join ----------------------------------------------------------------------


def test_blocks_join_from_the_top_and_all_are_there_at_half_time(checkpoint):
    model, updates, seen = build(checkpoint), 40, []
    thaw = gradually(model, updates)
    for update in range(1, updates + 1):
        thaw(update)
        parts = [*reversed(model.body.encoder.layer), model.body.embeddings]
        flags = [{p.requires_grad for p in part.parameters()} for part in parts]
        assert all(len(flag) == 1 for flag in flags)
        seen.append([flag == {True} for flag in flags])
    assert seen[0] == [False] * 3 and seen[-1] == [True] * 3
    assert all(flags == sorted(flags, reverse=True) for flags in seen)  # none overtakes one above
    assert seen[updates // 2] == [True] * 3
    assert [sum(flags) for flags in seen] == sorted(sum(flags) for flags in seen)


def test_a_block_that_has_not_joined_does_not_move(task, checkpoint):
    model = build(checkpoint)
    before, rows = model.state_dict(), task.subset(32, 0)
    before = {name: tensor.clone() for name, tensor in before.items()}
    held = {}

    def watch(update, loss):
        held[update] = {name for name, tensor in model.state_dict().items()
                        if name in before and not torch.equal(tensor, before[name])}

    train(model, list(rows["text"]), list(rows["label"]), **SHORT, watch=watch,
          thaw=gradually(model, SHORT["updates"]))
    assert held[1] <= {"head.weight", "head.bias"}
    assert any(name.startswith("body.encoder.layer.1.") for name in held[4])
    assert not any(name.startswith("body.encoder.layer.0.") for name in held[3])
    assert any(name.startswith("body.encoder.layer.0.") for name in held[12])


def test_blocks_that_are_frozen_for_good_cannot_join(task, checkpoint):
    frozen = TRAINED["biases"](build(checkpoint), config_for(task, checkpoint, "biases"))
    with pytest.raises(LearnerError, match="one by one"):
        gradually(frozen, 20)


@pytest.mark.parametrize("values", [
    dict(strategy="top_blocks", trained_blocks=0), dict(strategy="top_blocks", trained_blocks=1,
                                                        head_first=1),
    dict(strategy="biases"), dict(strategy="adapters", adapter_rank=2, head_first=1),
    dict(gradual=1), dict(gradual=1, head_first=1)])
def test_every_combination_gives_a_whole_row(world, task, checkpoint, values):
    row = check(run(config_for(task, checkpoint, **values)))
    assert row["status"] == "done" and row["history_updates"][-1] == 20
    assert 0 < row["trained_parameters"] <= row["parameters"]
    assert RunConfig.from_row(row).id == row["id"]


def test_what_is_frozen_saves_its_own_gradients_only(world, task, checkpoint):
    everything, bias, top = (run(config_for(task, checkpoint, **values)) for values in (
        {}, dict(strategy="biases"), dict(strategy="top_blocks", trained_blocks=1)))
    assert 0.6 < bias["flops"] / everything["flops"] < 0.75  # forward and back, no gradients
    assert top["flops"] < bias["flops"]  # the frozen block is passed once a text


# --- earlier tasks, and what is seen again ---------------------------------------------------


def test_an_earlier_task_changes_the_start_and_replay_mixes_it_in(world, task, checkpoint):
    earlier = dict(first_task="tiny", first_n=16, first_fingerprint=task.fingerprint)
    data = Data(config_for(task, checkpoint, **earlier, replay=0.25), task)
    assert len(data.first_texts) == 16 and len(data.train_texts) == 32
    assert len(data.replayed_texts) / (32 + len(data.replayed_texts)) == pytest.approx(0.25, abs=0.02)
    assert set(data.replayed_texts) <= set(data.first_texts)
    plain, after, mixed = (run(config_for(task, checkpoint, **values)) for values in (
        {}, earlier, {**earlier, "replay": 0.5}))
    assert after["tokens"] > 1.5 * plain["tokens"]
    assert len({row["id"] for row in (plain, after, mixed)}) == 3
    assert mixed["train_size"] == plain["train_size"] == 32


def test_an_earlier_task_with_other_data_or_an_odd_share_is_refused(world, task, checkpoint):
    with pytest.raises(LearnerError, match="fingerprint differs"):
        Data(config_for(task, checkpoint, first_task="tiny", first_n=16), task)
    with pytest.raises(LearnerError, match="share between 0 and 1"):
        Data(config_for(task, checkpoint, first_task="tiny", first_n=16, replay=1.5,
                        first_fingerprint=task.fingerprint), task)


def test_a_head_with_other_classes_is_not_taken_along(world, task, checkpoint, monkeypatch):
    from llmtl_helpers.tasks.base import make_task, split_rows
    from tiny import tiny_rows

    rows = [{**row, "label": place % 3} for place, row in enumerate(tiny_rows(90))]
    three = make_task("three", "Three", split_rows(rows, 20, 10), ("a", "b", "c"), source="test",
                      licence="none", citation="none", label_rule="none")
    by_name = {"tiny": task, "three": three}
    monkeypatch.setattr("llmtl_helpers.tasks.load_task", by_name.get)
    row = run(config_for(task, checkpoint, first_task="three", first_n=30,
                         first_fingerprint=three.fingerprint))
    assert row["status"] == "done" and len(row["train_classes"]) == 2


# --- tests elsewhere ---------------------------------------------------------------------------


@pytest.mark.parametrize("values", [
    {}, dict(strategy="top_blocks", trained_blocks=1), dict(strategy="majority"),
    dict(strategy="frozen_probe", inverse_regularisation=0.1),
    dict(strategy="bag_of_words", inverse_regularisation=1.0)])
def test_on_its_own_test_set_elsewhere_is_here(world, task, checkpoint, values):
    row = check(run(config_for(task, checkpoint, also_tested=("tiny",), **values)))
    there = row["other_tests"]["tiny"]
    assert there["accuracy"] == row["accuracy"] and there["macro_f1"] == row["macro_f1"]
    assert (correct_flags({"correct": there["correct"], "test_size": there["test_size"]})
            == correct_flags(row)).all()


@pytest.mark.parametrize("values", [
    dict(strategy="adapters", adapter_rank=2), dict(strategy="top_blocks", trained_blocks=1),
    dict(strategy="frozen_probe", inverse_regularisation=0.1)])
def test_a_body_is_probed_on_other_tasks(world, task, checkpoint, values):
    row = check(run(config_for(task, checkpoint, also_probed=("tiny",), **values)))
    probed = row["other_probes"]["tiny"]
    assert probed["train_size"] == min(elsewhere.PROBED_WITH, len(task.train))
    assert probed["accuracy"] > 0.5 and probed["inverse_regularisation"] in (0.001, 0.01, 0.1, 1.0)
    assert correct_flags(probed).mean() == pytest.approx(probed["accuracy"], abs=1e-4)


def test_other_classes_elsewhere_are_a_sentence(world, task, checkpoint, monkeypatch):
    other = SimpleNamespace(label_names=("a", "b", "c"))
    monkeypatch.setattr(elsewhere, "load_task", lambda name: other)
    with pytest.raises(LearnerError, match="tried on other.* Choose tasks with the same classes"):
        run(config_for(task, checkpoint, "majority", also_tested=("other",)))


def test_a_stop_while_probing_leaves_no_row(world, task, checkpoint, monkeypatch):
    stop = threading.Event()
    monkeypatch.setattr("llmtl_helpers.training.tuning.tried_elsewhere",
                        lambda *_: stop.set() or {})
    assert run(config_for(task, checkpoint, also_probed=("tiny",)), stop) is None


# --- identities -------------------------------------------------------------------------------


def test_what_came_later_is_no_part_of_an_older_run(task, checkpoint):
    config = config_for(task, checkpoint)
    assert not set(config.as_row()) & set(ADDED_LATER)
    defaults = {f.name for f in fields(RunConfig) if not f.default and f.name in ADDED_LATER}
    assert defaults == set(ADDED_LATER)
    rich = config.changed(also_tested=("a", "b"), replay=0.25, adapter_rank=4)
    row = json.loads(json.dumps(rich.as_row()))
    assert RunConfig.from_row(row) == rich and hash(RunConfig.from_row(row)) == hash(rich)
