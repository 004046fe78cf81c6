"""How often a network prefers the right one of two sentences: pre-trained against random weights.

Taught in 08.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from llmtl_helpers.curves import wilson_interval
from llmtl_helpers.explain.minimal_pairs import Pair, right_by_kind
from llmtl_helpers.plots import draw
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import FONT, Theme, colour_of, get_theme, new_figure, style_of

PLACE = (0.285, 0.2, 0.675, 0.63)  # of the axes: the kinds stand to their left
LEFT = -0.4  # where title and small print begin, in axes coordinates
CHANCE = 0.5
ALL = "all"
PRETRAINED, RANDOM = "pre-trained weights", "random weights"
STYLE = {PRETRAINED: ("writer", 0.16, "full"), RANDOM: ("writer_scratch", -0.16, "none")}


@dataclass(frozen=True)
class Share:
    """Of one kind of pairs, how many a network has right, over one network or several.

    Attributes:
        counts: right pairs of each network.
        total: pairs of the kind.
        interval: 95% Wilson interval at the mean of the networks: the luck of the pairs.
    """

    counts: tuple[int, ...]
    total: int
    interval: tuple[float, float]

    @property
    def mean(self) -> float:
        return sum(self.counts) / len(self.counts) / self.total

    @property
    def surely_above(self) -> bool:
        return self.interval[0] > CHANCE

    def __str__(self) -> str:
        low, high = (round(100 * end) for end in self.interval)
        return f"{100 * self.mean:.0f}% ({low} to {high})"


Shares = dict[str, Share]  # kind -> share; ALL first


def minimal_pairs_figure(pairs: Sequence[Pair], pretrained: ArrayLike, random: ArrayLike,
                         title: str = "Which of the two is right?", theme: str = "light",
                         scale: float = 1.0) -> TwinFigure:
    """Draw the share of pairs of each kind in which the right sentence is the likelier one.

    Args:
        pairs: such as `grammar_pairs()`.
        pretrained, random: `preferences` of one network (pairs,), or of several (runs, pairs);
            `random` of the same architecture with random weights.
        title, theme, scale: as in `twin_curve`.

    Raises:
        ValueError: there is not one preference for each pair.

    Taught in 08.
    """
    found = {PRETRAINED: shares(pairs, pretrained), RANDOM: shares(pairs, random)}
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    axes.set_position(PLACE)
    kinds = sorted(found[PRETRAINED], key=lambda kind: (kind != ALL, -found[PRETRAINED][kind].mean))
    for weights in found:
        _strips(axes, weights, found[weights], kinds, look)
    _frame(axes, kinds, found, look)
    runs = len(found[RANDOM][ALL].counts)
    draw.frame_texts(axes, title, "pairs in which the right one is the likelier, %", "",
                     "bars: 95% interval for other pairs of that kind; dashed: chance; random weights: "
                     f"{runs} seed{'' if runs == 1 else 's'}", look, left=LEFT)
    reading = _reading(found)
    table = [{"kind": kind, "weights": weights, "networks": len(share.counts),
              "pairs": share.total, "right": float(np.mean(share.counts)), "share": share.mean,
              "interval": share.interval}
             for kind in kinds for weights, share in ((w, found[w][kind]) for w in found)]
    alt = (f"{title}. Dot chart of shares in per cent, one strip a kind, pre-trained weights as "
           f"filled circles and random weights as hollow squares. {reading}")
    return TwinFigure(figure, table, reading, alt, theme)


def shares(pairs: Sequence[Pair], preferred: ArrayLike) -> Shares:
    """The share of right pairs over all of them and for each kind; arguments as `right_by_kind`."""
    right = right_by_kind(pairs, preferred)
    right = {ALL: np.concatenate(list(right.values()), axis=1), **right}
    return {kind: _share(flags) for kind, flags in right.items()}


def _share(flags: np.ndarray) -> Share:
    counts, total = flags.sum(axis=1), flags.shape[1]
    return Share(tuple(map(int, counts)), total, wilson_interval(round(counts.mean()), total))


def _strips(axes, weights: str, found: Shares, kinds: Sequence[str], look: Theme) -> None:
    arm, shift, fill = STYLE[weights]
    style = style_of(arm)
    colour = colour_of(style, look)
    for place, kind in enumerate(reversed(kinds)):
        share, y = found[kind], place + shift
        axes.hlines(y, *(100 * end for end in share.interval), color=colour, linewidth=2.4,
                    alpha=0.8, linestyle=style.line, label=f"_interval {weights}")
        if len(share.counts) > 1:
            axes.scatter([100 * count / share.total for count in share.counts],
                         [y] * len(share.counts), s=14, color=colour, alpha=0.6, linewidth=0,
                         label=f"_seeds {weights}")
        axes.plot([100 * share.mean], [y], marker=style.marker, markersize=8, fillstyle=fill,
                  color=colour, markeredgewidth=1.8, linestyle="",
                  label=weights if kind == ALL else f"_mean {weights}")


def _frame(axes, kinds: Sequence[str], found: Mapping[str, Shares], look: Theme) -> None:
    axes.set_ylim(-0.6, len(kinds) - 0.4)
    names = [f"{kind} ({found[PRETRAINED][kind].total})" for kind in reversed(kinds)]
    axes.set_yticks(range(len(kinds)), names, parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0, 102)
    axes.set_xticks(range(0, 101, 10))
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=look.quiet, linewidth=0.8)
    axes.axvline(100 * CHANCE, color=look.ink, linewidth=1.4, linestyle="--", zorder=1.5,
                 label="_chance")
    axes.axhline(len(kinds) - 1.5, color=look.ink, linewidth=0.8, label="_under all")
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, frameon=False,
                fontsize=FONT, labelcolor=look.ink, handletextpad=0.3, columnspacing=1.4)


def _reading(found: Mapping[str, Shares]) -> str:
    trained, random = found[PRETRAINED], found[RANDOM]
    sure, lucky = ([kind for kind, share in side.items() if kind != ALL and share.surely_above]
                   for side in (trained, random))
    kinds = [kind for kind in trained if kind != ALL]
    lowest = min(kinds, key=lambda kind: trained[kind].mean)
    text = (f"Of {trained[ALL].total} pairs {PRETRAINED} prefer the right one in {trained[ALL]}, "
            f"{RANDOM} in {random[ALL]}; chance is {100 * CHANCE:.0f}%. Surely above it: "
            f"{len(sure)} of {len(kinds)} kinds with {PRETRAINED}, {len(lucky)} with {RANDOM}. "
            f"Lowest with {PRETRAINED}: {lowest}, {trained[lowest]}")
    unsure = [kind for kind in kinds if kind not in sure and kind != lowest]
    if unsure:
        text += f"; not surely above chance either: {', '.join(unsure)}"
    return f"{text}. In brackets are 95% intervals."
