"""A comparison beside the same comparison after something was done to it. Taught in 11."""

from dataclasses import replace

from matplotlib.transforms import ScaledTranslation

from llmtl_helpers.curves import Summary
from llmtl_helpers.fairness import SWITCHES, Broken
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import FONT, FRAME, colour_of, get_theme, new_figure, style_of, write

GUTTER = 0.05  # between the two panels, in widths of the figure
SPREAD, BRACKET = (0.80, 0.99), 1.06  # where arms and gap stand beside a lone size, as its factors
SIDES = ("honest", "broken")


def fairness_figure(broken: Broken, metric: str = "accuracy", title: str | None = None,
                    theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw the honest comparison on the left and the broken one on the right, on equal axes.

    At the size that the reading speaks about, both panels show the gap of the pair that is
    compared, in points.

    Args:
        broken: what a function of `fairness.SWITCHES` returned.
        metric: on which it was computed.
        title, theme, scale: as in `twin_curve`.
    """
    title = title or label_of(broken).capitalize()
    if broken.missing:
        return empty_figure(title, broken.missing, theme, scale)
    look = get_theme(theme)
    figure, frame = new_figure(look, scale)
    panels = _panels(figure, frame)
    points = [point for name in SIDES for curve in getattr(broken, name).values()
              for point in curve]
    sizes, pair = sorted({point.n for point in points}), _pair(broken)
    draw.score_axis(frame, [
        score for point in points for score in (
            (point.mean, *point.scores, *(point.band or ()))
            if point.arm in pair or len(sizes) == 1 else (point.mean,))])
    for name, panel in zip(SIDES, panels, strict=True):
        _panel(panel, frame, name, broken, sizes, look)
    _labels(frame, broken, look)
    draw.frame_texts(frame, title, "training-set size in labels (log scale)",
                     f"{words.spoken_metric(metric)} on the test set", _small(broken), look)
    frame.xaxis.labelpad = 24  # beyond the ticks of the panels
    frame.yaxis.set_label_coords(-0.12, 0.5)
    return TwinFigure(figure, _table(broken), broken.reading, _alt(broken, title, metric), theme)


def label_of(broken: Broken) -> str:
    return SWITCHES[broken.name].label if broken.name in SWITCHES else broken.name


def _pair(broken: Broken) -> set[str]:
    """The arms that are compared, on one side or the other: drawn with runs and band."""
    return {*broken.honest_pair, *broken.broken_pair}


def _panels(figure, frame) -> list:
    """Two sets of axes inside the frame, which keeps texts and labels and shows no lines itself."""
    left, bottom, width, height = FRAME
    half = (width - GUTTER) / 2
    frame.spines[:].set_visible(False)
    frame.grid(False)
    frame.set_xticks([])
    frame.tick_params(left=False, labelleft=False)
    return [figure.add_axes((start, bottom, half, height), facecolor=frame.get_facecolor())
            for start in (left, left + half + GUTTER)]


def _panel(axes, frame, name: str, broken: Broken, sizes: list[int], look) -> None:
    curves = getattr(broken, name)
    axes.tick_params(colors=look.ink, labelsize=FONT, length=4)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(look.ink)
    axes.grid(axis="y", color=look.quiet, linewidth=0.8)
    axes.set_axisbelow(True)
    draw.size_axis(axes, sizes)
    if len(sizes) == 1:
        axes.set_xlim(sizes[0] / 1.3, sizes[0] * 1.3)
    few = sizes[::-1][::-(-len(sizes) // 4)][::-1]
    axes.set_xticks(few, [f"{n:,}" for n in few])
    low, high = frame.get_ylim()
    axes.set_ylim(low, high)
    ticks = [tick for tick in frame.get_yticks() if low - 1e-9 <= tick <= high + 1e-9]
    axes.set_yticks(ticks, [f"{tick:.2f}" for tick in ticks] if name == "honest" else [])
    pair = _pair(broken)
    for place, (arm, points) in enumerate(curves.items()):
        style = style_of(arm)
        if len(sizes) == 1:  # side by side, or they would hide each other
            low, high = SPREAD
            factor = low * (high / low) ** (place / max(1, len(curves) - 1))
            points = [replace(point, n=point.n * factor) for point in points]
        if not style.marker:
            draw.level(axes, style, points[0].mean, look)
        elif arm in pair or len(sizes) == 1:
            draw.curve(axes, style, points, look)
        else:  # bands of six arms would be a fog
            axes.plot([point.n for point in points], [point.mean for point in points],
                      color=colour_of(style, look), linestyle=style.line, linewidth=1.3,
                      marker=style.marker, markersize=4.5, label=style.label)
    write(axes, 0.0, 1.03, "honest" if name == "honest" else "with the switch", look,
          va="bottom", fontweight="bold")
    _gap(axes, curves, getattr(broken, f"{name}_pair"), getattr(broken, f"{name}_gap"),
         broken.n, sizes, look)


def _gap(axes, curves, pair, gap: float, n: int, sizes: list[int], look) -> None:
    """The pair's gap at size n: an upright line between the means, and its height in points."""
    ends = [_at(curves, arm, n).mean for arm in pair]
    alone = len(sizes) == 1
    right = alone or n < sizes[len(sizes) // 2]
    side = 1 if right else -1
    beside = ScaledTranslation(0 if alone else side * 0.13, 0, axes.figure.dpi_scale_trans)
    x = n * BRACKET if alone else n
    axes.plot([x, x], ends, color=look.ink, linewidth=2.4, marker="_", markersize=9,
              markeredgewidth=2.4, zorder=6, transform=axes.transData + beside, label="_gap")
    axes.annotate(f"{gap:+.1f}", (x, sum(ends) / 2), xytext=(side * (9 if alone else 16), 0),
                  textcoords="offset points", ha="left" if right else "right", va="center",
                  fontsize=12, fontweight="bold", color=look.ink, zorder=7, parse_math=False,
                  bbox=dict(facecolor=look.paper, edgecolor="none", alpha=0.85, pad=1.5))


def _labels(frame, broken: Broken, look) -> None:
    """Names beside the right panel; an arm that it does not show gets no leader to it."""
    ends = []
    for arm in words.in_order({*broken.honest, *broken.broken}):
        points = broken.broken.get(arm) or broken.honest[arm]
        ends.append((style_of(arm), 1.0 if arm in broken.broken else 0.0, points[-1].mean))
    frame.set_xlim(0, 1)
    draw.end_labels(frame, ends, look)


def _at(curves, arm: str, n: int) -> Summary:
    return next(point for point in curves[arm] if point.n == n)


def _small(broken: Broken) -> str:
    text = f"upright line: gap with {words.labels(broken.n)}, in points"
    if broken.honest_pair != broken.broken_pair:
        text += "; " + "; ".join(
            f"{name}: {' against '.join(style_of(arm).label for arm in pair)}" for name, pair in
            zip(SIDES, (broken.honest_pair, broken.broken_pair), strict=True))
    return text


def _table(broken: Broken) -> list[dict]:
    return [{"comparison": name, "arm": style_of(arm).label, "n": point.n, "mean": point.mean,
             "band": point.band, "runs": point.k}
            for name in SIDES for arm, points in getattr(broken, name).items()
            for point in points]


def _alt(broken: Broken, title: str, metric: str) -> str:
    sides = []
    for name in SIDES:
        curves = getattr(broken, name)
        at = ", ".join(f"{style_of(arm).label} {point.mean:.3f}" for arm in words.in_order(curves)
                       for point in curves[arm] if point.n == broken.n)
        sides.append(f"{name.capitalize()}, with {words.labels(broken.n)}: {at}; gap "
                     f"{getattr(broken, f'{name}_gap'):+.1f} points.")
    return (f"{title}. Two line charts side by side, {words.spoken_metric(metric)} on the test "
            f"set over training-set size. {' '.join(sides)}")
