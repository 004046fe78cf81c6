"""Figures made from ledger rows, each with a table, a reading in words and alt text.

Only `matplotlib.figure.Figure` with an Agg canvas is used, never pyplot: widgets draw from
several threads and pyplot keeps one global state for all of them.
"""

from llmtl_helpers.plots.against_slogan import against_the_slogan
from llmtl_helpers.plots.best_of_k import expected_best_curve
from llmtl_helpers.plots.break_even import break_even_curve
from llmtl_helpers.plots.calibration import calibration_figure
from llmtl_helpers.plots.cost import cost_curve
from llmtl_helpers.plots.dial import dial_figure
from llmtl_helpers.plots.discordance import discordance_figure
from llmtl_helpers.plots.domains import domain_matrix
from llmtl_helpers.plots.every_task import every_task_figure
from llmtl_helpers.plots.fairness import fairness_figure
from llmtl_helpers.plots.fairness_board import gap_board
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.forecast import forecast_figure
from llmtl_helpers.plots.hard_mail import false_alarms
from llmtl_helpers.plots.forgetting import forgetting_figure
from llmtl_helpers.plots.ladder import ladder_figure
from llmtl_helpers.plots.languages import language_figure
from llmtl_helpers.plots.layers import layer_curve
from llmtl_helpers.plots.level import level_curve
from llmtl_helpers.plots.luck import luck_strip
from llmtl_helpers.plots.marked_text import marked_text
from llmtl_helpers.plots.minimal_pairs import minimal_pairs_figure
from llmtl_helpers.plots.paired_gap import paired_gap
from llmtl_helpers.plots.perplexity import perplexity_curve
from llmtl_helpers.plots.precision_recall import error_cost
from llmtl_helpers.plots.multiplier import multiplier_by_level, multiplier_by_size
from llmtl_helpers.plots.pretraining import pretraining_curves
from llmtl_helpers.plots.telling_words import occlusion_figure, telling_words_figure
from llmtl_helpers.plots.test_sets import drawn_test_sets
from llmtl_helpers.plots.related import related_figure
from llmtl_helpers.plots.replay import replay_figure
from llmtl_helpers.plots.training import training_curves
from llmtl_helpers.plots.transplants import transplant_figure
from llmtl_helpers.plots.twin import twin_curve
from llmtl_helpers.plots.unfreeze import unfreeze_figure
from llmtl_helpers.plots.writing import writing_curve
from llmtl_helpers.plots.writing_worth import prompt_worth

__all__ = ["TwinFigure", "against_the_slogan", "break_even_curve", "calibration_figure",
           "cost_curve", "dial_figure", "discordance_figure", "domain_matrix", "drawn_test_sets", "error_cost",
           "every_task_figure", "expected_best_curve", "fairness_figure", "false_alarms",
           "forecast_figure", "forgetting_figure", "gap_board", "ladder_figure", "language_figure",
           "layer_curve", "level_curve", "luck_strip", "marked_text", "minimal_pairs_figure",
           "multiplier_by_level", "multiplier_by_size", "occlusion_figure", "paired_gap",
           "perplexity_curve", "pretraining_curves", "prompt_worth", "related_figure",
           "replay_figure", "telling_words_figure", "training_curves", "transplant_figure",
           "twin_curve", "unfreeze_figure", "writing_curve"]
