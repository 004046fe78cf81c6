"""The honest comparison beside the broken one, and a sentence on what became of the gap."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from llmtl_helpers.curves import Summary, check_comparable, score_of, summarise_scores
from llmtl_helpers.profiles import PROFILES

HONEST = PROFILES["full"].budget
TWINS = ("fine_tuned", "scratch")
USUAL = 256  # labels; readings are made at the size nearest to this one

Curves = dict[str, list[Summary]]  # arm -> its summaries, ascending in n


@dataclass(frozen=True)
class Broken:
    """One switch, tried on the runs at hand.

    Attributes:
        name: name of the switch in SWITCHES.
        honest, broken: arm -> summaries over n, without and with the switch.
        reading: one sentence: by how much the conclusion is inflated, shrunk or flipped. Where
            runs are missing, the sentence of `missing`.
        n: the size that the reading speaks about; None if undefined.
        honest_gap, broken_gap: the conclusion in points of 100, first minus second arm of the
            pair, from means rounded to three decimals as printed.
        honest_pair, broken_pair: the two arms that are compared.
        missing: which runs are missing and what makes them; None if nothing is.
    """

    name: str
    honest: Curves = field(default_factory=dict)
    broken: Curves = field(default_factory=dict)
    reading: str = ""
    n: int | None = None
    honest_gap: float | None = None
    broken_gap: float | None = None
    honest_pair: tuple[str, str] = TWINS
    broken_pair: tuple[str, str] = TWINS
    missing: str | None = None


def summaries(rows: Iterable[dict], metric: str, arms: Sequence[str] | None = None) -> Curves:
    """Summaries of finished runs whatever their purpose, per arm over n; an id counts once.

    Raises:
        LearnerError: rows of several tasks, training rules or versions of the data.
    """
    runs = {row["id"]: row for row in rows if arms is None or row["arm"] in arms}
    check_comparable(runs.values())
    scores: dict[tuple[str, int], list[float | None]] = {}
    for row in runs.values():
        scores.setdefault((row["arm"], row["n"]), []).append(score_of(row, metric))
    curves: Curves = {}
    for (arm, n), found in sorted(scores.items()):
        if (point := summarise_scores(found, arm, n)).mean is not None:
            curves.setdefault(arm, []).append(point)
    return curves


def at(curves: Curves, arm: str, n: int | None) -> Summary | None:
    return next((point for point in curves.get(arm, ()) if point.n == n), None)


def common_sizes(*needs: tuple[Curves, Sequence[str]]) -> list[int]:
    """Sizes at which each of the curves has all of its arms."""
    sizes = [{point.n for point in curves.get(arm, ())} for curves, arms in needs for arm in arms]
    return sorted(set.intersection(*sizes)) if sizes else []


def choose(sizes: Sequence[int], n: int | None, usual: int = USUAL) -> int | None:
    """`n` if it is there, the size nearest to `usual` if none was asked for, else None."""
    if n is not None:
        return n if n in sizes else None
    return min(sizes, key=lambda size: (abs(size - usual), size), default=None)


def gap(curves: Curves, pair: tuple[str, str], n: int) -> float:
    """First minus second arm at size n, in points of 100, from means rounded as printed."""
    first, second = (round(at(curves, arm, n).mean, 3) for arm in pair)
    return round(100 * (first - second), 1)


def verdict(honest: float, broken: float) -> str:
    """What became of a conclusion, both in points: "inflated by 7.8 points", "flipped", ..."""
    if honest == broken:
        return "unchanged"
    if honest * broken < 0:
        return f"flipped, from {honest:+.1f} to {broken:+.1f} points"
    by = round(abs(abs(broken) - abs(honest)), 1)
    return f"{'inflated' if abs(broken) > abs(honest) else 'shrunk'} by {by:.1f} points"


def compare(name: str, honest: Curves, broken: Curves, n: int, without: str, with_: str,
            after: str = "", honest_pair: tuple[str, str] = TWINS,
            broken_pair: tuple[str, str] = TWINS) -> Broken:
    """A `Broken` whose sentence says: at n labels the gap is so much `without`, so much `with_`."""
    before, now = gap(honest, honest_pair, n), gap(broken, broken_pair, n)
    reading = (f"With {n:,} labels the gap is {before:.1f} points {without} and {now:.1f} points "
               f"{with_}: the conclusion is {verdict(before, now)}{after}.")
    return Broken(name, honest, broken, reading, n, before, now, honest_pair, broken_pair)


def lacking(name: str, what: str, rows: Sequence[dict], study: str | None, n: int | None,
            sizes: Sequence[int], honest: Curves) -> Broken:
    """A `Broken` without a comparison: which runs are missing, and what makes them.

    Args:
        what: "with ...", as in "There are no finished runs with ...".
        study: the sweep's study that makes them; None for the curve itself.
        sizes: those at which the comparison could be made instead of at `n`.
    """
    text = f"There are no finished runs {what}"
    if sizes:
        text += f" at {n:,} labels, only at {', '.join(f'{size:,}' for size in sizes)}."
    else:
        task = next((row["task"] for row in rows), "sentiment/films")
        command = f"python3 start.py sweep --task {task}" + (f" --study {study}" if study else "")
        text += f": `{command}` makes them."
    return Broken(name, honest, {}, text, missing=text)


def rows_of(rows: Sequence[dict], *purposes: str, budget: str = HONEST,
            arms: Sequence[str] | None = None) -> list[dict]:
    """Rows of these purposes, one training rule and these arms."""
    return [row for row in rows if row["purpose"] in purposes and row["budget"] == budget
            and (arms is None or row["arm"] in arms)]


def same_seeds(rows: Sequence[dict], studied: Sequence[dict]) -> list[dict]:
    """Those rows whose size and seeds the study has too, so that like is compared with like."""
    def key(row):
        return row["n"], row["subset_seed"], row["run_seed"]

    wanted = {key(row) for row in studied}
    return [row for row in rows if key(row) in wanted]


def check_same_data(*groups: Sequence[dict]) -> None:
    """Refuse groups of other tasks or versions of the data; training rules may differ.

    Raises:
        LearnerError: they are of several.
    """
    check_comparable({**row, "budget": ""} for rows in groups for row in rows)


def like(honest: Curves, broken: Curves) -> Curves:
    """The honest curves cut down to the arms and sizes that the broken ones have."""
    sizes = {arm: {point.n for point in points} for arm, points in broken.items()}
    return {arm: [point for point in points if point.n in sizes[arm]]
            for arm, points in honest.items() if arm in sizes}
