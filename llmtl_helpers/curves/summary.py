"""Summaries of repeated runs: mean, interval of the mean, and band for one new run.

Pure functions over ledger rows. Nothing here invents a number: what cannot be known
from the runs at hand is None, and the reason is in `Summary.left_out` and `Summary.k`.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmtl_helpers.errors import LearnerError

LEVEL = 0.95
RUNS_FOR_A_BAND = 3  # with two runs the t factor is 12.7 and the band says nothing
SAME_FOR_A_FIGURE = {"task": "tasks", "budget": "training rules",
                     "data_fingerprint": "versions of the data"}


@dataclass(frozen=True)
class Summary:
    """All runs of one arm at one size.

    Attributes:
        arm: name of the arm.
        n: number of labelled training examples.
        scores: one score per run, ascending, on the metric's own scale of 0 to 1.
        k: number of scores.
        mean: their mean; None without a score.
        sd: their standard deviation (divisor k - 1); None below two scores.
        interval: 95% t interval of the mean; None below two scores or without spread.
        band: 95% prediction interval for one new run; None below three scores or without spread.
        left_out: runs that failed or hold no such metric.
    """

    arm: str
    n: int
    scores: tuple[float, ...]
    k: int
    mean: float | None
    sd: float | None
    interval: tuple[float, float] | None
    band: tuple[float, float] | None
    left_out: int = 0


def summarise(rows: Iterable[dict], metric: str = "accuracy") -> list[Summary]:
    """One summary per arm and size, in order of arm name and size.

    Only rows whose purpose is "curve" count: trials were used to choose a knob, and live
    runs are what the band is compared with. A run that is given twice counts once.

    Raises:
        LearnerError: the rows are of several tasks, training rules or versions of the data.
    """
    groups: dict[tuple[str, int], list[float | None]] = {}
    for row in curve_runs(rows):
        groups.setdefault((row["arm"], row["n"]), []).append(score_of(row, metric))
    return [summarise_scores(scores, arm, n) for (arm, n), scores in sorted(groups.items())]


def curve_runs(rows: Iterable[dict]) -> list[dict]:
    """The rows whose purpose is "curve", each run once: what a curve may be built from.

    Raises:
        LearnerError: the rows are of several tasks, training rules or versions of the data.
    """
    runs = {row["id"]: row for row in sorted(rows, key=_settled) if row["purpose"] == "curve"}
    check_comparable(runs.values())
    return list(runs.values())


def summarise_scores(scores: Sequence[float | None], arm: str, n: int,
                     limits: tuple[float, float] = (0.0, 1.0)) -> Summary:
    """Summary of the scores of one arm at one size; None and NaN are counted and left out.

    Args:
        limits: within which a score can lie; interval and band are cut to them.
    """
    known = sorted(score for score in scores if score is not None and math.isfinite(score))
    k = len(known)
    mean = min(max(math.fsum(known) / k, known[0]), known[-1]) if k else None
    sd = math.sqrt(math.fsum((s - mean) ** 2 for s in known) / (k - 1)) if k > 1 else None
    spread = bool(sd) and known[0] < known[-1]
    return Summary(
        arm=arm, n=n, scores=tuple(known), k=k, mean=mean, sd=sd,
        interval=mean_interval(mean, sd, k, limits) if spread else None,
        band=prediction_band(mean, sd, k, limits) if spread and k >= RUNS_FOR_A_BAND else None,
        left_out=len(scores) - k)


def mean_interval(mean: float, sd: float, k: int,
                  limits: tuple[float, float] = (0.0, 1.0)) -> tuple[float, float]:
    """95% interval of the mean of k normal scores: mean +- t(0.975, k-1) sd / sqrt(k).

    Cut to `limits`, where scores live. Source: NIST/SEMATECH e-Handbook of Statistical
    Methods, section 1.3.5.2, "Confidence limits for the mean".

    Raises:
        ValueError: k is below 2.
    """
    return _around(mean, t_quantile(k) * sd / math.sqrt(k), limits)


def prediction_band(mean: float, sd: float, k: int,
                    limits: tuple[float, float] = (0.0, 1.0)) -> tuple[float, float]:
    """95% prediction interval for one new run: mean +- t(0.975, k-1) sd sqrt(1 + 1/k).

    Over many repetitions of "k runs, then one more", the new one falls inside 95 times in
    100, if scores are normal and all runs are made alike. Cut to `limits`. Source: Meeker, Hahn
    and Escobar, Statistical Intervals, 2nd edition (2017), chapter 4, prediction interval
    for a single future observation from a normal distribution.

    Raises:
        ValueError: k is below 2.
    """
    return _around(mean, t_quantile(k) * sd * math.sqrt(1 + 1 / k), limits)


def in_band(score: float, summary: Summary) -> bool | None:
    """Whether a new run's score lies in the band, ends included; None where there is no band."""
    if summary.band is None or not math.isfinite(score):
        return None
    low, high = summary.band
    return low <= score <= high


def intervals_apart(one: Summary, other: Summary) -> bool:
    """Whether the intervals of two means have no number in common; False where one is missing."""
    if not one.interval or not other.interval:
        return False
    return one.interval[1] < other.interval[0] or other.interval[1] < one.interval[0]


def score_of(row: dict, metric: str) -> float | None:
    """The row's test score on `metric`, or None if the run failed or does not hold it."""
    if row["status"] != "done":
        return None
    value = row.get(metric)
    if value is None and row.get("metric") == metric:
        value = row.get("score")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def check_comparable(rows: Iterable[dict]) -> None:
    """Refuse rows that must not share a figure.

    Raises:
        LearnerError: the rows are of several tasks, training rules or versions of the data.
    """
    rows = list(rows)
    for name, plural in SAME_FOR_A_FIGURE.items():
        values = sorted({str(row.get(name)) for row in rows})
        if len(values) > 1:
            shown = ", ".join(value[:24] for value in values)
            raise LearnerError(f"runs of several {plural} cannot share a figure", shown,
                               f"choose rows of one {name}, such as "
                               f"ledger.rows({name}={values[0]!r})")


def _settled(row: dict) -> tuple:
    """Sorting key: of two records of one run the shipped, else the newer, comes last and counts."""
    return (row.get("shipped", False), row.get("created") or "", str(row.get("score")))


def t_quantile(k: int) -> float:
    """t(0.975, k-1): how many standard errors the 95% interval of a mean of k scores spans.

    Raises:
        ValueError: k is below 2.
    """
    if k < 2:
        raise ValueError(f"{k} run(s) have no spread to build an interval from")
    from scipy.special import stdtrit  # quicker to load than scipy.stats

    return float(stdtrit(k - 1, (1 + LEVEL) / 2))


def _around(mean: float, half: float, limits: tuple[float, float]) -> tuple[float, float]:
    return max(limits[0], mean - half), min(limits[1], mean + half)
