"""A learner's own table of texts and labels: read, checked, kept as a task, advised on."""

from llmtl_helpers.own_data.advice import advise
from llmtl_helpers.own_data.checks import Finding, examine
from llmtl_helpers.own_data.columns import guess_columns
from llmtl_helpers.own_data.keep import keep
from llmtl_helpers.own_data.reading import Table, read_table

__all__ = ["Finding", "OwnData", "Table", "advise", "examine", "guess_columns", "keep", "read_table"]


def __getattr__(name: str):  # widgets are slow to load, and the command line needs none
    if name == "OwnData":
        from llmtl_helpers.own_data.panel import OwnData

        return OwnData
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
