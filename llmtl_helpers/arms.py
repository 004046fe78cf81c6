"""The arms of a comparison: what is trained, from which weights, drawn how.

Two arms of one figure differ in as little as possible; `scratch` and `fine_tuned`
differ in `init` alone. Every arm has one knob that is tuned on validation data and
the same number of trial values for it (protocol: equal tuning). Random weights want a
higher learning rate than pre-trained ones, so each arm has its own range.
Colours are Okabe and Ito's, safe for colour-blind readers; line style and marker say
the same thing again (dashed = random weights, solid = pre-trained, dotted = no network).
"""

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
