"""Sweeps: which runs a figure needs, and worker processes that carry them out."""

from llmtl_helpers.sweep.gold import gold_of
from llmtl_helpers.sweep.grid import live_config, next_wave, planned_rows, trial_rows
from llmtl_helpers.sweep.studies import STUDIES, study_runs
from llmtl_helpers.sweep.workers import Event, Workers
from llmtl_helpers.training.config import RunConfig

__all__ = ["STUDIES", "Event", "RunConfig", "Workers", "gold_of", "live_config", "next_wave",
           "planned_rows", "study_runs", "trial_rows"]
