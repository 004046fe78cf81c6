"""Reads a table from a file that somebody made: CSV, TSV, JSON lines or Parquet. Taught in 12.

Nothing in the file is run or evaluated, every cell is text, and memory stays bounded: of a large
file only the first rows are read.
"""

import csv
import io
import json
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from llmtl_helpers.errors import LearnerError

MOST_ROWS = 200_000
MOST_BYTES = 200 * 2**20  # of a file; what comes after is not read
LONGEST_CELL = 1_000_000  # characters
MOST_GUESSED = 4 * 2**20  # bytes in which broken characters are counted
SAMPLE = 256 * 2**10  # bytes from which encoding and delimiter are guessed
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
OTHER_KINDS = {  # first bytes of files that people take for tables
    b"PK\x03\x04": ("an Excel workbook or another zip archive",
                    "open it and save it as CSV (UTF-8)"),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "open it and save it as CSV (UTF-8)"),
    b"\x1f\x8b": ("compressed by gzip", "unpack it first"),
    b"%PDF": ("a PDF", "a table has to be made of it first"),
    b"SQLite format 3": ("a database", "export the table as CSV"),
}


@dataclass(frozen=True)
class Table:
    """A table as it was read: all cells are text.

    Attributes:
        columns: their names, distinct. rows: tuples of as many cells.
        kind: "CSV", "TSV", "JSON lines" or "Parquet". encoding, delimiter: as guessed or told;
            "" where there is none.
        aside: rows that could not be used. notes: sentences on what was guessed and left out.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    kind: str
    encoding: str = ""
    delimiter: str = ""
    aside: int = 0
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> list[str]:
        """All cells of a column.

        Raises:
            LearnerError: there is no such column.
        """
        if name not in self.columns:
            raise LearnerError(f"the file {self.name} has no column {name!r}",
                               next=f"choose one of {', '.join(self.columns)}")
        at = self.columns.index(name)
        return [row[at] for row in self.rows]


def read_table(path, delimiter: str = "", encoding: str = "") -> Table:
    """Read a table, guessing what is not told.

    Args:
        delimiter: of CSV, one of `DELIMITERS`. encoding: a name that Python knows.

    Raises:
        LearnerError: the file is not there, empty, of another kind, or holds no rows.
    """
    path = Path(path).expanduser()
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise LearnerError(f"the file {path.name} is a folder", next="name a file in it")
        with open(path, "rb") as stream:
            head = stream.read(SAMPLE)
    except OSError as error:
        raise LearnerError(f"the file {path} cannot be read", error.strerror or str(error),
                           "check the name; a path with spaces goes in quotation marks") from None
    if not head.strip():
        raise LearnerError(f"the file {path.name} is empty", next="choose a file with rows in it")
    for first, (what, then) in OTHER_KINDS.items():
        if head.startswith(first):
            raise LearnerError(f"the file {path.name} is no table that can be read here",
                               f"it is {what}", then)
    if head.startswith(b"PAR1"):
        return _parquet(path)
    notes = []
    if size > MOST_BYTES:
        notes.append(f"The file has {size / 1e9:.1f} GB; only its first {MOST_BYTES / 1e6:.0f} MB "
                     "were read.")
    encoding, text = _decoded(path, head, encoding, notes)
    if path.suffix.lower() in (".jsonl", ".ndjson", ".json") or _looks_like_json(text):
        return _json_lines(path, text, encoding, notes)
    return _delimited(path, text, encoding, delimiter, notes)


def _decoded(path: Path, head: bytes, encoding: str, notes: list[str]) -> tuple[str, str]:
    """Encoding and text of the part of the file that is read."""
    with open(path, "rb") as stream:
        raw = stream.read(MOST_BYTES)
    if not encoding:
        encoding = _encoding(raw, head)
        if not encoding:
            raise LearnerError(f"the file {path.name} is no text", "its bytes belong to no encoding that is "
                               "known; it may be a picture, a program or an archive",
                               "choose a CSV, TSV, JSON lines or Parquet file")
    try:
        text = raw.decode(encoding, errors="replace")
    except LookupError:
        raise LearnerError(f"there is no encoding called {encoding!r}",
                           next="try utf-8, cp1252 or latin-1") from None
    if broken := text.count("\ufffd"):
        notes.append(f"{broken:,} characters could not be read as {encoding} and stand as \ufffd: the "
                     "file may be of mixed encodings.")
    if nuls := text.count("\0"):
        notes.append(f"{nuls:,} NUL characters were taken out.")
        text = text.replace("\0", "")
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise LearnerError(f"the file {path.name} is empty", next="choose a file with rows in it")
    return encoding, text


def _encoding(raw: bytes, head: bytes) -> str:
    """"" if it is no text."""
    from charset_normalizer import from_bytes

    for mark, name in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8")):
        if head.startswith(mark):
            return name
    if head.count(0) > len(head) / 5:  # text in 16 bits has NULs too, and a mark before it
        return ""
    try:
        raw.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError as error:
        if error.start > len(raw) - 4:  # a character that the end of the part cut through
            return "utf-8"
    signs = Counter(sign for sign in raw[:MOST_GUESSED].decode("utf-8", errors="replace")
                    if sign > "\x7f")
    if signs["\ufffd"] < signs.total() / 5:  # a few broken bytes in a file that is UTF-8 otherwise
        return "utf-8"
    best = from_bytes(head).best()
    if best is None:
        return ""
    # Western encodings differ in few signs, too few to guess by: the usual one, where it fits
    western = all("LATIN" in unicodedata.name(sign, "LATIN") for sign in set(str(best))
                  if sign.isalpha())
    try:
        head.decode("cp1252")
    except UnicodeDecodeError:
        return best.encoding
    return "cp1252" if western else best.encoding


def _looks_like_json(text: str) -> bool:
    first = text.lstrip()[:SAMPLE].partition("\n")[0].strip()
    try:
        return isinstance(json.loads(first), dict)
    except ValueError:
        return False


def _delimited(path: Path, text: str, encoding: str, delimiter: str, notes: list[str]) -> Table:
    if delimiter and delimiter not in DELIMITERS:
        raise LearnerError(f"{delimiter!r} is no delimiter that is known",
                           next=f"use one of {', '.join(DELIMITERS.values())}")
    delimiter = delimiter or _delimiter(text)
    csv.field_size_limit(LONGEST_CELL)
    lines, rows, aside = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [], 0
    try:
        header = next((row for row in lines if any(cell.strip() for cell in row)), [""])
        columns = _names(header)
        for row in lines:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(columns):
                aside += 1
                continue
            rows.append(tuple(row))
            if len(rows) == MOST_ROWS:
                notes.append(f"Only the first {MOST_ROWS:,} rows were read.")
                break
    except csv.Error as error:
        raise LearnerError(f"the file {path.name} cannot be read as a table", str(error),
                           "look for a quotation mark that is opened and never closed, or choose "
                           "another delimiter") from None
    if len(columns) == 1:
        raise LearnerError(f"the file {path.name} has one column", f"no {DELIMITERS[delimiter]} divides its "
                           f"first line, {_cut(header[0])!r}",
                           "a text and a label are needed; name the delimiter if it is another")
    if aside:
        notes.append(f"{aside:,} lines have another number of cells than the first and were left "
                     "out.")
    kind = "TSV" if delimiter == "\t" else "CSV"
    return _whole(Table(path.name, columns, tuple(rows), kind, encoding, delimiter, aside,
                        tuple(notes)))


def _delimiter(text: str) -> str:
    """The one that divides most lines into equally many cells, more than one."""
    lines = [line for line in text[:SAMPLE].splitlines()[:200] if line.strip()]

    def agreement(delimiter: str) -> tuple[float, int]:
        try:
            counts = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter))
        except csv.Error:
            return 0.0, 0
        cells, often = (counts.most_common(1) or [(0, 0)])[0]
        return (often / sum(counts.values()), cells) if cells > 1 else (0.0, 0)

    return max(DELIMITERS, key=agreement)


def _json_lines(path: Path, text: str, encoding: str, notes: list[str]) -> Table:
    columns: dict[str, None] = {}
    found, aside = [], 0
    for record in _records(path, text):
        if isinstance(record, dict):
            found.append(record)
            columns |= dict.fromkeys(record)
        else:
            aside += 1
        if len(found) == MOST_ROWS:
            notes.append(f"Only the first {MOST_ROWS:,} rows were read.")
            break
    if aside:
        notes.append(f"{aside:,} lines are no JSON objects and were left out.")
    rows = tuple(tuple(_cell(record.get(name)) for name in columns) for record in found)
    return _whole(Table(path.name, _names(list(columns)), rows, "JSON lines", encoding, "", aside,
                        tuple(notes)))


def _records(path: Path, text: str) -> Iterator:
    """A record a line, or those of one list; None where a line is no JSON."""
    if text.lstrip().startswith("["):
        try:
            yield from json.loads(text)
            return
        except (ValueError, RecursionError) as error:
            raise LearnerError(f"the file {path.name} is no whole list of JSON", str(error),
                               "write one JSON object a line instead") from None
    for line in text.split("\n"):  # `splitlines` would cut inside of strings too
        if line.strip():
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                yield None


def _parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, columns = [], ()
    try:
        file = pq.ParquetFile(path)
        columns = _names(file.schema_arrow.names)
        for batch in file.iter_batches(batch_size=4096):
            cells = [[_cell(value) for value in column.to_pylist()] for column in batch.columns]
            rows += zip(*cells, strict=True)
            if len(rows) >= MOST_ROWS:
                break
    except (pa.ArrowException, OSError, ValueError) as error:
        raise LearnerError(f"the file {path.name} is a damaged Parquet file", str(error).partition("\n")[0],
                           "write or fetch it again") from None
    notes = [f"Only the first {MOST_ROWS:,} rows were read."] if len(rows) >= MOST_ROWS else []
    return _whole(Table(path.name, columns, tuple(rows[:MOST_ROWS]), "Parquet", "", "", 0,
                        tuple(notes)))


def _names(header: list[str]) -> tuple[str, ...]:
    """Distinct names of columns; a cell without a name is called by its number."""
    names: list[str] = []
    for number, cell in enumerate(header, 1):
        name = _writable(" ".join(str(cell).split())[:60]) or f"column {number}"
        while name in names:
            name += f" ({number})"
        names.append(name)
    return tuple(names)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return _writable(value[:LONGEST_CELL])


def _writable(text: str) -> str:
    """Without halves of characters, which JSON can hold and no file can: an emoji cut in two."""
    return text.encode("utf-8", "replace").decode()


def _whole(table: Table) -> Table:
    if not table.rows:
        left_out = f"all {table.aside:,} lines were left out" if table.aside else "it has no rows"
        raise LearnerError(f"the file {table.name} holds nothing to learn from", left_out,
                           "check the delimiter, or choose another file")
    if len(table.columns) < 2:
        raise LearnerError(f"the file {table.name} has no two columns",
                           "a text and a label are needed in each row", "choose another file")
    return table


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
