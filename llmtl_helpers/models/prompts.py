"""What a model reads before it writes. Taught in 08.

A prompt is plain text that ends where the answer begins. Examples with their answers can go before
it (few-shot; Brown et al. 2020, section 2). A model that was tuned to follow instructions can be
asked in the form that it was tuned on instead: a chat.
"""

from collections.abc import Iterable

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks.base import Writing

WORDINGS = ("plain", "chat")


def prompt_text(writing: Writing, text: str, examples: Iterable[tuple[str, str]] = (),
                wording: str = "plain", tokenizer=None) -> str:
    """The prompt for one text.

    Args:
        examples: (text, answer) pairs that go before it, in this order.
        wording: "plain", or "chat" by the template of the checkpoint's tokenizer.
        tokenizer: needed for a chat.

    Raises:
        LearnerError: unknown wording, or a checkpoint that has no template for a chat.
    """
    if wording == "plain":
        shown = "".join(f"{writing.prompt.replace('{text}', given)} {answer}\n\n"
                        for given, answer in examples)
        return shown + writing.prompt.replace("{text}", text)
    if wording != "chat":
        raise LearnerError(f"there is no wording of a prompt called {wording!r}",
                           next=f"choose one of {', '.join(WORDINGS)}")
    if tokenizer is None or not tokenizer.chat_template:
        raise LearnerError("this checkpoint cannot be asked in a chat",
                           "its tokenizer has no template for one", 'use the wording "plain"')
    turns = [turn for given, answer in examples for turn in (
        _asked(writing, given), {"role": "assistant", "content": answer})]
    return tokenizer.apply_chat_template([*turns, _asked(writing, text)], tokenize=False,
                                         add_generation_prompt=True)


def answer_text(answer: str, wording: str = "plain") -> str:
    """The answer as it follows its prompt: after a plain one there is a space between them."""
    return answer if wording == "chat" else f" {answer}"


def _asked(writing: Writing, text: str) -> dict:
    return {"role": "user", "content": f"{writing.instruction}\n\n{text}"}
