"""Tasks that a learner made of a table; `own_data` checks and keeps the rows. Taught in 12."""

import json
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks.base import Task, make_task, split_rows

PREFIX = "own:"
MOST = {"test": 1200, "validation": 600}
SHARE = {"test": 0.3, "validation": 0.15}


def is_own(name: str) -> bool:
    return name.startswith(PREFIX)


def file_of(name: str) -> Path:
    return paths.home() / "data" / f"{name.removeprefix(PREFIX)}.json"


def own_names() -> list[str]:
    """Names of the learner's own tasks."""
    return sorted(f"{PREFIX}{file.stem}" for file in (paths.home() / "data").glob("*.json"))


def load_own(name: str) -> Task:
    """Load a task that `own_data.keep` has written; a third of a small table is its test set.

    Raises:
        LearnerError: there is no such task, or its file is damaged.
    """
    file = file_of(name)
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
        rows = [{"id": f"own-{place}", "document": f"own-{place}", "text": text, "label": label}
                for place, (text, label) in enumerate(body["rows"])]
        labels, source = tuple(body["labels"]), str(body["source"])
    except FileNotFoundError:
        known = own_names()
        raise LearnerError(f"there is no task called {name!r}", next="choose one of "
                           f"{', '.join(known)}" if known else
                           "make one: `python3 start.py own FILE`") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LearnerError(f"the file of {name} is damaged", f"{file}: {error}",
                           "make the task again: `python3 start.py own FILE`") from None
    wanted = {split: min(MOST[split], round(SHARE[split] * len(rows))) for split in MOST}
    return make_task(name, f"Your own data: {name.removeprefix(PREFIX)}", split_rows(rows, **wanted),
                     labels, source=source, licence="yours to know", citation="your own data",
                     label_rule="as your table has it",
                     notes=("Equal and nearly equal texts were left out before the split.",))
