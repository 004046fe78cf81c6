"""Answers as cards beside each other, in HTML. Taught in 08."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from llmtl_helpers.arms import Arm
from llmtl_helpers.plots.tables import table_html

GRID = ("display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,17em),1fr));gap:8px;"
        "max-width:60em;margin:6px 0")
CARD = ("border-left:5px {line} {colour};padding:2px 10px;line-height:1.4;max-width:60em;"
        "overflow-wrap:anywhere")
LINES = {"-": "solid", "--": "dashed", ":": "dotted", "-.": "double"}  # as a border can be drawn
GREY, INK = "#8C8C8C", "#000000"  # ink is that of the page, whatever its theme
NOTHING = "(an empty answer)"


@dataclass(frozen=True)
class Samples:
    """Answers beside each other: in a notebook as HTML, in print as plain text.

    Attributes:
        body: HTML, every text in it escaped.
        table: the same, a dict an answer. reading: one sentence.
    """

    body: str
    table: list[dict]
    reading: str

    @property
    def listing(self) -> str:
        """The table as HTML, folded; "" where it is empty."""
        return table_html(self.table, "Table of these answers", "answers")

    def html(self) -> str:
        return self.body + self.listing

    _repr_html_ = html

    def __repr__(self) -> str:
        return "\n".join([self.reading, *(
            "  " + "; ".join(f"{key}: {value}" for key, value in row.items() if value is not None)
            for row in self.table)])


def card(title: str, text: str | None, note: str = "", lang: str = "en",
         style: Arm | None = None) -> str:
    """One answer under its title, marked with an arm's colour and line, or in grey.

    Args:
        text: "" is said to be empty, None not to have been kept. note: small, below.
        lang: of the text, as HTML names it; its direction is found from its letters.
    """
    colour = style.colour if style else GREY
    look = CARD.format(line=LINES[style.line] if style else "solid",
                       colour="currentColor" if colour == INK else colour)
    body = (f'<div dir="auto" lang="{escape(lang)}" style="white-space:pre-wrap">{escape(text)}'
            "</div>" if text else
            f"<p><em>{NOTHING if text is not None else 'this answer was not kept'}</em></p>")
    below = f"<small>{escape(note)}</small>" if note else ""
    return f'<section style="{look}"><strong>{escape(title)}</strong>{body}{below}</section>'


def side_by_side(cards: Iterable[str]) -> str:
    """Cards in one row as far as there is room."""
    return f'<div style="{GRID}">{"".join(cards)}</div>'


def language(task: str) -> str:
    """The answers' language as HTML names it, such as zh-Hans; "en" but for translations."""
    family, _, code = task.partition("/")
    return code.replace("_", "-") if family == "translate" else "en"
