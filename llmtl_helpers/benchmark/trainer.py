"""The obvious alternative: one run by `transformers.Trainer`, as its own guide shows it.

Dynamic padding, the default optimizer, a classifier of the library's own. What decides the
amount of work is the engine's: examples, updates, batch size, learning-rate schedule, ten
looks at 200 validation examples, one prediction of the test set.
"""

import tempfile
import time
from threading import Event

import numpy as np

from llmtl_helpers.models.checkpoints import checkpoint_folder, load_config, load_tokenizer
from llmtl_helpers.tasks import load_task
from llmtl_helpers.training.config import RunConfig
from llmtl_helpers.training.run import peak_memory
from llmtl_helpers.training.data import Data
from llmtl_helpers.training.tuning import EVALUATIONS, HISTORY_EXAMPLES

CONFIG = RunConfig


def run(config: RunConfig, stop: Event | None = None, watch=None, device: str = "cpu") -> dict:
    """Carry out a run of the strategies all_weights, top_blocks or frozen_probe by Trainer.

    Returns:
        the fields of a row that the benchmark reads; never kept in a ledger.
    """
    from datasets import Dataset
    from transformers import DataCollatorWithPadding, Trainer, TrainingArguments

    began = time.perf_counter()
    task = load_task(config.task)
    data, tokenizer = Data(config, task), load_tokenizer(config.checkpoint)

    def prepared(texts, labels) -> Dataset:
        encoded = tokenizer(list(texts), truncation=True, max_length=config.max_length)
        return Dataset.from_dict({**encoded, "labels": list(labels)})

    train = prepared(data.train_texts, data.train_labels)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=_model(config, len(task.label_names)),
            args=TrainingArguments(
                output_dir=folder, max_steps=config.updates, learning_rate=config.learning_rate,
                per_device_train_batch_size=config.batch_size, per_device_eval_batch_size=32,
                warmup_steps=max(1, config.updates // 10), weight_decay=0.01,
                seed=config.run_seed, eval_strategy="steps",
                eval_steps=max(1, config.updates // EVALUATIONS), save_strategy="no",
                report_to=[], disable_tqdm=True, use_cpu=device == "cpu"),
            train_dataset=train,
            eval_dataset=prepared(data.validation_texts[:HISTORY_EXAMPLES],
                                  data.validation_labels[:HISTORY_EXAMPLES]),
            data_collator=DataCollatorWithPadding(tokenizer), compute_metrics=_accuracy)
        trainer.train()
        spent = sum(entry["eval_runtime"] for entry in trainer.state.log_history
                    if "eval_runtime" in entry)
        seconds = trainer.state.log_history[-1]["train_runtime"] - spent
        found = trainer.predict(prepared(data.test_texts, data.test_labels))
    lengths = [len(tokens) for tokens in train["input_ids"]]
    return {
        "id": config.id, "arm": config.arm, "n": config.n, "score": _accuracy(found)["accuracy"],
        "seconds": time.perf_counter() - began, "seconds_training": seconds,
        "tokens": float(np.mean(lengths)) * config.updates * config.batch_size,
        "peak_memory_mb": peak_memory(),
    }


def _model(config: RunConfig, num_labels: int):
    """The library's classifier; below what the strategy trains, everything is frozen."""
    import torch
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(config.run_seed)
    if config.init == "random":
        architecture = load_config(config.checkpoint)
        architecture.num_labels = num_labels
        model = AutoModelForSequenceClassification.from_config(architecture)
    else:
        model = AutoModelForSequenceClassification.from_pretrained(
            checkpoint_folder(config.checkpoint), num_labels=num_labels, use_safetensors=True,
            local_files_only=True, trust_remote_code=False)
    if config.strategy != "all_weights":
        model.base_model.requires_grad_(False)
    if config.strategy == "top_blocks":
        model.base_model.encoder.layer[-config.trained_blocks:].requires_grad_(True)
        model.base_model.pooler.requires_grad_(True)
    return model


def _accuracy(found) -> dict:
    logits, labels = found.predictions, found.label_ids
    return {"accuracy": float((logits.argmax(-1) == labels).mean())}
