"""OwnData: choose a file and two columns, look at rows and findings, keep it as a task."""

from html import escape

import ipywidgets as w

from llmtl_helpers.own_data.checks import Examined, examine
from llmtl_helpers.own_data.columns import guess_columns, suggested_name
from llmtl_helpers.own_data.keep import keep
from llmtl_helpers.own_data.reading import DELIMITERS, Table, read_table
from llmtl_helpers.plots.writing_cards import Samples
from llmtl_helpers.widgets.guard import Guarded, guard
from llmtl_helpers.widgets.panel import LINE, WIDE, WRAP, choose, sentence
from llmtl_helpers.widgets.static_twin import StaticTwin

ENCODINGS = ("utf-8", "cp1252", "latin-1", "utf-16")
SHOWN = 5  # rows of the preview
CUT = 160  # characters of a cell
SIGNS = {"ok": "✓", "note": "·", "warning": "!"}


class OwnData(Guarded, StaticTwin, w.VBox):
    """From a file to a task, a step a button: read, check, keep.

    Nothing is trained here, nothing in the file is run, and all text is shown escaped.

    Controls are attributes: path, delimiter, encoding, text, label and name have a `value` to set;
    read, check and keep have a `click()`.

    Args:
        path: of the file, to begin with.

    Attributes:
        table: what was read, or None. examined: what was checked, or None.
        task: name of the kept task, or "".
        last_error: the last exception of a handler, also shown in the widget.

    Taught in 12.
    """

    def __init__(self, path: str = ""):
        self.prepare_guard()
        self.table: Table | None = None
        self.examined: Examined | None = None
        self.task = ""
        self.path = w.Text(value=str(path), description="File", style=WIDE,
                           layout=w.Layout(width="640px", max_width="100%"),
                           placeholder="name of a CSV, TSV, JSON lines or Parquet file")
        self.delimiter = choose("Divided by", [("guess", ""), *(
            (name, sign) for sign, name in DELIMITERS.items())])
        self.encoding = choose("Encoding", [("guess", ""), *((name, name) for name in ENCODINGS)])
        self.text, self.label = choose("Texts", []), choose("Labels", [])
        self.name = w.Text(description="Task's name", style=WIDE, layout=LINE)
        self.read, self.check, self.keep = (
            w.Button(description=text, button_style="primary", layout=w.Layout(width="160px"))
            for text in ("Read the file", "Check these columns", "Keep as a task"))
        self.rows, self.findings, self.said = w.HTML(), w.HTML(), w.HTML()
        super().__init__([
            self.path, w.HBox([self.delimiter, self.encoding, self.read], layout=WRAP), self.errors,
            self.rows, w.HBox([self.text, self.label, self.check], layout=WRAP), self.findings,
            w.HBox([self.name, self.keep], layout=WRAP), self.said])
        self.read.on_click(self._read)
        self.check.on_click(self._check)
        self.keep.on_click(self._keep)
        for control in (self.text, self.label):
            control.observe(self._other_columns, "value")
        self._forget()

    def static(self) -> Samples:
        """Preview and findings as HTML, for pages without a kernel."""
        said = "No file has been read." if self.table is None else f"{self.table.name} was read."
        return Samples(f"{sentence(said)}{self.rows.value}{self.findings.value}", [], said)

    @guard
    def _read(self, button=None) -> None:
        self._forget()
        path = self.path.value.strip().strip("\"'")  # as a command line, or "Copy as path", has it
        self.table = read_table(path, self.delimiter.value, self.encoding.value)
        text, label = guess_columns(self.table)
        with self.hold():
            for control, chosen in ((self.text, text), (self.label, label)):
                control.options = list(self.table.columns)
                control.value = chosen
        self.name.value = suggested_name(path)
        self.check.disabled = False
        self._preview()

    @guard
    def _check(self, button=None) -> None:
        if self.table is None:
            return
        self.examined, self.findings.value = None, ""
        self.keep.disabled = True
        self.examined = examine(self.table, self.text.value, self.label.value)
        self.findings.value = _findings(self.examined)
        self.keep.disabled = False

    @guard
    def _keep(self, button=None) -> None:
        if self.examined is None:
            return
        self.task = keep(self.examined, self.name.value.strip(),
                         f"{self.table.name}, column {self.text.value!r} by column "
                         f"{self.label.value!r}")
        self.said.value = sentence(f"Kept as the task {self.task}.", strong=True)

    @guard
    def _other_columns(self, change=None) -> None:
        if not self.held and self.table is not None:
            self.examined, self.findings.value, self.keep.disabled = None, "", True
            self._preview()

    def _forget(self) -> None:
        self.table = self.examined = None
        self.task = ""
        self.rows.value = self.findings.value = self.said.value = ""
        self.check.disabled = self.keep.disabled = True

    def _preview(self) -> None:
        columns = list(dict.fromkeys((self.label.value, self.text.value)))
        places = [self.table.columns.index(name) for name in columns]
        head = "".join(f'<th scope="col" style="text-align:left">{escape(name)}</th>'
                       for name in columns)
        body = "".join("<tr>" + "".join(
            f'<td style="text-align:left;vertical-align:top">{escape(_cut(row[at]))}</td>'
            for at in places) + "</tr>" for row in self.table.rows[:SHOWN])
        how = ", ".join(filter(None, (self.table.kind, self.table.encoding, self.table.delimiter
                                      and f"divided by {DELIMITERS[self.table.delimiter]}")))
        self.rows.value = (
            f'<table style="max-width:60em"><caption style="text-align:left">'
            f"{escape(self.table.name)}: {escape(how)}, {len(self.table.rows):,} rows; the first "
            f"{min(SHOWN, len(self.table.rows))}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>")


def _findings(examined: Examined) -> str:
    lines = "".join(f"<li><strong>{SIGNS[one.level]} {one.level}</strong> {escape(one.sentence)}</li>"
                    for one in examined.findings)
    return ('<div role="status"><ul style="max-width:50em;list-style:none;padding-left:0;'
            f'line-height:1.4">{lines}</ul></div>')


def _cut(text: str) -> str:
    return text if len(text) <= CUT else f"{text[:CUT - 3]}..."
