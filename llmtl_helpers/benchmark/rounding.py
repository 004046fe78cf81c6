"""Shipped runs once more with products of rounded factors: what does the rounding change?"""

import os
import statistics
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Ledger, correct_flags
from llmtl_helpers.models.precision import ROUNDED
from llmtl_helpers.profiles import PROFILES
from llmtl_helpers.sweep import RunConfig, Workers

TASK, SIZE, ARMS = "sentiment/films", 256, ("fine_tuned", "scratch")


def exact_rows() -> list[dict]:
    """The curve's shipped runs of both arms at one size; all were made with 32-bit factors."""
    rows = [row for row in Ledger().rows(task=TASK, n=SIZE, purpose="curve")
            if row["arm"] in ARMS and row["budget"] == PROFILES["full"].budget
            and row.get("matmul") != ROUNDED]
    if not rows:
        raise LearnerError("no shipped run to compare with", f"those of {TASK} are missing",
                           "restore llmtl_helpers/shipped")
    return rows


def again(rows: Sequence[dict], factors: str, workers: int, say: Callable[[str], None]) -> list[dict]:
    """The same runs on this machine, in child processes.

    Args:
        factors: "bfloat16", or "" for 32-bit ones.

    Raises:
        LearnerError: this processor has no instructions for them, or a run failed.
    """
    before, made = os.environ.get("LLMTL_MATMUL"), []
    os.environ["LLMTL_MATMUL"] = factors
    try:
        for event in Workers(workers, 1).run([RunConfig.from_row(row) for row in rows]):
            if event.kind == "failed":
                raise LearnerError("a run could not be carried out", event.reason,
                                   "close other programs and start the benchmark again")
            if event.kind == "done":
                made.append(event.row)
                say(f"{len(made)} of {len(rows)} runs")
    finally:
        if before is None:
            del os.environ["LLMTL_MATMUL"]
        else:
            os.environ["LLMTL_MATMUL"] = before
    return made


def markdown(exact: Sequence[dict], rounded: Sequence[dict], timed: Sequence[dict],
             machine: str) -> str:
    """The table of BENCHMARKS.md: an arm a line, accuracy in percent.

    Args:
        timed: runs of `exact` that were made on this machine, with 32-bit factors.
    """
    lines = ["| arm | accuracy, 32-bit factors | rounded factors | difference of the same run | "
             "test texts answered alike, with and without rounding | by two seeds |",
             "|---|---|---|---|---|---|"]
    known = {row["id"]: row for row in rounded}
    for arm in ARMS:
        own = [row for row in exact if row["arm"] == arm and row["id"] in known]
        pairs = [(row, known[row["id"]]) for row in own]
        gaps = [100 * (other["accuracy"] - one["accuracy"]) for one, other in pairs]
        error = 2 * statistics.stdev(gaps) / len(gaps) ** 0.5
        lines.append(
            f"| {arm} | {_spread(one for one, _ in pairs)} | {_spread(other for _, other in pairs)} "
            f"| {statistics.fmean(gaps):+.1f} ± {error:.1f} | {_alike(pairs):.1f}% "
            f"| {_alike(combinations(own, 2)):.1f}% |")
    rates = [sum(row["tokens"] for row in rows) / sum(row["seconds_training"] for row in rows)
             for rows in (timed, [known[row["id"]] for row in timed])]
    return "\n".join([
        f"Machine: {machine}, one thread a run. Training: {rates[0]:,.0f} tokens/s with 32-bit "
        f"factors, {rates[1]:,.0f} with rounded ones (**{rates[1] / rates[0]:.1f}x**). "
        f"{TASK}, {SIZE} labels, {len(exact) // len(ARMS)} seeds; ± after a mean is the standard "
        "deviation over seeds, after a difference twice its standard error.", "", *lines])


def _spread(rows) -> str:
    scores = [100 * row["accuracy"] for row in rows]
    return f"{statistics.fmean(scores):.1f} ± {statistics.stdev(scores):.1f}"


def _alike(pairs) -> float:
    return 100 * statistics.fmean(
        float(np.mean(correct_flags(one) == correct_flags(other))) for one, other in pairs)
