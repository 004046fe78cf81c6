"""The true classes of the shipped runs' test texts: with them a figure can score macro-F1 without
the texts, which take seconds to read, or were never fetched.

`sweep --ship` writes them for every version of a task that a shipped run was tested on.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.ledger.store import write_whole

FILE = "gold-labels.json"


@dataclass(frozen=True)
class Gold:
    """Of one version of a task's test set: the names of its classes, and the number of the right
    one for every test text, in test order."""

    task: str
    names: tuple[str, ...]
    labels: tuple[int, ...]


def shipped_gold(fingerprint: str) -> Gold | None:
    """The true classes of the test set of that version, or None where no shipped run has it."""
    return _read(paths.shipped() / FILE).get(fingerprint)


def _joined(labels: Iterable[int]) -> str:
    """A digit each; with more than ten classes with commas between them."""
    return ("" if max(labels, default=0) < 10 else ",").join(map(str, labels))


def _apart(joined: str) -> tuple[int, ...]:
    return tuple(map(int, joined.split(",") if "," in joined else joined))


def write_gold(found: Mapping[str, Gold]) -> None:
    """Add these to the file, fingerprint of the data -> true classes; one line each, so that a diff
    can be read."""
    file = paths.shipped() / FILE
    every = sorted({**_read(file), **found}.items(), key=lambda pair: (pair[1].task, pair[0]))
    lines = [f"{json.dumps(fingerprint)}: " + json.dumps(
        {"task": one.task, "names": one.names, "labels": _joined(one.labels)})
        for fingerprint, one in every]
    write_whole(file, "{\n" + ",\n".join(lines) + "\n}\n")
    _read.cache_clear()


@lru_cache(maxsize=2)
def _read(file: Path) -> dict[str, Gold]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {fingerprint: Gold(one["task"], tuple(one["names"]), _apart(one["labels"]))
            for fingerprint, one in found.items()}
