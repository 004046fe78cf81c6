"""Curves over the number of labels: summaries, multipliers, advantages, forecasts, chance.

Pure functions. What cannot be known from the runs at hand is None, with the reason in a
sentence beside it (`undefined`, `refused`); input that makes no sense is a ValueError.
"""

from llmtl_helpers.curves.advantage import DataAdvantage, data_advantage
from llmtl_helpers.curves.chance import (McNemar, PairedDifference, expected_best, mcnemar,
                                         paired_bootstrap, wilson_interval)
from llmtl_helpers.curves.domains import (Scored, home_and_away, paired_difference,
                                           scores_by_test, sign_of)
from llmtl_helpers.curves.forecast import Forecast, forecast
from llmtl_helpers.curves.gap import GapShare, gap_share
from llmtl_helpers.curves.multiplier import (Multiplier, data_multiplier, multiplier_levels,
                                             multiplier_sizes)
from llmtl_helpers.curves.perplexity import as_perplexity, summarise_perplexity
from llmtl_helpers.curves.power_law import PowerLaw, fit_power_law
from llmtl_helpers.curves.reach import MeanCurve, reach, reach_range
from llmtl_helpers.curves.rows import run_table, scores_by_size
from llmtl_helpers.curves.summary import (Summary, check_comparable, curve_runs, in_band,
                                          intervals_apart, mean_interval, prediction_band,
                                          score_of, summarise, summarise_scores)
from llmtl_helpers.curves.transfer import (DataTransferred, TransferLaw,
                                           effective_data_transferred, fit_transfer_power_law)

__all__ = [
    "DataAdvantage", "DataTransferred", "Forecast", "GapShare", "McNemar", "MeanCurve",
    "Multiplier", "PairedDifference", "PowerLaw", "Scored", "Summary", "TransferLaw",
    "as_perplexity", "check_comparable", "curve_runs", "data_advantage", "data_multiplier",
    "effective_data_transferred", "expected_best", "fit_power_law", "fit_transfer_power_law",
    "forecast", "gap_share", "home_and_away", "in_band", "intervals_apart", "mcnemar",
    "mean_interval", "multiplier_levels", "multiplier_sizes", "paired_bootstrap",
    "paired_difference", "prediction_band", "reach", "reach_range", "run_table", "score_of",
    "scores_by_size", "scores_by_test", "sign_of", "summarise", "summarise_perplexity",
    "summarise_scores", "wilson_interval",
]
