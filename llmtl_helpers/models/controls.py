"""Ways to start that keep a part of a checkpoint and destroy the rest. Taught in 04.

They ask what it is that transfers. Each changes the body of a checkpoint in place, by random
numbers that follow from torch's seed, and returns the names of the weights that it drew anew.
"""

import re
from collections.abc import Callable

import torch
from torch import nn

from llmtl_helpers.errors import LearnerError


@torch.no_grad()
def random_moments(body: nn.Module) -> set[str]:
    """Normal numbers with each tensor's own mean and standard deviation: the scale alone is kept.

    As the "mean var init" of Raghu et al. (2019), Transfusion, section 5.
    """
    for weights in body.parameters():
        spread = weights.std() if weights.numel() > 1 else torch.zeros(())
        weights.copy_(torch.randn_like(weights) * spread + weights.mean())
    return {name for name, _ in body.named_parameters()}


@torch.no_grad()
def shuffled_layers(body: nn.Module) -> set[str]:
    """The checkpoint's own blocks in another order, none in its place; embeddings stay.

    Raises:
        LearnerError: the body has no list of two blocks or more.
    """
    blocks = _blocks(body)
    order = torch.randperm(len(blocks))
    while (order == torch.arange(len(blocks))).any():
        order = torch.randperm(len(blocks))
    states = [{name: tensor.clone() for name, tensor in block.state_dict().items()}
              for block in blocks]
    for block, source in zip(blocks, order.tolist(), strict=True):
        # not strict: ModernBERT's lowest block lacks the norm that the others begin with
        block.load_state_dict(states[source], strict=False)
    return set()


@torch.no_grad()
def transplant(body: nn.Module, kept: str) -> set[str]:
    """Keep the named parts and draw the others as the architecture's authors do.

    Args:
        kept: "e" for the embeddings and the numbers of the blocks from 0, as in "e012".

    Raises:
        LearnerError: the body has no list of blocks, or no block of that number.
    """
    parts = {str(number): block for number, block in enumerate(_blocks(body))}
    parts["e"] = getattr(body, "embeddings", None) or body.get_input_embeddings()
    if not set(kept) <= parts.keys():
        raise LearnerError(f"the parts {kept!r} cannot be kept",
                           f"the checkpoint has {', '.join(parts)}", "choose among those")
    fresh = type(body)(body.config)
    drawn = {id(weights) for name, part in parts.items() if name not in kept
             for weights in part.parameters()}
    names = {name for name, weights in body.named_parameters() if id(weights) in drawn}
    for name in names:
        body.get_parameter(name).copy_(fresh.get_parameter(name))
    return names


def _blocks(body: nn.Module):
    places = (getattr(body, "encoder", None), "layer"), (body, "layers"), (body, "h")
    blocks = next((found for place, name in places if (found := getattr(place, name, None))), ())
    if len(blocks) < 2:
        raise LearnerError("this kind of body has no list of blocks",
                           next="choose another way to start")
    return blocks


CONTROLS: dict[str, Callable[[nn.Module], set[str]]] = {
    "random_moments": random_moments,
    "shuffled_layers": shuffled_layers,
}


def find_control(init: str) -> Callable[[nn.Module], set[str]] | None:
    """What `init` does to the body of a checkpoint, or None: "random_moments", "kept:e012", ..."""
    if found := re.fullmatch(r"kept:(e?\d*)", init):
        return lambda body: transplant(body, found[1])
    return CONTROLS.get(init)
