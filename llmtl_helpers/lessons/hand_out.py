"""Notebooks handed out: written into someone's own folder, and renewed only where left alone."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from llmtl_helpers.lessons.notebook import build_all, teacher_folder

RECORD = ".handed_out.json"  # file name -> hash of the edition that was written


def hand_out(editions: Mapping[str, bytes], folder: Path) -> list[str]:
    """Write the notebooks that `folder` lacks; renew those that are as they were handed out.

    Args:
        editions: file name -> what the notebook is today.

    Returns:
        One sentence per notebook that has a new edition which was not written, since the copy in
        `folder` holds work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / RECORD
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        known = {}
    sentences = []
    for name, edition in sorted(editions.items()):
        copy, today = folder / name, _hash(edition)
        there = _hash(copy.read_bytes()) if copy.exists() else None
        if there == today:
            known[name] = today
        elif there is None or there == known.get(name):
            copy.write_bytes(edition)
            known[name] = today
        elif known.get(name) != today:
            sentences.append(f"There is a new edition of {name}, and yours was kept. "
                             f"To get the new one, rename {copy} and start again.")
    record.write_text(json.dumps(known, indent=1), encoding="utf-8")
    return sentences


def hand_out_teachers() -> tuple[Path, list[str]]:
    """Build the teacher's edition and hand it out.

    Returns:
        Its folder among the files of the one who teaches, and the sentences of `hand_out`.
    """
    folder = teacher_folder()
    editions = {path.name: text.encode() for path, text in build_all("teacher").items()}
    return folder, hand_out(editions, folder)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
