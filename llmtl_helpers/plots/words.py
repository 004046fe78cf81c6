"""What a twin curve says, in words made from its numbers: reading, alt text, small print."""

import math
from collections import Counter

from llmtl_helpers.arms import ARMS
from llmtl_helpers.curves import Summary, intervals_apart
from llmtl_helpers.plots.theme import style_of

TWINS = ("fine_tuned", "scratch")
USUAL = 256  # labels; the reading is made at the size nearest to this one
METRICS = {"accuracy": "accuracy", "macro_f1": "macro-F1"}
BASELINES = ("majority", "tfidf", "probe")
LINES = {"-": "solid", "--": "dashed", ":": "dotted", "-.": "dash-dotted"}
MARKERS = {"o": " with circles", "s": " with squares", "^": " with triangles",
           "D": " with diamonds", "x": " with crosses", "P": " with plus signs", "": ""}

Curves = dict[str, list[Summary]]  # arm -> its summaries that have a mean, ascending in n


def spoken(arm: str) -> str:
    """The arm as it is named inside a sentence."""
    return "the majority guess" if arm == "majority" else f"the {style_of(arm).label}"


def spoken_metric(metric: str) -> str:
    return METRICS.get(metric, metric)


def in_order(arms) -> list[str]:
    """Arms in the order of `ARMS`; unknown ones last."""
    names = list(ARMS)
    return sorted(arms, key=lambda arm: (names.index(arm) if arm in names else len(names), arm))


def pair_at(curves: Curves, n: int) -> list[str]:
    """The one or two arms that a sentence about size n compares; the twins if both are there."""
    there = [arm for arm in in_order(curves) if summary_at(curves, arm, n)]
    if set(TWINS) & set(there):
        return [arm for arm in TWINS if arm in there] if set(TWINS) <= set(curves) else there[:2]
    return there[:2]


def summary_at(curves: Curves, arm: str, n: int) -> Summary | None:
    return next((point for point in curves.get(arm, ()) if point.n == n), None)


def usual_size(curves: Curves) -> int | None:
    """The size to read at: near 256, and one that both twins have if there is one."""
    sizes = [{point.n for point in curves[arm]} for arm in TWINS if arm in curves]
    common = set.intersection(*sizes) if sizes else set()
    every = {point.n for points in curves.values() for point in points}
    return min(common or every, key=lambda n: (abs(math.log(n / USUAL)), n), default=None)


def reading(curves: Curves, n: int | None, live: list[dict] = ()) -> str:
    """One sentence on size n: the pair, the gap, and how many labels close it."""
    pair = pair_at(curves, n) if n else []
    if not pair:
        if n and curves:
            return f"There is no finished run with {labels(n)} to read from."
        if live:
            return f"There is no curve yet, only {runs(len(live))} made live: {_stars(live)}."
        return "There are no finished runs to draw yet: `python3 start.py sweep` makes them."
    if len(pair) == 1:
        (only,) = pair
        twin = next((arm for arm in TWINS if only in TWINS and arm != only), None)
        missing = f"no run of {spoken(twin)}" if twin else "nothing else"
        point = summary_at(curves, only, n)
        return (f"With {labels(n)} {spoken(only)} gets {point.mean:.3f} ({runs(point.k)}), and "
                f"there is {missing} at this size to compare it with.")
    first, second = (summary_at(curves, arm, n) for arm in pair)
    gap = round(points(first) - points(second), 1)
    if gap == 0:
        return (f"With {labels(n)} {spoken(pair[0])} and {spoken(pair[1])} both get "
                f"{first.mean:.3f} on average: these runs show no gap at this size.")
    high, low = (first, second) if gap > 0 else (second, first)
    text = (f"With {labels(n)} {spoken(high.arm)} gets {high.mean:.3f} and {spoken(low.arm)} "
            f"{low.mean:.3f}, a gap of {abs(gap):.1f} points")
    if set(pair) == set(TWINS) and gap < 0:
        text += ("; transfer loses here" if intervals_apart(high, low) else
                 "; that transfer loses here is not decided")
    else:
        text += _closing(curves, high, low)
    return text + _doubt(high, low) + "."


def _closing(curves: Curves, high: Summary, low: Summary) -> str:
    """How many labels the lower arm needs to reach the higher one's score."""
    if low.arm == "majority":  # more labels do not help who ignores the text
        return ""
    larger = [point for point in curves[low.arm] if point.n > low.n]
    if not larger:
        return ""
    reached = next((point for point in larger if points(point) >= points(high)), None)
    if reached is None:
        return (f"; {spoken(low.arm)} does not reach {high.mean:.3f} at any size drawn, "
                f"up to {labels(larger[-1].n)}")
    times = reached.n / low.n
    return (f"; {spoken(low.arm)} first reaches {high.mean:.3f} at {labels(reached.n)}, "
            f"{times:.3g} times as many")


def _doubt(high: Summary, low: Summary) -> str:
    if min(high.k, low.k) < 3:
        return f", from only {runs(min(high.k, low.k))} per line"
    if high.band and low.band and low.band[1] >= high.band[0]:
        return "; the bands overlap, so two single runs can come out the other way round"
    return ""


def alt_text(title: str, metric: str, curves: Curves, live: list[dict], limits, n: int | None,
             hidden: list[str]) -> str:
    """Sentences that stand for the picture: axes, each line with its ends, stars, marked size."""
    if not curves and not live:
        return f"{title}. Empty axes: there are no finished runs to draw."
    sizes = sorted({p.n for points in curves.values() for p in points} | {r["n"] for r in live})
    sentences = [
        f"{title}. Line chart: {spoken_metric(metric)} on the test set, from {limits[0]:.2f} to "
        f"{limits[1]:.2f}, over training-set size on a log scale, "
        + (f"{sizes[0]:,} to {labels(sizes[-1])}." if len(sizes) > 1 else f"{labels(sizes[0])}.")]
    for arm in in_order(curves):
        style, points_ = style_of(arm), curves[arm]
        look = f"{LINES.get(style.line, '')} line{MARKERS.get(style.marker, '')}".strip()
        if len(points_) == 1 or points_[0].mean == points_[-1].mean:
            course = f"{points_[0].mean:.2f}"
            course += f" at {labels(points_[0].n)}" if len(points_) == 1 else " at both ends"
        else:
            course = (f"{points_[0].mean:.2f} at {labels(points_[0].n)} to "
                      f"{points_[-1].mean:.2f} at {labels(points_[-1].n)}")
        sentences.append(f"{_capital(style.label)}, {look}: {course}.")
    if live:
        sentences.append(f"Stars, live runs of this machine: {_stars(live)}.")
    if n:
        marked = ", ".join(f"{style_of(arm).label} {point.mean:.3f}" for arm in in_order(curves)
                           if (point := summary_at(curves, arm, n)))
        sentences.append(f"Marked size: {labels(n)}" + (f" ({marked})." if marked else "."))
    if hidden:
        sentences.append("Not shown until a guess is made: "
                         + ", ".join(style_of(arm).label for arm in in_order(hidden)) + ".")
    return " ".join(sentences)


def small_print(curves: Curves, rows: list[dict], left_out: int) -> str:
    """Seeds per point, size of the test set, failed runs and baselines that are not drawn."""
    parts = [_seeds(curves)] if curves else []
    sizes = sorted({row["test_size"] for row in rows if row.get("test_size")})
    if sizes:
        parts.append(f"{sizes[0]:,} test texts" if len(sizes) == 1
                     else f"{sizes[0]:,} to {sizes[-1]:,} test texts")
    if left_out:
        parts.append(f"{runs(left_out)} failed or without this metric, left out")
    here = {row["arm"] for row in rows}
    missing = [style_of(arm).label for arm in BASELINES if arm not in here]
    if rows and missing:
        parts.append(f"not drawn: {', '.join(missing)}")
    return "; ".join(parts)


def _seeds(curves: Curves) -> str:
    """'5 seeds; 3 at 4,096', or the range where arms differ. The majority guess has no seed."""
    counts: dict[int, set[int]] = {}
    for arm, summaries in curves.items():
        for point in summaries:
            if arm != "majority" or len(curves) == 1:
                counts.setdefault(point.n, set()).add(point.k)
    every = sorted({k for at in counts.values() for k in at})
    if any(len(at) > 1 for at in counts.values()):
        return f"{every[0]} to {every[-1]} seeds a point, see the table"
    usual = Counter(min(at) for at in counts.values()).most_common(1)[0][0]
    text = f"{usual} seed" + ("" if usual == 1 else "s")
    for k in every:
        if k != usual:
            text += f"; {k} at {', '.join(f'{n:,}' for n in sorted(counts) if counts[n] == {k})}"
    return text


def labels(n: int) -> str:
    return f"{n:,} label" + ("" if n == 1 else "s")


def runs(k: int) -> str:
    return f"{k:,} run" + ("" if k == 1 else "s")


def points(summary: Summary) -> float:
    """The mean in percentage points as printed, so that a gap agrees with the two numbers."""
    return round(float(f"{summary.mean:.3f}") * 100, 1)


def _stars(live: list[dict]) -> str:
    return "; ".join(f"{style_of(row['arm']).label} with {labels(row['n'])} {row['score']:.3f}"
                     for row in live)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
