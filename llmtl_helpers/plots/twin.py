"""The twin curve: quality against the number of labels, both arms in one figure."""

from collections.abc import Iterable, Sequence

from llmtl_helpers.arms import ARMS
from llmtl_helpers.curves import check_comparable, score_of, summarise
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import get_theme, new_figure, style_of, write

LIVE = "live run on this machine"


def twin_curve(rows: Iterable[dict], metric: str = "accuracy", arms: Sequence[str] | None = None,
               live_rows: Iterable[dict] = (), title: str | None = None, theme: str = "light",
               scale: float = 1.0, at: int | None = None,
               seed: int | None = None) -> TwinFigure:
    """Draw quality against training-set size for every arm in `rows`.

    Args:
        rows: ledger rows of one task and one training rule. Rows with purpose "curve" make
            the lines and bands, rows with purpose "live" become stars, trials are not drawn.
        metric: "accuracy" or "macro_f1", on a scale of 0 to 1.
        arms: names of the arms to draw, in any order; all that have runs by default.
        live_rows: further live runs.
        title: default: the task's name.
        theme: "light" or "dark".
        scale: 1 gives 800 x 500 pixels; 1.6 suits most projectors. Letters grow with it.
        at: size that the reading speaks about; default: near 256 labels. If given, the
            size is marked on the figure.
        seed: with `at`, rings go around this seed's runs instead of the means.

    Raises:
        LearnerError: rows of several tasks or training rules, an unknown theme or scale.
    """
    found = PlotData([*rows, *live_rows], metric, arms)
    figure, axes = backdrop(found, title, theme, scale)
    if at:
        mark(axes, found, at, theme, seed)
    reading = words.reading(found.curves, at or found.usual, found.live)
    return TwinFigure(figure, table(found), reading, alt(found, axes, title, at, seed), theme)


class PlotData:
    """What a twin curve is drawn from, worked out once.

    Attributes:
        curves: arm -> summaries with a mean, ascending in n, arms in their fixed order.
        live: finished live runs with "score" replaced by the score on `metric`.
        rows: the rows of the curves. left_out: how many of them hold no such score.
        usual: the size that is read by default, or None.
    """

    def __init__(self, rows: list[dict], metric: str, arms: Sequence[str] | None = None,
                 hidden: Sequence[str] = ()):
        wanted = [row for row in rows if arms is None or row["arm"] in arms]
        check_comparable(row for row in wanted if row["purpose"] in ("curve", "live"))
        self.metric, self.hidden = metric, list(hidden)
        shown = [row for row in wanted if row["arm"] not in hidden]
        self.rows = [row for row in shown if row["purpose"] == "curve"]
        summaries = summarise(self.rows, metric)
        self.left_out = sum(summary.left_out for summary in summaries)
        known = [summary for summary in summaries if summary.mean is not None]
        self.curves = {arm: [point for point in known if point.arm == arm]
                       for arm in words.in_order({point.arm for point in known})}
        live = {row["id"]: {**row, "score": score_of(row, metric)} for row in shown
                if row["purpose"] == "live"}
        self.live = [row for row in live.values() if row["score"] is not None]
        self.usual = words.usual_size(self.curves)
        self.task = next((row["task"] for row in wanted), "")

    @property
    def sizes(self) -> list[int]:
        return sorted({point.n for points in self.curves.values() for point in points}
                      | {row["n"] for row in self.live})


def backdrop(found: PlotData, title: str | None, theme: str, scale: float,
             sizes: Sequence[int] = ()):
    """Figure and axes with everything but the marked size. `sizes` widens the axis."""
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    every = sorted({*found.sizes, *sizes})
    draw.frame_texts(axes, heading(found, title), "training-set size in labels (log scale)",
                     f"{words.spoken_metric(found.metric)} on the test set",
                     words.small_print(found.curves, found.rows, found.left_out), look)
    if not every or not (found.curves or found.live):
        write(axes, 0.5, 0.5, "no finished runs to draw yet", look, ha="center", va="center")
        axes.set_xticks([])
        axes.set_yticks([])
        return figure, axes
    scores = [score for points in found.curves.values() for point in points
              for score in (*point.scores, *(point.band or ()))]
    draw.size_axis(axes, every)
    draw.score_axis(axes, [*scores, *(row["score"] for row in found.live)],
                    top=1.0 if found.hidden else None)
    ends = []
    for arm, points in found.curves.items():
        flat = arm == "majority" and len({point.mean for point in points}) == 1
        if flat:
            draw.level(axes, style_of(arm), points[0].mean, look)
        else:
            draw.curve(axes, style_of(arm), points, look)
        ends.append((style_of(arm), axes.get_xlim()[1] if flat else points[-1].n, points[-1].mean))
    for row in found.live:
        draw.star(axes, style_of(row["arm"]), row["n"], row["score"], look)
    lone = {row["arm"]: row for row in found.live if row["arm"] not in found.curves}
    ends += [(style_of(arm), row["n"], row["score"]) for arm, row in lone.items()]
    draw.end_labels(axes, ends, look)
    lines = [point for arm, points in found.curves.items() if ARMS.get(arm, style_of(arm)).marker
             for point in points]
    draw.key(axes, look, band=any(point.band for point in lines),
             runs=any(point.k > 1 for point in lines), live=LIVE if found.live else None)
    if found.hidden:
        write(axes, draw.HANDLE[0], 1.0, "the trained networks\nappear after your guess", look,
              va="top", style="italic")
    return figure, axes


def mark(axes, found: PlotData, n: int, theme: str, seed: int | None = None) -> list:
    """Mark size n: a line, rings around the means, values of the pair that the reading names.

    With a `seed`, rings go around that seed's runs at every size instead.
    Returns the artists, in drawing order.
    """
    look = get_theme(theme)
    artists = [axes.axvline(n, color=look.ink, linewidth=1.0, alpha=0.6, zorder=1.5,
                            label="_marked size")]
    if seed is not None:
        for arm in found.curves:
            runs = [(row["n"], score) for row in found.rows
                    if row["arm"] == arm and row["run_seed"] == seed
                    and (score := score_of(row, found.metric)) is not None]
            if runs and style_of(arm).marker:
                artists += axes.plot(*zip(*runs, strict=True), marker="o", markersize=11,
                                     fillstyle="none", markeredgewidth=1.6, linestyle="",
                                     color=look.ink, label=f"_seed {arm}")
        return [*artists, write(axes, draw.HANDLE[0], -0.1, f"rings: seed {seed}", look)]
    pair = sorted((words.summary_at(found.curves, arm, n)
                   for arm in words.pair_at(found.curves, n)), key=lambda point: -point.mean)
    for arm in found.curves:
        point = words.summary_at(found.curves, arm, n)
        if point and style_of(arm).marker:
            artists += axes.plot([n], [point.mean], marker="o", markersize=12, fillstyle="none",
                                 markeredgewidth=1.6, linestyle="", color=look.ink,
                                 label=f"_ring {arm}")
    # over the marked line, or beside it where a star must stay in sight
    side = 0 if all(row["n"] != n for row in found.live) else 1 if n == found.sizes[0] else -1
    for place, point in enumerate(pair):
        above = place == 0
        artists.append(axes.annotate(
            f"{point.mean:.2f}", (n, point.mean), xytext=(14 * side, 10 if above else -10),
            textcoords="offset points", ha=("center", "left", "right")[side],
            va="bottom" if above else "top",
            fontsize=12, fontweight="bold", color=look.ink, zorder=7, parse_math=False,
            bbox=dict(facecolor=look.paper, edgecolor="none", alpha=0.8, pad=1.5)))
    return artists


def heading(found: PlotData, title: str | None) -> str:
    return title or (f"What the checkpoint buys: {found.task}" if found.task else "Twin curve")


def alt(found: PlotData, axes, title: str | None, at: int | None, seed: int | None = None) -> str:
    text = words.alt_text(heading(found, title), found.metric, found.curves, found.live,
                          axes.get_ylim(), at, found.hidden)
    return text if seed is None else f"{text} Drawn with rings around the runs of seed {seed}."


def table(found: PlotData) -> list[dict]:
    """One row per arm and size, then one per live run."""
    lines = [{"arm": style_of(arm).label, "n": point.n, "mean": point.mean,
              "band": point.band, "runs": point.k}
             for arm, points in found.curves.items() for point in points]
    return lines + [{"arm": f"{style_of(row['arm']).label} ({LIVE}, seed {row['run_seed']})",
                     "n": row["n"], "mean": row["score"], "band": None, "runs": 1}
                    for row in found.live]
