"""Models: a body, from a checkpoint or from random weights, and a new head."""

from llmtl_helpers.models.checkpoints import load_config, load_tokenizer, weights_recipe


def __getattr__(name: str):  # the classifier needs torch, which is slow to load
    if name in ("Report", "TextClassifier", "build", "hash_weights"):
        from llmtl_helpers.models import classifier

        return getattr(classifier, name)
    if name == "build_language_model":
        from llmtl_helpers.models.language_model import build_language_model

        return build_language_model
    raise AttributeError(name)


__all__ = ["Report", "TextClassifier", "build", "build_language_model", "hash_weights",
           "load_config", "load_tokenizer", "weights_recipe"]
