"""What of a model is trained, and from where: choices that combine. Taught in 05.

Each function of TRAINED takes a model that would train everything and returns one that trains less.
The head is always trained. Where it starts (`fit_head`) and when the blocks join (`gradually`) are
choices of their own.
"""

from collections.abc import Callable
from threading import Event

import numpy as np

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.training.config import RunConfig

DEAD = 1e-6  # an output that varies less than this share of the usual one says nothing
SCALE = 2  # of an adapter's answer, at every rank: its learning rate is tuned anyway


def all_weights(model, config: RunConfig):
    """Every weight of body and head, or of a language model."""
    return model


def top_blocks(model, config: RunConfig):
    """The uppermost `trained_blocks` blocks; what is below stays frozen, its answers kept."""
    from llmtl_helpers.training.frozen_prefix import TopBlocks

    seed = 0 if config.init == "pretrained" else config.run_seed  # all others draw by it
    return TopBlocks(model, config.trained_blocks, prefix=f"{config.weights_recipe} {seed}")


def biases(model, config: RunConfig):
    """The biases alone (BitFit, Ben Zaken et al. 2022, section 3)."""
    model.body.requires_grad_(False)
    for name, weight in model.body.named_parameters():
        weight.requires_grad_(name.endswith("bias"))
    return model


def adapters(model, config: RunConfig):
    """Two thin matrices beside chosen layers, the layers themselves frozen (LoRA, Hu et al. 2021,
    equation 3); at the start they change nothing.

    Raises:
        LearnerError: no rank, or the body has no layers of those names.
    """
    import torch
    from peft import LoraConfig, inject_adapter_in_model
    from transformers.pytorch_utils import Conv1D

    if config.adapter_rank < 1:
        raise LearnerError("adapters of rank 0 would train nothing",
                           next="choose a rank of 1 or more, such as 8")
    targets = [name for name in config.adapter_targets.split(",") if name] or None
    settings = LoraConfig(r=config.adapter_rank, lora_alpha=SCALE * config.adapter_rank,
                          target_modules=targets,  # GPT-2 keeps its weights as (in, out)
                          fan_in_fan_out=any(isinstance(m, Conv1D) for m in model.modules()))
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they were
        torch.manual_seed(config.run_seed)
        try:
            inject_adapter_in_model(settings, model.body)
        except ValueError as error:
            raise LearnerError(f"no adapters can be added to {config.checkpoint}",
                               str(error).splitlines()[0],
                               "name layers that it has, such as query,value for a BERT") from error
    return model


TRAINED: dict[str, Callable] = {
    "all_weights": all_weights,
    "top_blocks": top_blocks,
    "biases": biases,
    "adapters": adapters,
}


def fit_head(model, config: RunConfig, task, data, stop: Event) -> bool:
    """Let the head start as a linear probe of the untouched body; False if `stop` was set.

    Linear probing, then fine-tuning (Kumar et al. 2022, section 3.4): the body is then not bent to
    suit a head that knows nothing. C is chosen on validation data, as for every probe.
    """
    import torch

    from llmtl_helpers.training.features import frozen_features
    from llmtl_helpers.training.probing import best_probe

    features = frozen_features(config, task, {name: data.rows[name]
                                              for name in ("train", "validation")}, stop)
    if features is None:
        return False
    probe = best_probe(features, data.train_labels, data.validation_labels, task.metric).probe
    weight, bias = as_layer(probe, len(task.label_names))
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(weight))
        model.head.bias.copy_(torch.from_numpy(bias))
    return True


def as_layer(probe, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Standardising and logistic regression as one linear layer: weight (classes, width), bias.

    Of two classes the regression knows one logit; the layer has half of it for one class and minus
    half for the other, so that their difference is the same. Outputs that hardly vary are left out:
    standardising blew up their rounding errors, and their weights would blow up whatever a trained
    body makes of them (all-MiniLM-L6-v2 has three such outputs of 384).
    """
    scaler, regression = probe[0], probe[-1]
    alive = scaler.scale_ > DEAD * np.median(scaler.scale_)
    weight = np.where(alive, regression.coef_, 0.0) / np.where(alive, scaler.scale_, 1.0)
    bias = regression.intercept_ - weight @ scaler.mean_
    if len(weight) == 1:
        weight, bias = (np.concatenate([-half, half]) for half in (weight / 2, bias / 2))
    if len(weight) != classes:  # a class without examples in the slice
        full = np.zeros((classes, weight.shape[1])), np.full(classes, -10.0)
        for row, label in enumerate(regression.classes_):
            full[0][label], full[1][label] = weight[row], bias[row]
        weight, bias = full
    return weight.astype(np.float32), bias.astype(np.float32)


def gradually(model, updates: int) -> Callable[[int], None]:
    """A function of the update's number that lets the blocks join the training one by one.

    First the head alone, then the uppermost block with it, and so on down to the embeddings
    (Howard & Ruder 2018, section 3.3). Each joins after the same number of updates; from half of
    the run on everything is trained.

    Raises:
        LearnerError: the body is not laid out in blocks, or parts of it are frozen for good.
    """
    layers = getattr(getattr(model.body, "encoder", None), "layer", None)
    if layers is None or not all(p.requires_grad for p in model.body.parameters()):
        raise LearnerError("blocks cannot join the training one by one here",
                           "all weights of a body with blocks are needed for that",
                           "use it with the strategy all_weights")
    parts = [*reversed(layers), model.body.embeddings]
    joined = len(parts) + 1

    def thaw(update: int) -> None:
        nonlocal joined
        wanted = min(len(parts), (update - 1) * 2 * (len(parts) + 1) // updates)
        if wanted != joined:
            joined = wanted
            for place, part in enumerate(parts):
                part.requires_grad_(place < wanted)

    return thaw
