"""What a network learns from unlabelled text: a model and its loss on a batch. Taught in 03."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from llmtl_helpers.errors import LearnerError

MASKED = 0.2  # share of tokens to be guessed
KEPT, REPLACED = 0.1, 0.1  # of those: left as they are, replaced by a random token


@dataclass(frozen=True)
class Objective:
    """build: configuration -> model of `transformers`, from random weights.
    loss: (model, tokenizer, ids) -> mean loss in nats and the number of tokens guessed;
        ids (batch, length) int64, random numbers from torch's global generator.
    """

    build: Callable
    loss: Callable


def masked_model(config):
    from transformers import AutoModelForMaskedLM

    return AutoModelForMaskedLM.from_config(config)


def masked_loss(model, tokenizer, ids):
    """Guess hidden tokens from both sides (Devlin et al. 2019, section 3.1).

    Logits are computed at the hidden places alone: with a large vocabulary that is most of the
    work that can be saved.
    """
    if tokenizer.mask_token_id is None:
        raise LearnerError("this tokenizer has no token that hides a word", "it knows no [MASK]",
                           "choose another architecture, or the objective causal")
    special = torch.tensor(tokenizer.all_special_ids, device=ids.device)
    draw = torch.rand(ids.shape, device=ids.device)
    hidden = (draw < MASKED) & ~torch.isin(ids, special)
    kind = torch.rand(ids.shape, device=ids.device)
    shown = torch.where(hidden & (kind >= KEPT + REPLACED), tokenizer.mask_token_id, ids)
    other = torch.randint_like(ids, len(tokenizer))
    shown = torch.where(hidden & (kind < REPLACED), other, shown)
    states = model.base_model(input_ids=shown, attention_mask=torch.ones_like(ids)).last_hidden_state
    logits = model.cls(states[hidden])  # (guessed, vocabulary)
    return F.cross_entropy(logits, ids[hidden]), int(logits.shape[0])


OBJECTIVES: dict[str, Objective] = {
    "masked": Objective(masked_model, masked_loss),
}
