"""Between random weights and the checkpoint: controls, transplants, probes of each place. Taught in 04."""

import re

from llmtl_helpers.arms.arm import CONTROL, ENCODER, Arm
from llmtl_helpers.arms.curve import ARMS


def _rung(name: str, label: str, checkpoint: str, init: str) -> Arm:
    """A control between random weights and the checkpoint: its range spans both of theirs."""
    return Arm(name, label, checkpoint, init, "all_weights", "learning_rate",
               (5e-5, 1e-4, 3e-4, 6e-4), *CONTROL)


# The sceptic's ladder between `scratch` and `fine_tuned`: what is it that transfers?
LADDER = {
    arm.name: arm
    for arm in (
        _rung("random_moments", "random, with the checkpoint's scales", ENCODER, "random_moments"),
        _rung("shuffled_layers", "the checkpoint's blocks, shuffled", ENCODER, "shuffled_layers"),
        _rung("nonsense", "pre-trained on random words", "encoder-nonsense", "pretrained"),
        _rung("shuffled_words", "pre-trained on shuffled words", "encoder-shuffled-words",
              "pretrained"),
        _rung("other_text", "pre-trained on news and editorials", "encoder-other-text", "pretrained"),
        _rung("own_text", "pre-trained on the task's own text", "encoder-own-text", "pretrained"),
    )
}

# The same with both ends, from the lowest rung up; at the size of the public encoder.
ENCODER_LADDER = ("scratch", *LADDER, "fine_tuned")

# Parts of the checkpoint, the rest random: e for the embeddings, blocks counted from 0 in names and
# from 1 in words. Those that are shipped; any other combination is an arm all the same.
KEPT = re.compile(r"kept_(e?)(0?1?2?3?4?5?)")
ALL_KEPT = "e012345"


def parts_text(kept: str) -> str:
    """The parts in words: 'e012' is 'the embeddings and blocks 1 to 3'."""
    runs: list[list[int]] = []
    for block in (int(part) + 1 for part in kept if part != "e"):
        if runs and runs[-1][-1] == block - 1:
            runs[-1].append(block)
        else:
            runs.append([block])
    named = [text for run in runs for text in (
        [f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run))]
    blocks = " and ".join(filter(None, [", ".join(named[:-1]), *named[-1:]]))
    text = f"block{'' if blocks.isdigit() else 's'} {blocks}" if runs else ""
    return " and ".join(filter(None, ["the embeddings" if "e" in kept else "", text]))


def kept_arm(kept: str) -> str:
    """Name of the arm that keeps these parts: with all of them, or none, an arm of the curve."""
    return {ALL_KEPT: "fine_tuned", "": "scratch"}.get(kept, f"kept_{kept}")


def transplant(kept: str) -> Arm:
    return _rung(f"kept_{kept}", f"network keeping {parts_text(kept)}", ENCODER, f"kept:{kept}")


TRANSPLANTS = {
    f"kept_{kept}": transplant(kept)
    for kept in ("e", "e0", "e01", "e012", "e0123", "e01234", "e5", "e45", "e345", "e2345",
                 "e12345", "012", "345", "012345")
}


# Linear probes after the embeddings and after each block, for three kinds of weights.
LAYERS = {
    arm.name: arm
    for arm in (
        Arm("layers_fine_tuned", "fine-tuned", ENCODER, "pretrained", "tuned_layer_probes",
            "learning_rate", ARMS["fine_tuned"].trials, "#0072B2", "-", "o"),
        Arm("layers_pretrained", "pre-trained, untouched", ENCODER, "pretrained", "layer_probes",
            None, (), "#009E73", "-", "D"),
        Arm("layers_random", "random weights", ENCODER, "random", "layer_probes", None, (),
            "#D55E00", "--", "s"),
    )
}
