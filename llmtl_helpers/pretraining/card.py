"""What a pre-training leaves beside its weights: a card, before that a log. Taught in 03."""

import json
from pathlib import Path

from llmtl_helpers import paths

CARD = "pretraining.json"
LOG = "log.json"


def read_card(name: str) -> dict:
    """The card of a checkpoint that was pre-trained here, or else of one that came with the suite.

    Returns:
        {} where there is none; else `recipe`, `corpus`, `tokens` read, `guessed` of them,
        `updates`, `seconds`, `losses` and `held_out_losses` as (update, nats), `machine`,
        `versions`, `commit`.
    """
    return next((card for folder in (paths.own_checkpoints(), paths.shipped_checkpoints())
                 if (card := _read(folder / name / CARD))), {})


def own_card(name: str) -> dict:
    """The same of what was pre-trained here alone."""
    return _read(paths.own_checkpoints() / name / CARD)


def unfinished(folder: Path) -> Path:
    """Where the training of the checkpoint in `folder` keeps its state."""
    return folder.with_name(f".{folder.name}.unfinished")


def read_log(name: str) -> dict:
    """How far an unfinished training has come: `updates`, `seconds`, `curve`; {} without one."""
    return _read(unfinished(paths.own_checkpoints() / name) / LOG)


def _read(file: Path) -> dict:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
