"""Models of this process that write when they are asked, one at a time, and can be stopped."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks.base import Writing

LONGEST = 1000  # tokens of a prompt: to read more takes a slow processor longer than to answer
_ONE = threading.Lock()  # draws come from the one random state of the process


@dataclass(frozen=True)
class Wish:
    """What one model is to write.

    Attributes:
        label: of the model. text: as the learner wrote it.
        asked: "plain" (in the task's prompt), "chat" or "bare" (as it stands).
    """

    label: str
    text: str
    asked: str
    writing: Writing
    most_tokens: int
    temperature: float
    top_p: float
    seed: int

    def prompt(self, tokenizer) -> str:
        """What is read.

        Raises:
            LearnerError: a chat, and the model's tokenizer has no template for one.
        """
        from llmtl_helpers.models.prompts import prompt_text

        if self.asked == "bare":
            return self.text
        return prompt_text(self.writing, self.text, wording=self.asked, tokenizer=tokenizer)

    def settings(self) -> str:
        """How to have the same text again."""
        if self.temperature == 0:
            return ("Temperature 0: the likeliest token each time, so the seed changes nothing. "
                    f"At most {self.most_tokens} tokens.")
        return (f"Seed {self.seed}, temperature {self.temperature:g}, top-p {self.top_p:g}, at "
                f"most {self.most_tokens} tokens: the same settings write the same again.")


@dataclass(frozen=True)
class Event:
    """What happened: begun, done or stopped; of "done" what was read and written, and the pace."""

    kind: str
    wish: Wish
    prompt: str = ""
    text: str = ""
    tokens: int = 0
    seconds: float = 0.0


class Here:
    """Carries out wishes in the calling thread, as `sweep.Workers` carries out runs elsewhere.

    What a notebook has just tuned is in its process alone, so it has to write there.
    """

    def __init__(self, models: Mapping[str, object]):
        self.models = models

    def run(self, wishes: list[Wish], stop: threading.Event) -> Iterator[Event]:
        """Yield what happens; after `stop.set()` no further token is written.

        Raises:
            LearnerError: an empty prompt, or one that is too long, or a model that cannot write.
        """
        for wish in wishes:
            while not _ONE.acquire(timeout=0.1):  # another box is writing
                if stop.is_set():
                    yield Event("stopped", wish)
                    return
            try:
                yield Event("begun", wish)
                event = _write(self.models[wish.label], wish, stop)
            finally:
                _ONE.release()
            yield event
            if event.kind == "stopped":
                return


def _write(model, wish: Wish, stop: threading.Event) -> Event:
    from llmtl_helpers.models.generate import generate

    prompt = wish.prompt(model.tokenizer)
    count = len(model.tokenizer(prompt, add_special_tokens=False)["input_ids"])
    if count > LONGEST:
        raise LearnerError(f"the prompt of {count:,} tokens is too long",
                           f"this box reads {LONGEST:,}", "shorten it")
    began = time.perf_counter()
    try:
        with _heeding(model, stop):
            written = generate(model, [prompt], wish.most_tokens, temperature=wish.temperature,
                               top_p=wish.top_p, seed=wish.seed, stop=stop)
    except _Stopped:
        written = None
    except RuntimeError as error:
        if _exploded(model):
            raise LearnerError(f"“{wish.label}” cannot write", "its weights are no numbers any "
                               "more, most likely from a learning rate that was too high",
                               "build it anew and tune it with a lower one") from error
        raise
    if written is None:
        return Event("stopped", wish, prompt)
    tokens = len(model.tokenizer(written[0], add_special_tokens=False)["input_ids"]) + 1
    return Event("done", wish, prompt, written[0], tokens, time.perf_counter() - began)


class _Stopped(Exception):
    """Stop was pressed while a prompt was being read."""


@contextmanager
def _heeding(model, stop: threading.Event):
    """Reading a long prompt is one step of `generate`, so the flag is looked at in every layer."""
    def look(*_) -> None:
        if stop.is_set():
            raise _Stopped

    hooks = [layer.register_forward_pre_hook(look) for layer in model.modules()
             if next(layer.children(), None) is None]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _exploded(model) -> bool:
    import torch

    return not all(torch.isfinite(weights).all() for weights in model.parameters())
