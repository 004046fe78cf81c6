"""The table twin of a figure: as HTML to read, and as CSV to compute with."""

import base64
import csv
import io
import math
import re
from html import escape

# A spreadsheet takes a text that starts so for a formula (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r")
ENDS = ("low", "high")  # a pair of numbers becomes two columns
PAIRS = ("band", "interval")  # so do columns that end so, even where no row has a pair


def table_html(table: list[dict], summary: str = "Table of this figure",
               name: str = "table") -> str:
    """The table, folded, and a link that downloads it; empty where there are no rows.

    Args:
        name: of the downloaded file, without its ending.
    """
    if not table:
        return ""
    head = "".join(f'<th scope="col" style="text-align:left">{escape(str(column))}</th>'
                   for column in table[0])
    body = "".join("<tr>" + "".join(f'<td style="text-align:left">{escape(cell(value))}</td>'
                                    for value in row.values()) + "</tr>" for row in table)
    return (f"<details><summary>{escape(summary)}</summary><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table></details>{csv_link(table, name)}")


def cell(value) -> str:
    """A table's value in print: scores with three decimals, ranges as 'a to b', a dash for None."""
    if value is None:
        return "–"
    if isinstance(value, float):
        if math.isinf(value):
            return "no limit"
        if abs(value) < 10:
            return f"{value:.3f}"
        return f"{value:,.1f}" if abs(value) < 1e6 else f"{value:.3g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, tuple):
        return " to ".join(cell(part) for part in value)
    return str(value)


def csv_text(table: list[dict]) -> str:
    """The table as CSV (RFC 4180): a header, then numbers with all their digits.

    A column of pairs becomes two, such as band_low and band_high. None is left empty. A text
    that a spreadsheet would run as a formula gets an apostrophe before it; numbers never do.
    """
    if not table:
        return ""
    pairs = {column for row in table for column, value in row.items()
             if isinstance(value, tuple) or column.endswith(PAIRS)}
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow([_written(part) for column in table[0] for part in (
        [f"{column}_{end}" for end in ENDS] if column in pairs else [column])])
    for row in table:
        writer.writerow([_written(part) for column, value in row.items() for part in (
            (value or (None, None)) if column in pairs else [value])])
    return lines.getvalue()


def csv_link(table: list[dict], name: str) -> str:
    """A link that holds the CSV itself, so that it works without a server."""
    data = base64.b64encode(csv_text(table).encode()).decode()
    return (f'<a download="{escape(file_name(name))}.csv" style="text-decoration:underline" '
            f'href="data:text/csv;charset=utf-8;base64,{data}">Download this table as CSV</a>')


def file_name(text: str) -> str:
    """`text` as a file's name: small letters, digits and hyphens, at most 60 of them."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:60].strip("-") or "table"


def _written(value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return repr(float(value)) if isinstance(value, float) else str(value)
