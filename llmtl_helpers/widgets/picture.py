"""The explorer's picture: one figure, redrawn only as far as it has to be.

Moving the size slider changes a line, some rings and two numbers. The rest of the figure
is drawn once, kept as pixels, and put back under them. Pictures that were shown are kept.
"""

from collections import OrderedDict
from collections.abc import Hashable

from llmtl_helpers.plots import twin, words
from llmtl_helpers.plots.figure import encode_png, figure_html

KEPT = 64  # pictures of about 80 kB


class Picture:
    """Draws the marked twin curve of a `PlotData`; for one thread at a time.

    Attributes:
        alt, reading: of the picture drawn last.
    """

    def __init__(self, theme: str = "light", scale: float = 1.0):
        self.theme, self.scale = theme, scale
        self.alt = self.reading = ""
        self._key: Hashable = None
        self._figure = self._axes = self._pixels = None
        self._kept: OrderedDict[Hashable, tuple[bytes, str, str]] = OrderedDict()

    def html(self, key: Hashable, found: twin.PlotData, sizes: list[int], n: int,
             seed: int | None) -> str:
        """The picture with size n marked, as HTML.

        Args:
            key: changes whenever `found` or `sizes` do.
            sizes: sizes that the axis covers whether or not anything is drawn there.
        """
        wanted = (key, n, seed)
        if wanted not in self._kept:
            if key != self._key:
                self._draw_backdrop(found, sizes)
                self._key = key
            self._kept[wanted] = (self._marked(found, n, seed),
                                  twin.alt(found, self._axes, None, n, seed),
                                  words.reading(found.curves, n, found.live))
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(wanted)
        png, self.alt, self.reading = self._kept[wanted]
        return figure_html(png, self.alt, self.reading, self.theme)

    def _draw_backdrop(self, found: twin.PlotData, sizes: list[int]) -> None:
        self._figure, self._axes = twin.backdrop(found, None, self.theme, self.scale, sizes)
        self._figure.canvas.draw()
        self._pixels = self._figure.canvas.copy_from_bbox(self._figure.bbox)

    def _marked(self, found: twin.PlotData, n: int, seed: int | None) -> bytes:
        canvas = self._figure.canvas
        canvas.restore_region(self._pixels)
        if found.sizes:
            for artist in twin.mark(self._axes, found, n, self.theme, seed):
                self._axes.draw_artist(artist)
                artist.remove()
        return encode_png(canvas)
