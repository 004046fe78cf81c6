"""A pre-training as work for a process of `sweep.Workers`: watched, stopped. Taught in 03."""

from dataclasses import dataclass
from threading import Event

from llmtl_helpers.recipes import RECIPES


@dataclass(frozen=True)
class PretrainingJob:
    """The recipe called `name`, to be carried out or gone on with."""

    name: str

    @property
    def updates(self) -> int:
        return RECIPES[self.name].updates


CONFIG = PretrainingJob


def run(job: PretrainingJob, stop: Event, watch, device: str = "cpu") -> dict | None:
    """The card of the finished checkpoint; None if `stop` was set first: the state is kept.

    Raises:
        LearnerError: as `pretraining.engine.pretrain`.
    """
    from llmtl_helpers.pretraining.card import read_card
    from llmtl_helpers.pretraining.engine import pretrain

    if pretrain(job.name, device=device, watch=lambda update, _, loss: watch(update, loss),
                stop=stop) is None:
        return None
    return read_card(job.name)
