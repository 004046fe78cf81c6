"""Frozen features: what an untouched checkpoint says of each text, computed once and kept."""

import hashlib
import os
import tempfile
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from filelock import FileLock

from llmtl_helpers import paths
from llmtl_helpers.training.config import RunConfig


def frozen_features(config: RunConfig, task, stop=None) -> dict[str, np.ndarray] | None:
    """Mean-pooled body outputs of every text: split -> float32 (texts, width).

    Kept in the cache under a name that holds the weights, the data and the length, and
    shared by all sizes and seeds. None if `stop` was set before they were ready.
    """
    from llmtl_helpers.models import build

    seed = config.run_seed if config.init == "random" else 0
    key = f"{config.weights_recipe} {seed} {config.data_fingerprint} {config.max_length}"
    file = paths.cache() / "features" / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"
    splits = {"train": task.train, "validation": task.validation, "test": task.test}
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):  # a second worker waits instead of working twice
        try:
            with np.load(file, allow_pickle=False) as kept:
                return {split: kept[split] for split in splits}
        except (OSError, ValueError, KeyError, BadZipFile):
            pass  # not there, or damaged: computed (again)
        model = build(config.checkpoint, config.init, seed=seed)
        features = {}
        for split, rows in splits.items():
            features[split] = pooled(model, rows["text"], config.max_length, stop)
            if features[split] is None:
                return None
        _save(file, features)
        return features


def pooled(model, texts, max_length: int, stop=None) -> np.ndarray | None:
    """Mean-pooled body outputs, float32 (texts, width), in the order given."""
    import torch

    from llmtl_helpers.training.batches import by_length, pad

    encoded = model.encode(texts, max_length)
    out = np.empty((len(encoded), model.body.config.hidden_size), dtype=np.float32)
    model.eval()
    with torch.inference_mode():
        for rows in by_length([len(tokens) for tokens in encoded]):
            if stop is not None and stop.is_set():
                return None
            out[rows] = model.pool(*pad(encoded, rows, model.tokenizer.pad_token_id)).numpy()
    return out


def _save(file: Path, features: dict[str, np.ndarray]) -> None:
    """Write whole or not at all; a full disk costs the cache, not the run."""
    try:
        handle, temporary = tempfile.mkstemp(dir=file.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as stream:
                np.savez(stream, **features)
            os.replace(temporary, file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError:
        pass
