"""Near and far target languages side by side: what tuning gains in each. Taught in 10."""

from collections.abc import Iterable

from llmtl_helpers.curves import PairedDifference, sign_of
from llmtl_helpers.plots import writing_words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.languages_data import RIVALS, TUNED, Language, in_languages
from llmtl_helpers.plots.panels import few_ticks, heading, row_names, side_by_side, small_text
from llmtl_helpers.plots.study_runs import points, with_interval
from llmtl_helpers.plots.theme import FONT, Theme, colour_of, get_theme, style_of
from llmtl_helpers.plots.true_classes import luck_in
from llmtl_helpers.tasks.translation import NAMES

FEWEST_ROWS = 6  # that the panels have room for: with fewer the bars would be blocks
PANELS = {"prompt": "ahead of the best\nuntuned prompt", "copy": "ahead of copying\nthe English"}
SPOKEN = {"prompt": "the best untuned prompt", "copy": "copying the English"}


def language_figure(rows: Iterable[dict], n: int = 512, title: str = "", theme: str = "light",
                    scale: float = 1.0) -> TwinFigure:
    """Draw, for every target language, by how much the tuned decoder beats two rivals, sorted.

    The rivals are the best of the prompts, chosen on the very test texts, and the English text
    itself. Beside them stands how many tokens a character of the language costs.

    Args:
        rows: ledger rows of the tasks of translation, of one training rule.
        n: examples that the decoder was tuned on.
        title: default: made of n. theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: rows of several training rules, or of two versions of one task's data.

    Taught in 10.
    """
    found = in_languages(rows, n)
    title = title or f"What tuning gains, language by language: {writing_words.examples(n)}"
    missing = _missing([task for task in NAMES if task not in {one.task for one in found}], n)
    if not found:
        return empty_figure(title, f"There are no finished runs to draw yet. {missing}", theme,
                            scale)
    look = get_theme(theme)
    rivals = [rival for rival in RIVALS if any(rival in one.gains for one in found)]
    tokens = any(one.tokens for one in found)
    figure, panels = side_by_side(len(rivals) + tokens, look, scale)
    for axes in panels:
        axes.set_ylim(max(len(found), FEWEST_ROWS) - 0.4, -0.8)  # the largest gain on top
    for axes, rival in zip(panels, rivals, strict=False):
        _draw_gains(axes, found, rival, look)
    if tokens:
        _draw_tokens(panels[-1], found, look)
    row_names(panels[0], [one.name for one in found], look)
    heading(figure, title, look)
    small_text(figure, _small_print(found), look)
    return TwinFigure(figure, _table(found),
                      " ".join(filter(None, [_reading(found, n, rivals), missing])),
                      f"{title}. {len(panels)} panels, one row a language, sorted by the gain. "
                      f"{_in_numbers(found)}", theme)


def _draw_gains(axes, found: list[Language], rival: str, look: Theme) -> None:
    there = [(y, one.gains[rival]) for y, one in enumerate(found) if rival in one.gains]
    ends = [0.0, *(100 * end for _, gain in there for end in (gain.interval or (gain.difference,)))]
    span = max(8.0, max(ends) - min(ends))
    axes.set_xlim(min(ends) - 0.1 * span, max(ends) + 0.5 * span)  # at the right stand numbers
    few_ticks(axes, 3)
    axes.axvline(0, color=look.ink, linewidth=1.4, label="_zero")
    axes.set_title(PANELS[rival], fontsize=FONT, color=look.ink, parse_math=False)
    style = style_of(TUNED)
    colour = colour_of(style, look)
    for y, gain in there:
        low, high = (100 * end for end in gain.interval or (gain.difference,) * 2)
        axes.hlines(y, low, high, color=colour, linewidth=3, alpha=0.5, label=f"_interval {rival}")
        axes.plot([100 * gain.difference], [y], marker=style.marker, markersize=7, color=colour,
                  markerfacecolor=colour if sign_of(gain) else look.paper, markeredgewidth=1.5,
                  linestyle="", label=f"_gain {rival}")
        _beside(axes, high, y, points(gain.difference), look)


def _draw_tokens(axes, found: list[Language], look: Theme) -> None:
    axes.set_title("tokens a\ncharacter", fontsize=FONT, color=look.ink, parse_math=False)
    most = max(one.tokens for one in found if one.tokens)
    axes.set_xlim(0, 1.45 * most)
    few_ticks(axes, 3)
    for y, one in enumerate(found):
        if one.tokens:
            axes.barh(y, one.tokens, 0.5, color=look.quiet, edgecolor=look.ink, linewidth=0.8,
                      label="_tokens")
            _beside(axes, one.tokens, y, f"{one.tokens:.2f}", look)


def _beside(axes, x: float, y: float, text: str, look: Theme) -> None:
    """A number to the right of its mark: many rows leave no room above."""
    axes.annotate(text, (x, y), xytext=(7, 0), textcoords="offset points", va="center",
                  fontsize=FONT, color=look.ink, parse_math=False)


def _missing(tasks: list[str], n: int) -> str:
    if not tasks:
        return ""
    task = tasks[0] if len(tasks) == 1 else "TASK"
    each = "" if len(tasks) == 1 else f", once for each TASK of {', '.join(tasks)},"
    return (f"Not there yet with {writing_words.examples(n)}: "
            f"{tasks[0] if len(tasks) == 1 else f'{len(tasks)} languages'}. "
            f"`python3 start.py sweep --task {task}`{each} makes "
            f"{'it' if len(tasks) == 1 else 'them'}, in hours.")


def _small_print(found: list[Language]) -> str:
    every = [gain for one in found for gain in one.gains.values()]
    runs, updates, texts = ("–".join(map(str, sorted({getattr(one, name) for one in found})))
                            for name in ("runs", "updates", "texts"))
    return (f"points of chrF; {runs} runs, {updates} updates, {texts} test texts, rate tuned at one "
            f"size; bar: 95% {luck_in(every, 'they are here')}; hollow: it holds 0; the best prompt "
            "is chosen on these texts")


def _reading(found: list[Language], n: int, rivals: list[str]) -> str:
    text = f"Tuned on {writing_words.examples(n)}, in chrF."
    for rival in rivals:
        there = {one.name: one.gains[rival] for one in found if rival in one.gains}
        ahead = sum(sign_of(gain) > 0 for gain in there.values())
        text += (f" The tuned decoder is surely ahead of {SPOKEN[rival]} in {ahead} of "
                 f"{_languages(len(there))}")
        for said, sign in (("surely behind it in", -1), ("not surely different in", 0)):
            some = [_gain(name, gain) for name, gain in there.items() if sign_of(gain) == sign]
            text += f"; {said} {', '.join(some)}" if some else ""
        text += "." + _ends(there)
    costs = sorted((one.tokens, one.name) for one in found if one.tokens)
    if len(costs) > 1:
        (least, cheap), (most, dear) = costs[0], costs[-1]
        text += f" A character costs {least:.2f} tokens in {cheap} and {most:.2f} in {dear}."
    return text


def _ends(there: dict[str, PairedDifference]) -> str:
    order = sorted(there, key=lambda name: -there[name].difference)
    if len(order) < 2:
        return f" The gain: {_gain(order[0], there[order[0]])}."
    first, last = order[0], order[-1]
    return f" Largest gain: {_gain(first, there[first])}; smallest: {_gain(last, there[last])}."


def _gain(name: str, gain: PairedDifference) -> str:
    return f"{name} {with_interval(gain)}"


def _languages(count: int) -> str:
    return f"{count} language{'' if count == 1 else 's'}"


def _table(found: list[Language]) -> list[dict]:
    """A row a language; scores and gains in points of chrF, as in the figure."""
    rows = []
    for one in found:
        row = {"language": one.name, "tuned": 100 * one.tuned,
               "best prompt": writing_words.spoken(one.prompt) if one.prompt else None}
        for rival in RIVALS:
            gain = one.gains.get(rival)
            ends = gain and gain.interval
            row |= {rival: gain and 100 * one.rivals[rival],
                    f"ahead of {rival}": gain and 100 * gain.difference,
                    f"{rival} interval": ends and tuple(100 * end for end in ends)}
        rows.append({**row, "tokens a character": one.tokens, "runs": one.runs})
    return rows


def _in_numbers(found: list[Language]) -> str:
    return " ".join(f"{one.name}: " + ", ".join(
        f"{points(gain.difference)} points {PANELS[rival].replace(chr(10), ' ')}"
        for rival, gain in one.gains.items()) + (
            f", {one.tokens:.2f} tokens a character." if one.tokens else ".") for one in found)
