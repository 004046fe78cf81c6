"""Sweeps: which runs a figure needs, and worker processes that carry them out."""

from llmtl_helpers.sweep.grid import live_config, next_wave, planned_rows, trial_rows
from llmtl_helpers.sweep.workers import Event, Workers
from llmtl_helpers.training.config import RunConfig

__all__ = ["Event", "RunConfig", "Workers", "live_config", "next_wave", "planned_rows",
           "trial_rows"]
