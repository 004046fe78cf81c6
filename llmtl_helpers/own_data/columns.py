"""Which columns look like texts and labels, and a name for the task. Taught in 12."""

import re
from pathlib import Path

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.own_data.reading import Table


def guess_columns(table: Table, text: str | None = None,
                  label: str | None = None) -> tuple[str, str]:
    """Columns that were named, or those that look like texts and labels.

    Raises:
        LearnerError: a named column is not there, or none looks like labels.
    """
    some = table.rows[:2000]
    lengths = {name: sum(len(row[at]) for row in some) for at, name in enumerate(table.columns)}
    if text is None:
        text = max((name for name in table.columns if name != label), key=lengths.get)
    table.column(text)
    if label is None:
        kinds = {name: len({row[at] for row in some if row[at].strip()})
                 for at, name in enumerate(table.columns) if name != text}
        kinds = {name: count for name, count in kinds.items() if count > 1}
        if not kinds:
            raise LearnerError("no column looks like labels", "each holds one value or none",
                               "name it: --label COLUMN")
        label = min(kinds, key=kinds.get)
    table.column(label)
    return text, label


def suggested_name(path) -> str:
    """The file's name as a task's name may be written."""
    return re.sub(r"[^a-z0-9]+", "-", Path(path).stem.lower()).strip("-")[:30].strip("-") or "data"
