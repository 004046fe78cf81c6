"""The decoder that writes, its twin from random weights, and what needs no training. Taught in 08.

Prompts come first: with none to eight examples, as plain text or as a chat; nothing is trained.
"""

from llmtl_helpers.arms.arm import DECODER, Arm


def _tuned(name: str, label: str, init: str, strategy: str, trials: tuple[float, ...], *style: str,
           **settings) -> Arm:
    return Arm(name, label, DECODER, init, strategy, "learning_rate", trials, *style,
               tuple(settings.items()))


def _prompt(name: str, label: str, *style: str, **settings) -> Arm:
    return Arm(name, label, DECODER, "pretrained", "prompted", None, (), *style,
               tuple(settings.items()))


WRITERS = {
    arm.name: arm
    for arm in (
        _tuned("writer", "fine-tuned decoder", "pretrained", "all_weights",
               (1e-5, 2e-5, 5e-5, 1e-4), "#0072B2", "-", "o"),
        _tuned("writer_scratch", "same decoder from scratch", "random", "all_weights",
               (2e-4, 5e-4, 1e-3, 2e-3), "#D55E00", "--", "s"),
        _tuned("writer_adapters", "decoder with adapters of rank 8 (LoRA)", "pretrained", "adapters",
               (3e-4, 1e-3, 3e-3, 6e-3), "#56B4E9", "-", "^", adapter_rank=8),
        _prompt("prompted", "untuned decoder, examples in the prompt", "#009E73", "-.", "D"),
        _prompt("prompted_chat", "untuned decoder, asked in a chat", "#CC79A7", "-.", "v",
                wording="chat"),
        Arm("no_model", "no model", "none", "none", "no_model", None, (), "#000000", ":", "x"),
        Arm("token_counts", "no network: counts of tokens", DECODER, "none", "token_counts", None, (),
            "#000000", ":", "+"),
    )
}
PROMPTED = (0, 1, 2, 4, 8)  # examples in a prompt
