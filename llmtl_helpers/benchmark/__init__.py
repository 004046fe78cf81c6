"""The training engine beside `transformers.Trainer`: the same work, timed in one run."""
