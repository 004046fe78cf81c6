"""The arms of a comparison: what is trained, from which weights, drawn how.

Two arms of one figure differ in as little as possible; `scratch` and `fine_tuned`
differ in `init` alone. Every arm has one knob that is tuned on validation data and
the same number of trial values for it (protocol: equal tuning). Random weights want a
higher learning rate than pre-trained ones, so each arm has its own range.
Colours are Okabe and Ito's, safe for colour-blind readers; line style and marker say
the same thing again (dashed = random weights, solid = pre-trained, dotted = no network).
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Arm:
    name: str
    label: str  # as printed in legends and tables
    checkpoint: str  # a name that `models.load_checkpoint` knows, or "none"
    init: str  # "pretrained", "random" or "none"
    strategy: str  # a name in `training.strategies`
    knob: str | None  # the RunConfig field that is tuned
    trials: tuple[float, ...]
    colour: str
    line: str
    marker: str


ENCODER = "all-MiniLM-L6-v2"
SMALL = "small-transformer"

ARMS = {
    arm.name: arm
    for arm in (
        Arm("fine_tuned", "fine-tuned checkpoint", ENCODER, "pretrained", "all_weights",
            "learning_rate", (2e-5, 5e-5, 1e-4, 2e-4), "#0072B2", "-", "o"),
        Arm("scratch", "same network from scratch", ENCODER, "random", "all_weights",
            "learning_rate", (1e-4, 3e-4, 6e-4, 1e-3), "#D55E00", "--", "s"),
        Arm("small_scratch", "right-sized network from scratch", SMALL, "random", "all_weights",
            "learning_rate", (2e-4, 5e-4, 1e-3, 2e-3), "#CC79A7", "--", "^"),
        Arm("probe", "frozen probe on the checkpoint", ENCODER, "pretrained", "frozen_probe",
            "inverse_regularisation", (0.001, 0.01, 0.1, 1.0), "#009E73", "-", "D"),
        Arm("tfidf", "bag of words (TF-IDF)", "none", "none", "bag_of_words",
            "inverse_regularisation", (0.01, 0.1, 1.0, 10.0), "#000000", ":", "x"),
        Arm("majority", "always the majority class", "none", "none", "majority",
            None, (), "#7F7F7F", ":", ""),
    )
}


CONTROL = ("#56B4E9", "-.", "v")  # colour, line and marker of what lies between the two ends


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


def _transplant(kept: str) -> Arm:
    return _rung(f"kept_{kept}", f"network keeping {parts_text(kept)}", ENCODER, f"kept:{kept}")


TRANSPLANTS = {
    f"kept_{kept}": _transplant(kept)
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


def _small(name: str, label: str, checkpoint: str, init: str = "pretrained",
           strategy: str = "all_weights", control: bool = False) -> Arm:
    """An arm of the small language models; random weights have the higher range, as everywhere."""
    random = init == "random"
    knob = None if strategy == "untuned" else "learning_rate"
    trials = (3e-4, 1e-3, 2e-3, 4e-3) if random else (1e-4, 3e-4, 1e-3, 2e-3)
    colour, line, marker = (CONTROL if control else ("#D55E00", "--", "s") if random else
                            ("#0072B2", "-", "o") if knob else ("#009E73", "-.", ""))
    return Arm(name, label, checkpoint, init, strategy, knob, trials if knob else (), colour, line,
               marker)


# The pre-training dial of the small language models: tokens read. 3M takes minutes.
DIAL = {"100k": 100_000, "300k": 300_000, "1M": 1_000_000, "3M": 3_000_000, "10M": 10_000_000,
        "30M": 30_000_000}
SMALL_MODELS = {
    arm.name: arm
    for arm in (
        _small("causal_scratch", "same causal network from scratch", "causal-30M", "random"),
        _small("masked_scratch", "same masked network from scratch", "masked-30M", "random"),
        *(_small(f"{family}_{tokens}", f"{family}, pre-trained on {tokens} tokens",
                 f"{family}-{tokens}") for family in ("causal", "masked") for tokens in DIAL),
        _small("causal_untuned", "pre-trained, not tuned", "causal-30M", strategy="untuned"),
        _small("replaced_10M", "replaced tokens, 10M tokens", "replaced-10M"),
        _small("masked_films", "masked, the task's own text, 10M tokens", "masked-films-10M"),
        _small("masked_general_films", "masked, general and own text, 10M tokens",
               "masked-general-films-10M"),
        _small("masked_moments", "random, with the checkpoint's scales", "masked-10M",
               "random_moments", control=True),
        _small("masked_shuffled_layers", "the checkpoint's blocks, shuffled", "masked-10M",
               "shuffled_layers", control=True),
        _small("masked_nonsense", "pre-trained on random words", "masked-nonsense-10M",
               control=True),
        _small("masked_shuffled_words", "pre-trained on shuffled words",
               "masked-shuffled-words-10M", control=True),
    )
}

# ... and at that of the small masked language model. The two are never mixed in one figure.
SMALL_LADDER = ("masked_scratch", "masked_moments", "masked_shuffled_layers", "masked_nonsense",
                "masked_shuffled_words", "masked_films", "masked_10M")

EVERY_ARM = ARMS | LADDER | TRANSPLANTS | LAYERS | SMALL_MODELS


def find_arm(name: str) -> Arm | None:
    """The arm of that name, if there is one: a listed one, or any combination of kept parts."""
    if name in EVERY_ARM:
        return EVERY_ARM[name]
    found = KEPT.fullmatch(name)
    return _transplant(found[1] + found[2]) if found and 0 < len(found[1] + found[2]) < len(
        ALL_KEPT) else None
