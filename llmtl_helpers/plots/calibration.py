"""How far a learner's first guesses were off, over the course. Taught in 13."""

import math
import statistics
from collections.abc import Sequence

from llmtl_helpers.journal import Guess
from llmtl_helpers.plots import draw
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import FONT, get_theme, new_figure, write

MOST = 16  # guesses that are drawn: the latest
REACH = 8.0  # a guess that is further off stands at the edge
LONGEST = 44  # characters of what was guessed
PLACE = (0.04, 0.17, 0.92, 0.66)  # of the axes: nothing stands to their right
HALVES = 8  # guesses from which on an earlier and a later half are compared
NEAR = 1.1  # a factor that counts as right


def calibration_figure(guesses: Sequence[Guess], title: str = "Your guesses", theme: str = "light",
                       scale: float = 1.0) -> TwinFigure:
    """Draw each guess as a multiple of the result, in the order in which they were made.

    Multiples have no unit, so scores, ratios, labels and perplexities stand in one figure. A guess
    or a result that is not above 0 has no multiple: it stands in the table alone.

    Args:
        guesses: first guesses, oldest first, as `journal.first_guesses` gives them.
        title, theme, scale: as in `twin_curve`.

    Taught in 13.
    """
    guesses = list(guesses)
    drawn = [one for one in guesses if one.guess > 0 and one.truth > 0][-MOST:]
    if not drawn:
        return empty_figure(title, "No guess is in your journal yet. Write a number in place of the "
                            "dots wherever a notebook asks you to predict first.", theme, scale,
                            short="no guesses to draw yet")
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    axes.set_position(PLACE)
    axes.set_xscale("log", base=2)
    axes.set_xlim(1 / (1.25 * REACH), 1.25 * REACH)
    ticks = [2.0**power for power in range(-3, 4)]
    axes.set_xticks(ticks, [f"{tick:g}x" if tick >= 1 else f"1/{1 / tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    lines = max(len(drawn), 6)
    axes.set_ylim(-0.6, lines - 0.4)
    axes.axvspan(1 / NEAR, NEAR, color=look.ink, alpha=0.08, linewidth=0, label="_near")
    axes.axvline(1, color=look.ink, linewidth=1.2, label="_exact")
    for place, one in enumerate(drawn):
        y, factor = lines - 1 - place, min(max(one.guess / one.truth, 1 / REACH), REACH)
        axes.plot([1, factor], [y, y], color=look.ink, linewidth=1.0, alpha=0.6, label="_stem")
        axes.plot([factor], [y], color=look.ink, marker="o" if factor < 1 else "^", markersize=6,
                  linestyle="none", label="_guess")
        side = -1 if factor >= 1 else 1  # words stand where the mark does not
        axes.text(1.06**side, y, _cut(one.what), ha="right" if side < 0 else "left", va="center",
                  fontsize=FONT, color=look.ink, parse_math=False)
    write(axes, 0.0, 1.04, "← too low (dots)", look)
    write(axes, 1.0, 1.04, "too high (triangles) →", look, ha="right")
    more = len(guesses) - len(drawn)
    draw.frame_texts(axes, title, "your guess as a multiple of the result (log scale)", "",
                     "first guesses, oldest on top; the strip holds guesses within 10%"
                     + (f"; {more} more in the table" if more else ""), look, left=-0.02)
    reading = _reading([one.guess / one.truth for one in guesses
                        if one.guess > 0 and one.truth > 0])
    table = [{"what": one.what, "your guess": one.guess, "result": one.truth,
              "multiple": one.guess / one.truth if one.guess > 0 and one.truth > 0 else None,
              "when": one.time[:10]} for one in guesses]
    alt = (f"{title}. Chart of {len(drawn)} guesses as multiples of the results, on a log scale with "
           f"a line at 1. {reading}")
    return TwinFigure(figure, table, reading, alt, theme)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST - 1]}…"


def _reading(factors: Sequence[float]) -> str:
    def off(some: Sequence[float]) -> float:
        return math.exp(statistics.median(abs(math.log(factor)) for factor in some))

    high = sum(factor > NEAR for factor in factors)
    low = sum(factor < 1 / NEAR for factor in factors)
    said = (f"Of {len(factors)} guess{'es' if len(factors) != 1 else ''} {high} "
            f"{'was' if high == 1 else 'were'} more than 10% too high and {low} more than 10% too "
            f"low; half of all were off by a factor of {off(factors):.2f} or less.")
    if len(factors) >= HALVES:
        half = len(factors) // 2
        said += (f" In the earlier half that factor is {off(factors[:half]):.2f}, in the later one "
                 f"{off(factors[half:]):.2f}.")
    return said
