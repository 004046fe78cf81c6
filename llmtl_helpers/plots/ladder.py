"""The sceptic's ladder: arms between two ends, one strip each, lowest rung at the bottom.

Taught in 03 (small language models) and 04 (both ladders).
"""

from collections.abc import Iterable, Sequence

import numpy as np

from llmtl_helpers.arms import ARMS
from llmtl_helpers.curves import (GapShare, Summary, check_comparable, gap_share, score_of,
                                  summarise_scores)
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import correct_flags, shipped_or_own
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.missing_runs import missing_runs
from llmtl_helpers.plots.strips import strips
from llmtl_helpers.plots.theme import get_theme, new_figure, style_of

Found = dict[str, Summary]  # arm -> its runs; arms in the order of the ladder, lowest first


def ladder_figure(rows: Iterable[dict], arms: Sequence[str], n: int, metric: str = "accuracy",
                  live_rows: Iterable[dict] = (), title: str | None = None,
                  theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw the runs of each arm at one size as a strip, the first arm at the bottom.

    Args:
        rows: ledger rows of one task and one training rule. Of an arm of the twin curve the
            runs of the curve count, of another arm those of its study; trials never do. Own
            runs count where none of that arm and size are shipped.
        arms: from the lowest rung to the highest, such as `arms.ENCODER_LADDER`. The gap
            between the first and the last one is what the others are measured by.
        n: training-set size in labels.
        metric: "accuracy" or "macro_f1".
        live_rows: single runs to be drawn as stars.
        title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: fewer than two arms, or rows that must not share a figure.
    """
    arms = list(dict.fromkeys(arms))
    if len(arms) < 2:
        raise LearnerError("a ladder needs a lowest and a highest rung",
                           f"{len(arms)} arm was named", "name two arms or more")
    runs = ladder_runs(rows, arms, n, metric)
    live = [row for row in {row["id"]: row for row in live_rows}.values()
            if row["arm"] in arms and row["n"] == n and score_of(row, metric) is not None]
    check_comparable([*live, *(row for found in runs.values() for row in found)])
    stars = [(row["arm"], score_of(row, metric)) for row in live]
    found = {arm: summarise_scores([score_of(row, metric) for row in runs[arm]], arm, n)
             for arm in arms if runs[arm] or arm in {arm for arm, _ in stars}}
    missing = missing_runs([arm for arm in arms if not runs[arm]], n)
    title = title or f"What transfers: {words.labels(n)}"
    if not found:
        return empty_figure(title, f"There are no finished runs to draw yet. {missing}", theme,
                            scale)
    shares = gap_shares(runs, arms, metric)
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    from_top = {arm: found[arm] for arm in reversed(found)}
    strips(axes, from_top, look, stars, ends=(arms[0], arms[-1]))
    draw.frame_texts(axes, title, f"{words.spoken_metric(metric)} on the test set", "",
                     _small_print(runs, found, arms), look)
    return TwinFigure(figure, _table(found, shares, runs, live, metric),
                      " ".join(filter(None, [_reading(found, shares, arms, n), missing])),
                      _alt(title, metric, from_top, stars, len(arms) - len(found)), theme)


def ladder_runs(rows: Iterable[dict], arms: Sequence[str], n: int,
                metric: str) -> dict[str, list[dict]]:
    """The runs that count, for every arm, each once and in order of their seeds."""
    unique = {row["id"]: row for row in shipped_or_own(rows) if row["arm"] in arms
              and row["n"] == n and _counts(row) and score_of(row, metric) is not None}
    return {arm: sorted((row for row in unique.values() if row["arm"] == arm), key=_seeds)
            for arm in arms}


def _counts(row: dict) -> bool:
    """Of the twin curve's arms there are also runs that were spoilt on purpose (see 11)."""
    return row["arm"] not in ARMS or row["purpose"] == "curve"


def _seeds(row: dict) -> tuple[int, int]:
    return row["subset_seed"], row["run_seed"]


def gap_shares(runs: dict[str, list[dict]], arms: Sequence[str], metric: str
               ) -> dict[str, GapShare]:
    """Share of the gap for each arm between the ends, where seeds are common to all three."""
    found = {}
    for arm in arms[1:-1]:
        three = [{_seeds(row): row for row in runs[name]} for name in (arms[0], arm, arms[-1])]
        common = sorted(set.intersection(*map(set, three)))
        if common:
            found[arm] = gap_share(*(_answers([table[seed] for table in three for seed in common],
                                              metric).reshape(3, len(common), -1)))
    return found


def _answers(rows: list[dict], metric: str) -> np.ndarray:
    """Right or wrong for every test example (rows, examples), or the bare scores (rows, 1)."""
    sizes = {row.get("test_size") for row in rows}
    if metric == "accuracy" and len(sizes) == 1 and all(row.get("correct") for row in rows):
        return np.array([correct_flags(row) for row in rows], dtype=float)
    return np.array([[score_of(row, metric)] for row in rows])


def _small_print(runs: dict[str, list[dict]], found: Found, arms: Sequence[str]) -> str:
    counts = sorted({summary.k for summary in found.values() if summary.k})
    parts = [f"{counts[0]} seeds an arm" if len(counts) == 1 else
             f"{counts[0]} to {counts[-1]} seeds an arm"] if counts else []
    sizes = sorted({row["test_size"] for rows in runs.values() for row in rows
                    if row.get("test_size")})
    if sizes:
        parts.append(f"{sizes[-1]:,} test texts")
    if len(found) < len(arms):
        parts.append(f"{len(arms) - len(found)} of {len(arms)} rungs are not there yet")
    return "; ".join([*parts, "thin lines: means of the lowest and the highest rung"])


def percent(share: GapShare) -> str:
    """A share with its interval: '40% (31% to 52%)'."""
    text = f"{share.share:.0%}"
    if share.interval is not None:
        text += f" ({share.interval[0]:.0%} to {share.interval[1]:.0%})"
    return text


def _reading(found: Found, shares: dict[str, GapShare], arms: Sequence[str], n: int) -> str:
    ends = [found.get(arm) for arm in (arms[0], arms[-1])]
    if any(end is None or end.mean is None for end in ends):
        there = [f"{words.spoken(arm)} {summary.mean:.3f}" for arm, summary in found.items()
                 if summary.mean is not None]
        return (f"With {words.labels(n)}: {', '.join(there) or 'only live runs'}. An end of the "
                "ladder is not there, so there is no gap to measure by.")
    low, high = ends
    text = (f"With {words.labels(n)} {words.spoken(low.arm)} gets {low.mean:.3f} and "
            f"{words.spoken(high.arm)} {high.mean:.3f}.")
    # with three seeds and no interval the gap is not sure, and a share of it says nothing
    between = {arm: share for arm, share in shares.items() if share.share is not None
               and (share.interval is not None or share.seeds < 3)}
    if between:
        way = "; ".join(f"{style_of(arm).label} {percent(share)}" for arm, share in between.items())
        text += f" Share of that gap, with its 95% interval: {way}."
    elif shares:
        text += " That gap is not surely above 0, so no rung has a share of it."
    groups = (([a for a, s in shares.items() if s.sign > 0], "Surely better than"),
              ([a for a, s in shares.items() if s.sign < 0], "Surely worse than"),
              ([a for a, s in shares.items() if s.sign == 0], "Not surely different from"))
    return " ".join([text, *(
        f"{verb} {words.spoken(low.arm)}: {'; '.join(style_of(arm).label for arm in names)}."
        for names, verb in groups if names)])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _table(found: Found, shares: dict[str, GapShare], runs: dict[str, list[dict]],
           live: list[dict], metric: str) -> list[dict]:
    table = []
    for arm, summary in found.items():
        share = shares.get(arm)
        rates = sorted({row["learning_rate"] for row in runs[arm] if row.get("learning_rate")})
        table.append({
            "rung": style_of(arm).label, "runs": summary.k, "mean": summary.mean,
            "band": summary.band,
            "above the lowest rung": share and share.difference,
            "its interval": share and share.difference_interval,
            "share of the gap": share and share.share,
            "interval": share and share.interval,
            "learning rate": ", ".join(f"{rate:g}" for rate in rates) or None})
    blank = dict.fromkeys(table[0])
    return table + [{**blank, "rung": f"{style_of(row['arm']).label} (live, seed "
                     f"{row['run_seed']})", "runs": 1, "mean": score_of(row, metric),
                     "learning rate": f"{row['learning_rate']:g}"
                     if row.get("learning_rate") else None} for row in live]


def _alt(title: str, metric: str, from_top: Found, stars: Sequence[tuple[str, float]],
         absent: int) -> str:
    strips_ = " ".join(f"{_capital(style_of(arm).label)}: mean {summary.mean:.3f}, runs from "
                       f"{summary.scores[0]:.3f} to {summary.scores[-1]:.3f}."
                       for arm, summary in from_top.items() if summary.k)
    live = f" Stars, live: {', '.join(f'{score:.3f}' for _, score in stars)}." if stars else ""
    more = f" {absent} rungs have no runs yet." if absent else ""
    return (f"{title}. Strip plot: {words.spoken_metric(metric)} on the test set, one strip a "
            f"rung, from the highest rung down. {strips_}{live}{more}")
