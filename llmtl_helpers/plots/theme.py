"""Colours, sizes and the empty figure. Arms keep their colour, line and marker everywhere."""

from dataclasses import dataclass

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from llmtl_helpers import stage
from llmtl_helpers.arms import Arm, find_arm
from llmtl_helpers.errors import LearnerError

INCHES = (8.0, 5.0)
DPI = 100
FONT = 11  # points; nothing on a figure is smaller
FRAME = (0.095, 0.2, 0.565, 0.63)  # left, bottom, width, height of the axes; labels to the right


@dataclass(frozen=True)
class Theme:
    name: str
    paper: str
    ink: str
    quiet: str  # grid, leader lines
    lighten: float  # how far an arm's colour is moved towards white


THEMES = {
    "light": Theme("light", "#FFFFFF", "#1A1A1A", "#D0D0D0", 0.0),
    "dark": Theme("dark", "#111111", "#EDEDED", "#4A4A4A", 0.35),
}


def get_theme(name: str) -> Theme:
    if name not in THEMES:
        raise LearnerError(f"there is no theme called {name!r}",
                           next=f"choose one of {', '.join(THEMES)}")
    return THEMES[name]


def style_of(arm: str) -> Arm:
    """The arm's style; an arm that this suite does not know is drawn grey under its own name."""
    return find_arm(arm) or Arm(arm, arm, "none", "none", "unknown", None, (), "#8C8C8C", "-.", "P")


def colour_of(arm: Arm, theme: Theme) -> str:
    """The arm's colour, lightened on dark paper; black stands for ink and turns with it."""
    if to_hex(arm.colour) == "#000000":
        return theme.ink
    share = theme.lighten
    return to_hex([channel + (1 - channel) * share for channel in to_rgb(arm.colour)])


def new_figure(theme: Theme, scale: float):
    """An empty figure with one set of axes. `scale` multiplies pixels, so nothing moves."""
    if not 0.5 <= scale <= 4:
        raise LearnerError(f"a figure cannot be drawn at scale {scale}",
                           next="choose a scale between 0.5 and 4; 1.6 suits most projectors")
    figure = Figure(figsize=INCHES, dpi=DPI * stage.scaled(scale), facecolor=theme.paper)
    FigureCanvasAgg(figure)
    axes = figure.add_axes(FRAME, facecolor=theme.paper)
    axes.tick_params(colors=theme.ink, labelsize=FONT, length=4)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(theme.ink)
    axes.grid(axis="y", color=theme.quiet, linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def write(axes, x: float, y: float, text: str, theme: Theme, **style):
    """Text at axes coordinates, read as it stands: a dollar sign starts no formula."""
    style = {"fontsize": FONT, "color": theme.ink, "parse_math": False, **style}
    return axes.text(x, y, text, transform=axes.transAxes, **style)
