"""A text whose words carry their numbers: shade, sign and figure. Taught in 06."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape

from llmtl_helpers.explain import Occlusion, shown
from llmtl_helpers.plots.signed_bars import cut

SHADES = ("0,114,178", "213,94,0")  # of what speaks for the first class and for the second
QUIET = 0.12  # share of the largest change below which a word carries no number


@dataclass(frozen=True)
class MarkedText:
    """Shown in a notebook as HTML, printed as plain text with the numbers in brackets."""

    html: str
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def marked_text(found: Occlusion, plain: Collection[str] | None = None,
                classes: Sequence[str] = ("real", "junk")) -> MarkedText:
    """Each word with what it does to the answer: the sign says for which class it speaks.

    Args:
        found: as `explain.occlude` returns it.
        plain: words that are shown in full; others are cut to their first letter.
        classes: names of the two classes.

    Taught in 06.
    """
    most = max((abs(change) for change in found.changes), default=0.0)
    digits = 1 if most >= 1 else 2 if most >= 0.1 else 3
    spans, words = [], []
    for word, change in zip(found.words, found.changes, strict=True):
        printed = cut(shown(word, plain))
        share = abs(change) / most if most else 0.0
        number = f"{change:+.{digits}f}"
        loud = share >= QUIET
        spans.append(
            '<span style="display:inline-block;text-align:center;margin:1px 2px;padding:0 3px;'
            f'border-radius:3px;background:rgba({SHADES[change > 0]},{0.55 * share:.2f})">'
            f'{escape(printed)}<br>'
            f'<span style="font-size:.8em">{number if loud else "&nbsp;"}</span></span>')
        words.append(f"{printed} ({number})" if loud else printed)
    key = (f"A number below a word: what the word does to the log-odds of {classes[1]}; plus "
           f"speaks for {classes[1]}, minus for {classes[0]}. Words without a number change "
           "little.")
    return MarkedText(f'<div style="max-width:52em;line-height:1.15">{"".join(spans)}</div>'
                      f'<div style="max-width:52em;font-size:.9em">{escape(key)}</div>',
                      " ".join(words))
