"""Training: one explicit loop, the strategies built on it, and the baselines."""

from importlib import import_module

from llmtl_helpers.training.config import RunConfig

_LAZY = {"train": "loop", "evaluate": "loop", "TrainingFailed": "loop"}


def __getattr__(name: str):  # torch is slow to load
    if name in _LAZY:
        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(name)


__all__ = ["RunConfig", *_LAZY]
