"""Linear layers by oneDNN where that is faster: the same float32 arithmetic, other kernels.

On processors with AVX-512 that are not Intel's, PyTorch's default matrix product runs 256
bits wide while oneDNN's runs 512 wide, about twice as fast. Nothing is rounded more coarsely:
results differ in the last digits only, as they do between machines.
"""

import time
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import nn
from transformers.pytorch_utils import Conv1D


def product(a, b, bias=None):
    """a (m, k) times b (n, k) transposed, plus bias (n,): shape (m, n)."""
    return torch.ops.mkldnn._linear_pointwise(a, b, bias, "none", [], "")


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return product(x, weight, bias)

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        grad_x = grad_weight = grad_bias = None
        flat = grad.reshape(-1, grad.shape[-1])  # (tokens, out)
        if ctx.needs_input_grad[0]:
            grad_x = product(flat, weight.t()).view(x.shape)
        if ctx.needs_input_grad[1]:
            rows = x.reshape(-1, x.shape[-1])  # (tokens, in)
            grad_weight = product(flat.t(), rows.t())
        if ctx.needs_input_grad[2]:
            grad_bias = flat.sum(0)
        return grad_x, grad_weight, grad_bias


def _takes(x) -> bool:
    return (x.device.type == "cpu" and x.dtype == torch.float32
            and not torch.is_autocast_enabled("cpu"))


class FastLinear(nn.Linear):
    def forward(self, x):
        if not _takes(x):
            return super().forward(x)
        return _Linear.apply(x, self.weight, self.bias)


class FastConv1D(Conv1D):
    """The linear layer of GPT-2, which keeps its weight as (in, out)."""

    def forward(self, x):
        if not _takes(x):
            return super().forward(x)
        return _Linear.apply(x, self.weight.t(), self.bias)


@lru_cache
def faster_here() -> bool:
    """Whether oneDNN beats the default by a fifth on this machine, tried for a tenth of a second."""
    x, weight = torch.randn(256, 384), torch.randn(1536, 384)
    try:
        return _seconds(lambda: product(x, weight)) < 0.8 * _seconds(lambda: F.linear(x, weight))
    except (AttributeError, NotImplementedError, RuntimeError):
        return False  # this build of torch has no such operator


def _seconds(call) -> float:
    """Least seconds of a call, of as many as fit in 50 ms."""
    call()
    best, stop = float("inf"), time.perf_counter() + 0.05
    while (began := time.perf_counter()) < stop:
        call()
        best = min(best, time.perf_counter() - began)
    return best


def use_fast_linear(model: nn.Module) -> nn.Module:
    """Switch the model's linear layers in place; weights and their names stay as they are."""
    if faster_here():
        for module in model.modules():
            if type(module) is nn.Linear and module.out_features > 8:  # tiny heads gain nothing
                module.__class__ = FastLinear
            elif type(module) is Conv1D:
                module.__class__ = FastConv1D
    return model
