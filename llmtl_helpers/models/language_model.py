"""The language model of every comparison of perplexity: a causal network. Taught in 03."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models.checkpoints import load_config, load_network, load_tokenizer
from llmtl_helpers.models.fast_linear import use_fast_linear
from llmtl_helpers.models.fast_loss import mean_cross_entropy


class LanguageModel(nn.Module):
    """A causal language model. Each token but the first of a text is a target.

    To the training loop it looks as a classifier does; its outputs are two numbers a text.
    """

    tied = True  # the word vectors make the logits too, so every word's vector is trained
    outputs = 2

    def __init__(self, network: nn.Module, tokenizer):
        super().__init__()
        self.network, self.tokenizer = network, tokenizer

    @property
    def body(self) -> nn.Module:
        return self.network.base_model

    def encode(self, texts: Sequence[str], max_length: int) -> list[list[int]]:
        """Token numbers of each text, cut to `max_length`, not padded."""
        return self.tokenizer(list(texts), truncation=True, max_length=max_length)["input_ids"]

    def forward(self, ids, mask):
        """Token numbers and mask, both (batch, tokens) -> (batch, 2).

        The sum of log p(target) over the targets of a text, in nats, and their number.
        """
        logits = self.network.get_output_embeddings()(self._states(ids, mask))
        losses = F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
        real = mask[:, 1:].to(losses.dtype)  # (batch, tokens - 1)
        return torch.stack([-(losses * real).sum(1), real.sum(1)], 1)

    def loss(self, ids, mask, _):
        """Mean of -log p(target) over all targets of the batch, in nats."""
        states, real = self._states(ids, mask), mask[:, 1:].bool()
        weight = self.network.get_output_embeddings().weight
        return mean_cross_entropy(states[real], weight, ids[:, 1:][real])

    def loss_of(self, outputs, _) -> float:
        return float(-outputs[:, 0].sum() / outputs[:, 1].sum())

    def decide(self, outputs):
        """What a metric is told: the outputs themselves, float64 (texts, 2)."""
        return outputs.double().numpy()

    def _states(self, ids, mask):
        return self.body(input_ids=ids, attention_mask=mask).last_hidden_state[:, :-1]


def build_language_model(checkpoint: str, init: str = "pretrained", seed: int = 0) -> LanguageModel:
    """Build a causal language model from a checkpoint or from random weights.

    Args:
        checkpoint: see `models.checkpoints`; only safetensors, never remote code.
        init: "pretrained", or "random" for weights as the architecture's authors draw them.

    Raises:
        LearnerError: unknown checkpoint or init, no safetensors file, a network that looks at
            both sides, or a file that lacks weights of a language model.
    """
    from transformers import AutoModelForCausalLM
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    if init not in ("pretrained", "random"):
        raise LearnerError(f"there is no way to start a language model called {init!r}",
                           next="use pretrained or random")
    config = load_config(checkpoint)
    if (config.model_type not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
            or config.model_type in ("bert", "electra", "roberta") and not config.is_decoder):
        raise LearnerError(f"{checkpoint!r} cannot be used as a language model",
                           "its network sees the very word that it would have to guess",
                           "choose a causal checkpoint, such as those of the GPT family")
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they were
        torch.manual_seed(seed)
        if init == "random":
            network = AutoModelForCausalLM.from_config(config)
        else:
            network, info = load_network(AutoModelForCausalLM, checkpoint, config)
            if info["missing_keys"]:
                raise LearnerError(f"{checkpoint!r} is no whole language model",
                                   f"its file lacks {', '.join(sorted(info['missing_keys'])[:3])}",
                                   "choose another checkpoint")
    return LanguageModel(use_fast_linear(network), load_tokenizer(checkpoint))
