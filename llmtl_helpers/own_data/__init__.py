"""A learner's own table of texts and labels: read, checked, kept as a task, advised on."""

from llmtl_helpers.own_data.checks import Finding, examine
from llmtl_helpers.own_data.keep import keep
from llmtl_helpers.own_data.reading import Table, read_table

__all__ = ["Finding", "Table", "examine", "keep", "read_table"]
