"""The training loop of every run with gradients, and evaluation. Taught in 01."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from threading import Event

import numpy as np
import torch
from accelerate import Accelerator
from transformers import get_linear_schedule_with_warmup

from llmtl_helpers.models.prefix import for_each
from llmtl_helpers.training.active_rows import ActiveRows, active_rows
from llmtl_helpers.training.batches import by_length, pad, plan_batches


class TrainingFailed(Exception):
    """The loss is no longer a number: the run is kept as failed, with this reason."""

    def __init__(self, reason: str, device: str = "cpu"):
        super().__init__(reason)
        self.device = device


def train(model, texts: Sequence[str], labels: Sequence[int], *, updates: int, batch_size: int,
          learning_rate: float, seed: int = 0, max_length: int = 128, device: str = "cpu",
          watch: Callable[[int, float], object] | None = None, stop: Event | None = None,
          thaw: Callable[[int], None] | None = None, tokens_at_once: int | None = None) -> int:
    """Train all weights that require a gradient, in place.

    AdamW (Loshchilov & Hutter 2019) with bias correction; 10% linear warm-up, then linear
    decay to zero (as BERT); gradients clipped to norm 1.

    Args:
        model: a classifier, or a `LanguageModel`, which has no use for labels; `model.encode`
            makes the token numbers, `model.loss` the loss of a batch.
        device: "cpu", or "auto" for the accelerator that `accelerate` finds, if any.
        watch: called after each update with its number (from 1) and its loss; training ends
            there if it returns True.
        stop: checked before each update; when set, training ends there.
        thaw: called before each update with its number (from 1); may freeze and thaw weights of
            those that require a gradient at the start.
        tokens_at_once: a batch with more tokens, padding included, goes through the network in
            parts whose gradients are added up: the same update in less memory. None: never.

    Returns:
        tokens trained on, padding left out.

    Raises:
        TrainingFailed: the loss became infinite or NaN.
    """
    accelerator = Accelerator(cpu=device == "cpu")
    encoded = model.encode(texts, max_length)
    plan = plan_batches([len(tokens) for tokens in encoded], batch_size, updates, seed)
    torch.manual_seed(seed)  # from here on only dropout draws random numbers
    # what the loss of a batch is the mean over: texts, or the targets of a language model
    counted, padding, tokens = getattr(model, "counted", len), model.tokenizer.pad_token_id, 0
    with nullcontext() if model.tied else active_rows(model.body, encoded):
        optimizer = torch.optim.AdamW(weight_groups(model), lr=learning_rate, fused=True)
        schedule = get_linear_schedule_with_warmup(optimizer, max(1, updates // 10), updates)
        model, optimizer = accelerator.prepare(model, optimizer)
        for update, rows in enumerate(plan, 1):
            if stop is not None and stop.is_set():
                break
            if thaw is not None:
                thaw(update)
            model.train()
            batch = [(*pad(encoded, part, padding), torch.tensor([labels[row] for row in part]))
                     for part in in_parts(encoded, rows, tokens_at_once)]
            whole, loss = sum(counted(mask) for _, mask, _ in batch), 0.0
            for part in batch:
                ids, mask, targets = (t.to(accelerator.device) for t in part)
                share = model.loss(ids, mask, targets) * (counted(mask) / whole)
                if not torch.isfinite(share):
                    raise TrainingFailed(f"the loss was no longer a number at update {update}: the "
                                         f"learning rate {learning_rate:g} is too high here",
                                         accelerator.device.type)
                accelerator.backward(share)
                loss += share.item()
                tokens += int((mask > 0).sum())
            accelerator.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            if watch is not None and watch(update, loss):
                break
    return tokens


def in_parts(encoded: Sequence[list[int]], rows, tokens_at_once: int | None) -> list:
    """The rows of a batch in as few equal parts as have at most so many tokens each; a single text
    is never cut."""
    longest = max(len(encoded[row]) for row in rows)
    fits = len(rows) if tokens_at_once is None else max(1, tokens_at_once // longest)
    return np.array_split(rows, -(-len(rows) // fits))


def weight_groups(model) -> list[dict]:
    """Weight decay 0.01 on matrices; none on biases, norms and word vectors."""
    embeddings = {id(p) for m in model.modules() if isinstance(m, torch.nn.Embedding | ActiveRows)
                  for p in m.parameters(recurse=False)}
    trained = [p for p in model.parameters() if p.requires_grad]
    decayed = [p for p in trained if p.ndim >= 2 and id(p) not in embeddings]
    chosen = {id(p) for p in decayed}
    return [{"params": decayed, "weight_decay": 0.01},
            {"params": [p for p in trained if id(p) not in chosen], "weight_decay": 0.0}]


@torch.inference_mode()
def evaluate(model, encoded: Sequence[list[int]], stop: Event | None = None) -> torch.Tensor | None:
    """The model's outputs for every text, in the order given; dropout off.

    What all texts for a language model begin with, such as examples in a prompt, is read once.

    Args:
        stop: checked before each batch; when set, nothing is returned.

    Returns:
        (texts, labels) logits of a classifier; of a language model (texts, 2), see its `forward`.
        None if stopped.
    """
    model.eval()
    device = next(model.parameters()).device
    outputs = torch.empty(len(encoded), model.outputs)
    kept, encoded = model.begin(encoded) if model.tied else (None, encoded)
    for rows in by_length([len(tokens) for tokens in encoded]):
        if stop is not None and stop.is_set():
            return None
        ids, mask = pad(encoded, rows, model.tokenizer.pad_token_id)
        again = () if kept is None else (for_each(kept, len(rows)),)
        outputs[rows] = model(ids.to(device), mask.to(device), *again).float().cpu()
    return outputs
