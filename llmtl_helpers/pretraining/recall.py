"""What a tuned body still guesses of the text that it was pre-trained on. Taught in 07."""

from functools import lru_cache

from llmtl_helpers.errors import LearnerError


def masked_loss_of(model, checkpoint: str) -> float:
    """Masked-LM loss on held-out general text, in nats per hidden token, of a tuned body.

    The body takes the place of the checkpoint's own under the checkpoint's output layers. Words and
    hidden places are the same for every body, so two losses differ by the bodies alone. The word
    vectors are part of the body, and the output layer uses them too: both are the tuned ones.

    Args:
        model: a classifier with a `body`, as `build` returns it, tuned or not. It is not changed.
        checkpoint: the masked language model that it started from, pre-trained by the suite.
    Raises:
        LearnerError: the checkpoint is not here, was not pre-trained by the suite as a masked
            language model, or has no text held out; or the body is of another architecture.

    Source of the loss: Devlin et al. (2019), section 3.1. Taught in 07.
    """
    import torch
    from transformers import AutoModelForMaskedLM

    from llmtl_helpers.models import load_config, load_tokenizer
    from llmtl_helpers.models.checkpoints import load_network
    from llmtl_helpers.pretraining.engine import held_out_loss
    from llmtl_helpers.pretraining.objectives import OBJECTIVES

    stream = _stream(checkpoint)
    network, _ = load_network(AutoModelForMaskedLM, checkpoint, load_config(checkpoint))
    try:
        network.base_model.load_state_dict(model.body.state_dict())
    except RuntimeError as error:
        raise LearnerError(f"this body does not fit into {checkpoint}",
                           "its weights have other names or shapes",
                           f"tune a model that was built from {checkpoint}") from error
    return held_out_loss(OBJECTIVES["masked"], network, load_tokenizer(checkpoint), stream,
                         torch.device("cpu"))


@lru_cache(maxsize=2)
def _stream(checkpoint: str):
    """The text that the checkpoint never read in its pre-training, cut into sequences."""
    from llmtl_helpers.corpora import load_corpus
    from llmtl_helpers.models import load_tokenizer
    from llmtl_helpers.models.checkpoints import weight_files
    from llmtl_helpers.pretraining.card import read_card
    from llmtl_helpers.pretraining.stream import Stream
    from llmtl_helpers.recipes import Recipe

    weight_files(checkpoint)  # refuses, in a sentence, what is not here
    recipe = read_card(checkpoint).get("recipe")
    if not recipe or recipe["objective"] != "masked":
        raise LearnerError(f"{checkpoint} cannot guess hidden words",
                           "it was not pre-trained here as a masked language model, and the public "
                           "encoder's file has no such output layer",
                           "use a checkpoint such as masked-30M")
    stream = Stream(Recipe(**recipe), load_corpus(recipe["corpus"]).documents,
                    load_tokenizer(checkpoint))
    if not len(stream.held_out):
        raise LearnerError(f"no text is held out for {checkpoint}", "its corpus is too small",
                           "use a checkpoint that was pre-trained on more text")
    return stream
