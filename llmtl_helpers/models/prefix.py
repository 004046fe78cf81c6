"""Prompts that begin alike, as they do with examples in them, have their beginning read once.

A causal network's answer to a token depends on the tokens before it alone, so what it keeps of a
beginning (its keys and values) serves every text that goes on from there. Taught in 08.
"""

import copy
from collections.abc import Sequence

WORTH = 24  # tokens: a shorter beginning is read again each time


def shared_length(encoded: Sequence[Sequence[int]], leave: int = 1) -> int:
    """How many tokens all texts begin with; 0 where it is too short to be worth keeping.

    Args:
        leave: tokens at the end of the shortest text that are never counted, since something must
            be read to go on from.
    """
    if len(encoded) < 2:
        return 0
    first, last = min(encoded), max(encoded)  # in their order the two that have least in common
    most = min(map(len, encoded)) - leave
    same = next((at for at, pair in enumerate(zip(first, last)) if pair[0] != pair[1]), most)
    return same if (same := min(same, most)) >= WORTH else 0


def read_once(network, ids: Sequence[int]):
    """What the network keeps of this beginning, a `transformers` cache of one text."""
    import torch

    device = next(network.parameters()).device
    with torch.inference_mode():
        return network.base_model(input_ids=torch.tensor([list(ids)], device=device),
                                  use_cache=True).past_key_values


def for_each(kept, texts: int):
    """A copy of it for so many texts, which reading on may change."""
    kept = copy.deepcopy(kept)
    kept.batch_repeat_interleave(texts)
    return kept
