"""A language model writes. Taught in 08."""

from collections.abc import Callable, Sequence
from threading import Event

import torch
from transformers import StoppingCriteria

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models.precision import rounded_if_asked
from llmtl_helpers.models.prefix import for_each, read_once, shared_length

TOGETHER = 4096  # tokens of prompts and answers that are written at once
KEPT = 16_384  # the same with a beginning that they share


@torch.inference_mode()
@rounded_if_asked
def generate(model, prompts: Sequence[str], most_tokens: int, *, temperature: float = 0.0,
             top_p: float = 1.0, seed: int = 0, stop: Event | None = None,
             watch: Callable[[int, int], object] | None = None) -> list[str] | None:
    """One answer for each prompt, by the library's `generate`, many at once.

    An answer ends where the model ends it, at a new line, or after `most_tokens`. Prompts of
    similar length go together, padded on the left, where the answer does not begin. What all
    prompts begin with is read once.

    Args:
        model: a `LanguageModel`.
        temperature: 0 takes the likeliest token each time (greedy); above 0 tokens are drawn, from
            probabilities that are flatter the higher it is.
        top_p: tokens are drawn from the likeliest ones that have this share together (Holtzman et
            al. 2020, section 3.1).
        seed: of the draws; greedy answers have none.
        stop: checked before each token; when set, nothing is returned.
        watch: called with the numbers of finished prompts and of all.

    Returns:
        the answers without their prompts, in the order of the prompts; None if stopped.

    Raises:
        LearnerError: no prompt, an empty one, or one that leaves no room for an answer.
    """
    if not 0 < top_p <= 1 or temperature < 0:
        raise LearnerError("so no token can be drawn", "top-p lies above 0 and up to 1, and a "
                           "temperature is not negative", "choose others, such as 0.9 and 0.8")
    tokenizer, network = model.tokenizer, model.network
    encoded = [_read(tokenizer, prompt, most_tokens, network.config) for prompt in prompts]
    if not encoded:
        raise LearnerError("there is no prompt", next="give one")
    model.eval()
    device = next(model.parameters()).device
    halt = _Halt(tokenizer, stop)
    shared = shared_length(encoded)
    kept = read_once(network, encoded[0][:shared]) if shared else None
    drawn = {"do_sample": True, "temperature": temperature, "top_p": top_p, "top_k": 0}
    answers, done = [""] * len(encoded), 0
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they were
        torch.manual_seed(seed)
        for rows in _together([len(ids) for ids in encoded], most_tokens, shared):
            longest = max(len(encoded[row]) for row in rows)
            ids = torch.full((len(rows), longest), tokenizer.pad_token_id)
            mask = torch.zeros_like(ids)
            for place, row in enumerate(rows):  # the padding stands after what is shared
                own = longest - len(encoded[row]) + shared
                ids[place, :shared] = torch.tensor(encoded[row][:shared])
                ids[place, own:] = torch.tensor(encoded[row][shared:])
                mask[place, :shared] = mask[place, own:] = 1
            halt.read = longest
            past = {"past_key_values": for_each(kept, len(rows))} if shared else {}
            written = network.generate(
                ids.to(device), attention_mask=mask.to(device), max_new_tokens=most_tokens,
                pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
                stopping_criteria=[halt], **past, **(drawn if temperature else {"do_sample": False}))
            if stop is not None and stop.is_set():
                return None
            for row, answer in zip(rows, written[:, longest:].tolist(), strict=True):
                text = tokenizer.decode(answer, skip_special_tokens=True)
                answers[row] = text.strip().partition("\n")[0].strip()
            done += len(rows)
            if watch is not None:
                watch(done, len(encoded))
    return answers


def _read(tokenizer, prompt: str, most_tokens: int, config) -> list[int]:
    if not prompt.strip():
        raise LearnerError("the prompt is empty", "a model continues what it reads",
                           "write at least one word")
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    room = getattr(config, "max_position_embeddings", None)
    if room is not None and len(ids) + most_tokens > room:
        raise LearnerError(f"the prompt of {len(ids):,} tokens is too long",
                           f"with {most_tokens:,} tokens to write, this model has room for "
                           f"{max(0, room - most_tokens):,}", "shorten it")
    return ids


def _together(lengths: Sequence[int], most_tokens: int, shared: int) -> list[list[int]]:
    """Numbers of prompts that are written at once, the shortest first."""
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row]):
        whole = lengths[row] + most_tokens
        fits = min(TOGETHER // (whole - shared), KEPT // whole)
        if not batches or len(batches[-1]) >= fits:
            batches.append([])
        batches[-1].append(row)
    return batches


class _Halt(StoppingCriteria):
    """Ends an answer at a new line that follows a word, and everything once `stop` is set."""

    def __init__(self, tokenizer, stop: Event | None):
        names = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
        # byte-level tokenizers write a new line as Ċ
        self.lines = torch.tensor([name is not None and ("Ċ" in name or "\n" in name)
                                   for name in names])
        self.stop, self.read = stop, 0

    def __call__(self, input_ids, scores, **kwargs):
        if self.stop is not None and self.stop.is_set():
            return torch.ones(len(input_ids), dtype=torch.bool, device=input_ids.device)
        last = self.lines.to(input_ids.device)[input_ids[:, -1]]
        # a model may begin its answer with a new line; that is not its end
        return last & (input_ids.shape[1] > self.read + 1)
