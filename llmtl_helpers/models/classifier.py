"""The classifier of every comparison: body, mean pooling, linear head. Taught in 01."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import torch
import torch.nn.functional as F
from torch import nn

from llmtl_helpers.arms import ENCODER
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models.checkpoints import load_config, load_network, load_tokenizer
from llmtl_helpers.models.controls import CONTROLS, find_control
from llmtl_helpers.models.fast_linear import use_fast_linear
from llmtl_helpers.models.precision import rounded_if_asked


@dataclass(frozen=True)
class Report:
    """Which weights come from the checkpoint's file, which are new, which were left out."""

    checkpoint: str
    init: str
    reused: dict[str, int]  # name of the tensor -> number of weights
    new: dict[str, int]
    left_out: tuple[str, ...]  # tensors of the file that this model has no use for

    def as_text(self) -> str:
        def line(title, names, weights):
            some = ", ".join(list(names)[:3]) + (", ..." if len(names) > 3 else "")
            return f"{title:<9} {len(names):>4} tensors {weights:>12,} weights  {some}"

        lines = [f"{self.checkpoint}, init={self.init!r}",
                 line("re-used", self.reused, sum(self.reused.values())),
                 line("new", self.new, sum(self.new.values()))]
        if self.left_out:
            lines.append(f"left out  {len(self.left_out):>4} tensors of the file  "
                         + ", ".join(self.left_out[:3]))
        return "\n".join(line.rstrip() for line in lines)

    __str__ = as_text

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.as_text())}</pre>"


class Classifier(nn.Module):
    """What the training loop asks of a model; here for one whose `forward` gives class logits."""

    tied = False  # only the word vectors of the training slice need training

    @property
    def outputs(self) -> int:
        return self.head.out_features

    def loss(self, ids, mask, targets):
        return F.cross_entropy(self(ids, mask), targets)

    def loss_of(self, outputs, targets) -> float:
        """Mean loss of logits (texts, labels) that are there already."""
        return F.cross_entropy(outputs, torch.as_tensor(targets)).item()

    def decide(self, outputs):
        """The most likely class of each text, int64 (texts,)."""
        return outputs.argmax(1).numpy()


class TextClassifier(Classifier):
    """A transformer body, the mean over its token vectors, dropout and one linear layer."""

    def __init__(self, body: nn.Module, tokenizer, num_labels: int):
        super().__init__()
        self.body = body
        self.tokenizer = tokenizer
        self.dropout = nn.Dropout(getattr(body.config, "hidden_dropout_prob", 0.1))
        self.head = nn.Linear(body.config.hidden_size, num_labels)

    def encode(self, texts: Sequence[str], max_length: int) -> list[list[int]]:
        """Token numbers of each text, cut to `max_length`, not padded."""
        return self.tokenizer(list(texts), truncation=True, max_length=max_length)["input_ids"]

    @rounded_if_asked
    def pool(self, input_ids, attention_mask):
        """Mean over the real tokens: (batch, tokens) -> (batch, width)."""
        hidden = self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return _mean(hidden, attention_mask)

    @rounded_if_asked
    def pool_every_place(self, input_ids, attention_mask):
        """The same after the embeddings and after each block -> (batch, places, width)."""
        answer = self.body(input_ids=input_ids, attention_mask=attention_mask,
                           output_hidden_states=True)
        return torch.stack([_mean(hidden, attention_mask) for hidden in answer.hidden_states], 1)

    def forward(self, input_ids, attention_mask):
        """Token numbers and mask, both (batch, tokens) -> logits (batch, labels)."""
        return self.head(self.dropout(self.pool(input_ids, attention_mask)))


def _mean(hidden, attention_mask):
    """Mean of (batch, tokens, width) over the tokens that are no padding."""
    mask = attention_mask.unsqueeze(-1).to(hidden.dtype)  # (batch, tokens, 1)
    return (hidden * mask).sum(1) / mask.sum(1)


def build(checkpoint: str = ENCODER, init: str = "pretrained", num_labels: int = 2,
          seed: int = 0) -> TextClassifier:
    """Build a classifier whose body starts from a checkpoint or from random weights.

    The two arms of a comparison differ in `init` and nothing else: the architecture, the
    tokenizer and (for one seed) the new head are the same.

    Args:
        checkpoint: see `models.checkpoints`; only safetensors, never remote code.
        init: "pretrained" reads the body's weights from the checkpoint, "random" draws
            them as the architecture's authors do, from `seed`; `models.controls` has more.
        num_labels: classes, at least 2.
        seed: seed of everything that is drawn.

    Returns:
        the model, with `.tokenizer` and a `.report` of re-used and new weights.

    Raises:
        LearnerError: unknown checkpoint or init, no safetensors file, or fewer than 2 classes.
    """
    control = find_control(init)
    if init not in ("pretrained", "random") and control is None:
        raise LearnerError(f"there is no way to start called {init!r}",
                           next=f"use one of pretrained, random, {', '.join(CONTROLS)}, or kept:e012 "
                                "for embeddings and blocks")
    if num_labels < 2:
        raise LearnerError(f"a classifier needs 2 classes or more and {num_labels} was asked for",
                           next="check the labels of the task")
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they were
        torch.manual_seed(seed)
        body, missing, left_out = _body(checkpoint, "random" if init == "random" else "pretrained")
        drawn = {f"body.{name}" for name in control(body)} if control else missing
        torch.manual_seed(seed)  # again: the head does not depend on how the body was made
        model = TextClassifier(body, load_tokenizer(checkpoint), num_labels)
    use_fast_linear(model)
    sizes = {name: tensor.numel() for name, tensor in model.named_parameters()}
    new = {name: size for name, size in sizes.items()
           if init == "random" or name.startswith("head.") or name in drawn | missing}
    reused = {name: size for name, size in sizes.items() if name not in new}
    model.report = Report(checkpoint, init, reused, new, tuple(left_out))
    return model


def _body(checkpoint: str, init: str) -> tuple[nn.Module, set[str], list[str]]:
    """The body without its pooler, the body's tensors that the file lacks, and those unused."""
    from transformers import AutoModel

    config = load_config(checkpoint)
    if init == "random":
        body, missing, left_out = AutoModel.from_config(config), set(), []
    else:
        body, info = load_network(AutoModel, checkpoint, config)
        missing = {f"body.{name}" for name in info["missing_keys"]}
        left_out = sorted(info["unexpected_keys"])
    if getattr(body, "pooler", None) is not None:
        left_out += [f"pooler.{name}" for name in body.pooler.state_dict()
                     if init == "pretrained" and f"body.pooler.{name}" not in missing]
        body.pooler = None  # a layer for the [CLS] token; every arm here takes the mean instead
    return body, missing, left_out


def hash_weights(model: nn.Module) -> str:
    """SHA-256 over the names and bytes of all weights, in the order of their names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
