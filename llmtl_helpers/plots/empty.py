"""A figure of the usual kind for runs that are not there: it says so and draws nothing."""

from llmtl_helpers.plots import draw
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import get_theme, new_figure, write


def empty_figure(title: str, missing: str, theme: str = "light", scale: float = 1.0,
                 short: str = "no runs to draw yet") -> TwinFigure:
    """Empty axes under `title`; the reading is `missing`, the sentence on what is not there.

    Args:
        short: the same in a few words, written on the axes.
    """
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    draw.frame_texts(axes, title, "", "", "", look)
    write(axes, 0.5, 0.5, short, look, ha="center", va="center")
    axes.set_xticks([])
    axes.set_yticks([])
    return TwinFigure(figure, [], missing, f"{title}. Empty axes: {missing}", theme)
