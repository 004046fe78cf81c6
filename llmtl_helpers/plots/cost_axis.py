"""Axes for costs, which differ by powers of ten."""

import math
from collections.abc import Iterable

from matplotlib.ticker import NullLocator

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def cost_axis(axes, values: Iterable[float], side: str = "x") -> None:
    """A log axis over the values, ticks at round numbers.

    An upright one has little room for texts: it covers at least three powers of ten, and only
    those are named.
    """
    values = list(values)
    low, high = min(values) / 1.25, max(values) * 1.25
    if side == "y":
        middle, half = math.sqrt(low * high), math.sqrt(max(high / low, 1000))
        low, high = middle / half, middle * half
    axis = axes.xaxis if side == "x" else axes.yaxis
    (axes.set_xscale if side == "x" else axes.set_yscale)("log")
    (axes.set_xlim if side == "x" else axes.set_ylim)(low, high)
    ticks = nice_ticks(low, high, powers=side == "y")
    axis.set_ticks(ticks, tick_texts(ticks, 1e6 if side == "x" else 1e4))
    axis.set_minor_locator(NullLocator())


def nice_ticks(low: float, high: float, most: int = 7, powers: bool = False) -> list[float]:
    """At most `most` round numbers from low to high, nearly even on a log axis.

    With `powers`, powers of ten alone.
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    dense = [] if powers else [(1, (1, 2, 5)), (1, (1, 3))]
    for step, factors in [*dense, *((step, (1,)) for step in range(1, 99))]:
        ticks = [float(f"{factor}e{decade}") for decade in decades if decade % step == 0
                 for factor in factors]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= most:
            break
    return ticks


def tick_texts(ticks: list[float], widest: float = 1e6) -> list[str]:
    """Plain numbers below `widest`; where they go beyond, 1,000 and more as powers of ten."""
    plain = widest if max(ticks) < widest else 1e3
    return [f"{tick:,.10g}" if 0.001 <= tick < plain else _power(tick) for tick in ticks]


def _power(value: float) -> str:
    digit, power = f"{value:.0e}".split("e")
    return ("" if digit == "1" else f"{digit}×") + "10" + str(int(power)).translate(RAISED)
