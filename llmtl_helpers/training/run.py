"""One run, from its config to its row in the ledger."""

import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Event

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import pack_flags
from llmtl_helpers.models import weights_recipe
from llmtl_helpers.tasks import load_task
from llmtl_helpers.training.config import RunConfig
from llmtl_helpers.training.data import Data
from llmtl_helpers.training.metrics import CLASSIFICATION, METRICS

CONFIG = RunConfig  # what a worker process makes of an order

# The code that decides a result; its last commit stands in each row.
ENGINE = ("arms", "recipes.py", "profiles.py", "tasks", "corpora", "pretraining", "models",
          "training")


def run(config: RunConfig, stop: Event | None = None,
        watch: Callable[[int, float], None] | None = None,
        device: str = "cpu") -> dict | None:
    """Carry out a run of any strategy and return its row; None if `stop` was set first.

    A run whose loss explodes is returned with status "failed" and the reason: such runs are
    part of the result (a learning rate that was too high), not an accident.

    Args:
        device: "cpu", or "auto" for the accelerator that `accelerate` finds, if any.

    Raises:
        LearnerError: the data or the weights are not those that the config names.
    """
    import torch

    from llmtl_helpers.models.fast_linear import faster_here
    from llmtl_helpers.models.precision import ROUNDED, rounded
    from llmtl_helpers.training.loop import TrainingFailed
    from llmtl_helpers.training.strategies import STRATEGIES

    began = time.perf_counter()
    stop = stop or Event()
    task = load_task(config.task)
    _same(config, task)
    row = {**config.as_row(), "metric": task.metric, "score": None}
    data = Data(config, task)
    try:
        outcome = STRATEGIES[config.strategy](config, task, data, stop,
                                              watch or (lambda update, loss: None), device)
    except TrainingFailed as failure:
        row |= {"status": "failed", "failure": str(failure), "device": failure.device}
    else:
        if outcome.test_predictions is None:
            return None
        row |= {"status": "done", "device": "cpu", **outcome.details, **_scores(task, data, outcome)}
    return row | {
        "train_size": len(data.train_labels),
        "train_classes": [int((data.train_labels == c).sum()) for c in range(len(task.label_names))],
        "seconds": round(time.perf_counter() - began, 2),
        "peak_memory_mb": peak_memory(), "threads": torch.get_num_threads(),
        "matmul": ROUNDED if rounded() else "onednn" if faster_here() else "default",
        "machine": machine(row.get("device", "cpu")), "versions": versions(), "commit": commit(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _same(config: RunConfig, task) -> None:
    if task.fingerprint != config.data_fingerprint:
        raise LearnerError(f"the data of {config.task} is not what this run was planned for",
                           "its fingerprint differs",
                           "run `python3 start.py assets verify`, then plan the run anew")
    if weights_recipe(config.checkpoint, config.init) != config.weights_recipe:
        raise LearnerError(f"the weights of {config.checkpoint} are not what this run was "
                           "planned for", "their hash differs",
                           "run `python3 start.py assets verify`, then plan the run anew")


def _scores(task, data, outcome) -> dict:
    if task.writing:
        from llmtl_helpers.training.writing import written_scores

        return written_scores(task, data, outcome)
    measured = CLASSIFICATION if task.label_names else {task.metric: METRICS[task.metric]}
    scores = {name: round(metric(data.test_labels, outcome.test_predictions), 5)
              for name, metric in measured.items()}
    found = {
        **scores, "score": scores[task.metric],
        "validation_score": round(METRICS[task.metric](
            data.validation_labels, outcome.validation_predictions), 5),
        "test_size": len(data.test_labels),
    }
    if task.label_names:
        return found | {"correct": pack_flags(outcome.test_predictions == data.test_labels)}
    return found | {"train_tokens": data.tokens}


def peak_memory() -> float:
    """Peak resident memory of this process, MiB."""
    try:  # what `resource` tells on Linux begins with the peak of the parent process
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return round(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 2**10, 1)
    except (OSError, TypeError):
        pass
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return round(psutil.Process().memory_info().peak_wset / 2**20, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / 2**20 if sys.platform == "darwin" else peak / 2**10, 1)


@lru_cache
def machine(device: str = "cpu") -> str:
    """Processor kind, number of cores, vector instructions; of an accelerator its kind as well."""
    import psutil
    import torch

    processor = (f"{platform.machine()}, {psutil.cpu_count()} cores, "
                 f"{torch.backends.cpu.get_cpu_capability()}")
    if device == "cpu":
        return processor
    kind = torch.cuda.get_device_name() if device == "cuda" else device
    return f"{processor}, {kind}"


@lru_cache
def versions() -> str:
    found = [f"python {platform.python_version()}"]
    for name in ("torch", "transformers", "numpy", "scikit-learn"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            pass
    return ", ".join(found)


@lru_cache
def commit() -> str:
    """Last commit that touched the engine, with a + if it was changed since; "" without git."""
    places = [str(paths.PACKAGE / place) for place in ENGINE]
    try:
        def git(*words):
            return subprocess.run(["git", "-C", str(paths.ROOT), *words, "--", *places],
                                  capture_output=True, text=True, check=True, timeout=20).stdout
        return git("log", "-1", "--format=%h").strip() + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.SubprocessError):
        return ""
