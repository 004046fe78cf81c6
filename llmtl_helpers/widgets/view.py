"""What the widgets share: one picture, its table, and the controls that choose."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

import ipywidgets as w

from llmtl_helpers import stage
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots.figure import TwinFigure, figure_html
from llmtl_helpers.plots.tables import table_html
from llmtl_helpers.profiles import Profile, get_profile
from llmtl_helpers.widgets.beside import beside
from llmtl_helpers.widgets.guard import Guarded, guard
from llmtl_helpers.widgets.latest import Latest
from llmtl_helpers.widgets.picture import KEPT, Layers
from llmtl_helpers.widgets.shelf import Shelf
from llmtl_helpers.widgets.static_twin import Shown, StaticTwin


class View(Guarded, StaticTwin, w.VBox):
    """Base of a widget with controls, a picture and a table.

    A subclass makes its controls, calls `show_controls` with them, and defines `draw()`, which
    sets `picture` and `table`, and `static()`.

    Attributes:
        picture, table: HTML controls.
        alt, reading: alt text and sentence of the picture.
        redraw_ms: milliseconds that this process took for the last picture.
        last_error: the last exception of a handler, which is also shown in the widget.
    """

    def __init__(self, profile: str | Profile | None, ledger: Ledger | None, theme: str,
                 scale: float):
        self.prepare_guard()
        profile = profile if isinstance(profile, Profile) else get_profile(profile)
        self.shelf = Shelf(ledger if ledger is not None else Ledger(), profile)
        self.layers = Layers(theme, scale)
        self.redraw = Latest(self._draw)
        self.redraw_ms = 0.0
        self.picture, self.table = w.HTML(), w.HTML()
        self._shown: OrderedDict[Hashable, tuple[str, str, bytes, str, str]] = OrderedDict()
        super().__init__()

    def show_controls(self, rows: list[w.Widget], choosing: list[w.Widget]) -> None:
        """Place `rows` and draw whenever one of `choosing` changes."""
        self.children = beside(self, rows) if stage.on() else rows
        for control in choosing:
            control.observe(self._changed, "value")
        self._changed()

    @property
    def alt(self) -> str:
        return self.layers.alt

    @property
    def reading(self) -> str:
        return self.layers.reading

    def draw(self) -> None:
        raise NotImplementedError

    def static(self) -> TwinFigure:
        """The same view as a picture, a table and a sentence, for pages without a kernel."""
        raise NotImplementedError

    def show_figure(self, key: Hashable, make: Callable[[], TwinFigure], name: str) -> None:
        """Show a figure and its table; those shown lately are kept under their keys.

        Args:
            name: of the table's file.
        """
        if key not in self._shown:
            figure = make()
            png = figure.png()
            self._shown[key] = (figure_html(png, figure.alt, figure.reading, figure.theme),
                                table_html(figure.table, name=name), png, figure.alt,
                                figure.reading)
            if len(self._shown) > KEPT:
                self._shown.popitem(last=False)
        self._shown.move_to_end(key)
        (self.picture.value, self.table.value, self.layers.png, self.layers.alt,
         self.layers.reading) = self._shown[key]

    def drawn_state(self) -> Shown:
        """As `page_state`, by the widget's own drawing: quicker, and equal states are drawn once."""
        self.draw()
        return Shown(self.layers.png, self.alt, self.reading, self.table.value)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the picture is up to date; False if it took longer than `timeout` seconds."""
        return self.redraw.wait(timeout)

    def _draw(self) -> None:
        """Called through `redraw`, so by one thread at a time."""
        began = time.perf_counter()
        self.draw()
        self.redraw_ms = 1000 * (time.perf_counter() - began)

    @guard
    def _changed(self, change=None) -> None:
        if not self.held:
            self.redraw()
