"""Interactive figures: thin shells that choose among ledger rows and call `plots`."""

from llmtl_helpers.widgets.explorer import TwinExplorer

__all__ = ["TwinExplorer"]
