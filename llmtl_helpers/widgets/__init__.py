"""Interactive figures: thin shells that choose among ledger rows and call `plots`."""

from llmtl_helpers.widgets.blind_game import BlindGame
from llmtl_helpers.widgets.cost_explorer import CostExplorer
from llmtl_helpers.widgets.domain_explorer import DomainExplorer
from llmtl_helpers.widgets.explorer import TwinExplorer
from llmtl_helpers.widgets.fairness_board import FairnessBoard
from llmtl_helpers.widgets.forecast_game import ForecastGame
from llmtl_helpers.widgets.level_explorer import LevelExplorer
from llmtl_helpers.widgets.message_box import MessageBox
from llmtl_helpers.widgets.pretraining_panel import PretrainingPanel
from llmtl_helpers.widgets.price_explorer import PriceExplorer
from llmtl_helpers.widgets.prompt_box import PromptBox
from llmtl_helpers.widgets.replay_explorer import ReplayExplorer
from llmtl_helpers.widgets.sample_explorer import SampleExplorer
from llmtl_helpers.widgets.test_set_explorer import TestSetExplorer
from llmtl_helpers.widgets.transplant_explorer import TransplantExplorer
from llmtl_helpers.widgets.unfreeze_explorer import UnfreezeExplorer

__all__ = ["BlindGame", "CostExplorer", "DomainExplorer", "FairnessBoard", "ForecastGame",
           "LevelExplorer", "MessageBox", "PretrainingPanel", "PriceExplorer", "PromptBox",
           "ReplayExplorer", "SampleExplorer", "TestSetExplorer", "TransplantExplorer",
           "TwinExplorer", "UnfreezeExplorer"]
