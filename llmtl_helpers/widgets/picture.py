"""A widget's picture: one figure, redrawn only as far as it has to be.

Moving a slider changes a line, some rings and two numbers. The rest of the figure is drawn
once, kept as pixels, and put back under them. So are the last few of such rests: whoever compares
goes back and forth. Pictures that were shown are kept.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from llmtl_helpers.plots.figure import encode_png, figure_html

KEPT = 64  # pictures of about 80 kB
LOWER = 4  # lower layers of about 2 MB


class Layers:
    """A figure in two layers, of which the lower one is kept as pixels; for one thread at a time.

    Attributes:
        png, alt, reading: the picture drawn last, its alt text, its sentence.
    """

    def __init__(self, theme: str = "light", scale: float = 1.0):
        self.theme, self.scale = theme, scale
        self.png, self.alt, self.reading = b"", "", ""
        self._lower: OrderedDict[Hashable, tuple] = OrderedDict()  # key -> figure, axes, pixels
        self._kept: OrderedDict[Hashable, tuple[bytes, str, str]] = OrderedDict()

    def layered(self, key: Hashable, top: Hashable, backdrop: Callable, mark: Callable,
                say: Callable) -> str:
        """The picture as HTML.

        Args:
            key: changes whenever the lower layer does. top: the same for the upper layer.
            backdrop: draws the lower layer and returns (figure, axes).
            mark: adds the upper layer to the axes it is given and returns the artists.
            say: (alt, reading) of the picture, from the axes.
        """
        wanted = (key, top)
        if wanted not in self._kept:
            figure, axes, pixels = self._under(key, backdrop)
            figure.canvas.restore_region(pixels)
            for artist in mark(axes):
                axes.draw_artist(artist)
                artist.remove()
            self._kept[wanted] = (encode_png(figure.canvas), *say(axes))
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(wanted)
        self.png, self.alt, self.reading = self._kept[wanted]
        return figure_html(self.png, self.alt, self.reading, self.theme)

    def _under(self, key: Hashable, backdrop: Callable) -> tuple:
        """The lower layer: figure, axes, pixels."""
        if key not in self._lower:
            figure, axes = backdrop()
            figure.canvas.draw()
            self._lower[key] = figure, axes, figure.canvas.copy_from_bbox(figure.bbox)
            if len(self._lower) > LOWER:
                self._lower.popitem(last=False)
        self._lower.move_to_end(key)
        return self._lower[key]
