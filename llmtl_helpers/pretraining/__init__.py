"""Pre-training in front of the learner: corpus -> stream of batches -> checkpoint folder."""
