"""Perplexity of repeated runs, worked out on the scale of the loss. Taught in 03."""

import math
from collections.abc import Iterable
from dataclasses import replace

from llmtl_helpers.curves.summary import Summary, check_comparable, score_of, summarise_scores

METRIC = "log_likelihood"
LIMITS = (-math.inf, 0.0)  # of the logarithm of a probability


def summarise_perplexity(rows: Iterable[dict], purposes: tuple[str, ...] = ("perplexity",)
                         ) -> dict[str, list[Summary]]:
    """Arm -> its summaries in perplexity, ascending in n (target tokens).

    Mean, interval and band are made of log-likelihoods and then turned into perplexities, so the
    mean is a geometric one. Perplexity is exp(-mean log p(target)), as Jelinek et al. (1977).
    A run that is given twice counts once.

    Raises:
        LearnerError: the rows are of several tasks, training rules or versions of the data.
    """
    runs = {row["id"]: row for row in rows if row["purpose"] in purposes}
    check_comparable(runs.values())
    groups: dict[tuple[str, int], list[float | None]] = {}
    for row in runs.values():
        groups.setdefault((row["arm"], row["n"]), []).append(score_of(row, METRIC))
    found: dict[str, list[Summary]] = {}
    for (arm, n), scores in sorted(groups.items()):
        summary = as_perplexity(summarise_scores(scores, arm, n, LIMITS))
        if summary.mean is not None:
            found.setdefault(arm, []).append(summary)
    return found


def as_perplexity(summary: Summary) -> Summary:
    """A summary of log-likelihoods as one of perplexities; `sd` stays in nats."""

    def turned(pair):
        return None if pair is None else (math.exp(-pair[1]), math.exp(-pair[0]))

    return replace(summary, scores=tuple(math.exp(-score) for score in reversed(summary.scores)),
                   mean=None if summary.mean is None else math.exp(-summary.mean),
                   interval=turned(summary.interval), band=turned(summary.band))
