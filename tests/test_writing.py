"""Prompts, targets, written answers and what is kept of them; on a tiny causal network."""

from threading import Event

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger.schema import check
from llmtl_helpers.models import build_language_model, weights_recipe
from llmtl_helpers.models.generate import generate
from llmtl_helpers.models.language_model import LanguageModel, Tokens
from llmtl_helpers.models.prefix import WORTH, shared_length
from llmtl_helpers.models.prompts import answer_text, prompt_text
from llmtl_helpers.profiles import PROFILES, WRITING, rule_at
from llmtl_helpers.tasks.base import Writing, make_task
from llmtl_helpers.training import run as run_module
from llmtl_helpers.training.batches import pad
from llmtl_helpers.training.config import RunConfig
from llmtl_helpers.training.data import Data
from llmtl_helpers.training.loop import evaluate, in_parts, train
from llmtl_helpers.training.memory import tokens_at_once
from tiny import tiny_causal, tiny_rows

WORDS = Writing("Say: {text} Echo:", "Repeat this.", answer_tokens=6, baseline=lambda text: text,
                baseline_label="copy")
TEMPLATE = ("{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}"
            "{% if add_generation_prompt %}<assistant>{% endif %}")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_causal(tmp_path_factory.mktemp("causal"))


@pytest.fixture
def model(checkpoint):
    return build_language_model(checkpoint)


def echo_task(metric="log_likelihood"):
    rows = [{**row, "label": 0, "target": " ".join(row["text"].split()[:2])}
            for row in tiny_rows(300)]
    return make_task("echo/tiny", "Echo", {"train": rows[:200], "validation": rows[200:240],
                                           "test": rows[240:]}, (), source="", licence="",
                     citation="", label_rule="none", writing=WORDS, metric=metric, max_length=48)


@pytest.fixture
def planned(monkeypatch, checkpoint):
    """A function that plans a run on the task of echoes and makes that task the one there is."""
    def plan(metric="log_likelihood", **fields):
        task = echo_task(metric)
        monkeypatch.setattr(run_module, "load_task", lambda name: task)
        config = RunConfig(
            task=task.name, arm="writer", checkpoint=checkpoint, init="pretrained",
            strategy="all_weights", n=40, subset_seed=0, run_seed=0, updates=60, batch_size=8,
            learning_rate=3e-3, inverse_regularisation=None, budget="80-updates", purpose="curve",
            validation_limit=20, test_limit=30, data_fingerprint=task.fingerprint, max_length=48,
            weights_recipe=weights_recipe(checkpoint, "pretrained"))
        return task, config.changed(**fields)
    return plan


# --- prompts --------------------------------------------------------------------------------


def test_a_plain_prompt_ends_where_the_answer_begins():
    assert prompt_text(WORDS, "a {text} b") == "Say: a {text} b Echo:"  # braces of a text are kept
    shown = prompt_text(WORDS, "x", [("a", "1"), ("b", "2")])
    assert shown == "Say: a Echo: 1\n\nSay: b Echo: 2\n\nSay: x Echo:"
    assert answer_text("1") == " 1" and answer_text("1", "chat") == "1"


def test_a_chat_follows_the_checkpoints_own_template(model):
    with pytest.raises(LearnerError, match="cannot be asked in a chat.*plain"):
        prompt_text(WORDS, "x", wording="chat", tokenizer=model.tokenizer)
    with pytest.raises(LearnerError, match="no wording of a prompt called 'shout'"):
        prompt_text(WORDS, "x", wording="shout")

    class Template:
        chat_template = TEMPLATE

        def apply_chat_template(self, turns, tokenize, add_generation_prompt):
            assert not tokenize and add_generation_prompt
            return "".join(f"<{turn['role']}>{turn['content']}" for turn in turns) + "<assistant>"

    shown = prompt_text(WORDS, "x", [("a", "1")], "chat", Template())
    assert shown == ("<user>Repeat this.\n\na<assistant>1<user>Repeat this.\n\nx<assistant>")


# --- targets --------------------------------------------------------------------------------


def test_only_the_answer_and_its_end_are_targets(model):
    (found,) = model.encode([("the film was", " good")], 32)
    given_ids = model.tokenizer("the film was", add_special_tokens=False)["input_ids"]
    assert list(found[:found.given]) == given_ids
    assert found[-1] == model.tokenizer.eos_token_id and len(found) - found.given == 2
    ids, mask = pad([found], [0], model.tokenizer.pad_token_id)
    assert mask[0].tolist()[:len(found)] == [1] * found.given + [2] * 2
    assert model.counted(mask) == 2
    (total, count), = evaluate(model, [found]).tolist()
    with torch.no_grad():
        logs = model.network(input_ids=ids).logits.log_softmax(-1)[0]
    expected = sum(logs[at - 1, found[at]].item() for at in range(found.given, len(found)))
    assert count == 2 and total == pytest.approx(expected, abs=1e-4)
    assert model.loss(ids, mask, None).item() == pytest.approx(-expected / 2, abs=1e-4)


def test_a_long_prompt_loses_its_beginning_and_never_the_question(model):
    (whole,) = model.encode([("the film was a story with", " good")], 32)
    (cut,) = model.encode([("the film was a story with", " good")], 5)
    assert len(cut) == 5 and list(cut) == list(whole[-5:]) and len(cut) - cut.given == 2
    (bare,) = model.encode([("", " good")], 32)
    assert bare.given == 1  # something must go before the first target
    (tight,) = model.encode([("the film", " good good good good good")], 4)
    assert len(tight) == 4 and tight.given >= 1


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.integers(1, 80))
@settings(max_examples=60, deadline=None)
def test_parts_hold_every_text_once_and_fit(lengths, most):
    encoded = [Tokens([1] * length) for length in lengths]
    parts = in_parts(encoded, np.arange(len(lengths)), most)
    assert [row for part in parts for row in part] == list(range(len(lengths)))
    assert all(len(part) == 1 or len(part) * max(lengths) <= most for part in parts)
    assert len(in_parts(encoded, np.arange(len(lengths)), None)) == 1


def test_a_batch_in_parts_makes_the_same_update(checkpoint):
    pairs = [(f"the film was {'a ' * n}", " good") for n in range(8)]
    weights = []
    for at_once in (None, 12):
        model = build_language_model(checkpoint)
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0  # its draws depend on the shape of what goes through
        train(model, pairs, [0] * 8, updates=4, batch_size=8, learning_rate=1e-2,
              tokens_at_once=at_once)
        weights.append(torch.cat([p.detach().ravel() for p in model.parameters()]))
    torch.testing.assert_close(*weights, atol=1e-4, rtol=1e-3)


def test_what_fits_follows_the_free_memory(model, monkeypatch):
    import psutil

    found = []
    for free in (10**8, 10**10, 0):
        monkeypatch.setattr(psutil, "virtual_memory",
                            lambda free=free: type("Memory", (), {"available": free}))
        found.append(tokens_at_once(model))
    assert found[1] > 50 * found[0] > 0 and found[2] == 1


# --- writing --------------------------------------------------------------------------------


def test_answers_do_not_depend_on_their_company(model):
    prompts = ["the film was", "a story with actors and music today with", "good"]
    together = generate(model, prompts, 5)
    assert together == [generate(model, [prompt], 5)[0] for prompt in prompts]
    assert together == generate(model, prompts[::-1], 5)[::-1]


def test_draws_follow_their_seed_and_leave_the_callers_alone(model):
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    draws = {seed: generate(model, ["the film"] * 6, 6, temperature=1.5, seed=seed)
             for seed in (0, 1)}
    assert torch.equal(before, torch.random.get_rng_state())
    assert draws[0] == generate(model, ["the film"] * 6, 6, temperature=1.5, seed=0)
    assert draws[0] != draws[1] and len(set(draws[0])) > 1
    assert len(set(generate(model, ["the film"] * 6, 6, temperature=1.5, top_p=1e-6))) == 1


@pytest.mark.parametrize(("prompt", "said"), [
    ("", "prompt is empty"), ("  \n", "prompt is empty"), ("good " * 70, "too long.*Shorten it")])
def test_a_prompt_that_cannot_be_continued_is_a_sentence(model, prompt, said):
    with pytest.raises(LearnerError, match=said):
        generate(model, ["the film", prompt], 5)
    with pytest.raises(LearnerError, match="no prompt"):
        generate(model, [], 5)
    with pytest.raises(LearnerError, match="no token can be drawn"):
        generate(model, ["the film"], 5, temperature=1.0, top_p=0.0)


def test_stop_ends_the_writing(model):
    stop, seen = Event(), []
    stop.set()
    assert generate(model, ["the film"], 5, stop=stop) is None
    assert generate(model, ["the film", "a"], 5, watch=lambda *at: seen.append(at))
    assert seen[-1] == (2, 2)


@given(st.lists(st.lists(st.integers(0, 2), min_size=30, max_size=40), min_size=2, max_size=6),
       st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_what_texts_share_is_what_they_begin_with(texts, alike):
    texts = [[9] * alike + text for text in texts]
    shared = shared_length(texts)
    assert len({tuple(text[:shared]) for text in texts}) == 1
    assert shared == 0 or WORTH <= shared < min(map(len, texts))
    if shared and shared < min(map(len, texts)) - 1:
        assert len({text[shared] for text in texts}) > 1


def test_a_beginning_that_is_read_once_changes_nothing(model, monkeypatch):
    from llmtl_helpers.models import generate as generate_module
    from llmtl_helpers.models import language_model as language_module
    from llmtl_helpers.models import prefix

    pairs = [("the film was good . " * 7 + text, " a story") for text in
             ("actors", "music today with", "a superb film was")]
    found = {}
    for worth in (prefix.WORTH, 10**6):
        monkeypatch.setattr(prefix, "WORTH", worth)
        monkeypatch.setattr(language_module, "WORTH", worth)
        reads = []
        for module in (generate_module, language_module):
            monkeypatch.setattr(module, "read_once", lambda *args: reads.append(args) or
                                prefix.read_once(*args))
        answers = generate(model, [prompt for prompt, _ in pairs], 5)
        found[worth] = answers, evaluate(model, model.encode(pairs, 64))
        assert len(reads) == (2 if worth < 100 else 0)
    (answers, outputs), (plain_answers, plain_outputs) = found.values()
    assert answers == plain_answers
    torch.testing.assert_close(outputs, plain_outputs, atol=1e-4, rtol=1e-4)


# --- runs -----------------------------------------------------------------------------------


def test_a_slice_of_pairs_is_nested_and_its_validation_no_larger(planned):
    task, config = planned()
    small, large = (Data(config.changed(n=n), task) for n in (8, 40))
    assert small.train_texts == large.train_texts[:8] and len(small.validation_texts) == 8
    prompt, answer = small.train_texts[0]
    assert prompt.startswith("Say: ") and prompt.endswith(" Echo:") and answer.startswith(" ")
    assert small.targets == [target.strip() for _, target in small.test_texts]
    none = Data(config.changed(n=0, strategy="prompted"), task)
    assert none.examples == [] and none.validation_texts == []
    some = Data(config.changed(n=2, strategy="prompted"), task)
    assert some.test_texts[0][0].count("Echo:") == 3 and not some.train_texts


def test_a_tuned_run_learns_to_answer_and_keeps_what_it_wrote(planned):
    task, config = planned()
    row = check(run_module.run(config))
    untuned = check(run_module.run(config.changed(strategy="prompted", n=0, updates=0,
                                                  learning_rate=None)))
    assert row["score"] == row["log_likelihood"] > untuned["score"] + 0.1
    assert set(row["text_targets"]) == {2}  # two words each; the end is not counted
    assert len(row["outputs"]) == 30 and row["temperature"] > 0 and row["train_size"] == 40
    assert sum(row["text_log_likelihoods"]) / sum(row["text_targets"]) == pytest.approx(
        row["score"], abs=1e-3)
    assert row["flops"] > 0 and row["tokens"] > row["updates"] * 8
    assert untuned["validation_score"] is None and untuned["trained_parameters"] == 0
    again = run_module.run(config)
    assert again["outputs"] == row["outputs"]


@pytest.mark.parametrize("metric", ["log_likelihood", "rouge_l"])
def test_a_trial_is_judged_by_likelihood_and_writes_nothing(planned, monkeypatch, metric):
    _, config = planned(metric)
    monkeypatch.setattr("llmtl_helpers.models.generate.generate",
                        lambda *args, **options: pytest.fail("it wrote"))
    row = check(run_module.run(config.changed(purpose="trial")))
    assert row["status"] == "done" and row["validation_score"] < 0 and "outputs" not in row
    assert row["log_likelihood"] < 0 and (row["score"] is None) == (metric == "rouge_l")


def test_adapters_train_few_weights_and_leave_the_word_vectors(planned):
    task, config = planned(strategy="adapters", adapter_rank=2, adapter_targets="c_attn",
                           learning_rate=2e-2)
    row = run_module.run(config)
    whole = run_module.run(config.changed(strategy="all_weights", adapter_rank=0,
                                          adapter_targets="", updates=1))
    assert 0 < row["trained_parameters"] < 0.1 * whole["trained_parameters"]
    assert row["history_losses"][-1] < row["history_losses"][0] - 0.05
    assert row["flops"] / row["tokens"] < whole["flops"] / whole["tokens"]


def test_counts_of_tokens_are_a_model_of_the_same_targets_as_a_network(planned, model):
    task, config = planned(arm="token_counts", strategy="token_counts", init="none", updates=0,
                           batch_size=0, learning_rate=None, weights_recipe="none")
    row, data = run_module.run(config), Data(config, task)
    check(row)
    encoded = model.encode(data.test_texts, 48)
    assert row["text_targets"] == [len(ids) - ids.given - 1 for ids in encoded]  # no end mark
    taught = [token for ids in model.encode(data.train_texts, 48) for token in ids[ids.given:-1]]
    size = len(model.tokenizer)

    def by_hand(token):
        return np.log((taught.count(token) + row["added"]) / (len(taught) + row["added"] * size))

    sums = [sum(map(by_hand, ids[ids.given:-1])) for ids in encoded]
    assert np.allclose(row["text_log_likelihoods"], sums, atol=1e-3)
    assert row["score"] == pytest.approx(sum(sums) / sum(row["text_targets"]), abs=1e-4)
    assert "outputs" not in row and row["trained_parameters"] == 0


def test_a_rate_that_is_too_high_is_kept_as_failed(planned):
    _, config = planned(learning_rate=1e6)
    row = check(run_module.run(config))
    assert row["status"] == "failed" and "too high" in row["failure"]


def test_a_stopped_run_leaves_nothing(planned):
    _, config = planned()
    stop = Event()

    def watch(update, loss):
        if update == 5:
            stop.set()

    assert run_module.run(config, stop, watch) is None


def test_stop_ends_the_reading_of_test_texts(planned, monkeypatch):
    from llmtl_helpers.training import loop

    _, config = planned()
    stop, read = Event(), []
    monkeypatch.setattr(loop, "by_length", lambda lengths: [[row] for row in range(len(lengths))])
    forward = LanguageModel.forward

    def counting(self, *given):
        read.append(len(given[0]))
        if len(read) == 3:
            stop.set()
        return forward(self, *given)

    monkeypatch.setattr(LanguageModel, "forward", counting)
    assert run_module.run(config.changed(strategy="prompted", n=0, updates=0, learning_rate=None),
                          stop) is None
    assert len(read) == 3


def test_smoke_shrinks_a_rule_of_its_own():
    assert rule_at(PROFILES["full"], WRITING) is WRITING
    small = rule_at(PROFILES["smoke"], WRITING)
    assert small.budget == "smoke" and small.updates(32) < 10 and small.test_limit < 50
    assert small.sizes == (32,) and WRITING.updates(512) == 80 and WRITING.batch_size(512) == 8
