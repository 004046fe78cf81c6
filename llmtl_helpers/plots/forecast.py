"""A forecast to be made before the larger sizes are seen: guess, power law, then the runs."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from llmtl_helpers.arms import Arm
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots import forecast_data as said
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.forecast_data import ForecastData
from llmtl_helpers.plots.theme import FONT, colour_of, get_theme, new_figure, style_of

YOU = Arm("guess", "your guess", "none", "none", "none", None, (), "#000000", ":", "*")
FIT = Arm("fit", "power law, fitted to what is shown", "none", "none", "none", None, (),
          "#7F7F7F", "-.", "P")


def forecast_figure(rows: Iterable[dict], arm: str = "fine_tuned",
                    shown_sizes: Sequence[int] | None = None,
                    guess: Mapping[int, float] | None = None, revealed: bool = False,
                    metric: str = "accuracy", title: str | None = None, theme: str = "light",
                    scale: float = 1.0) -> TwinFigure:
    """Draw an arm's small sizes, a guess for the larger ones, and what they turned out to be.

    Args:
        rows: ledger rows of one task and one training rule; those with purpose "curve" count.
        arm: name of the arm that is forecast.
        shown_sizes: sizes to show and to fit to; default: the smaller half of them, or four.
        guess: hidden size -> guessed score from 0 to 1; some sizes may be left out.
        revealed: whether the hidden sizes are drawn, with the power law's forecast.
        metric, title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: a guess that is no score or for a size that is not hidden, rows that must
            not share a figure, an unknown theme or scale.

    Taught in 02.
    """
    return figure_of(ForecastData(rows, arm, shown_sizes, metric), guess or {}, revealed, title,
                     theme, scale)


def figure_of(found: ForecastData, guess: Mapping[int, float], revealed: bool,
              title: str | None, theme: str, scale: float) -> TwinFigure:
    """`forecast_figure` of data that were worked out before."""
    title = title or (f"What comes next? {found.plot.task}" if found.plot.task
                      else "What comes next?")
    if found.missing:
        return empty_figure(title, found.missing, theme, scale)
    guess, look = found.checked(guess), get_theme(theme)
    figure, axes = new_figure(look, scale)
    draw.frame_texts(axes, title, "training-set size in labels (log scale)",
                     f"{words.spoken_metric(found.plot.metric)} on the test set",
                     said.small_print(found, revealed), look)
    _draw(axes, found, guess, revealed, look)
    return TwinFigure(figure, said.table(found, guess, revealed),
                      said.reading(found, guess, revealed),
                      said.alt(title, found, guess, revealed, axes.get_ylim()), theme)


def _draw(axes, found: ForecastData, guess: dict[int, float], revealed: bool, look) -> None:
    arm, last = style_of(found.arm), found.shown[-1]
    draw.size_axis(axes, [point.n for point in (*found.shown, *found.hidden)])
    points = [*found.shown, *(found.hidden if revealed else ())]
    majority = found.plot.curves.get("majority") if found.arm != "majority" else None
    draw.score_axis(axes, [*(score for point in points
                             for score in (*point.scores, *(point.band or ()))),
                           *(point.mean for point in majority or ()), *guess.values()], top=1.0)
    axes.axvspan(last.n * 1.12, axes.get_xlim()[1], color=look.quiet, alpha=0.35, linewidth=0,
                 zorder=0.5, label="_hidden")
    ends = []
    if majority:
        level = draw.level(axes, style_of("majority"), majority[-1].mean, look)
        level.set_linewidth(1.1)
        ends.append((style_of("majority"), axes.get_xlim()[1], majority[-1].mean))
    draw.curve(axes, arm, points, look)
    ends.append((arm, points[-1].n, points[-1].mean))
    if guess:
        line = [(last.n, last.mean), *guess.items()]
        axes.plot(*zip(*line, strict=True), color=look.ink, linestyle=YOU.line, linewidth=1.6,
                  zorder=5, label="_way to the guess")
        axes.plot(list(guess), list(guess.values()), color=look.ink, linestyle="", marker="*",
                  markersize=13, zorder=6, clip_on=False, label=YOU.label)
        ends.append((YOU, *line[-1]))
    if revealed:
        spoken = {n: fit for n, fit in found.fits.items() if not fit.refused}
        for n, fit in spoken.items():
            if fit.interval:
                axes.vlines(n, *fit.interval, color=look.ink, linewidth=2.2, alpha=0.5, zorder=4)
        law = found.fits[found.hidden[0].n].law
        if law:  # drawn as far as it may be believed
            x = np.geomspace(found.shown[0].n, max(spoken, default=last.n))
            axes.plot(x, 1 - law(x), color=colour_of(FIT, look), linestyle=FIT.line,
                      linewidth=1.8, zorder=4, label="_law")
            axes.plot(list(spoken), [fit.value for fit in spoken.values()], linestyle="",
                      color=colour_of(FIT, look), marker=FIT.marker, markersize=10,
                      markeredgecolor=look.ink, zorder=5, label=FIT.label)
            ends.append((FIT, x[-1], 1 - law(x[-1])))
    else:
        for point in found.hidden:
            if point.n not in guess:
                axes.annotate("?", (point.n, last.mean), ha="center", va="center",
                              fontsize=FONT + 6, color=look.ink, fontweight="bold", label="_asked")
    draw.end_labels(axes, ends, look)
    draw.key(axes, look, band=any(point.band for point in points),
             runs=any(point.k > 1 for point in points), live=None)
