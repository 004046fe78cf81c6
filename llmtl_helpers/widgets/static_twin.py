"""A widget as a page that needs no kernel shows it. Taught in 00."""

import os
from pathlib import Path
from typing import NamedTuple

from ipywidgets import FloatSlider

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.tables import table_html
from llmtl_helpers.widgets.chooser import choosable_html, put, value_of
from llmtl_helpers.widgets.state import parts

PICTURES = "LLMTL_PAGE_PICTURES"  # set where a page is built: the folder of its pictures


class Shown(NamedTuple):
    """One state of a widget on a page: picture (PNG, empty if none), texts, table (HTML)."""

    png: bytes
    alt: str
    reading: str
    table: str


class StaticTwin:
    """Mixin, before the `ipywidgets` class, of a widget that has a method `static`."""

    def page_offers(self) -> dict[str, list[tuple[str, object]]]:
        """What a reader can choose on a page without a kernel: attribute -> labels and values."""
        return {}

    def page_names(self) -> dict[str, str]:
        """How these attributes are called there; default: as the controls are."""
        return {name: getattr(getattr(self, name), "description", "") or name
                for name in self.page_offers()}

    def open_at(self, state: str) -> None:
        """Set what `page_offers()` names, from a line such as "share=25"; all of it or nothing.

        Raises:
            LearnerError: a part of the state cannot be read, or is not offered.
        """
        offers = {name: values for name, values in self.page_offers().items() if values}
        example = ";".join(f"{name}={value_of(self, name)}" for name in offers)
        wanted = {name: offered_value(getattr(self, name), name, text, offers[name])
                  for name, text in parts(state, list(offers), example).items()}
        for name, value in wanted.items():
            put(self, name, value)

    def page_state(self) -> Shown:
        """What a page shows where the controls stand as they do."""
        figure = self.static()
        if not isinstance(figure, TwinFigure):
            return Shown(b"", "", "", figure.html())
        return Shown(figure.png(), figure.alt, figure.reading,
                     table_html(figure.table, name=figure.title))

    def static_html(self) -> str:
        """What the widget shows now, as HTML; where a page is built, all that it offers there."""
        folder = os.environ.get(PICTURES)
        if folder and self.page_offers():
            return choosable_html(self, Path(folder))
        return self.static().html()

    def _repr_mimebundle_(self, **kwargs):
        """The widget, and its static twin for viewers that know no widgets."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle:
            bundle["text/html"] = self.static_html()
        return bundle


def offered_value(control, name: str, text: str, offers: list[tuple[str, object]]):
    """The offered value that `text` writes, by value or by label; a slider takes any of its own.

    Raises:
        LearnerError: there is no such value.
    """
    for label, value in offers:
        if text in (str(value), label):
            return value
    if isinstance(control, FloatSlider):
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if control.min <= value <= control.max:
            return value
    shown = ", ".join(str(value) for _, value in offers)
    raise LearnerError(f"the state names {name} {text!r}, which is not there",
                       next=f"choose one of {shown}")


def all_of(control) -> list[tuple[str, object]]:
    """Every option of a list or a slider of options, with its label."""
    labels = getattr(control, "_options_labels", None) or [str(o) for o in control.options]
    values = getattr(control, "_options_values", None) or list(control.options)
    return list(zip(labels, values, strict=True))


def every_second_of(control) -> list[tuple[str, object]]:
    """Every second option, and the one that is chosen: a page carries all pictures."""
    offers = all_of(control)
    return [offer for place, offer in enumerate(offers)
            if place % 2 == 0 or offer[1] == control.value]


def some_of(control, count: int = 12, digits: int = 2) -> list[tuple[str, float]]:
    """So many evenly spaced values of a slider, its own value among them."""
    steps = [control.min + (control.max - control.min) * i / (count - 1) for i in range(count)]
    values = sorted({round(step / control.step) * control.step for step in steps}
                    | {control.value})
    return [(f"{value:.{digits}f}", value) for value in values]
