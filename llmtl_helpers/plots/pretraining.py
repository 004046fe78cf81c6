"""Loss while a network is pre-trained, from the cards of checkpoints. Taught in 03."""

import math
from collections.abc import Mapping

from matplotlib.ticker import MultipleLocator, NullLocator

from llmtl_helpers.arms import Arm
from llmtl_helpers.plots import draw
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import colour_of, get_theme, new_figure

FAMILIES = {"causal": ("#0072B2", "o"), "masked": ("#CC79A7", "D"), "replaced": ("#009E73", "^")}
NOTHING = Arm("nothing", "knowing nothing", "none", "none", "none", None, (), "#7F7F7F", ":", "")
MISSING = "Nothing has been pre-trained here yet: `python3 start.py pretrain causal-3M` does it."
TICKS = tuple(step * 10**power for power in range(3, 10) for step in (1, 3))


def pretraining_curves(cards: Mapping[str, dict], beside: Mapping[str, dict] | None = None,
                       title: str = "Loss while it is pre-trained", theme: str = "light",
                       scale: float = 1.0) -> TwinFigure:
    """Draw the training loss against the tokens read (log scale), one line per checkpoint.

    Args:
        cards: name -> what `read_card` or, of an unfinished training, `read_log` returns together
            with its recipe.
        beside: the same of checkpoints to compare with, drawn dotted.
        title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: an unknown theme or scale.
    """
    drawn = {name: card for name, card in {**(beside or {}), **cards}.items()
             if card.get("losses")}
    if not drawn:
        return empty_figure(title, MISSING, theme, scale)
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    levels = sorted({math.log(words) for card in drawn.values()
                     if (words := card["recipe"].get("vocabulary"))})
    lines = {name: curve_of(card) for name, card in drawn.items()}
    _axes(axes, [x for line in lines.values() for x, _ in line],
          [y for line in lines.values() for _, y in line] + levels)
    ends = []
    for name, line in lines.items():
        style = style_of_checkpoint(name, drawn[name], dotted=name not in cards)
        axes.plot(*zip(*line, strict=True), color=colour_of(style, look), linestyle=style.line,
                  linewidth=2.4 if name in cards else 1.4, label=style.label)
        if looks := held_out_of(drawn[name]):
            axes.scatter(*zip(*looks, strict=True), color=colour_of(style, look), s=26,
                         marker=style.marker, zorder=4, label=f"_held out {name}")
        ends.append((style, *line[-1]))
    for level in levels:
        draw.level(axes, NOTHING, level, look)
        ends.append((NOTHING, axes.get_xlim()[1], level))
    draw.end_labels(axes, ends, look)
    draw.frame_texts(axes, title, "tokens read (log scale)", "loss, nats per guessed token",
                     "line: mean loss on the text that it was just trained on;  markers: loss on "
                     "documents that it is never trained on", look)
    return TwinFigure(figure, _table(drawn), _reading(drawn, levels), _alt(title, lines), theme)


def style_of_checkpoint(name: str, card: Mapping, dotted: bool = False) -> Arm:
    """The family decides colour and marker, as in every figure of pre-trained files."""
    objective = card["recipe"]["objective"]
    colour, marker = FAMILIES.get(objective, ("#8C8C8C", "P"))
    line = ":" if dotted else "-"
    return Arm(name, name, name, "pretrained", "none", None, (), colour, line, marker)


def curve_of(card: Mapping) -> list[tuple[int, float]]:
    """(tokens read, mean training loss in nats) of a card."""
    return [(update * _per_update(card), loss) for update, loss in card["losses"]]


def held_out_of(card: Mapping) -> list[tuple[int, float]]:
    """(tokens read, loss on held-out documents in nats) of a card."""
    return [(update * _per_update(card), loss) for update, loss in card.get("held_out_losses", ())]


def _per_update(card: Mapping) -> int:
    return card["recipe"]["length"] * card["recipe"]["batch_size"]


def _axes(axes, tokens: list[float], losses: list[float]) -> None:
    axes.set_xscale("log")
    low, high = min(tokens), max(max(tokens), 10 * min(tokens))
    axes.set_xlim(low / 1.1, high * 1.1)
    axes.set_xticks([tick for tick in TICKS if low / 1.1 <= tick <= high * 1.1])
    axes.xaxis.set_major_formatter(lambda value, _: short(value))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(math.floor(min(losses) * 2 - 0.2) / 2, math.ceil(max(losses) * 2 + 0.2) / 2)
    axes.yaxis.set_major_locator(MultipleLocator(0.5 if max(losses) - min(losses) < 4 else 1))
    axes.yaxis.set_major_formatter("{x:.1f}")


def short(tokens: float) -> str:
    """30,000,000 -> 30M, 300,000 -> 300k."""
    return f"{tokens / 1e6:.3g}M" if tokens >= 999_500 else f"{tokens / 1e3:.3g}k"


def _reading(drawn: Mapping[str, dict], levels: list[float]) -> str:
    parts = []
    for name, card in drawn.items():
        held = held_out_of(card)
        tokens, loss = held[-1] if held else curve_of(card)[-1]
        where = "on held-out documents" if held else "on its training text"
        pace = f" in {card['seconds']:,.0f} s" if card.get("seconds") else ""
        parts.append(f"{name} has a loss of {loss:.2f} nats {where} after {short(tokens)} tokens"
                     f"{pace}, as unsure as among {math.exp(loss):,.0f} equally likely tokens")
    nothing = f"; knowing nothing costs {levels[0]:.2f}" if len(levels) == 1 else ""
    return "; ".join(parts) + nothing + "."


def _table(drawn: Mapping[str, dict]) -> list[dict]:
    return [{"checkpoint": name, "tokens read": tokens, "loss": loss, "measured on": where}
            for name, card in drawn.items()
            for where, points in (("training text, last of the line", curve_of(card)[-1:]),
                                  ("held-out documents", held_out_of(card)))
            for tokens, loss in points]


def _alt(title: str, lines: Mapping[str, list]) -> str:
    told = " ".join(f"{name}: {line[0][1]:.2f} after {short(line[0][0])} tokens to "
                    f"{line[-1][1]:.2f} after {short(line[-1][0])}."
                    for name, line in lines.items())
    return f"{title}. Line chart: loss in nats over tokens read, logarithmic. {told}"
