"""Guesses that were committed before the reveal: kept in the journal and scored."""

import math
from pathlib import Path

from llmtl_helpers.curves import Summary, in_band
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.journal import Journal
from llmtl_helpers.plots import words
from llmtl_helpers.plots.theme import style_of
from llmtl_helpers.plots.words import METRICS


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


def remember(path: Path | None, guess: float, task: str, metric: str, arm: str, n: int,
             summary: Summary | None, seen: bool) -> dict:
    """Keep a guess in the journal; `seen` says that the answer was on the screen already.

    Args:
        path: default: the usual journal.

    Raises:
        LearnerError: the file cannot be written.
    """
    low, high = summary.band if summary and summary.band else (None, None)
    return Journal(path).add(
        "guess", f"{METRICS.get(metric, metric)}, {style_of(arm).label}, {words.labels(n)}, {task}",
        guess=guess, truth=summary.mean if summary else None, seen=seen, task=task, metric=metric,
        arm=arm, n=n, band_low=low, band_high=high, runs=summary.k if summary else 0)
