"""The loop, its shortcuts and the strategies, on a checkpoint made on the spot."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models import build, hash_weights, weights_recipe
from llmtl_helpers.models.fast_linear import FastLinear, use_fast_linear
from llmtl_helpers.training.active_rows import ActiveRows, active_rows
from llmtl_helpers.training.batches import by_length, pad, plan_batches
from llmtl_helpers.training.config import RunConfig
from llmtl_helpers.training.loop import TrainingFailed, evaluate, train, weight_groups
from llmtl_helpers.training.run import run
from tiny import tiny_checkpoint, tiny_task

SHORT = dict(updates=12, batch_size=8, learning_rate=1e-3, seed=3)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def task():
    return tiny_task()


def texts_of(task, n=64):
    rows = task.subset(n, 0)
    return list(rows["text"]), list(rows["label"])


def predictions(model, texts):
    return evaluate(model, model.encode(texts, 64))


# --- models -----------------------------------------------------------------------------


def test_arms_differ_in_the_body_and_share_the_head(checkpoint):
    scratch, pretrained = build(checkpoint, "random", seed=5), build(checkpoint, "pretrained", seed=5)
    assert [n for n, _ in scratch.named_parameters()] == [n for n, _ in pretrained.named_parameters()]
    assert torch.equal(scratch.head.weight, pretrained.head.weight)
    name = "body.encoder.layer.0.attention.self.query.weight"
    assert not torch.equal(scratch.state_dict()[name], pretrained.state_dict()[name])


def test_the_report_names_reused_new_and_left_out(checkpoint):
    report = build(checkpoint, "pretrained").report
    assert set(report.new) == {"head.weight", "head.bias"}
    assert any("query" in name for name in report.reused)
    assert any("pooler" in name for name in report.left_out)
    assert not build(checkpoint, "random").report.reused


def test_a_hub_name_at_a_revision_goes_the_same_way(checkpoint, tmp_path, monkeypatch):
    """A folder laid out like the hub's cache stands for a fetched snapshot."""
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    revision = "0123456789abcdef" * 2 + "01234567"
    repository = tmp_path / "cache/huggingface/hub/models--some--encoder"
    shutil.copytree(checkpoint, repository / "snapshots" / revision)
    name = f"some/encoder@{revision}"
    assert hash_weights(build(name, seed=3)) == hash_weights(build(checkpoint, seed=3))
    assert weights_recipe(name, "pretrained") == weights_recipe(checkpoint, "pretrained")
    with pytest.raises(LearnerError, match="fetch"):
        build(f"some/other@{revision}")


def test_weights_follow_the_seed_and_leave_the_callers_random_numbers_alone(checkpoint):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one, same, other = (hash_weights(build(checkpoint, "random", seed=s)) for s in (1, 1, 2))
    assert one == same != other
    assert torch.equal(before, torch.get_rng_state())


def test_a_checkpoint_without_safetensors_is_refused(checkpoint, tmp_path):
    for file in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / file).write_bytes((Path(checkpoint) / file).read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04N.")
    with pytest.raises(LearnerError, match="safetensors"):
        build(str(tmp_path), "pretrained")
    build(str(tmp_path), "random")  # the architecture alone is fine


def test_random_moments_keep_the_scales_and_nothing_else(checkpoint):
    of = {init: build(checkpoint, init, seed=1) for init in ("pretrained", "random_moments")}
    for name, weights in of["pretrained"].body.named_parameters():
        drawn = of["random_moments"].body.get_parameter(name)
        assert not torch.equal(weights, drawn) or weights.std() == 0
        if weights.numel() > 200:
            assert abs(drawn.std() / weights.std() - 1) < 0.3
    assert not of["random_moments"].report.reused


def test_shuffled_layers_are_the_checkpoints_own(checkpoint):
    plain, shuffled = build(checkpoint), build(checkpoint, "shuffled_layers")
    for place, block in enumerate(plain.body.encoder.layer):
        other = shuffled.body.encoder.layer[1 - place]  # of two blocks there is one other order
        assert all(torch.equal(a, b) for a, b in zip(block.parameters(), other.parameters(),
                                                     strict=True))
    assert set(shuffled.report.new) == {"head.weight", "head.bias"}


def test_a_transplant_keeps_the_named_parts_alone(checkpoint):
    plain, mixed = build(checkpoint), build(checkpoint, "kept:e1", seed=4)
    same = {name for name, weights in plain.body.named_parameters()
            if torch.equal(weights, mixed.body.get_parameter(name))}
    assert all(("layer.0." not in name) for name in same if "Norm" not in name and "bias" not in name)
    assert {name for name in dict(plain.body.named_parameters()) if "layer.0." not in name} <= same
    assert all("layer.0." in name for name in mixed.report.new if not name.startswith("head."))
    assert weights_recipe(checkpoint, "kept:e1") != weights_recipe(checkpoint, "pretrained")
    with pytest.raises(LearnerError, match="cannot be kept"):
        build(checkpoint, "kept:7")


@pytest.mark.parametrize("name, init", [("no-such-model", "random"), (None, "warm")])
def test_unknown_names_are_sentences(checkpoint, name, init):
    with pytest.raises(LearnerError, match="[Tt]here is no"):
        build(name or checkpoint, init)


def test_fast_linear_gives_the_same_numbers_and_gradients():
    torch.manual_seed(0)
    plain = torch.nn.Linear(24, 16)
    fast = torch.nn.Linear(24, 16)
    fast.load_state_dict(plain.state_dict())
    fast.__class__ = FastLinear
    outputs = []
    for layer in (plain, fast):
        x = torch.linspace(-1, 1, 5 * 7 * 24).view(5, 7, 24).requires_grad_()
        y = layer(x)
        y.square().sum().backward()
        outputs.append((y.detach(), x.grad, layer.weight.grad, layer.bias.grad))
    for one, two in zip(*outputs, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-5)


def test_fast_linear_keeps_names_and_weights(checkpoint):
    model = build(checkpoint)
    names = list(model.state_dict())
    before = hash_weights(model)
    assert hash_weights(use_fast_linear(model)) == before and list(model.state_dict()) == names


# --- batches ----------------------------------------------------------------------------


@given(st.lists(st.integers(1, 60), min_size=2, max_size=150), st.integers(1, 16),
       st.integers(1, 60), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_a_plan_has_its_updates_and_uses_examples_evenly(lengths, batch_size, updates, seed):
    plan = plan_batches(lengths, batch_size, updates, seed)
    size = min(batch_size, len(lengths))
    assert len(plan) == updates and all(len(set(rows)) == len(rows) == size for rows in plan)
    epoch = len(lengths) // size
    for start in range(0, updates - epoch + 1, epoch):  # nobody twice within an epoch
        seen = np.concatenate(plan[start:start + epoch])
        assert len(set(seen)) == len(seen)
    again = plan_batches(lengths, batch_size, updates, seed)
    assert all(np.array_equal(a, b) for a, b in zip(plan, again, strict=True))


def test_bucketing_saves_padding():
    lengths = np.random.default_rng(0).integers(5, 60, 512)
    plan = plan_batches(lengths, 8, 64, 0)
    padded = sum(lengths[rows].max() * len(rows) for rows in plan)
    assert padded < 1.1 * sum(lengths[rows].sum() for rows in plan)


@given(st.lists(st.integers(1, 80), min_size=1, max_size=100))
@settings(max_examples=50, deadline=None)
def test_evaluation_batches_cover_everything_within_the_limit(lengths):
    batches = by_length(lengths, tokens=200)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    assert all(max(lengths[i] for i in rows) * len(rows) <= 200 for rows in batches)


def test_padding_is_masked():
    ids, mask = pad([[5, 6, 7], [8]], [0, 1], padding=0)
    assert ids.tolist() == [[5, 6, 7, 0], [8, 0, 0, 0]]
    assert mask.tolist() == [[1, 1, 1, 0], [1, 0, 0, 0]]
    assert pad([[5] * 9], [0], padding=0)[0].shape == (1, 12)  # few shapes: multiples of 4


# --- the loop ---------------------------------------------------------------------------


def test_training_learns_and_is_repeatable(checkpoint, task):
    texts, labels = texts_of(task, 128)
    scores = []
    for _ in range(2):
        model = build(checkpoint, "random", seed=1)
        train(model, texts, labels, updates=150, batch_size=8, learning_rate=5e-3, seed=1)
        logits = predictions(model, task.test["text"])
        scores.append(logits)
    assert torch.equal(*scores)
    right = (scores[0].argmax(1) == torch.tensor(task.test["label"])).float().mean()
    assert right > 0.9


def test_active_rows_end_where_the_whole_table_would(checkpoint, task, monkeypatch):
    """The shortcut is exact: with and without it the weights agree to rounding."""
    import contextlib

    from llmtl_helpers.training import loop

    texts, labels = texts_of(task)
    short = build(checkpoint, seed=2)
    train(short, texts, labels, **SHORT)
    monkeypatch.setattr(loop, "active_rows", lambda body, encoded: contextlib.nullcontext())
    whole = build(checkpoint, seed=2)
    train(whole, texts, labels, **SHORT)
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(short.state_dict()[name], tensor, rtol=1e-4, atol=1e-6, msg=name)
    start = build(checkpoint, seed=2).state_dict()["body.embeddings.word_embeddings.weight"]
    assert not torch.equal(start, short.state_dict()["body.embeddings.word_embeddings.weight"])


def test_active_rows_evaluate_with_what_was_learnt(checkpoint, task):
    model = build(checkpoint)
    encoded = model.encode(["the film was good"], 64)
    before = predictions(model, ["the film was good", "a story"])
    with active_rows(model.body, encoded):
        table = model.body.get_input_embeddings()
        assert isinstance(table, ActiveRows)
        with torch.no_grad():
            table.rows += 1.0
        inside = predictions(model, ["the film was good", "a story"])
    after = predictions(model, ["the film was good", "a story"])
    assert torch.equal(inside, after) and not torch.equal(before[0], after[0])
    assert isinstance(model.body.get_input_embeddings(), torch.nn.Embedding)


def test_no_weight_decay_on_word_vectors_biases_and_norms(checkpoint):
    model = build(checkpoint)
    decayed, plain = (group["params"] for group in weight_groups(model))
    names = {id(p): n for n, p in model.named_parameters()}
    assert all("embedding" not in names[id(p)] and p.ndim == 2 for p in decayed)
    assert len(decayed) + len(plain) == len(names) and decayed


def test_stop_is_seen_at_the_next_update(checkpoint, task):
    stop, seen = threading.Event(), []

    def watch(update, loss):
        seen.append(update)
        if update == 4:
            stop.set()

    train(build(checkpoint), *texts_of(task), **SHORT, watch=watch, stop=stop)
    assert seen == [1, 2, 3, 4]


def test_an_exploding_loss_is_a_failed_run_with_a_reason(checkpoint, task):
    model = build(checkpoint)
    with torch.no_grad():
        model.head.weight.fill_(float("nan"))
    with pytest.raises(TrainingFailed, match="learning rate"):
        train(model, *texts_of(task), **SHORT)


# --- whole runs ---------------------------------------------------------------------------


def config_for(task, checkpoint, strategy="all_weights", **fields):
    values = dict(task="tiny", arm="scratch", checkpoint=checkpoint, init="random",
                  strategy=strategy, n=32, subset_seed=0, run_seed=0, updates=20, batch_size=8,
                  learning_rate=1e-3, inverse_regularisation=1.0, budget="test", purpose="curve",
                  validation_limit=40, data_fingerprint=task.fingerprint,
                  weights_recipe=weights_recipe(checkpoint, "random"))
    return RunConfig(**{**values, **fields})


@pytest.fixture
def in_tiny_world(monkeypatch, task, tmp_path):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    monkeypatch.setattr("llmtl_helpers.training.run.load_task", lambda name: task)
    monkeypatch.setattr("llmtl_helpers.training.features._known", {})


@pytest.mark.parametrize("strategy", ["all_weights", "top_blocks", "frozen_probe", "bag_of_words", "majority"])
def test_every_strategy_gives_a_whole_row(in_tiny_world, task, checkpoint, strategy):
    from llmtl_helpers.ledger import check, correct_flags

    blocks = 1 if strategy == "top_blocks" else 0
    row = check(run(config_for(task, checkpoint, strategy, trained_blocks=blocks)))
    assert row["status"] == "done" and row["test_size"] == len(task.test)
    assert row["train_size"] == 32 and row["train_classes"] == [16, 16]
    assert correct_flags(row).mean() == pytest.approx(row["accuracy"], abs=1e-4)
    if strategy == "all_weights":
        assert len(row["history_updates"]) == 10 and row["history_updates"][-1] == 20
        assert row["tokens"] > 0 and len(row["initial_weights"]) == 64


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells it there")
def test_the_peak_of_a_run_is_not_that_of_who_started_it():
    """A worker is often started from a notebook's kernel that holds far more."""
    child = "from llmtl_helpers.training.run import peak_memory; print(peak_memory())"
    parent = ("import subprocess, sys; held = b'1' * (800 << 20); "
              f"print(subprocess.run([sys.executable, '-c', {child!r}], capture_output=True, "
              "text=True).stdout)")
    done = subprocess.run([sys.executable, "-c", parent], capture_output=True, text=True,
                          cwd=paths.ROOT)
    assert 20 < float(done.stdout) < 700


def test_validation_is_never_larger_than_the_training_slice(task, checkpoint):
    from llmtl_helpers.training.data import Data

    for n in (8, 32, 200):
        data = Data(config_for(task, checkpoint, n=n), task)
        assert len(data.validation_texts) == min(n, 40, len(task.validation))


@pytest.mark.parametrize("device, cpu", [("cpu", True), ("auto", False)])
def test_the_device_asked_for_reaches_accelerate(in_tiny_world, task, checkpoint, monkeypatch,
                                                 device, cpu):
    from llmtl_helpers.training import loop

    asked = []

    class Spy(loop.Accelerator):
        def __init__(self, cpu):
            asked.append(cpu)
            super().__init__(cpu=True)  # one process keeps the device of its first accelerator

    monkeypatch.setattr(loop, "Accelerator", Spy)
    row = run(config_for(task, checkpoint), device=device)
    assert asked == [cpu] and row["device"] == "cpu"


def test_other_data_or_weights_than_planned_are_refused(in_tiny_world, task, checkpoint):
    with pytest.raises(LearnerError, match="data"):
        run(config_for(task, checkpoint, data_fingerprint="0"))
    with pytest.raises(LearnerError, match="weights"):
        run(config_for(task, checkpoint, weights_recipe="0"))


def test_a_run_that_is_stopped_leaves_no_row(in_tiny_world, task, checkpoint):
    stop = threading.Event()
    assert run(config_for(task, checkpoint), stop, lambda update, loss: stop.set()) is None


def test_identity_follows_the_config(task, checkpoint):
    one = config_for(task, checkpoint)
    assert one.id == config_for(task, checkpoint).id
    for field, value in (("n", 33), ("run_seed", 1), ("learning_rate", 2e-3),
                         ("weights_recipe", "x"), ("data_fingerprint", "x")):
        assert one.changed(**{field: value}).id != one.id
    assert RunConfig.from_row(one.as_row()) == one


def test_the_identity_of_every_shipped_run_is_still_what_it_was():
    """New fields must not cut the ledger off from what made it."""
    from llmtl_helpers.ledger import Ledger

    rows = [row for row in Ledger().rows() if row.get("shipped")]
    assert rows and all(RunConfig.from_row(row).id == row["id"] for row in rows)


def test_a_field_that_came_later_counts_only_where_it_is_used(task, checkpoint):
    plain = config_for(task, checkpoint)
    assert "patience" not in plain.as_row() and plain.changed(patience=0).id == plain.id
    patient = plain.changed(patience=5)
    assert patient.id != plain.id and patient.as_row()["patience"] == 5
    assert RunConfig.from_row(patient.as_row()) == patient


# --- studies: early stopping, leaks, frozen prefix ------------------------------------------


def test_patience_ends_a_run_and_keeps_the_best_weights(in_tiny_world, task, checkpoint):
    row = run(config_for(task, checkpoint, updates=400, learning_rate=2e-2, patience=3, n=64))
    assert row["status"] == "done"
    assert row["best_update"] <= row["updates_done"] <= row["updates"]
    assert row["history_updates"][-1] == row["updates_done"]
    waited = [u for u in row["history_updates"] if u > row["best_update"]]
    assert len(waited) == 3 or row["updates_done"] == row["updates"]


def test_the_best_weights_come_back_word_vectors_included(checkpoint, task):
    from llmtl_helpers.training.patience import Best

    texts, labels = texts_of(task)
    model, best = build(checkpoint, seed=1), Best(2)
    seen = {}

    def watch(update, loss):
        if update in (6, 9, 12):
            logits = predictions(model, texts)
            seen[update] = logits
            best.look(update, *{6: (0.8, 0.5), 9: (0.8, 0.6), 12: (0.7, 0.1)}[update], model)
        return best.enough

    train(model, texts, labels, **{**SHORT, "updates": 40}, watch=watch)
    assert best.enough and best.update == 6 and set(seen) == {6, 9, 12}
    assert not torch.equal(predictions(model, texts), seen[6])
    best.restore()
    assert torch.equal(predictions(model, texts), seen[6])


def test_a_leak_replaces_training_examples_by_test_examples(task, checkpoint):
    from llmtl_helpers.training.data import Data

    honest = Data(config_for(task, checkpoint), task)
    leaky = Data(config_for(task, checkpoint, leaked=12), task)
    assert not set(honest.train_texts) & set(honest.test_texts)
    assert len(leaky.train_texts) == len(leaky.train_labels) == len(honest.train_texts) == 32
    assert len(set(leaky.train_texts) & set(leaky.test_texts)) == 12
    truth = dict(zip(leaky.test_texts, leaky.test_labels, strict=True))
    assert all(truth[t] == y for t, y in zip(leaky.train_texts[20:], leaky.train_labels[20:],
                                             strict=True))


def top(checkpoint, blocks=1, prefix="weights"):
    from llmtl_helpers.training.frozen_prefix import TopBlocks

    return TopBlocks(build(checkpoint, seed=4), blocks, prefix)


@pytest.fixture
def nothing_kept():
    from llmtl_helpers.training import frozen_prefix

    frozen_prefix._kept.clear()
    yield frozen_prefix._kept
    frozen_prefix._kept.clear()


@pytest.mark.parametrize("blocks", [1, 2])
def test_kept_answers_give_what_the_whole_network_gives(checkpoint, task, nothing_kept, blocks):
    texts, _ = texts_of(task)
    model = top(checkpoint, blocks)
    whole = predictions(build(checkpoint, seed=4), texts)
    for _ in range(2):  # computed, then taken from what was kept
        torch.testing.assert_close(predictions(model, texts), whole, rtol=1e-4, atol=1e-6)
    assert len(nothing_kept) == len(set(texts))


def test_only_the_top_is_trained_and_each_text_goes_through_the_rest_once(checkpoint, task,
                                                                         nothing_kept):
    texts, labels = texts_of(task)
    model, before = top(checkpoint), build(checkpoint, seed=4).state_dict()
    train(model, texts, labels, **SHORT)
    spent = model.prefix_flops
    changed = {name for name, tensor in model.state_dict().items()
               if name in before and not torch.equal(tensor, before[name])}
    assert changed and all(name.startswith(("head.", "body.encoder.layer.1.")) for name in changed)
    again = top(checkpoint)
    again.encode(texts, 128)
    assert spent > 0 and again.prefix_flops == 0


def test_kept_answers_are_of_one_checkpoint_and_bounded(checkpoint, task, nothing_kept,
                                                        monkeypatch):
    from llmtl_helpers.training import frozen_prefix

    texts, _ = texts_of(task)
    top(checkpoint, prefix="one").encode(texts, 64)
    other = top(checkpoint, prefix="two")
    other.encode(texts, 64)
    assert other.prefix_flops > 0
    monkeypatch.setattr(frozen_prefix, "KEPT", 4000)
    model = top(checkpoint, prefix="three")
    whole = predictions(build(checkpoint, seed=4), texts)
    torch.testing.assert_close(predictions(model, texts), whole, rtol=1e-4, atol=1e-6)
    assert sum(answer.nbytes for answer in nothing_kept.values()) <= 4000


@pytest.mark.parametrize("blocks", [-1, 3])
def test_more_blocks_than_there_are_is_refused(checkpoint, blocks):
    with pytest.raises(LearnerError, match="between 0 and"):
        top(checkpoint, blocks)


# --- frozen features ------------------------------------------------------------------------


def features_of(task, checkpoint, wanted):
    from llmtl_helpers.training.features import frozen_features

    return frozen_features(config_for(task, checkpoint, "frozen_probe"), task, wanted)


def test_features_are_those_of_the_untouched_body_and_computed_once(in_tiny_world, task, checkpoint,
                                                                    monkeypatch):
    from llmtl_helpers.training import features

    seen, pooled = [], features.pooled
    monkeypatch.setattr(features, "pooled", lambda model, texts, *rest: (
        seen.extend(texts), pooled(model, texts, *rest))[1])
    first = features_of(task, checkpoint, {"train": [3, 1], "test": range(4)})
    assert first["train"].shape == (2, 16) and first["test"].shape == (4, 16)
    features._known.clear()  # as another process would start
    second = features_of(task, checkpoint, {"train": [1, 7], "test": range(4)})
    assert len(seen) == len(set(seen)) == 7
    np.testing.assert_array_equal(first["train"][1], second["train"][0])
    with torch.inference_mode():
        model = build(checkpoint, "random").eval()
        alone = model.pool(*pad(model.encode([task.train[7]["text"]], 128), [0], 0))
    np.testing.assert_allclose(second["train"][1], alone[0], rtol=1e-4, atol=1e-6)


def test_two_workers_add_to_one_file_of_features(in_tiny_world, task, checkpoint):
    from llmtl_helpers.training import features

    features_of(task, checkpoint, {"train": [0]})
    (file,) = features._known
    mine = {"train": features._known[file]["train"].copy()}
    features._known.clear()
    features_of(task, checkpoint, {"train": [1]})
    features._share(file, mine)  # the other worker knew row 0 only, and writes last
    texts, rows, values = features._read(file)["train"]
    assert texts == len(task.train) and rows.tolist() == [0, 1] and values.shape == (2, 16)
    assert np.isfinite(values).all() and not np.isnan(mine["train"][[0, 1]]).any()


@pytest.mark.parametrize("kept", [0, 100])  # bytes: a power cut can leave a name without content
def test_damaged_features_are_computed_again(in_tiny_world, task, checkpoint, kept):
    from llmtl_helpers.training import features

    first = features_of(task, checkpoint, {"train": [0]})
    (file,) = features._known
    file.write_bytes(file.read_bytes()[:kept])
    features._known.clear()
    np.testing.assert_array_equal(features_of(task, checkpoint, {"train": [0]})["train"],
                                  first["train"])
