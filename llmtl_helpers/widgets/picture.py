"""A widget's picture: one figure, redrawn only as far as it has to be.

Moving a slider changes a line, some rings and two numbers. The rest of the figure is drawn
once, kept as pixels, and put back under them. Pictures that were shown are kept.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from llmtl_helpers.plots.figure import encode_png, figure_html

KEPT = 64  # pictures of about 80 kB


class Layers:
    """A figure in two layers, of which the lower one is kept as pixels; for one thread at a time.

    Attributes:
        png, alt, reading: the picture drawn last, its alt text, its sentence.
    """

    def __init__(self, theme: str = "light", scale: float = 1.0):
        self.theme, self.scale = theme, scale
        self.png, self.alt, self.reading = b"", "", ""
        self._key: Hashable = None
        self._figure = self._axes = self._pixels = None
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
            if key != self._key:
                self._figure, self._axes = backdrop()
                self._figure.canvas.draw()
                self._pixels = self._figure.canvas.copy_from_bbox(self._figure.bbox)
                self._key = key
            self._kept[wanted] = (self._marked(mark), *say(self._axes))
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(wanted)
        self.png, self.alt, self.reading = self._kept[wanted]
        return figure_html(self.png, self.alt, self.reading, self.theme)

    def _marked(self, mark: Callable) -> bytes:
        self._figure.canvas.restore_region(self._pixels)
        for artist in mark(self._axes):
            self._axes.draw_artist(artist)
            artist.remove()
        return encode_png(self._figure.canvas)
