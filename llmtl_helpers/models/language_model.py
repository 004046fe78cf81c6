"""The language model of every comparison of perplexity and of written answers: a causal network.

Taught in 03 and 08.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models.checkpoints import load_config, load_network, load_tokenizer
from llmtl_helpers.models.fast_linear import use_fast_linear
from llmtl_helpers.models.fast_loss import mean_cross_entropy
from llmtl_helpers.models.precision import rounded_if_asked
from llmtl_helpers.models.prefix import WORTH, read_once, shared_length


TARGET = 2  # in a mask: a token that is to be guessed. 1: one that is only read. 0: padding.


class Tokens(list):
    """Token numbers of a text, of which the first `given` are read and the others guessed."""

    def __init__(self, ids, given: int = 1):
        super().__init__(ids)
        self.given = given


class LanguageModel(nn.Module):
    """A causal language model. The targets are all tokens of a text but the first, or, where a
    prompt goes before it, all tokens of the text and the one that ends it.

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

    def encode(self, texts: Sequence[str | tuple[str, str]], max_length: int) -> list[Tokens]:
        """Token numbers of each text, cut to `max_length`, not padded.

        Args:
            texts: texts, or pairs of a prompt and the text that follows it. Of a pair that is too
                long the beginning of the prompt is cut, since the question stands at its end.
        """
        if texts and isinstance(texts[0], tuple):
            return self._encode_pairs(texts, max_length)
        return [Tokens(ids) for ids in self.tokenizer(
            list(texts), truncation=True, max_length=max_length)["input_ids"]]

    def _encode_pairs(self, pairs: Sequence[tuple[str, str]], max_length: int) -> list[Tokens]:
        def plain(texts):
            return self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]

        ends, found = [self.tokenizer.eos_token_id], []
        for prompt, target in zip(plain(p for p, _ in pairs), plain(t for _, t in pairs)):
            target = [*target, *ends][:max_length - 1]
            given = prompt[-(max_length - len(target)):] or ends  # something must go before it
            found.append(Tokens([*given, *target], len(given)))
        return found

    def counted(self, mask) -> int:
        """How many targets `loss` is the mean over."""
        return int((mask == TARGET).sum())

    def forward(self, ids, mask, kept=None):
        """Token numbers and mask, both (batch, tokens) -> (batch, 2).

        The sum of log p(target) over the targets of a text, in nats, and their number. Logits are
        made where there is a target and nowhere else. Their factors are never rounded: a hundredth
        of a nat, which rounding costs, shows in a perplexity.

        Args:
            kept: what the network keeps of a beginning that was read before, see `models.prefix`.
        """
        real = mask[:, 1:] == TARGET  # (batch, tokens - 1)
        logits = self.network.get_output_embeddings()(self._states(ids, kept)[real])
        losses = F.cross_entropy(logits, ids[:, 1:][real], reduction="none")
        sums = losses.new_zeros(len(ids)).index_add(0, real.nonzero()[:, 0], losses)
        return torch.stack([-sums, real.sum(1).to(sums.dtype)], 1)

    def begin(self, encoded: Sequence[Tokens]) -> tuple:
        """What the network keeps of the tokens that all texts begin with, and what is left of each;
        None and the texts themselves where that is not worth it."""
        # the token before the first target is read with it: what it says is needed
        shared = min(shared_length(encoded), min(tokens.given for tokens in encoded) - 1)
        if shared < WORTH:
            return None, encoded
        rest = [Tokens(tokens[shared:], tokens.given - shared) for tokens in encoded]
        return read_once(self.network, encoded[0][:shared]), rest

    @rounded_if_asked
    def loss(self, ids, mask, _):
        """Mean of -log p(target) over all targets of the batch, in nats."""
        real = mask[:, 1:] == TARGET
        weight = self.network.get_output_embeddings().weight
        return mean_cross_entropy(self._states(ids)[real], weight, ids[:, 1:][real])

    def loss_of(self, outputs, _) -> float:
        return float(-outputs[:, 0].sum() / outputs[:, 1].sum())

    def decide(self, outputs):
        """What a metric is told: the outputs themselves, float64 (texts, 2)."""
        return outputs.double().numpy()

    def _states(self, ids, kept=None):
        """What the last block says of each token but the last. Padding stands at the right, where
        no causal network looks, so no mask is needed."""
        return self.body(input_ids=ids, past_key_values=kept,
                         use_cache=kept is not None).last_hidden_state[:, :-1]


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
