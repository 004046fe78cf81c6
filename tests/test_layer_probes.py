"""Probes at every place of a network: what they measure, and what is held equal."""

from threading import Event
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_training import checkpoint, config_for, in_tiny_world, task  # noqa: F401
from test_sweep import tuned  # noqa: F401

from llmtl_helpers.assets import state
from llmtl_helpers.ledger import check
from llmtl_helpers.models import build, weights_recipe
from llmtl_helpers.sweep import study_runs
from llmtl_helpers.training.batches import pad
from llmtl_helpers.training.features import pooled
from llmtl_helpers.training.layer_probes import linear_cka, probe_places
from llmtl_helpers.training.probing import CHOICES
from llmtl_helpers.training.run import run

UNTOUCHED, TUNED = "layer_probes", "tuned_layer_probes"


def numbers(seed, texts=60, width=8):
    return np.random.default_rng(seed).normal(size=(texts, width))


# -- similarity ------------------------------------------------------------------------------

@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.floats(0.01, 100), st.integers(2, 12))
def test_turning_stretching_and_moving_change_nothing(seed, factor, width):
    x = numbers(seed, width=width)
    turn, _ = np.linalg.qr(numbers(seed + 1, texts=width, width=width))
    assert linear_cka(x, factor * x @ turn + 3.0) == pytest.approx(1)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_it_is_the_alignment_of_the_two_matrices_of_similarities(seed):
    x, y = numbers(seed), numbers(seed + 1, width=5) + numbers(seed)[:, :5]
    centre = np.eye(len(x)) - 1 / len(x)
    k, other = (centre @ (one @ one.T) @ centre for one in (x, y))  # (texts, texts)
    expected = (k * other).sum() / (np.linalg.norm(k) * np.linalg.norm(other))
    assert linear_cka(x, y) == pytest.approx(expected)
    assert linear_cka(y, x) == pytest.approx(expected) and 0 <= expected <= 1


def test_what_has_nothing_in_common_is_near_zero_and_what_is_constant_has_none():
    assert linear_cka(numbers(0, texts=5000), numbers(1, texts=5000)) < 0.02
    assert np.isnan(linear_cka(np.ones((9, 3)), numbers(0, texts=9)))
    with pytest.raises(ValueError, match="9 and of 8 texts"):
        linear_cka(numbers(0, texts=9), numbers(0, texts=8))


# -- places ----------------------------------------------------------------------------------

def test_places_are_the_embeddings_and_every_block(checkpoint, task):  # noqa: F811
    model, texts = build(checkpoint, seed=1), list(task.test["text"][:20])
    places = pooled(model, texts, 64, every_place=True)
    assert places.shape == (20, 3, 16)
    assert places[:, -1] == pytest.approx(pooled(model, texts, 64), abs=1e-6)
    ids, mask = pad(model.encode(texts[:1], 64), [0], model.tokenizer.pad_token_id)
    with torch.inference_mode():
        words = model.body.embeddings(input_ids=ids)[0][mask[0] > 0]
    assert places[0, 0] == pytest.approx(words.mean(0).numpy(), abs=1e-6)


def made_up(test_labels=None, seed=0):
    """Three places of which the second alone knows the label."""
    rng = np.random.default_rng(seed)
    labels = {split: rng.integers(0, 2, size) for split, size in
              (("train", 80), ("validation", 60), ("test", 200))}
    features = {split: rng.normal(size=(len(gold), 3, 6)).astype(np.float32)
                for split, gold in labels.items()}
    for split, gold in labels.items():
        features[split][:, 1, 0] += 6 * gold
    if test_labels is not None:
        labels["test"] = test_labels
    return features, SimpleNamespace(**{f"{split}_labels": gold for split, gold in labels.items()})


def test_the_place_that_knows_the_label_scores_and_the_last_one_is_predicted_from():
    features, data = made_up()
    test, validation, found = probe_places(features, data, "accuracy")
    first, second, last = found["layer_scores"]
    assert second > 0.97 and max(first, last) < 0.65
    assert (test == data.test_labels).mean() == pytest.approx(last, abs=1e-5)
    assert (validation == data.validation_labels).mean() == pytest.approx(
        found["layer_validation_scores"][-1], abs=1e-5)


def test_test_labels_choose_nothing():
    features, data = made_up()
    _, _, honest = probe_places(features, data, "accuracy")
    features, data = made_up(test_labels=1 - data.test_labels)
    _, _, other = probe_places(features, data, "accuracy")
    assert other["layer_choices"] == honest["layer_choices"]
    assert set(honest["layer_choices"]) <= set(CHOICES)
    assert other["layer_scores"] == pytest.approx([1 - s for s in honest["layer_scores"]], abs=1e-4)


# -- runs ------------------------------------------------------------------------------------

def layers(task, checkpoint, strategy, init="pretrained", **fields):  # noqa: F811
    return config_for(task, checkpoint, strategy, init=init,
                      weights_recipe=weights_recipe(checkpoint, init), **fields)


@pytest.mark.parametrize("strategy, init", [(UNTOUCHED, "random"), (UNTOUCHED, "pretrained"),
                                            (TUNED, "pretrained")])
def test_a_run_scores_and_compares_every_place(in_tiny_world, task, checkpoint,  # noqa: F811
                                               strategy, init):
    row = check(run(layers(task, checkpoint, strategy, init, run_seed=5)))
    assert row["status"] == "done" and row["score"] == row["layer_scores"][-1]
    assert row["validation_score"] == row["layer_validation_scores"][-1]
    for name in ("layer_scores", "layer_validation_scores", "layer_choices", "layer_similarity"):
        assert len(row[name]) == 3, name
    alike = row["layer_similarity"]
    if strategy == UNTOUCHED:
        assert (alike == [1.0] * 3) == (init == "pretrained")
    else:
        assert alike[-1] < 1


def test_tuning_before_the_probes_is_that_of_the_fine_tuned_arm(in_tiny_world, task,  # noqa: F811
                                                               checkpoint):  # noqa: F811
    tuned_run = run(layers(task, checkpoint, TUNED))
    plain = run(layers(task, checkpoint, "all_weights"))
    for name in ("initial_weights", "history_scores", "history_losses", "tokens"):
        assert tuned_run[name] == plain[name], name


def test_features_of_every_place_are_kept_apart_from_the_others(in_tiny_world, task,  # noqa: F811
                                                               checkpoint, tmp_path,  # noqa: F811
                                                               monkeypatch):
    alone = run(layers(task, checkpoint, "frozen_probe"))
    first = run(layers(task, checkpoint, UNTOUCHED))
    assert len(list((tmp_path / "cache" / "features").glob("*.npz"))) == 2
    monkeypatch.setattr("llmtl_helpers.training.features._known", {})
    monkeypatch.setattr("llmtl_helpers.training.features.pooled", None)  # nothing is computed
    assert run(layers(task, checkpoint, UNTOUCHED))["layer_scores"] == first["layer_scores"]
    assert run(layers(task, checkpoint, "frozen_probe"))["score"] == alone["score"]


@pytest.mark.parametrize("strategy", [UNTOUCHED, TUNED])
def test_a_stopped_run_leaves_no_row(in_tiny_world, task, checkpoint, strategy):  # noqa: F811
    stop = Event()
    stop.set()
    assert run(layers(task, checkpoint, strategy), stop) is None


@pytest.mark.skipif(state("sentiment") != "ready" or state("encoder") != "ready",
                    reason="the assets are not there")
def test_the_study_tunes_at_the_rate_that_the_twin_curve_chose(tuned):  # noqa: F811
    runs = study_runs("layers", "sentiment/films", tuned)
    for n in (256, 1024):
        here = {run.arm: run for run in runs if run.n == n and run.run_seed == 0}
        (curve,) = tuned.rows(task="sentiment/films", arm="fine_tuned", n=n, run_seed=0,
                              purpose="curve", budget=here["layers_fine_tuned"].budget)
        same = ("learning_rate", "updates", "batch_size", "weights_recipe", "subset_seed")
        assert all(getattr(here["layers_fine_tuned"], name) == curve[name] for name in same)
        assert here["layers_random"].updates == here["layers_pretrained"].updates == 0
