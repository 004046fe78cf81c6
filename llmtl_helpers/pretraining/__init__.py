"""Pre-training in front of the learner: corpus -> stream of batches -> checkpoint folder."""

from llmtl_helpers.pretraining.card import read_card

__all__ = ["read_card"]
