"""Train only the word vectors that the training slice uses: the same result, much sooner.

A word vector whose word does not occur in a batch has a zero gradient. Adam without weight
decay leaves a vector that has never had a gradient where it was. So a table of the words that
occur in the training slice, trained alone, ends exactly where the whole table would have ended,
and the optimizer need not walk over 11.7 million weights to move the few thousand in use.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn


class ActiveRows(nn.Module):
    """Stands in for an embedding table while it is trained.

    In training mode it looks up `rows`, the trainable copy of the active vectors; in
    evaluation mode the whole table, brought up to date first, so that words which occur
    only in the test set keep their initial vectors.
    """

    def __init__(self, table: nn.Embedding, encoded: Sequence[list[int]]):
        super().__init__()
        self.table = table.requires_grad_(False)
        active = sorted({token for tokens in encoded for token in tokens})
        slot = torch.zeros(table.num_embeddings, dtype=torch.long)
        slot[active] = torch.arange(len(active))
        self.register_buffer("active", torch.tensor(active), persistent=False)
        self.register_buffer("slot", slot, persistent=False)
        self.rows = nn.Parameter(table.weight[active].detach().clone())

    def forward(self, ids):
        """Token numbers (batch, tokens) -> vectors (batch, tokens, width)."""
        if self.training:
            return F.embedding(self.slot[ids], self.rows)
        return self.table(ids)

    def train(self, mode: bool = True):
        if not mode:
            self.write_back()
        return super().train(mode)

    @torch.no_grad()
    def write_back(self) -> None:
        self.table.weight[self.active] = self.rows


class active_rows:
    """Context manager: within it, `body` trains only the word vectors of `encoded`.

    Padding must occur in `encoded` or have a slot of its own; it shares slot 0 otherwise, which
    the attention mask hides from everything that is learned.
    """

    def __init__(self, body: nn.Module, encoded: Sequence[list[int]]):
        self.body, self.encoded = body, encoded

    def __enter__(self) -> None:
        self.table = self.body.get_input_embeddings()
        self.trainable = self.table.weight.requires_grad
        if self.trainable:
            self.body.set_input_embeddings(ActiveRows(self.table, self.encoded))

    def __exit__(self, *_) -> None:
        if self.trainable:
            self.body.get_input_embeddings().write_back()
            self.body.set_input_embeddings(self.table.requires_grad_(True))
