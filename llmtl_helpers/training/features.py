"""Frozen features: what an untouched checkpoint says of each text, computed once and kept."""

import hashlib
import os
import random
import tempfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from filelock import FileLock

from llmtl_helpers import paths
from llmtl_helpers.training.config import RunConfig


PARTS = range(32, 257)  # texts that a worker computes before it looks at what others did
TABLES = 2  # of different weights or data that a process keeps in memory
_known: dict[Path, dict[str, np.ndarray]] = {}  # what it has read or computed, latest use last


def frozen_features(config: RunConfig, task, wanted: Mapping[str, Sequence[int]], stop=None,
                    every_place: bool = False) -> dict[str, np.ndarray] | None:
    """Mean-pooled body outputs of the wanted rows: split -> float32 (rows, width).

    Only what nobody asked for before is computed. It is kept in the cache, under a name that
    holds the weights, the data and the length, and shared by all sizes and seeds.

    Args:
        wanted: split ("train", "validation" or "test") -> row numbers.
        every_place: not the last hidden state alone, but those after the embeddings and after
            each block: float32 (rows, places, width). Kept apart from the others.

    Returns:
        None if `stop` was set before they were ready.
    """
    from llmtl_helpers.models.precision import ROUNDED, rounded

    seed = 0 if config.init == "pretrained" else config.run_seed  # all others draw by it
    key = f"{config.weights_recipe} {seed} {config.data_fingerprint} {config.max_length}"
    key += " every place" if every_place else ""
    key += f" {ROUNDED}" if rounded() else ""
    file = paths.cache() / "features" / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"
    splits = {"train": task.train, "validation": task.validation, "test": task.test}
    if not file.exists():  # an emptied cache is filled again
        _known.pop(file, None)
    if file not in _known:
        _take_over(_known.setdefault(file, {}), _read(file))
    known, order = _known.pop(file), random.Random(os.getpid())
    _known[file] = known
    while len(_known) > TABLES:
        del _known[next(iter(_known))]
    while missing := _missing(known, wanted, splits):
        # workers take parts in an order of their own and look at what others kept in between
        split, rows = order.choice(missing)
        model = _body(config.checkpoint, config.init, seed, config.weights_recipe)
        found = pooled(model, splits[split][rows]["text"], config.max_length, stop, every_place)
        if found is None:
            return None
        if split not in known:
            known[split] = np.full((len(splits[split]), *found.shape[1:]), np.nan, np.float32)
        known[split][rows] = found
        _share(file, known)
    return {split: known[split][list(rows)] for split, rows in wanted.items()}


def pooled(model, texts, max_length: int, stop=None,
           every_place: bool = False) -> np.ndarray | None:
    """Mean-pooled body outputs, float32 (texts, width), in the order given.

    With `every_place` those after the embeddings and each block, (texts, places, width).
    """
    import torch

    from llmtl_helpers.training.batches import by_length, pad

    encoded = model.encode(texts, max_length)
    pool, out = model.pool_every_place if every_place else model.pool, None
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        for rows in by_length([len(tokens) for tokens in encoded]):
            if stop is not None and stop.is_set():
                return None
            ids, mask = pad(encoded, rows, model.tokenizer.pad_token_id)
            found = pool(ids.to(device), mask.to(device)).float().cpu().numpy()
            if out is None:
                out = np.empty((len(encoded), *found.shape[1:]), dtype=np.float32)
            out[rows] = found
    return out


def linear_probe(inverse_regularisation: float):
    """Standardised features, then logistic regression: not fitted yet."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(),
                         LogisticRegression(C=inverse_regularisation, max_iter=2000))


@lru_cache(maxsize=1)
def _body(checkpoint: str, init: str, seed: int, recipe: str):
    """The untouched model; `recipe` sees to it that changed weights are read anew."""
    from llmtl_helpers.models import build

    return build(checkpoint, init, seed=seed)


def _missing(known: Mapping[str, np.ndarray], wanted: Mapping[str, Sequence[int]],
             splits: Mapping) -> list[tuple]:
    """Wanted rows that nobody has computed, in parts: (split, rows).

    The texts of a part are about equally long, so that little of a batch is padding. The less is
    left the smaller are the parts, so that two workers seldom compute the same one at the end.
    """
    left = {split: [row for row in rows if split not in known
                    or np.isnan(known[split][row].flat[0])] for split, rows in wanted.items()}
    size = min(max(sum(map(len, left.values())) // 8, PARTS[0]), PARTS[-1])
    parts = []
    for split, rows in left.items():
        lengths = dict(zip(rows, map(len, splits[split][rows]["text"]), strict=True)) if rows else {}
        rows.sort(key=lengths.get)
        parts += [(split, rows[at:at + size]) for at in range(0, len(rows), size)]
    return parts


def _read(file: Path) -> dict[str, tuple[int, np.ndarray, np.ndarray]]:
    """What is kept: split -> number of its texts, the k rows computed so far, float32 (k, ...)."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            splits = [name.removesuffix(" rows") for name in kept.files if name.endswith(" rows")]
            return {split: (int(kept[f"{split} texts"]), kept[f"{split} rows"], kept[split])
                    for split in splits}
    except (OSError, EOFError, ValueError, KeyError, BadZipFile):
        return {}  # not there, or damaged: computed (again)


def _take_over(known: dict[str, np.ndarray], kept: Mapping[str, tuple]) -> None:
    """Put what is kept into the tables of this process, float32 (texts, ...), NaN elsewhere."""
    for split, (texts, rows, values) in kept.items():
        table = known.setdefault(split, np.full((texts, *values.shape[1:]), np.nan, np.float32))
        table[rows] = values


def _share(file: Path, known: dict[str, np.ndarray]) -> None:
    """Take over what other workers kept, and keep all of it; a full disk costs only the cache."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_suffix(".lock")):
            _take_over(known, _read(file))
            arrays = {}
            for split, table in known.items():
                rows = np.flatnonzero(~np.isnan(table.reshape(len(table), -1)[:, 0]))
                arrays |= {split: table[rows], f"{split} rows": rows, f"{split} texts": len(table)}
            handle, temporary = tempfile.mkstemp(dir=file.parent, suffix=".tmp")
            try:
                with os.fdopen(handle, "wb") as stream:
                    np.savez(stream, **arrays)
                    stream.flush()
                    os.fsync(stream.fileno())  # else a power cut can leave the name without it
                os.replace(temporary, file)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
    except OSError:
        pass
