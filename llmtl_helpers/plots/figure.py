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

# In a dark JupyterLab or VS Code the light picture is turned by the browser: hues stay.
TURN = "filter:invert(.93) hue-rotate(180deg)"
STYLE = (f'<style>[data-jp-theme-light="false"] img.llmtl-light,'
         f".vscode-dark img.llmtl-light{{{TURN}}}</style>")
FORMATS = (".png", ".svg", ".pdf")


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

    def png(self) -> bytes:
        """The picture as PNG, packed quickly rather than tightly."""
        self.figure.canvas.draw()
        return encode_png(self.figure.canvas)

    def html(self) -> str:
        """Picture with alt text, reading and table, as one HTML fragment without scripts."""
        return figure_html(self.png(), self.alt, self.reading, self.theme, table_html(self.table))

    _repr_html_ = html

    def save(self, path: str | os.PathLike) -> Path:
        """Save as PNG, SVG or PDF, by the name's ending; the file is there whole or not at all.

        Raises:
            LearnerError: another ending, or the file cannot be written.
        """
        path = Path(path).expanduser()
        if path.suffix.lower() not in FORMATS:
            raise LearnerError(f"{path.name} cannot be saved", "its ending names no picture format",
                               f"end the name in one of {', '.join(FORMATS)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=path.parent, prefix=".figure-") as folder:
                whole = Path(folder) / path.name
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


def table_html(table: list[dict], summary: str = "Table of this figure") -> str:
    """The table twin, folded; empty where there are no rows."""
    if not table:
        return ""
    head = "".join(f'<th scope="col" style="text-align:left">{escape(str(name))}</th>'
                   for name in table[0])
    body = "".join("<tr>" + "".join(f'<td style="text-align:left">{escape(cell(value))}</td>'
                                    for value in row.values()) + "</tr>" for row in table)
    return (f"<details><summary>{escape(summary)}</summary><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table></details>")


def cell(value) -> str:
    """A table's value in print: scores with three decimals, ranges as 'a to b', a dash for None."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, tuple):
        return " to ".join(cell(part) for part in value)
    return str(value)


def _rgb(canvas):
    import numpy as np

    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
