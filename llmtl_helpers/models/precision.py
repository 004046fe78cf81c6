"""Matrix products in 16 bits, where they are asked for. What it changes is in BENCHMARKS.md.

`LLMTL_MATMUL=bfloat16` runs networks under `torch.autocast`: factors and results of matrix
products keep 8 bits instead of 24. Weights, their gradients' sums, losses and the optimizer stay
in float32 ("mixed precision": Micikevicius et al. 2018, arXiv:1710.03740). That is about half as
fast again where the processor has instructions for it, and slower where it has none; so nobody
gets it unasked. The row of a run says it.
"""

import os
from collections.abc import Callable
from functools import lru_cache, wraps

from llmtl_helpers.errors import LearnerError

ROUNDED = "bfloat16"


@lru_cache
def rounded() -> bool:
    """Whether this process multiplies in 16 bits.

    Raises:
        LearnerError: LLMTL_MATMUL asks for what is not known here, or slower.
    """
    asked = os.environ.get("LLMTL_MATMUL", "")
    if asked not in ("", ROUNDED):
        raise LearnerError(f"LLMTL_MATMUL is {asked!r}, and no such kind of product is known",
                           next=f"set it to {ROUNDED}, or leave it out")
    if asked and not has_instructions():
        raise LearnerError(f"LLMTL_MATMUL asks for {ROUNDED}",
                           "this processor has no instructions for it, so it would be slower",
                           "leave the variable out")
    return bool(asked)


def has_instructions() -> bool:
    import torch

    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def rounded_if_asked(function: Callable) -> Callable:
    """Decorates what sends a batch through a network."""
    @wraps(function)
    def wrapper(*arguments, **named):
        import torch

        with torch.autocast("cpu", torch.bfloat16, enabled=rounded()):
            return function(*arguments, **named)
    return wrapper
