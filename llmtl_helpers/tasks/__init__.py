"""Tasks: labelled data with its splits, metric and card. One module per task.

A task module defines `NAMES` (the names it answers to), `LESSON` (the first that uses it) and
`load(name) -> Task`. Where its texts have no labels it has a `KIND` too: "text" is to be continued,
"written" has a target to be written. Names in `TEST_ONLY` have a test set alone, for models trained
on another task. A new module in this folder is found by itself.
"""

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks.base import Card, Task
from llmtl_helpers.tasks.external import is_external, load_external
from llmtl_helpers.tasks.own import is_own, load_own

__all__ = ["Card", "Task", "load_task", "task_names"]


@lru_cache(maxsize=1)
def _modules() -> list:
    found = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return sorted((module for module in found if hasattr(module, "NAMES")),
                  key=lambda module: module.LESSON)


def task_names(kind: str = "labels") -> list[str]:
    """Names of the suite's tasks of a kind ("labels", "text", "written"), in the course's order."""
    return [name for module in _modules() for name in module.NAMES
            if getattr(module, "KIND", "labels") == kind]


@lru_cache(maxsize=8)
def load_task(name: str) -> Task:
    """Load a task with its fixed splits.

    Args:
        name: one of `task_names()`; a family's first name stands for its first member
            ("sentiment" is "sentiment/films"); `hub:org/name@revision` with a pinned
            40-digit revision, or `folder:PATH` laid out like a hub snapshot (both take
            `?text=COLUMN&label=COLUMN`); or `own:NAME`, which `own_data.keep` has made.

    Raises:
        LearnerError: the name is unknown, or the task's data has not been fetched.
    """
    if is_external(name):
        return load_external(name)
    if is_own(name):
        return load_own(name)
    for module in _modules():
        for known in (*module.NAMES, *getattr(module, "TEST_ONLY", ())):
            if name == known or name == known.partition("/")[0]:
                return module.load(known)
        if "/" in name and name.partition("/")[0] == module.NAMES[0].partition("/")[0]:
            known = ", ".join(module.NAMES)
            raise LearnerError(f"there is no task called {name!r}", next=f"choose one of {known}")
    raise LearnerError(f"there is no task called {name!r}",
                       next=f"choose one of {', '.join(task_names())}, or hub:org/name@revision")
