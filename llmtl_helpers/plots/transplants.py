"""Transplants: some parts of the checkpoint, the others random, and what tuning makes of them.

Taught in 04.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from llmtl_helpers.arms import find_arm, kept_arm
from llmtl_helpers.curves import Summary, score_of
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import draw, kept_parts, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import get_theme, new_figure, style_of
from llmtl_helpers.plots.transplants_data import (ENDS, LINES, MISSING, alt, blocks, kept_of,
                                                  reading, summaries, table)
from llmtl_helpers.plots.twin import LIVE

NARROW = (0.285, 0.2, 0.375, 0.63)  # the axes beside the column of boxes
def transplant_figure(rows: Iterable[dict], kept: str | None = None, n: int = 256,
                      metric: str = "accuracy", live_rows: Iterable[dict] = (),
                      hidden: bool = False, title: str | None = None, theme: str = "light",
                      scale: float = 1.0) -> TwinFigure:
    """Draw the score against the number of blocks that come from the checkpoint.

    Args:
        rows: ledger rows of one task and one training rule; purpose "transplants" makes the
            combinations, and the runs of the curve both ends: nothing kept and all kept.
        kept: a combination to mark, with the network beside it: "e" for the embeddings and the
            numbers of the blocks from 0, ascending, as in "e012"; "" for none.
        n: training-set size in labels.
        metric: "accuracy" or "macro_f1".
        live_rows: single runs of any combination, drawn as stars.
        hidden: leave the combinations out, as before a guess; the ends stay.
        title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: no such combination, or rows that must not share a figure.
    """
    if kept is not None and find_arm(kept_arm(kept)) is None:
        raise LearnerError(f"there is no combination {kept!r}",
                           next="write e for the embeddings and ascending numbers of blocks from "
                                "0 to 5, such as e012")
    found, rates = summaries(rows, n, metric)
    live = [(kept_of(row["arm"]), row) for row in {row["id"]: row for row in live_rows}.values()
            if kept_of(row["arm"]) is not None and row["n"] == n
            and score_of(row, metric) is not None]
    title = title or f"Transplants: {words.labels(n)}"
    if not found and not live and kept is None:
        return empty_figure(title, MISSING, theme, scale)
    shown = {part: found[part] for part in found if part in ENDS or not hidden}
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    left = -0.145
    if kept is not None:
        axes.set_position(NARROW)
        kept_parts.column(figure, kept, look)
        left = (kept_parts.PLACE[0] - NARROW[0]) / NARROW[2]
    draw.frame_texts(axes, title, "blocks from the checkpoint, of 6",
                     f"{words.spoken_metric(metric)} on the test set",
                     _small_print(shown, hidden), look, left)
    _draw(axes, shown, [(part, score_of(row, metric)) for part, row in live], kept, look, left)
    said = alt(title, metric, shown, live, kept)
    return TwinFigure(figure, table(shown, rates, live, metric),
                      reading(shown, kept, n, hidden), said, theme)


def _draw(axes, shown: dict[str, Summary], stars: Sequence[tuple[str, float]], kept: str | None,
          look, left: float) -> None:
    scores = [score for summary in shown.values()
              for score in (*summary.scores, *(summary.band or ()))]
    draw.score_axis(axes, [*scores, *(score for _, score in stars)] or [0.4, 0.8])
    axes.set_xlim(-0.3, 6.3)
    axes.set_xticks(range(7))
    ends = []
    for style, combinations in LINES:
        points = [replace(shown[part], n=blocks(part)) for part in combinations if part in shown]
        if len(points) > 1 and any(part in shown for part in combinations if part not in ENDS):
            draw.curve(axes, style, points, look)
            ends.append((style, points[-1].n, points[-1].mean))
    for part in ENDS:
        if part in shown:
            style = replace(style_of(kept_arm(part)), line=":" if part else "--", marker="")
            draw.level(axes, style, shown[part].mean, look)
            ends.append((style, axes.get_xlim()[1], shown[part].mean))
    for part, score in stars:
        draw.star(axes, style_of(kept_arm(part)), blocks(part), score, look)
    draw.end_labels(axes, ends, look)
    if kept is not None:
        _mark(axes, shown.get(kept), kept, look)
    points = [summary for part, summary in shown.items() if part not in ENDS]
    draw.key(axes, look, band=any(summary.band for summary in points),
             runs=any(summary.k > 1 for summary in points),
             live=LIVE if stars else None, left=left - 0.02)


def _mark(axes, summary: Summary | None, kept: str, look) -> None:
    """A line at the number of kept blocks, and a ring around the mean where there are runs."""
    x = blocks(kept)
    axes.axvline(x, color=look.ink, linewidth=1.0, alpha=0.6, zorder=1.5, label="_marked")
    if summary is None:
        return
    axes.plot([x], [summary.mean], marker="o", markersize=14, fillstyle="none", linestyle="",
              markeredgewidth=1.8, color=look.ink, label="_ring", zorder=6)
    axes.annotate(f"{summary.mean:.2f}", (x, summary.mean), xytext=(0, 12),
                  textcoords="offset points", ha="center", va="bottom", fontsize=12,
                  fontweight="bold", color=look.ink, zorder=7, parse_math=False,
                  bbox=dict(facecolor=look.paper, edgecolor="none", alpha=0.8, pad=1.5))


def _small_print(shown: dict[str, Summary], hidden: bool) -> str:
    counts = sorted({summary.k for summary in shown.values()})
    parts = [f"{'–'.join(map(str, counts))} seeds a point"] if counts else ["no runs yet"]
    parts.append("every part is tuned, kept or not")
    if hidden:
        parts.append("the combinations appear after your guess")
    return "; ".join(parts)
