"""A widget on a page without a kernel: every choice that it offers there, drawn beforehand.

The page's script (`site/pages/chooser.js`) only swaps what is there: a picture, its alt text, its
reading and its table. Without the script the first choice is shown.
"""

import hashlib
import io
import itertools
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from llmtl_helpers.errors import LearnerError

MOST = 150  # states of one widget: more would cost seconds of building and megabytes of page
COLOURS = 256  # of a kept picture: a third of the bytes, and no difference that an eye sees
Offers = Mapping[str, Sequence[tuple[str, object]]]  # attribute -> labels with their values


def choosable_html(widget, folder: Path) -> str:
    """The widget as HTML with a drop-down list for each attribute in its `page_offers()`.

    Args:
        folder: the pictures go there; the page finds them at `_static/states`.

    Raises:
        LearnerError: it offers too many states.
    """
    offers = {name: list(values) for name, values in widget.page_offers().items() if values}
    count = 1
    for values in offers.values():
        count *= len(values)
    if count > MOST:
        raise LearnerError(f"{type(widget).__name__} offers {count} states on a page",
                           f"the most is {MOST}", "let its page_offers() name fewer")
    start = {name: value_of(widget, name) for name in offers}
    try:
        states = [_state(widget, dict(zip(offers, (value for _, value in choice), strict=True)),
                         folder) for choice in itertools.product(*offers.values())]
    finally:
        _set(widget, start)
    at = [next((i for i, (_, value) in enumerate(values) if value == start[name]), 0)
          for name, values in offers.items()]
    return _html(type(widget).__name__, widget.page_names(), offers, states, at)


def value_of(widget, name: str):
    """The value of a control, or of a plain attribute."""
    control = getattr(widget, name)
    return control.value if hasattr(control, "value") else control


def put(widget, name: str, value: object) -> None:
    """Set a control, or a plain attribute."""
    control = getattr(widget, name)
    if hasattr(control, "value"):
        control.value = value
    else:
        setattr(widget, name, value)


def _set(widget, values: Mapping[str, object]) -> None:
    """Set all of them without drawing in between."""
    with widget.hold():
        for name, value in values.items():
            put(widget, name, value)


def _state(widget, values: Mapping[str, object], folder: Path) -> dict:
    """One state: source of its picture, alt text, reading, table; or a sentence why there is none."""
    _set(widget, values)
    try:
        shown = widget.page_state()
    except LearnerError as error:
        return {"src": "", "alt": "", "reading": str(error), "table": ""}
    source = ""
    if shown.png:
        name = f"{hashlib.sha256(shown.png).hexdigest()[:16]}.png"
        if not (folder / name).exists():  # states may look the same
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(small_png(shown.png))
        source = f"_static/states/{name}"
    return {"src": source, "alt": shown.alt, "reading": shown.reading, "table": shown.table}


def small_png(png: bytes) -> bytes:
    """The picture in few colours: it is kept and sent."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(
        COLOURS, method=Image.Quantize.FASTOCTREE)  # a twentieth of the default's time
    buffer = io.BytesIO()
    picture.save(buffer, "png")
    return buffer.getvalue()


def _html(kind: str, names: Mapping[str, str], offers: Offers, states: list[dict],
          at: Sequence[int]) -> str:
    place = 0
    for (_, values), chosen in zip(offers.items(), at, strict=True):
        place = place * len(values) + chosen
    first = states[place]
    lists = "".join(
        f"<label>{escape(names.get(name, name))} <select>" + "".join(
            f"<option{' selected' if i == chosen else ''}>{escape(label)}</option>"
            for i, (label, _) in enumerate(values)) + "</select></label> "
        for (name, values), chosen in zip(offers.items(), at, strict=True))
    # "</" would end the script early
    data = json.dumps(_shared(states), separators=(",", ":")).replace("</", "<\\/")
    picture = (f'<img class="llmtl-light" alt="{escape(first["alt"])}" src="{first["src"]}" '
               f'width="800" height="500">' if any(state["src"] for state in states) else "")
    return (f'<div class="llmtl-chooser" role="group" aria-label="{escape(kind)}" '
            f'data-lengths="{",".join(str(len(values)) for values in offers.values())}">'
            f'<div class="llmtl-lists" hidden>{lists}</div>'
            f"<figure>{picture}<figcaption aria-live=\"polite\">{escape(first['reading'])}"
            f'</figcaption><div class="llmtl-table">{first["table"]}</div></figure>'
            f'<script type="application/json">{data}</script></div>')


def _shared(states: list[dict]) -> dict:
    """States whose equal tables are held once: {"tables": [...], "states": [[src, alt, ...], ...]}."""
    tables = list(dict.fromkeys(state["table"] for state in states))
    return {"tables": tables, "states": [
        [state["src"], state["alt"], state["reading"], tables.index(state["table"])]
        for state in states]}
