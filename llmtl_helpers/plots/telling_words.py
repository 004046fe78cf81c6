"""What a classifier looks at: weights of words, and what changes when a word is left out.

Taught in 06.
"""

from collections.abc import Collection, Sequence

from llmtl_helpers.explain import Occlusion, masked, probability, shown
from llmtl_helpers.explain.words import telling_words
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.signed_bars import BARS, signed_bars

CLASSES = ("real", "junk")


def telling_words_figure(model, count: int = 8, plain: Collection[str] | None = None,
                         classes: Sequence[str] = CLASSES, title: str | None = None,
                         theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw the words with the largest weights of a bag of words, to either side.

    Args:
        model: a fitted `training.baselines.word_model` of two classes.
        count: words to either side, at most 9.
        plain: words that are shown in full; others are cut to their first letter. All are shown
            by default.
        classes: names of the two classes.
        title, theme, scale: as in `twin_curve`.

    Raises:
        ValueError: more or fewer words than can be drawn.

    Taught in 06.
    """
    if not 1 <= count <= BARS // 2:
        raise ValueError(f"{count} words to either side cannot be drawn: choose 1 to {BARS // 2}")
    found = [(word if plain is None else masked(word, plain), weight)
             for word, weight in telling_words(model, count)]
    title = title or "The most telling words of the bag of words"
    figure = signed_bars(found, title, "weight of a word in the bag of words", classes,
                         "words and pairs of words; a dot stands for a hidden letter", theme, scale)
    sides = [[word for word, weight in found if (weight > 0) == junk] for junk in (True, False)]
    reading = (f"Most telling of {classes[1]}: {', '.join(sides[0])}. Most telling of "
               f"{classes[0]}: {', '.join(reversed(sides[1]))}.")
    table = [{"word": word, "weight": weight, "speaks for": classes[weight > 0]}
             for word, weight in found]
    return TwinFigure(figure, table, reading, f"{title}. Bars to either side of zero, one a word. "
                      f"{reading}", theme)


def occlusion_figure(found: Occlusion, count: int = 14, plain: Collection[str] | None = None,
                     classes: Sequence[str] = CLASSES, title: str | None = None,
                     theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw the words of a text whose leaving out changes the answer most, in their order.

    Args:
        found: as `explain.occlude` returns it.
        count: words that are drawn, at most 18; the table has all of them.
        plain, classes, title, theme, scale: as in `telling_words_figure`.

    Raises:
        ValueError: more or fewer words than can be drawn.

    Taught in 06.
    """
    if not 1 <= count <= BARS:
        raise ValueError(f"{count} words cannot be drawn: choose 1 to {BARS}")
    every = [(shown(word, plain), change)
             for word, change in zip(found.words, found.changes, strict=True)]
    most = sorted(sorted(range(len(every)), key=lambda at: -abs(every[at][1]))[:count])
    title = title or "What changes when a word is left out"
    figure = signed_bars([every[at] for at in most], title,
                         f"change of the log-odds of {classes[1]} by the word", classes,
                         f"the {len(most)} of {len(every)} words that change most, in the order of "
                         "the text", theme, scale)
    table = [{"place": at + 1, "word": word, "change of the log-odds": change,
              "speaks for": classes[change > 0]} for at, (word, change) in enumerate(every)]
    reading = _reading(found, every, classes)
    return TwinFigure(figure, table, reading, f"{title}. Bars to either side of zero, one a word. "
                      f"{reading}", theme)


def _reading(found: Occlusion, every: Sequence[tuple[str, float]], classes: Sequence[str]) -> str:
    sure = probability(found.logit)
    text = (f"The text as a whole has log-odds {found.logit:+.2f}, a probability of {sure:.2f} of "
            f"{classes[1]}. ")
    word, change = max(every, key=lambda one: abs(one[1]))
    text += (f"Most depends on “{word}”: without it the log-odds are {found.logit - change:+.2f}"
             f", so it speaks for {classes[change > 0]}")
    if (found.logit > 0) != (found.logit - change > 0):
        text += ", and leaving it out alone turns the answer round"
    if found.rest > 0:
        text += f". {found.rest:,} characters at the end play no part: they are not read"
    return f"{text}."
