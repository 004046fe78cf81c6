"""What every plot returns: the picture, and the same thing as a table and in words."""

import base64
import io
import os
import tempfile
from dataclasses import dataclass
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots.tables import csv_text, table_html

# In a dark JupyterLab or VS Code the light picture is turned by the browser: hues stay.
TURN = "filter:invert(.93) hue-rotate(180deg)"
STYLE = (f'<style>[data-jp-theme-light="false"] img.llmtl-light,'
         f".vscode-dark img.llmtl-light{{{TURN}}}</style>")
FORMATS = (".png", ".svg", ".pdf")  # of the picture; .csv saves the table


@dataclass(frozen=True, eq=False)
class TwinFigure:
    """A figure and its twins.

    Attributes:
        figure: the `matplotlib.figure.Figure`; `figure.axes[0]` may be drawn on.
        table: the numbers of the figure, one dict per row with equal keys.
        reading: one sentence that says what the figure shows, made from the same numbers.
        alt: text that stands for the picture where it cannot be seen.
        theme: "light" or "dark".
    """

    figure: Figure
    table: list[dict]
    reading: str
    alt: str
    theme: str = "light"

    @property
    def title(self) -> str:
        """The figure's title, with which its alt text begins."""
        return self.alt.partition(". ")[0]

    def csv(self) -> str:
        """The table as CSV: header, all digits, a pair of numbers as two columns."""
        return csv_text(self.table)

    def png(self) -> bytes:
        """The picture as PNG, packed quickly rather than tightly."""
        self.figure.canvas.draw()
        return encode_png(self.figure.canvas)

    def html(self) -> str:
        """Picture with alt text, reading and table, as one HTML fragment without scripts."""
        table = table_html(self.table, name=self.title)
        return figure_html(self.png(), self.alt, self.reading, self.theme, table)

    _repr_html_ = html

    def save(self, path: str | os.PathLike) -> Path:
        """Save as PNG, SVG or PDF, or the table as CSV, by the name's ending.

        The file is there whole or not at all.

        Raises:
            LearnerError: another ending, or the file cannot be written.
        """
        path = Path(path).expanduser()
        ending = path.suffix.lower()
        if ending not in (*FORMATS, ".csv"):
            raise LearnerError(f"{path.name} cannot be saved", "its ending names no picture format",
                               f"end the name in one of {', '.join(FORMATS)}, or in .csv to "
                               "save the table")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=path.parent, prefix=".figure-") as folder:
                whole = Path(folder) / path.name
                if ending == ".csv":
                    whole.write_bytes(self.csv().encode())
                else:
                    self.figure.savefig(whole, facecolor=self.figure.get_facecolor())
                os.replace(whole, path)
        except OSError as error:
            raise LearnerError(f"the figure could not be saved as {path}",
                               error.strerror or str(error),
                               "make room or choose a folder that you can write to") from error
        return path


def encode_png(canvas) -> bytes:
    """What the canvas holds now, as PNG at compression level 1 (it is looked at, not kept)."""
    from PIL import Image

    picture = Image.fromarray(_rgb(canvas))
    buffer = io.BytesIO()
    picture.save(buffer, "png", compress_level=1)
    return buffer.getvalue()


def figure_html(png: bytes, alt: str, reading: str, theme: str, rest: str = "") -> str:
    """A <figure> around the picture. `rest` is HTML already and is not escaped."""
    data = base64.b64encode(png).decode()
    return (f'{STYLE}<figure style="margin:0"><img class="llmtl-{escape(theme)}" '
            f'style="max-width:100%;height:auto" alt="{escape(alt)}" '
            f'src="data:image/png;base64,{data}">'
            f'<figcaption style="max-width:50em;line-height:1.4">{escape(reading)}'
            f"</figcaption>{rest}</figure>")


def _rgb(canvas):
    import numpy as np

    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
