"""The arms of a comparison: what is trained, from which weights, drawn how.

Two arms of one figure differ in as little as possible; `scratch` and `fine_tuned`
differ in `init` alone. Every arm has one knob that is tuned on validation data and
the same number of trial values for it (protocol: equal tuning). Random weights want a
higher learning rate than pre-trained ones, so each arm has its own range.
Colours are Okabe and Ito's, safe for colour-blind readers; line style and marker say
the same thing again (dashed = random weights, solid = pre-trained, dotted = no network).
"""

from llmtl_helpers.arms.adapt import BEGINNINGS, SEQUELS, UNFREEZE
from llmtl_helpers.arms.arm import CONTROL, DECODER, ENCODER, SMALL, Arm
from llmtl_helpers.arms.curve import ARMS
from llmtl_helpers.arms.ladder import (ALL_KEPT, ENCODER_LADDER, KEPT, LADDER, LAYERS, TRANSPLANTS,
                                       kept_arm, parts_text, transplant)
from llmtl_helpers.arms.small import DIAL, SMALL_LADDER, SMALL_MODELS
from llmtl_helpers.arms.writers import PROMPTED, WRITERS

__all__ = ["ALL_KEPT", "ARMS", "BEGINNINGS", "CONTROL", "DECODER", "DIAL", "ENCODER",
           "ENCODER_LADDER", "EVERY_ARM", "KEPT", "LADDER", "LAYERS", "PROMPTED", "SEQUELS", "SMALL", "SMALL_LADDER",
           "SMALL_MODELS", "TRANSPLANTS", "UNFREEZE", "WRITERS", "Arm", "find_arm", "kept_arm", "parts_text"]

EVERY_ARM = (ARMS | LADDER | TRANSPLANTS | LAYERS | SMALL_MODELS | UNFREEZE | SEQUELS
             | BEGINNINGS | WRITERS)


def find_arm(name: str) -> Arm | None:
    """The arm of that name, if there is one: a listed one, or any combination of kept parts."""
    if name in EVERY_ARM:
        return EVERY_ARM[name]
    found = KEPT.fullmatch(name)
    return transplant(found[1] + found[2]) if found and 0 < len(found[1] + found[2]) < len(
        ALL_KEPT) else None
