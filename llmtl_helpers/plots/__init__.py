"""Figures made from ledger rows, each with a table, a reading in words and alt text.

Only `matplotlib.figure.Figure` with an Agg canvas is used, never pyplot: widgets draw from
several threads and pyplot keeps one global state for all of them.
"""

from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.forecast import forecast_figure
from llmtl_helpers.plots.level import level_curve
from llmtl_helpers.plots.multiplier import multiplier_by_level, multiplier_by_size
from llmtl_helpers.plots.training import training_curves
from llmtl_helpers.plots.twin import twin_curve

__all__ = ["TwinFigure", "forecast_figure", "level_curve", "multiplier_by_level",
           "multiplier_by_size", "training_curves", "twin_curve"]
