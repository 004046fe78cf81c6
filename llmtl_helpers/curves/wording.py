"""Numbers of labels and ratios as they are printed."""

import math


def labels(n: float) -> str:
    """A number of labels: 480, or 3.2 below ten."""
    return f"{n:,.0f}" if n >= 9.95 else f"{n:.2g}"


def times(ratio: float) -> str:
    """A ratio: 13x, 8.0x, 0.25x."""
    if ratio >= 9.95:
        return f"{ratio:,.0f}x"
    return f"{ratio:.1f}x" if ratio >= 0.95 else f"{ratio:.2g}x"


def span(interval: tuple[float, float]) -> str:
    """An interval of ratios whose ends may be open: 0 below, inf above."""
    low, high = interval
    if low == 0 and math.isinf(high):
        return "[anything]"
    if math.isinf(high):
        return f"[{times(low)} or more]"
    return f"[{times(high)} or less]" if low == 0 else f"[{times(low)}, {times(high)}]"
