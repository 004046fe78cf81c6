"""Interactive figures: thin shells that choose among ledger rows and call `plots`."""

from llmtl_helpers.widgets.explorer import TwinExplorer
from llmtl_helpers.widgets.forecast_game import ForecastGame
from llmtl_helpers.widgets.level_explorer import LevelExplorer

__all__ = ["ForecastGame", "LevelExplorer", "TwinExplorer"]
