"""Tasks from elsewhere: a hub data set with a pinned revision, or a folder laid out like one.

Only Parquet files are read, with pyarrow: no script of a data set is ever run.
"""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks.base import Task, drop_duplicates, make_task, normalised, split_rows

TEXT_COLUMNS = ("text", "sentence", "content", "review")
LABEL_COLUMNS = ("label", "labels", "class")
VALIDATION = 600
LARGEST_TEST = 5000  # a larger test set costs a laptop minutes per run and decides nothing more


def is_external(name: str) -> bool:
    return name.startswith(("hub:", "folder:"))


def load_external(name: str) -> Task:
    """Load `hub:org/name@revision` or `folder:PATH`, with `?text=COLUMN&label=COLUMN` if needed.

    Raises:
        LearnerError: nothing fetched under that name, no Parquet files, no such column,
            labels that are no class numbers or names, or no test split and too few rows.
    """
    place, _, query = name.partition("?")
    kind, _, where = place.partition(":")
    columns = {key: values[-1] for key, values in parse_qs(query).items()}
    if kind == "hub":
        from llmtl_helpers.assets import hub_snapshot

        folder = hub_snapshot(where, kind="dataset")
    else:
        folder = Path(where).expanduser()
    tables = _read_splits(folder, where)
    some = tables["train"]
    text = _column(some, columns.get("text"), TEXT_COLUMNS, where)
    label = _column(some, columns.get("label"), LABEL_COLUMNS, where)
    tables = {split: table for split, table in tables.items()
              if {text, label} <= set(table.column_names)}  # a test split may be unlabelled
    names, numbered = _label_names(tables, label, where)
    rows = {split: _rows(table, text, label, names, numbered, split)
            for split, table in tables.items()}
    splits, notes = _splits(rows)
    return make_task(name, where, splits, names, source=f"{where}, Parquet files",
                     licence="see the data set's own card", citation="see the data set's own card",
                     label_rule=f"column {label!r}", notes=notes)


def _read_splits(folder: Path, where: str) -> dict:
    import pyarrow as pa
    import pyarrow.parquet as pq

    found: dict[str, list] = {}
    for file in sorted(folder.rglob("*.parquet")):
        relative = str(file.relative_to(folder)).lower()
        match = re.search(r"train|test|valid", relative)
        if match:
            split = {"valid": "validation"}.get(match.group(), match.group())
            found.setdefault(split, []).append(file)
    if "train" not in found:
        raise LearnerError(f"{where} cannot be used as a task",
                           f"{folder} holds no Parquet file with 'train' in its name",
                           "choose a data set that is published as Parquet files")
    try:
        return {split: pa.concat_tables([pq.read_table(file) for file in files])
                for split, files in found.items()}
    except (pa.ArrowException, OSError) as error:
        raise LearnerError(f"{where} cannot be read", str(error).splitlines()[0],
                           "fetch it again") from error


def _column(table, asked: str | None, usual: tuple[str, ...], where: str) -> str:
    for name in [asked] if asked else usual:
        if name in table.column_names:
            return name
    raise LearnerError(f"{where} has no column {asked or ' or '.join(usual)!r}",
                       f"its columns are {', '.join(table.column_names)}",
                       "name the columns: ?text=COLUMN&label=COLUMN")


def _label_names(tables: dict, label: str, where: str) -> tuple[tuple[str, ...], bool]:
    """Names of the classes: from the file's own description, else the values themselves; and
    whether a number in the column is the place of a name and not a name."""
    table = tables["train"]
    described = json.loads((table.schema.metadata or {}).get(b"huggingface", b"{}"))
    feature = described.get("info", {}).get("features", {}).get(label, {})
    values = sorted({value for t in tables.values() for value in t.column(label).to_pylist()
                     if value is not None}, key=str)
    if feature.get("names"):
        return tuple(feature["names"]), True
    if not 2 <= len(values) <= 1000 or any(isinstance(value, float) for value in values):
        raise LearnerError(f"the column {label!r} of {where} cannot be used as a label",
                           f"it has {len(values)} different values", "choose another label column")
    return tuple(str(value) for value in values), False


def _rows(table, text: str, label: str, names: tuple[str, ...], numbered: bool,
          split: str) -> list[dict]:
    rows = []
    pairs = zip(table.column(text).to_pylist(), table.column(label).to_pylist(), strict=True)
    for number, (words, value) in enumerate(pairs):
        index = (value if numbered and isinstance(value, int) else
                 names.index(str(value)) if str(value) in names else -1)
        if words and 0 <= index < len(names):  # -1 marks a hidden label in published test sets
            id = f"{split}-{number}"
            rows.append({"id": id, "document": id, "text": str(words), "label": index})
    return rows


def _splits(rows: dict[str, list[dict]]) -> tuple[dict, tuple[str, ...]]:
    """Fill in the splits that are missing; a test text is never also a training text."""
    notes = []
    train, dropped = drop_duplicates(rows["train"])
    test = rows.get("test") or []
    validation = rows.get("validation") or []
    if not test and validation:
        test, validation = validation, []
        notes.append("The published validation split is the test set: no labelled test set "
                     "is published.")
    if not test:
        parts = split_rows(train, min(1000, len(train) // 3), 0)
        train, test = parts["train"], parts["test"]
        notes.append("No test split is published: one was split off the training data.")
    if len(test) > LARGEST_TEST:
        test = split_rows(test, LARGEST_TEST, 0)["test"]
        notes.append(f"A fixed random sample of {LARGEST_TEST:,} test examples is used.")
    if not validation:
        parts = split_rows(train, min(VALIDATION, len(train) // 4), 0)
        train, validation = parts["train"], parts["test"]
    tested = {normalised(row["text"]) for row in test}
    validation = [row for row in validation if normalised(row["text"]) not in tested]
    held = tested | {normalised(row["text"]) for row in validation}
    kept = [row for row in train if normalised(row["text"]) not in held]
    notes.append(f"{dropped + len(train) - len(kept):,} duplicates were removed from the "
                 "training data.")
    return {"train": kept, "validation": validation, "test": test}, tuple(notes)
