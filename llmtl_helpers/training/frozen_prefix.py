"""Train the uppermost blocks on what the frozen blocks below say: each text goes through once.

A frozen block gives the same answer for a text in every epoch, seed and size, so long as its
dropout is off, as it is here. So its answer is computed once and kept: an update then costs the
trained blocks alone. With dropout left on below, as plain freezing leaves it, the answers would
differ from update to update and nothing could be kept.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models.classifier import Classifier
from llmtl_helpers.models.precision import rounded_if_asked
from llmtl_helpers.training.batches import by_length, pad

KEPT = 512 * 2**20  # bytes of activations that stay in memory between the runs of a process
_kept: OrderedDict[tuple, torch.Tensor] = OrderedDict()  # (prefix, text, length) -> (tokens, width)


class TopBlocks(Classifier):
    """A classifier whose embeddings and lower blocks are frozen, their answers kept.

    To the training loop it looks like any classifier. Its "token numbers" are rows of a table
    that holds the frozen blocks' answer for every token of every text, instead of words.

    Args:
        model: a `TextClassifier` whose body is laid out as BERT's.
        blocks: how many of its blocks are trained, from the top; with 0 the head alone is.
        prefix: what names the frozen weights; the answers of equal names are shared.

    Raises:
        LearnerError: the body has no such blocks, or not as many.
    """

    def __init__(self, model, blocks: int, prefix: str):
        super().__init__()
        layers = getattr(getattr(model.body, "encoder", None), "layer", None)
        if layers is None or not 0 <= blocks <= len(layers):
            there = "this kind of body" if layers is None else f"a body of {len(layers)} blocks"
            raise LearnerError(f"{blocks} blocks cannot be trained from the top of {there}",
                               next="choose between 0 and its number of blocks, or train all weights")
        self.body, self.head, self.dropout = model.body, model.head, model.dropout
        self.tokenizer, self.frozen = model.tokenizer, len(layers) - blocks
        self.prefix = (prefix, self.frozen)
        self.prefix_flops = 0.0  # spent on texts that were not kept yet
        self.body.requires_grad_(False)
        layers[self.frozen:].requires_grad_(True)
        self.register_buffer("table", torch.empty(0, model.body.config.hidden_size),
                             persistent=False)

    def encode(self, texts: Sequence[str], max_length: int) -> list[list[int]]:
        """Rows of the table that hold each text, cut to `max_length` tokens."""
        rows, parts, start = [], [], len(self.table)
        for answer in self._answers(list(texts), max_length):
            rows.append(list(range(start, start + len(answer))))
            parts.append(answer)
            start += len(answer)
        self.table = torch.cat([self.table, *(part.to(self.table.device) for part in parts)])
        return rows

    def pool(self, rows, attention_mask):
        """Mean over the real tokens of rows of the table: (batch, tokens) -> (batch, width)."""
        hidden = _through(self.body.encoder.layer[self.frozen:], self.table[rows], attention_mask)
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)  # (batch, tokens, 1)
        return (hidden * mask).sum(1) / mask.sum(1)

    def forward(self, rows, attention_mask):
        """Rows of the table and mask, both (batch, tokens) -> logits (batch, labels)."""
        return self.head(self.dropout(self.pool(rows, attention_mask)))

    @torch.no_grad()
    def _answers(self, texts: list[str], max_length: int) -> list[torch.Tensor]:
        """What the frozen blocks say of each text, (tokens, width) each; kept ones are re-used."""
        found = {text: _kept[key] for text in texts
                 if (key := (self.prefix, text, max_length)) in _kept}
        new = list(dict.fromkeys(text for text in texts if text not in found))
        encoded = (self.tokenizer(new, truncation=True, max_length=max_length)["input_ids"]
                   if new else [])
        below = self.body.encoder.layer[:self.frozen]
        weights = sum(p.numel() for p in below.parameters())
        was_training = self.training
        self.eval()
        for rows in by_length([len(tokens) for tokens in encoded]):
            ids, mask = pad(encoded, rows, self.tokenizer.pad_token_id)
            ids, mask = ids.to(self.table.device), mask.to(self.table.device)
            hidden = _through(below, self.body.embeddings(input_ids=ids), mask)
            for row, answer in zip(rows, hidden, strict=True):
                found[new[row]] = answer[:len(encoded[row])].cpu().clone()
                self.prefix_flops += 2.0 * weights * len(encoded[row])
        self.train(was_training)
        _keep({(self.prefix, text, max_length): found[text] for text in texts})
        return [found[text] for text in texts]


@rounded_if_asked
def _through(layers, hidden, mask):
    """Hidden states (batch, tokens, width) after the layers; masked tokens are not looked at."""
    unseen = (1.0 - mask[:, None, None, :].to(hidden.dtype)) * torch.finfo(hidden.dtype).min
    for layer in layers:
        hidden = layer(hidden, attention_mask=unseen)
        hidden = hidden[0] if isinstance(hidden, tuple) else hidden
    return hidden


def _keep(answers: dict[tuple, torch.Tensor]) -> None:
    """Remember answers; the ones unused for longest go when there are more than `KEPT` bytes."""
    for key, answer in answers.items():
        _kept[key] = answer
        _kept.move_to_end(key)
    size = sum(answer.nbytes for answer in _kept.values())
    while size > KEPT:
        _, answer = _kept.popitem(last=False)
        size -= answer.nbytes
