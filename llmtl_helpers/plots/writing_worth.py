"""How many examples a prompt is worth: read off the curve of the tuned decoder. Taught in 08."""

import math
from collections.abc import Iterable

from matplotlib.ticker import NullLocator

from llmtl_helpers.curves.writing import Worth
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.panels import heading, row_names, side_by_side, small_text
from llmtl_helpers.plots.study_runs import capital
from llmtl_helpers.plots.theme import FONT, Theme, colour_of, get_theme
from llmtl_helpers.plots.writing_data import LIKELIHOOD, NAMES, TUNED, Point, Written
from llmtl_helpers.plots.writing_words import SPOKEN, examples, missing, perplexity, spoken, value

NUMBERS = 0.81  # where the column of numbers begins, on the figure
BEYOND = 2.2  # factor by which the axis goes on beyond what was tried


def prompt_worth(rows: Iterable[dict], title: str = "", theme: str = "light",
                 scale: float = 1.0) -> TwinFigure:
    """Draw, for every prompt, how many examples the tuned decoder needs to score as it does.

    Between two sizes the tuned decoder's curve is straight in log n; what lies outside the sizes
    that were tried is a bound, "fewer than 32" or "more than 512", and an arrow.

    Args:
        rows: ledger rows of one written task and one training rule; purpose "curve" counts.
        title, theme, scale: as in `writing_curve`.

    Raises:
        LearnerError: as `writing_curve`.

    Le Scao & Rush (2021), How many data points is a prompt worth?, asked it of classifiers that are
    tuned with a prompt or without; here what is prompted is not tuned. Taught in 08.
    """
    rows = list(rows)
    found = Written(rows)
    title = title or f"How many examples is a prompt worth? {found.task}".rstrip()
    lacking = missing(found, next((row["task"] for row in rows), ""))
    worths = {prompt: worth for prompt in found.prompts if (worth := found.worth(prompt))}
    if not worths:
        return empty_figure(title, lacking, theme, scale, short="nothing to compare yet")
    look, sizes = get_theme(theme), found.sizes(TUNED[0])
    figure, (axes,) = side_by_side(1, look, scale, height=0.68)
    axes.set_ylim(len(worths) - 0.45, -0.95)  # the empty prompt on top
    _axis(axes, sizes, NAMES[found.metric], look)
    for y, (prompt, worth) in enumerate(worths.items()):
        _bar(axes, y, found, prompt, worth, look)
    row_names(axes, [_row(prompt) for prompt in worths], look, width=24)
    heading(figure, title, look)
    small_text(figure, f"bars: 95% over resampled seeds, {_runs(found)}, the choice of test texts "
               "is not in them; arrow: a bound; the tuned decoder makes as many updates at every "
               "size", look)
    reading = " ".join(filter(None, [_reading(found, worths, sizes), lacking]))
    alt = (f"{title}. One row a prompt: examples that {SPOKEN[TUNED[0]]} needs for the same "
           f"{NAMES[found.metric]}, log scale. " + " ".join(
               f"{capital(_row(prompt))}: {said(worth, sizes)}." for prompt, worth in
               worths.items()))
    return TwinFigure(figure, _table(found, worths, sizes), reading, alt, theme)


def said(worth: Worth, sizes: list[int]) -> str:
    """'about 85 examples', 'fewer than 32 examples', 'more than 512 examples'."""
    if worth.bound == "fewer":
        return f"fewer than {examples(sizes[0])}"
    if worth.bound == "more":
        return f"more than {examples(sizes[-1])}"
    return f"about {worth.examples:,.0f} examples"


def doubt(worth: Worth, sizes: list[int]) -> str:
    """The interval in brackets, without the ends that nothing bounds; "" where there is none."""
    if worth.interval is None:
        return ""
    low, high = worth.interval
    open_ends = low < sizes[0], high > sizes[-1]
    if all(open_ends):
        return " (95%: any number)"
    return {(True, False): f" (95%: at most {high:,.0f})",
            (False, True): f" (95%: at least {low:,.0f})"}.get(
        open_ends, f" (95%: {low:,.0f} to {high:,.0f})")


def _axis(axes, sizes: list[int], metric: str, look: Theme) -> None:
    left, bottom, _, height = axes.get_position().bounds
    axes.set_position((left, bottom, NUMBERS - left, height))
    axes.set_xscale("log", base=2)
    axes.set_xlim(sizes[0] / BEYOND, sizes[-1] * BEYOND)
    axes.set_xticks(sizes, [f"{n:,}" for n in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(f"examples needed for the same {metric} (log scale)", fontsize=FONT,
                    color=look.ink, labelpad=1)


def _bar(axes, y: int, found: Written, prompt: Point, worth: Worth, look: Theme) -> None:
    style = found.style(prompt[0])
    colour = colour_of(style, look)
    low, high = axes.get_xlim()
    if worth.interval:
        ends = [min(max(end, low), high) for end in worth.interval]
        axes.hlines(y, *ends, color=colour, linewidth=3, alpha=0.5, label=f"_interval {prompt}")
    x = {"fewer": low * 1.25, "more": high / 1.25}.get(worth.bound, worth.examples)
    marker = {"fewer": "<", "more": ">"}.get(worth.bound, style.marker)
    axes.plot([x], [y], marker=marker, markersize=9, color=colour, linestyle="",
              label=f"_worth {prompt}")
    axes.annotate(said(worth, found.sizes(TUNED[0])).removesuffix(" examples"), (1, y),
                  xycoords=("axes fraction", "data"), xytext=(8, 0), textcoords="offset points",
                  va="center", fontsize=FONT, color=look.ink, parse_math=False)


def _row(prompt: Point) -> str:
    return f"{'chat, ' if prompt[0] == 'prompted_chat' else ''}{examples(prompt[1])}"


def _runs(found: Written) -> str:
    counts = sorted({point.k for point in found.curves[TUNED[0]]})
    return f"{'–'.join(map(str, dict.fromkeys(counts[:1] + counts[-1:])))} seeds a size"


def _level(found: Written, worth: Worth) -> str:
    return (perplexity(math.exp(-worth.level)) if found.metric == LIKELIHOOD
            else value(found.metric, worth.level))


def _reading(found: Written, worths: dict[Point, Worth], sizes: list[int]) -> str:
    """A sentence on the empty prompt, then one on the rest."""
    (first, worth), *rest = worths.items()
    text = (f"{capital(spoken(first))} has {NAMES[found.metric]} {_level(found, worth)}; to get "
            f"there {SPOKEN[TUNED[0]]} needs {said(worth, sizes)}{doubt(worth, sizes)}.")
    if rest:
        text += " The other prompts are worth: " + "; ".join(
            f"{_row(prompt)}, {said(other, sizes)}{doubt(other, sizes)}" for prompt, other in rest) + "."
    return text


def _table(found: Written, worths: dict[Point, Worth], sizes: list[int]) -> list[dict]:
    return [{"prompt": _row(prompt), NAMES[found.metric]: _level(found, worth),
             "examples needed": said(worth, sizes), "at": worth.examples,
             "interval": worth.interval} for prompt, worth in worths.items()]
