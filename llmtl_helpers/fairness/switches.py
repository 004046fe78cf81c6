"""The register of switches: what a board shows and which function stands behind it."""

from collections.abc import Callable
from dataclasses import dataclass

from llmtl_helpers.fairness.broken import Broken
from llmtl_helpers.fairness.reporting import best_of_k, no_baseline, small_test_set
from llmtl_helpers.fairness.training import (epochs_instead_of_updates, leaked_test_text,
                                             unequal_rates)


@dataclass(frozen=True)
class Switch:
    """A switch as a board shows it.

    Attributes:
        label: a few words.
        what_it_does: one sentence.
        function: (rows, **controls) -> Broken.
        controls: names of the function's arguments that a learner may turn.
    """

    label: str
    what_it_does: str
    function: Callable[..., Broken]
    controls: tuple[str, ...] = ()


SWITCHES = {
    "unequal_rates": Switch(
        "unequal learning rates", "One arm trains at a learning rate that suits the other.",
        unequal_rates, ("wronged", "n")),
    "epochs_instead_of_updates": Switch(
        "epochs instead of updates", "Every run trains for three epochs, so few labels mean few "
        "updates.", epochs_instead_of_updates, ("n",)),
    "best_of_k": Switch(
        "best of k seeds", "One arm reports its best run, the other its mean.",
        best_of_k, ("k", "who", "n")),
    "small_test_set": Switch(
        "a small test set", "All arms are scored on a small draw of the test texts.",
        small_test_set, ("test_size", "seed", "n")),
    "no_baseline": Switch(
        "no baseline", "Only the two twins are shown.", no_baseline, ("n",)),
    "leaked_test_text": Switch(
        "leaked test text", "Test texts and their labels are in the training slice.",
        leaked_test_text, ("n",)),
}
