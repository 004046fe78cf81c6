"""The pre-training loop: it stops, resumes exactly, leaves a checkpoint folder. Taught in 03."""

import re
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from threading import Event

from llmtl_helpers import paths
from llmtl_helpers.corpora import load_corpus
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models import load_config, load_tokenizer
from llmtl_helpers.models.architectures import ARCHITECTURES
from llmtl_helpers.pretraining.card import own_card
from llmtl_helpers.pretraining.objectives import OBJECTIVES
from llmtl_helpers.pretraining.state import State, only_one, publish
from llmtl_helpers.pretraining.stream import DISORDERS, Stream
from llmtl_helpers.pretraining.tokenizer import train_tokenizer
from llmtl_helpers.recipes import RECIPES, Recipe

KEEP_EVERY = 60.0  # seconds between two states kept on disk
POINTS = 100  # of the loss curve on the card
LOOKS = 10  # at documents that are held out


def pretrain(name: str, recipe: Recipe | None = None, *, device: str = "cpu",
             watch: Callable[[int, int, float], None] | None = None,
             stop: Event | None = None) -> Path | None:
    """Carry out the recipe called `name`, or go on with it, and return the checkpoint's folder.

    AdamW with decoupled weight decay 0.01, warm-up over 6% of the updates, linear decay to zero,
    gradients clipped to norm 1. Every update draws its random numbers from the recipe's seed and
    its own number, so an interrupted training ends as an uninterrupted one would have.

    Args:
        recipe: one of your own, to be carried out under a name of your own.
        device: "cpu", or "auto" for the accelerator that `accelerate` finds, if any.
        watch: called after each update with its number (from 1), their number, and its loss.
        stop: checked before each update; when set, the state is kept.

    Returns:
        None if `stop` was set first: the same call goes on from there.

    Raises:
        LearnerError: no such recipe, a name that cannot be a folder's, no such corpus, a corpus
            smaller than a batch, of too little text for the vocabulary, or in a script that the
            tokenizer does not know; another process that trains the same; a full disk.
    """
    if recipe is None and name not in RECIPES:
        raise LearnerError(f"there is no recipe called {name!r}",
                           next=f"choose one of {', '.join(RECIPES)}")
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise LearnerError(f"a checkpoint cannot be called {name!r}", "its name becomes a folder's",
                           "use letters, digits, dots, hyphens and underscores")
    recipe, folder = recipe or RECIPES[name], paths.own_checkpoints() / name
    for field, known in (("objective", OBJECTIVES), ("disorder", DISORDERS)):
        if getattr(recipe, field) not in known:
            raise LearnerError(f"there is no {field} called {getattr(recipe, field)!r}",
                               next=f"choose one of {', '.join(known)}")
    if _done(folder, recipe):
        return folder
    with only_one(name):
        return _carry_out(name, folder, recipe, device, watch, stop)


def _carry_out(name: str, folder: Path, recipe: Recipe, device: str, watch: Callable | None,
               stop: Event | None) -> Path | None:
    import torch
    from accelerate import Accelerator
    from transformers import get_linear_schedule_with_warmup

    from llmtl_helpers.models.fast_linear import use_fast_linear

    corpus = load_corpus(recipe.corpus)
    config, tokenizer = _architecture(recipe)
    stream, objective = Stream(recipe, corpus.documents, tokenizer), OBJECTIVES[recipe.objective]
    accelerator = Accelerator(cpu=device == "cpu")
    if accelerator.device.type == "cuda":
        torch.set_float32_matmul_precision("high")  # TF32: 10 bits less in products, much sooner
    torch.manual_seed(recipe.seed)
    model = use_fast_linear(objective.build(_with_dropout(config, recipe.dropout)))
    model.to(accelerator.device)
    optimizer = torch.optim.AdamW(_groups(model, recipe.learning_rate), lr=recipe.learning_rate,
                                  betas=(0.9, 0.98), fused=True)
    state = State(folder, recipe, corpus.fingerprint)
    log = state.load(model, optimizer)
    schedule = get_linear_schedule_with_warmup(optimizer, max(1, recipe.updates * 6 // 100),
                                               recipe.updates, last_epoch=log["updates"] - 1)
    model.train()
    began = kept = time.monotonic()
    update = log["updates"]
    for ids in stream.from_update(update):
        if update == recipe.updates:
            break
        if stop is not None and stop.is_set():
            break
        torch.manual_seed(recipe.seed * 1_000_003 + update + 1)
        batch = torch.from_numpy(ids).to(accelerator.device)
        loss, guessed = objective.loss(model, tokenizer, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        update += 1
        value = loss.item()
        if value != value:
            raise LearnerError(f"the loss was no longer a number at update {update:,}",
                               f"the learning rate {recipe.learning_rate:g} is too high here",
                               "lower it in the recipe")
        _note(log, update, recipe.updates, value, guessed)
        if len(stream.held_out) and _passes(LOOKS, update, recipe.updates):
            log["held_out"].append([update, round(held_out_loss(
                objective, model, tokenizer, stream, accelerator.device), 4)])
        if watch is not None:
            watch(update, recipe.updates, value)
        if time.monotonic() - kept > KEEP_EVERY:
            log["seconds"] += time.monotonic() - began
            state.save(model, optimizer, log)
            began = kept = time.monotonic()
    log["seconds"] += time.monotonic() - began
    if update < recipe.updates:
        if update:
            state.save(model, optimizer, log)
        return None
    kept = objective.kept(model)
    kept.config = config  # with the dropout that it will be tuned with
    publish(name, folder, kept, tokenizer, recipe, corpus, log, accelerator.device.type)
    return folder


def _architecture(recipe: Recipe):
    """Configuration and tokenizer of a recipe.

    Raises:
        LearnerError: unknown architecture, or too little text for its vocabulary.
    """
    if recipe.architecture not in ARCHITECTURES:
        return load_config(recipe.architecture), load_tokenizer(recipe.architecture)
    tokenizer = train_tokenizer(load_corpus(recipe.words_from or recipe.corpus).documents,
                                recipe.vocabulary)
    return ARCHITECTURES[recipe.architecture](tokenizer), tokenizer


def _with_dropout(config, share: float):
    changed = deepcopy(config)
    for field in ("hidden_dropout_prob", "attention_probs_dropout_prob",  # BERT and its kin
                  "embedding_dropout", "mlp_dropout", "attention_dropout",  # ModernBERT
                  "resid_pdrop", "embd_pdrop", "attn_pdrop"):  # GPT-2
        if hasattr(changed, field):
            setattr(changed, field, share)
    return changed


def held_out_loss(objective, model, tokenizer, stream, device) -> float:
    """Mean loss on documents that are never trained on, dropout off; always the same places."""
    import torch

    model.eval()
    losses, guessed = [], []
    with torch.inference_mode(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        size = stream.recipe.batch_size
        for start in range(0, len(stream.held_out), size):
            batch = torch.from_numpy(stream.held_out[start:start + size]).to(device)
            loss, count = objective.loss(model, tokenizer, batch)
            losses.append(loss.item() * count)
            guessed.append(count)
    model.train()
    return sum(losses) / max(1, sum(guessed))


def _done(folder: Path, recipe: Recipe) -> bool:
    card = own_card(folder.name)
    if card.get("recipe_id") != recipe.id or not (folder / "model.safetensors").is_file():
        return False
    return not recipe.corpus.startswith("folder:") or (  # whose files may have changed since
        card["corpus"]["fingerprint"] == load_corpus(recipe.corpus).fingerprint)


def _groups(model, peak: float) -> list[dict]:
    """Weight decay on matrices; none on biases and norms. A schedule goes on from `initial_lr`."""
    weights = [p for p in model.parameters() if p.requires_grad]
    matrices, others = ([p for p in weights if (p.ndim >= 2) == whether] for whether in (True, False))
    return [{"params": matrices, "weight_decay": 0.01, "initial_lr": peak},
            {"params": others, "weight_decay": 0.0, "initial_lr": peak}]


def _note(log: dict, update: int, updates: int, loss: float, guessed: int) -> None:
    """Keep a mean loss for about POINTS stretches of the training."""
    log["updates"] = update
    log["guessed"] += guessed
    log["open"].append(loss)
    if _passes(POINTS, update, updates):
        log["curve"].append([update, round(sum(log["open"]) / len(log["open"]), 4)])
        log["open"] = []


def _passes(points: int, update: int, updates: int) -> bool:
    """Whether one of `points` evenly spread points is reached with this update."""
    return update * points // updates > (update - 1) * points // updates
