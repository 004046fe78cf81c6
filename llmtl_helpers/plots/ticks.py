"""Ticks of a horizontal axis that all lie within it, and labels of differences."""

from matplotlib.ticker import MaxNLocator, StrMethodFormatter


class Signed(StrMethodFormatter):
    """Labels such as "{x:+.1f}", but 0 without a sign: no difference has none."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return super().__call__(x, pos) if round(x, 9) else "0"


def ticks_inside(axes, most: int, form: str | StrMethodFormatter | None = None,
                 whole: bool = False) -> None:
    """Set round ticks within the limits of the horizontal axis, which must be final by then:
    no label is kept that is not drawn.

    Args:
        most: intervals between them, at most.
        form: format of the labels, such as "{x:g}"; default: matplotlib's own.
        whole: only whole numbers.
    """
    low, high = axes.get_xlim()
    axes.set_xticks([tick for tick in MaxNLocator(most, integer=whole).tick_values(low, high)
                     if low <= tick <= high])
    axes.set_xlim(low, high)
    if form is not None:
        axes.xaxis.set_major_formatter(form)
