"""Replay: a share of the first task in the second training, and what it saves. Taught in 07."""

from collections.abc import Iterable

from llmtl_helpers.curves import Summary
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.domains_words import short
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.replay_data import (ALONE, FIRST, LOOKS, SECOND, SHARES, Replayed, alt,
                                             missing_shares, reading_at, replayed, stars, table)
from llmtl_helpers.plots.study_runs import capital
from llmtl_helpers.plots.theme import get_theme, new_figure
from llmtl_helpers.plots.twin import LIVE

def replay_figure(rows: Iterable[dict], share: int | None = None, metric: str = "macro_f1",
                  live_rows: Iterable[dict] = (), hidden: bool = False, title: str | None = None,
                  theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw the scores on both tasks against the share of the first one in the second training.

    Args:
        rows: ledger rows of films and tweets, of one training rule: purpose "sequel" on tweets,
            and the fine-tuned checkpoint of purpose "domains" on either task for the level lines.
            Own runs count where none are shipped.
        share: a share in per cent to mark, one of SHARES; the reading then speaks of it.
        metric: "macro_f1" (the tweets are unbalanced) or "accuracy".
        live_rows: single runs; those of the same size and training rule are drawn as stars.
        hidden: leave out what became of the first task, as before a guess.
        title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: no such share, rows of several training rules or versions of the data.
    """
    if share is not None and share not in SHARES:
        raise LearnerError(f"there is no share of {share}%",
                           next=f"choose one of {', '.join(map(str, SHARES))}")
    found = replayed(rows, metric)
    title = title or f"{capital(short(FIRST))} first, then {short(SECOND)}: what replay keeps"
    missing = missing_shares(found)
    live = stars(live_rows, found, metric)
    if not found.shares and not live:
        return empty_figure(title, f"There are no finished runs to draw yet. {missing}", theme,
                            scale)
    tasks = [SECOND] if hidden else [FIRST, SECOND]
    lines = {task: [point for one in SHARES if (point := found.summary(one, task))]
             for task in tasks}
    levels = {task: runs.summary() for task, runs in found.alone.items()}
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    draw.frame_texts(axes, title, f"{short(FIRST)} in the second training, % of the examples",
                     f"{words.spoken_metric(metric)} on the test set", _small_print(found, hidden),
                     look)
    _draw(axes, lines, levels, live, share, look)
    reading = reading_at(found, share, metric, hidden)
    return TwinFigure(figure, table(lines, levels, live, tasks),
                      " ".join(filter(None, [reading, missing])),
                      alt(title, lines, levels, live, hidden, share), theme)


def _draw(axes, lines: dict[str, list[Summary]], levels: dict[str, Summary],
          live: list[tuple[int, dict[str, float]]], share: int | None, look) -> None:
    shown = [(place, task, score) for place, there in live for task, score in there.items()
             if task in lines]
    every = [point for points in lines.values() for point in points]
    draw.score_axis(axes, [value for point in every
                           for value in (*point.scores, *(point.band or ()))]
                    + [level.mean for level in levels.values()] + [score for *_, score in shown])
    axes.set_xlim(-4, max(SHARES) + 4)
    axes.set_xticks(list(SHARES))
    ends = []
    for task, points in lines.items():
        if points:
            draw.curve(axes, LOOKS[task], points, look)
            ends.append((LOOKS[task], points[-1].n, points[-1].mean))
    for task, level in levels.items():
        draw.level(axes, ALONE[task], level.mean, look)
        ends.append((ALONE[task], axes.get_xlim()[1], level.mean))
    for place, task, score in shown:
        draw.star(axes, LOOKS[task], place, score, look)
    draw.end_labels(axes, ends, look)
    draw.key(axes, look, band=any(point.band for point in every),
             runs=any(point.k > 1 for point in every), live=LIVE if shown else None)
    if share is not None:
        axes.axvline(share, color=look.ink, linewidth=1.0, alpha=0.6, zorder=1.5, label="_marked")


def _small_print(found: Replayed, hidden: bool) -> str:
    counts = sorted({len(runs.scores) for there in found.shares.values()
                     for runs in there.values()})
    seeds = f"{'–'.join(map(str, counts))} seeds a point" if counts else "no runs yet"
    text = (f"{words.labels(found.n)} of each task; {seeds}; a share takes the place of "
            f"{short(SECOND)} in the same number of updates")
    return f"{text}; {short(FIRST)} after the second training appear after your guess" if (
        hidden) else text
