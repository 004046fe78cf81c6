"""The cross-entropy of a language model without its logits in memory. Taught in 03.

Each token has as many logits as the vocabulary has entries. The obvious way writes them to memory
four times: logits, log-probabilities, their gradient, the gradient of the logits. Here a slice of
the tokens goes through all four while it is in the processor's cache, and only the two gradients
that the network needs are kept.
"""

import torch
import torch.nn.functional as F

from llmtl_helpers.models.fast_linear import faster_here, product

SLICE = 128  # tokens


class _MeanCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, states, weight, bias, targets):
        count = len(targets)
        grad_states = torch.empty_like(states)
        # where the word vectors are frozen nobody asks for their gradient
        grad_weight = torch.zeros_like(weight).t() if weight.requires_grad else None
        grad_bias = None if bias is None else torch.zeros_like(bias)
        total = torch.zeros(())
        for start in range(0, count, SLICE):
            some, wanted = states[start:start + SLICE], targets[start:start + SLICE]
            shares = torch.softmax(product(some, weight, bias), 1)  # (tokens, vocabulary)
            rows = torch.arange(len(wanted))
            right = shares[rows, wanted]
            total -= right.clamp_min(torch.finfo(right.dtype).tiny).log().sum()
            shares[rows, wanted] = right - 1  # now the gradient of the logits
            grad_states[start:start + SLICE] = product(shares, weight.t())
            if grad_weight is not None:
                grad_weight += product(some.t(), shares.t())
            if grad_bias is not None:
                grad_bias += shares.sum(0)
        ctx.save_for_backward(grad_states / count,
                              None if grad_weight is None else grad_weight.t() / count,
                              None if grad_bias is None else grad_bias / count)
        return total / count

    @staticmethod
    def backward(ctx, grad):
        return *(None if kept is None else kept * grad for kept in ctx.saved_tensors), None


def mean_cross_entropy(states, weight, targets, bias=None):
    """Mean of -log p(target), in nats.

    Args:
        states: (tokens, width), what the last block says.
        weight, bias: of the layer that makes logits, (vocabulary, width) and (vocabulary,).
        targets: (tokens,) int64.
    """
    fast = (states.device.type == "cpu" and states.dtype == torch.float32 and len(targets)
            and torch.is_grad_enabled() and faster_here() and not torch.is_autocast_enabled("cpu"))
    if fast:
        return _MeanCrossEntropy.apply(states.contiguous(), weight, bias, targets)
    return F.cross_entropy(F.linear(states, weight, bias).float(), targets)
