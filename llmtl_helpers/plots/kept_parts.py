"""A network as a column of boxes: which parts come from the checkpoint, which are random."""

from matplotlib.patches import Rectangle

from llmtl_helpers.arms import ALL_KEPT
from llmtl_helpers.plots.theme import FONT, Theme

PLACE = (0.012, 0.2, 0.175, 0.63)  # left, bottom, width, height on the figure
KEPT, RANDOM = "#0072B2", "#D55E00"


def part_name(part: str) -> str:
    return "embed." if part == "e" else f"block {int(part) + 1}"


def column(figure, kept: str, theme: Theme) -> None:
    """Draw embeddings (at the bottom), blocks and head; colour, edge and word say the same."""
    axes = figure.add_axes(PLACE, facecolor=theme.paper)
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, len(ALL_KEPT) + 1)
    for height, part in enumerate([*ALL_KEPT, "head"]):
        there = part in kept
        axes.add_patch(Rectangle(
            (0.01, height + 0.08), 0.98, 0.84, linewidth=1.6,
            facecolor=_mixed(KEPT if there else RANDOM, theme, 0.34 if there else 0.0),
            edgecolor=_mixed(KEPT if there else RANDOM, theme, 1.0),
            linestyle="-" if there else "--"))
        name = "head: new" if part == "head" else (
            f"{part_name(part)}: {'kept' if there else 'random'}")
        axes.text(0.5, height + 0.5, name, ha="center", va="center", color=theme.ink,
                  fontsize=FONT, parse_math=False)


def _mixed(colour: str, theme: Theme, share: float) -> tuple:
    """The colour, lightened as an arm's is, laid over the paper with this share."""
    from matplotlib.colors import to_rgb

    over, paper = to_rgb(colour), to_rgb(theme.paper)
    over = [channel + (1 - channel) * theme.lighten for channel in over]
    return tuple(share * a + (1 - share) * b for a, b in zip(over, paper, strict=True))
