"""An unfinished pre-training on disk, and the folder of a finished one. Taught in 03."""

import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.pretraining.card import CARD, LOG, unfinished
from llmtl_helpers.recipes import Recipe

MOMENTS = ("exp_avg", "exp_avg_sq")  # what AdamW keeps of each weight


class State:
    """An unfinished training on disk: weights, optimizer and log, replaced as one folder."""

    def __init__(self, folder: Path, recipe: Recipe, fingerprint: str):
        self.folder = unfinished(folder)
        self.about = {"recipe": asdict(recipe), "corpus": fingerprint}

    def load(self, model, optimizer) -> dict:
        """Put the kept state into model and optimizer; its log, or an empty one."""
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        fresh = {"updates": 0, "seconds": 0.0, "guessed": 0, "curve": [],
                 "held_out": [], "open": []}
        try:
            log = json.loads((self.folder / LOG).read_text(encoding="utf-8"))
            # copied: loaded tensors lie in the file itself, which the next save replaces
            tensors = {key: tensor.clone() for key, tensor in
                       load_file(self.folder / "state.safetensors").items()}
        except (OSError, ValueError, SafetensorError):
            return fresh  # nothing there, or damaged
        weights = list(model.parameters())
        if log.pop("about", None) != self.about or len(weights) != sum(
                key.endswith(" weight") for key in tensors):
            return fresh  # another recipe, corpus or network under this name
        with torch.no_grad():
            for number, weight in enumerate(weights):
                weight.copy_(tensors[f"{number} weight"])
                if moments := {key: tensors[f"{number} {key}"].to(weight.device)
                               for key in MOMENTS if f"{number} {key}" in tensors}:
                    step = torch.tensor(float(log["updates"]), device=weight.device)
                    optimizer.state[weight] = {"step": step, **moments}
        return log

    def save(self, model, optimizer, log: dict) -> None:
        from safetensors.torch import save_file

        tensors = {}
        for number, weight in enumerate(model.parameters()):
            tensors[f"{number} weight"] = weight.detach().cpu().clone()
            for key in MOMENTS:
                if key in optimizer.state.get(weight, {}):
                    tensors[f"{number} {key}"] = optimizer.state[weight][key].cpu().clone()
        with Replacing(self.folder) as new:
            save_file(tensors, new / "state.safetensors")
            (new / LOG).write_text(json.dumps({**log, "about": self.about}), encoding="utf-8")


@contextmanager
def only_one(name: str):
    """Nobody else on this machine pre-trains this name meanwhile.

    Raises:
        LearnerError: somebody does.
    """
    file = paths.cache() / "pretraining" / f"{name}.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(file, timeout=0):
            yield
    except Timeout as error:
        raise LearnerError(f"{name} is being pre-trained already", "another process is at it",
                           "wait until it is done, or stop it: its state is kept") from error


class Replacing:
    """Context manager: a new folder that takes the place of `folder` when all went well.

    Raises:
        LearnerError: the disk is full or refuses to be written; the old folder stays.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.new = folder.with_name(f"{folder.name}.new-{os.getpid()}")

    def __enter__(self) -> Path:
        shutil.rmtree(self.new, ignore_errors=True)
        self.new.mkdir(parents=True)
        return self.new

    def __exit__(self, kind, error, _) -> None:
        if kind is None:
            try:
                self._take_the_place()
                return
            except OSError as refused:
                kind, error = type(refused), refused
        shutil.rmtree(self.new, ignore_errors=True)
        # safetensors has an error of its own for a disk that is full
        if issubclass(kind, OSError) or kind.__name__ == "SafetensorError":
            raise LearnerError(f"{self.folder.name} could not be written", str(error),
                               "make room on the disk and run the same again: it goes on from the "
                               "last state that was kept") from error

    def _take_the_place(self) -> None:
        old = self.folder.with_name(f"{self.folder.name}.old-{os.getpid()}")
        if self.folder.exists():
            self.folder.rename(old)
        try:
            self.new.rename(self.folder)
        except OSError:
            if old.exists():
                old.rename(self.folder)
            raise
        shutil.rmtree(old, ignore_errors=True)


def publish(name: str, folder: Path, model, tokenizer, recipe: Recipe, corpus, log: dict,
            device: str) -> None:
    """Write the folder that `build` reads, and drop the unfinished state."""
    from transformers.utils import logging

    from llmtl_helpers.training.run import commit, machine, versions

    logging.disable_progress_bar()
    card = {
        "name": name, "recipe": asdict(recipe), "recipe_id": recipe.id,
        "corpus": {"name": corpus.name, "title": corpus.title, "fingerprint": corpus.fingerprint,
                   "documents": len(corpus.documents), "words": corpus.words,
                   "source": corpus.source, "licence": corpus.licence},
        "tokens": recipe.updates * recipe.length * recipe.batch_size,
        "guessed": log["guessed"], "updates": log["updates"], "seconds": round(log["seconds"], 1),
        "losses": log["curve"], "held_out_losses": log["held_out"],
        "machine": machine(device), "versions": versions(), "commit": commit(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with Replacing(folder) as new:
        model.to("cpu").save_pretrained(new, safe_serialization=True)
        tokenizer.save_pretrained(new)
        (new / CARD).write_text(json.dumps(card, indent=1), encoding="utf-8")
    shutil.rmtree(unfinished(folder), ignore_errors=True)
