"""Guesses that were committed before the reveal: kept in one flat file and scored."""

import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.curves import Summary, in_band
from llmtl_helpers.errors import LearnerError


def file() -> Path:
    return paths.home() / "guesses.jsonl"


def check_guess(value: float) -> float:
    """Return the guess if it is a share.

    Raises:
        LearnerError: it is not between 0 and 1.
    """
    if not (math.isfinite(value) and 0 <= value <= 1):
        raise LearnerError(f"{value:g} is no guess for a score", "scores go from 0 to 1",
                           "write 80% as 0.80")
    return value


def judge(guess: float, summary: Summary | None, shipped: bool) -> str:
    """One sentence that compares a guess with the runs.

    Args:
        shipped: whether all those runs came with the suite.
    """
    if summary is None or summary.mean is None:
        return f"You said {guess:.2f}; there is no run at this size to compare with yet."
    kind = " shipped" if shipped else ""
    runs = f"the {summary.k}{kind} runs have" if summary.k > 1 else f"the one{kind} run has"
    said = f"You said {guess:.2f}; {runs} mean {summary.mean:.3f}"
    off = abs(guess - summary.mean)
    side = "too high" if guess > summary.mean else "too low"
    by = f"{100 * off:.0f} points {side}" if off >= 0.005 else "right to within half a point"
    inside = in_band(guess, summary)
    if inside is None:
        return f"{said} and give no band: {by}."
    low, high = summary.band
    where = "inside the band" if inside else f"outside the band, {by}"
    return f"{said}, band {low:.3f} to {high:.3f}: {where}."


def remember(path: Path, guess: float, task: str, metric: str, arm: str, n: int,
             summary: Summary | None, seen: bool) -> dict:
    """Append a guess to the file; `seen` says that the answer was on the screen already.

    Raises:
        LearnerError: the file cannot be written.
    """
    low, high = summary.band if summary and summary.band else (None, None)
    record = {"created": datetime.now(UTC).isoformat(timespec="seconds"), "task": task,
              "metric": metric, "arm": arm, "n": n, "guess": guess, "seen": seen,
              "mean": summary.mean if summary else None, "band_low": low, "band_high": high,
              "runs": summary.k if summary else 0}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab+") as lines:
            end = lines.seek(0, os.SEEK_END)
            if end:  # a line that was cut off by a full disk must not swallow this one
                lines.seek(end - 1)
                if lines.read(1) != b"\n":
                    lines.write(b"\n")
            lines.write(json.dumps(record).encode() + b"\n")
    except OSError as error:
        raise LearnerError(f"the guess could not be kept in {path}", error.strerror or str(error),
                           "make room or set LLMTL_HOME to a folder that you can write to"
                           ) from error
    return record


def load(path: Path | None = None) -> list[dict]:
    """All guesses kept so far, oldest first; lines that cannot be read are left out."""
    try:
        lines = (path or file()).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and "guess" in record:
            found.append(record)
    return found
