"""What a network learns from unlabelled text: a model and its loss on a batch. Taught in 03."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models.fast_loss import mean_cross_entropy

MASKED = 0.2  # share of tokens to be guessed
KEPT, REPLACED = 0.1, 0.1  # of those: left as they are, replaced by a random token
# Of the question "replaced?" beside the guesses. Clark et al. (2020) have 50; in a network this small
# that left neither learning anything within 3M tokens.
WEIGHT_OF_REPLACED = 10.0


@dataclass(frozen=True)
class Objective:
    """build: configuration -> module, from random weights.
    loss: (module, tokenizer, ids) -> mean loss in nats and the number of tokens guessed;
        ids (batch, length) int64, random numbers from torch's global generator.
    kept: module -> the model of `transformers` that is saved.
    """

    build: Callable
    loss: Callable
    kept: Callable = lambda module: module


def causal_model(config):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_config(config)


def causal_loss(model, tokenizer, ids):
    """Guess each token from those before it (Radford et al. 2018, equation 1)."""
    states = model.base_model(input_ids=ids).last_hidden_state[:, :-1]
    targets = ids[:, 1:].reshape(-1)
    head = model.get_output_embeddings()
    return mean_cross_entropy(states.reshape(len(targets), -1), head.weight, targets), len(targets)


def masked_model(config):
    from transformers import AutoModelForMaskedLM

    return AutoModelForMaskedLM.from_config(config)


def masked_loss(model, tokenizer, ids):
    """Guess hidden tokens from both sides (Devlin et al. 2019, section 3.1).

    Logits are computed at the hidden places alone: with a large vocabulary that is most of the
    work that can be saved.
    """
    shown, hidden = hide(tokenizer, ids)
    states, weight, bias = masked_states(model, shown, hidden)
    return mean_cross_entropy(states, weight, ids[hidden], bias), int(hidden.sum())


def masked_states(model, shown, hidden):
    """What guesses are made from: states (guesses, width), and the output layer's weight and bias."""
    everything = torch.ones_like(shown)
    states = model.base_model(input_ids=shown, attention_mask=everything).last_hidden_state
    if hasattr(model, "cls"):  # BERT; ModernBERT has the same two parts under other names
        transform, decoder = model.cls.predictions.transform, model.cls.predictions.decoder
    else:
        transform, decoder = model.head, model.decoder
    return transform(states[hidden]), decoder.weight, decoder.bias


def hide(tokenizer, ids):
    """What the network is shown, and where tokens were hidden; both (batch, length)."""
    hidden = places_to_guess(tokenizer, ids)
    kind = torch.rand(ids.shape, device=ids.device)
    shown = torch.where(hidden & (kind >= KEPT + REPLACED), tokenizer.mask_token_id, ids)
    other = torch.randint_like(ids, len(tokenizer))
    return torch.where(hidden & (kind < REPLACED), other, shown), hidden


def places_to_guess(tokenizer, ids):
    """A fifth of the tokens that are words, drawn anew: bool (batch, length)."""
    if tokenizer.mask_token_id is None:
        raise LearnerError("this tokenizer has no token that hides a word", "it knows no mask token",
                           "choose another architecture, or the objective causal")
    special = torch.tensor(tokenizer.all_special_ids, device=ids.device)
    draw = torch.rand(ids.shape, device=ids.device)
    return (draw < MASKED) & ~torch.isin(ids, special)


class Replaced(nn.Module):
    """A small network guesses hidden tokens; a second one says which are not the author's.

    As ELECTRA (Clark et al. 2020, section 2), with the blocks of the architecture at hand: the
    small network has half as many, and the word vectors are shared.
    """

    def __init__(self, config):
        from transformers import AutoModelForTokenClassification

        super().__init__()
        asked, small = deepcopy(config), deepcopy(config)
        asked.num_labels = 1
        small.num_hidden_layers = max(1, config.num_hidden_layers // 2)
        self.discriminator = AutoModelForTokenClassification.from_config(asked)
        self.generator = masked_model(small)
        self.generator.set_input_embeddings(self.discriminator.get_input_embeddings())
        self.generator.tie_weights()

    @property
    def config(self):
        return self.discriminator.config


def replaced_loss(model, tokenizer, ids):
    """Tell replaced tokens from the author's, at every place (Clark et al. 2020, equation 2)."""
    hidden = places_to_guess(tokenizer, ids)
    shown = torch.where(hidden, tokenizer.mask_token_id, ids)
    states, weight, bias = masked_states(model.generator, shown, hidden)
    guesses = mean_cross_entropy(states, weight, ids[hidden], bias)
    with torch.no_grad():
        logits = F.linear(states, weight, bias)
        filled = ids.clone()
        filled[hidden] = torch.multinomial(logits.softmax(-1), 1).squeeze(1)
    replaced = (filled != ids).to(states.dtype)
    doubts = model.discriminator(
        input_ids=filled, attention_mask=torch.ones_like(ids)).logits.squeeze(-1)
    question = F.binary_cross_entropy_with_logits(doubts, replaced)
    return guesses + WEIGHT_OF_REPLACED * question, int(hidden.sum())


OBJECTIVES: dict[str, Objective] = {
    "causal": Objective(causal_model, causal_loss),
    "masked": Objective(masked_model, masked_loss),
    # the body alone: its one answer, replaced or not, is of no use later
    "replaced": Objective(Replaced, replaced_loss,
                          kept=lambda module: module.discriminator.base_model),
}
