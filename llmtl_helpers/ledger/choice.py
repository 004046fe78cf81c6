"""Which of several runs of one point a figure takes."""

from collections.abc import Iterable


def shipped_or_own(rows: Iterable[dict]) -> list[dict]:
    """The runs that came with the suite, and the learner's own where none came.

    It is decided for every task, training rule, arm, size and purpose by itself, so that the
    commands which figures name fill their gaps, and own runs never mix with shipped ones of the
    same point. Trials and live runs are left out: they are no part of a point.

    Taught in 04.
    """
    rows = [row for row in rows if row["purpose"] not in ("trial", "live")]
    shipped = {_point(row) for row in rows if row.get("shipped")}
    return [row for row in rows if row.get("shipped") or _point(row) not in shipped]


def _point(row: dict) -> tuple:
    return row["task"], row["budget"], row["arm"], row["n"], row["purpose"]
