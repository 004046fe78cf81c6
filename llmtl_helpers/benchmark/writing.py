"""Tuning a decoder on answers, and writing them, beside `transformers.Trainer` and `generate`.

One process with all cores each: the same prompts and answers, updates, batches, learning rate and
schedule. Trainer pads to the longest text of a random batch, has the prompts' labels at -100 and
makes logits at every token; its answers are written in the order of the texts, 16 at once.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from llmtl_helpers.arms import WRITERS
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.training.config import RunConfig

CONFIG = RunConfig  # what a worker process makes of an order
TASKS, LABELS, RATE, TOGETHER = ("translate/fr", "headlines/news"), 512, 1e-4, 16
NAMES = {"llmtl_helpers.training.run": "this engine", __name__: "Trainer and `generate`"}


@dataclass(frozen=True)
class Wrote:
    """What a contestant took.

    Attributes:
        rate: tokens of training a second. loss: on the test answers, nats per token.
        answers: written per second. memory_mb: peak resident memory.
    """

    rate: float
    loss: float
    answers: float
    memory_mb: float


def contest(updates: int, threads: int, say: Callable[[str], None]) -> dict[tuple, Wrote]:
    """Both contestants on each task, one after the other: (task, runner) -> what it took.

    Raises:
        LearnerError: one could not finish.
    """
    from llmtl_helpers.sweep import Workers

    found = {}
    for task in TASKS:
        for runner in NAMES:
            config = order(task, updates)
            warm = config.changed(updates=3, n=8, test_limit=2, run_seed=900)
            for event in Workers(1, threads, runner=runner).run([warm, config]):
                if event.kind == "failed":
                    raise LearnerError("a contestant of the benchmark could not finish",
                                       event.reason, "close other programs and start it again")
                if event.kind == "done" and event.config.id == config.id:
                    row = event.row
                    found[task, runner] = Wrote(
                        row["tokens"] / row["seconds_training"], -row["log_likelihood"],
                        len(row["outputs"]) / row["seconds_writing"], row["peak_memory_mb"])
                    say(f"{task}, {NAMES[runner]}: {found[task, runner].rate:,.0f} tokens/s")
    return found


def order(task: str, updates: int) -> RunConfig:
    from llmtl_helpers.models import weights_recipe
    from llmtl_helpers.tasks import load_task

    arm, data = WRITERS["writer"], load_task(task)
    return RunConfig(
        task=data.name, arm=arm.name, checkpoint=arm.checkpoint, init=arm.init,
        strategy=arm.strategy, n=LABELS, subset_seed=0, run_seed=0, updates=updates, batch_size=8,
        learning_rate=RATE, inverse_regularisation=None, budget="benchmark", purpose="benchmark",
        validation_limit=16, test_limit=64, max_length=data.max_length,
        data_fingerprint=data.fingerprint,
        weights_recipe=weights_recipe(arm.checkpoint, arm.init))


def run(config: RunConfig, stop: Event | None = None, watch=None, device: str = "cpu") -> dict:
    """The obvious alternative carries out a run.

    Returns:
        the fields of a row that the benchmark reads; never kept in a ledger.
    """
    import torch
    from datasets import Dataset
    from transformers import (AutoModelForCausalLM, DataCollatorForSeq2Seq, Trainer,
                              TrainingArguments)

    from llmtl_helpers.models import load_tokenizer
    from llmtl_helpers.models.checkpoints import load_config, load_network
    from llmtl_helpers.models.language_model import LanguageModel
    from llmtl_helpers.tasks import load_task
    from llmtl_helpers.training.data import Data
    from llmtl_helpers.training.loop import evaluate
    from llmtl_helpers.training.metrics import METRICS
    from llmtl_helpers.training.run import peak_memory

    task, tokenizer = load_task(config.task), load_tokenizer(config.checkpoint)
    data = Data(config, task)
    network, _ = load_network(AutoModelForCausalLM, config.checkpoint,
                              load_config(config.checkpoint))
    model = LanguageModel(network, tokenizer)  # for its reading of pairs and its likelihoods
    encoded = model.encode(data.train_texts, config.max_length)
    rows = Dataset.from_list([
        {"input_ids": list(ids), "attention_mask": [1] * len(ids),
         "labels": [-100] * ids.given + ids[ids.given:]} for ids in encoded])
    torch.manual_seed(config.run_seed)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=network, train_dataset=rows, data_collator=DataCollatorForSeq2Seq(tokenizer),
            args=TrainingArguments(
                output_dir=folder, max_steps=config.updates, learning_rate=config.learning_rate,
                per_device_train_batch_size=config.batch_size, weight_decay=0.01,
                warmup_steps=max(1, config.updates // 10), seed=config.run_seed,
                save_strategy="no", report_to=[], disable_tqdm=True, use_cpu=device == "cpu"))
        trainer.train()
        seconds = trainer.state.log_history[-1]["train_runtime"]
    test = model.decide(evaluate(model, model.encode(data.test_texts, config.max_length)))
    prompts, outputs = [prompt for prompt, _ in data.test_texts], []
    began = time.perf_counter()
    tokenizer.padding_side = "left"
    for start in range(0, len(prompts), TOGETHER):
        batch = tokenizer(prompts[start:start + TOGETHER], padding=True, return_tensors="pt",
                          add_special_tokens=False)
        written = network.generate(**batch, max_new_tokens=task.writing.answer_tokens,
                                   do_sample=False, pad_token_id=tokenizer.pad_token_id)
        outputs += tokenizer.batch_decode(written[:, batch["input_ids"].shape[1]:],
                                          skip_special_tokens=True)
    return {
        "id": config.id, "arm": config.arm, "n": config.n, "outputs": outputs,
        "seconds_writing": time.perf_counter() - began, "seconds_training": seconds,
        "log_likelihood": METRICS["log_likelihood"](None, test), "score": None,
        "tokens": sum(map(len, encoded)) / len(encoded) * config.updates * config.batch_size,
        "peak_memory_mb": peak_memory(),
    }


def markdown(found: dict[tuple, Wrote], updates: int, machine: str) -> str:
    """The part of BENCHMARKS.md about writing."""
    lines = ["| task | contestant | tokens of training/s | ratio | loss on test answers | answers "
             "written/s | ratio | peak memory |", "|---|---|---|---|---|---|---|---|"]
    for task, runner in found:
        one, other = found[task, runner], found[task, __name__]
        ratios = ("–", "–") if one is other else (
            f"**{one.rate / other.rate:.1f}x**", f"**{one.answers / other.answers:.1f}x**")
        lines.append(f"| {task} | {NAMES[runner]} | {one.rate:,.0f} | {ratios[0]} | {one.loss:.2f} "
                     f"| {one.answers:.1f} | {ratios[1]} | {one.memory_mb:,.0f} MiB |")
    return "\n".join([f"Machine: {machine}; all cores. All weights of the decoder, {updates} updates "
                      "of 8; the loss is in nats per token; answers are greedy.", "", *lines])
