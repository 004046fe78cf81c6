"""Who pre-trains in the benchmark: this engine, and `transformers.Trainer` as its example does."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event

from llmtl_helpers.recipes import RECIPES, Recipe

OURS = RECIPES["causal-3M"]
# as run_clm.py, the library's example: sequences as long as the network allows; the network's own
# dropout; batch size and learning rate are those of TrainingArguments
EXAMPLE = replace(OURS, length=128, batch_size=8, learning_rate=5e-5, dropout=0.1)


@dataclass(frozen=True)
class Contestant:
    """Who trains: `engine` or `trainer`; its batches and rates: `ours` or `example`; its time."""

    who: str
    settings: str
    seconds: float
    profiled: bool = True

    updates = 0  # not known when the work is ordered

    def recipe(self, updates: int) -> Recipe:
        recipe = EXAMPLE if self.settings == "example" else OURS
        return replace(recipe, tokens=updates * recipe.length * recipe.batch_size)


def by_engine(contestant: Contestant, recipe: Recipe, note: Callable[[int], None],
              stop: Event) -> list:
    """What a learner runs.

    Args:
        note: called after each update with its number.
        stop: when set, the training is broken off.

    Returns:
        (update, held-out loss in nats per token) of each look.
    """
    from llmtl_helpers.pretraining.card import own_card
    from llmtl_helpers.pretraining.engine import pretrain

    name = f"for-{recipe.updates}-updates"
    pretrain(name, recipe, watch=lambda update, *_: note(update), stop=stop)
    return own_card(name).get("held_out_losses", [])


def network(recipe: Recipe):
    """The tokenizer of a recipe, and its network with the weights that the recipe begins with."""
    import torch

    from llmtl_helpers.corpora import load_corpus
    from llmtl_helpers.models.architectures import ARCHITECTURES
    from llmtl_helpers.pretraining.objectives import OBJECTIVES
    from llmtl_helpers.pretraining.tokenizer import train_tokenizer

    tokenizer = train_tokenizer(load_corpus(recipe.words_from).documents, recipe.vocabulary)
    config = ARCHITECTURES[recipe.architecture](tokenizer)
    config.embd_pdrop = config.attn_pdrop = config.resid_pdrop = recipe.dropout
    torch.manual_seed(recipe.seed)
    return tokenizer, OBJECTIVES[recipe.objective].build(config)


def by_trainer(contestant: Contestant, recipe: Recipe, note: Callable[[int], None],
               stop: Event) -> list:
    """As the library's example: documents in one row, cut into blocks; the library's own loss.

    Arguments and result as those of `by_engine`, the held-out loss too: what Trainer itself says of
    a GPT-2 (transformers 5.23) is divided by the tokens of a sequence instead of its targets, which
    are one fewer.
    """
    import numpy as np
    from datasets import Dataset
    from transformers import (
        DataCollatorForLanguageModeling, Trainer, TrainerCallback, TrainingArguments)

    from llmtl_helpers.corpora import load_corpus
    from llmtl_helpers.pretraining.engine import LOOKS, held_out_loss
    from llmtl_helpers.pretraining.objectives import OBJECTIVES
    from llmtl_helpers.pretraining.stream import Stream

    tokenizer, model = network(recipe)
    stream = Stream(OURS, load_corpus(recipe.corpus).documents, tokenizer)  # all have its held-out
    row = np.concatenate(stream.documents)
    blocks = row[:len(row) // recipe.length * recipe.length].reshape(-1, recipe.length)
    at = {-(-look * recipe.updates // LOOKS) for look in range(1, LOOKS + 1)}
    looks = []

    class Watch(TrainerCallback):
        def on_step_end(self, args, state, control, **_):
            note(state.global_step)
            if state.global_step in at:
                looks.append((state.global_step, held_out_loss(
                    OBJECTIVES[recipe.objective], model, tokenizer, stream, "cpu")))
            control.should_training_stop = control.should_training_stop or stop.is_set()

    like_ours = {} if contestant.settings == "example" else dict(  # as `pretrain` says
        warmup_steps=max(1, recipe.updates * 6 // 100), weight_decay=0.01, adam_beta2=0.98)
    with tempfile.TemporaryDirectory() as folder:
        Trainer(
            model=model, callbacks=[Watch()],
            args=TrainingArguments(
                output_dir=folder, max_steps=recipe.updates, learning_rate=recipe.learning_rate,
                per_device_train_batch_size=recipe.batch_size, seed=recipe.seed, save_strategy="no",
                report_to=[], disable_tqdm=True, use_cpu=True, **like_ours),
            train_dataset=Dataset.from_dict({"input_ids": blocks}),
            data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False)).train()
    return looks


PRETRAINERS = {"engine": by_engine, "trainer": by_trainer}
