"""What an arm is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Arm:
    name: str
    label: str  # as printed in legends and tables
    checkpoint: str  # a name that `models.checkpoints.checkpoint_folder` knows, or "none"
    init: str  # "pretrained", "random" or "none"
    strategy: str  # a name in `training.strategies`
    knob: str | None  # the RunConfig field that is tuned
    trials: tuple[float, ...]
    colour: str
    line: str
    marker: str
    settings: tuple[tuple[str, object], ...] = ()  # further fields of RunConfig, by name


ENCODER = "all-MiniLM-L6-v2"
SMALL = "small-transformer"
DECODER = "SmolLM2-135M-Instruct"
CONTROL = ("#56B4E9", "-.", "v")  # colour, line and marker of what lies between the two ends
