"""Helpers of a notebook course on transfer learning in language models.

Importing this package is quick: torch, transformers and matplotlib are loaded by the
first function that needs them.
"""

from importlib import import_module

from llmtl_helpers.paths import keep_inside_home

__version__ = "0.1.0"

keep_inside_home()  # must come before any library that reads these variables is imported

# public name: module that defines it
_PUBLIC = {
    "ARMS": "arms",
    "ENCODER": "arms",
    "ENCODER_LADDER": "arms",
    "SMALL_LADDER": "arms",
    "SMALL": "arms",
    "LearnerError": "errors",
    "get_profile": "profiles",
    "load_task": "tasks",
    "task_names": "tasks",
    "build": "models",
    "hash_weights": "models",
    "train": "training",
    "evaluate": "training",
    "RunConfig": "sweep",
    "Workers": "sweep",
    "live_config": "sweep",
    "Ledger": "ledger",
    "summarise": "curves",
    "in_band": "curves",
    "data_multiplier": "curves",
    "data_advantage": "curves",
    "forecast": "curves",
    "expected_best": "curves",
    "pretraining_bill": "cost",
    "cost_to_reach": "cost",
    "twin_curve": "plots",
    "training_curves": "plots",
    "level_curve": "plots",
    "multiplier_by_level": "plots",
    "multiplier_by_size": "plots",
    "forecast_figure": "plots",
    "cost_curve": "plots",
    "break_even_curve": "plots",
    "ladder_figure": "plots",
    "layer_curve": "plots",
    "transplant_figure": "plots",
    "unfreeze_figure": "plots",
    "domain_matrix": "plots",
    "every_task_figure": "plots",
    "forgetting_figure": "plots",
    "related_figure": "plots",
    "replay_figure": "plots",
    "against_the_slogan": "plots",
    "paired_gap": "plots",
    "drawn_test_sets": "plots",
    "error_cost": "plots",
    "false_alarms": "plots",
    "luck_strip": "plots",
    "perplexity_curve": "plots",
    "dial_figure": "plots",
    "pretraining_curves": "plots",
    "read_card": "pretraining",
    "expected_best_curve": "plots",
    "fairness_figure": "plots",
    "gap_board": "plots",
    "writing_curve": "plots",
    "prompt_worth": "plots",
    "language_figure": "plots",
    "minimal_pairs_figure": "plots",
    "calibration_figure": "plots",
    "first_guesses": "journal",
    "TransplantExplorer": "widgets",
    "UnfreezeExplorer": "widgets",
    "ReplayExplorer": "widgets",
    "MessageBox": "widgets",
    "PriceExplorer": "widgets",
    "TestSetExplorer": "widgets",
    "DomainExplorer": "widgets",
    "TwinExplorer": "widgets",
    "LevelExplorer": "widgets",
    "ForecastGame": "widgets",
    "CostExplorer": "widgets",
    "FairnessBoard": "widgets",
    "PretrainingPanel": "widgets",
    "SampleExplorer": "widgets",
    "BlindGame": "widgets",
    "PromptBox": "widgets",
}
__all__ = list(_PUBLIC)


def __getattr__(name: str):
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
