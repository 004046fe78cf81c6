"""UnfreezeExplorer: choose what is trained and on how many labels, guess, look, train it live."""

from pathlib import Path

from llmtl_helpers.arms import UNFREEZE
from llmtl_helpers.curves import Summary
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots import TwinFigure, words
from llmtl_helpers.plots.unfreeze import figure_of
from llmtl_helpers.plots.unfreeze_data import ALL, NAMES, SIZES, Unfrozen
from llmtl_helpers.profiles import Profile
from llmtl_helpers.widgets.guess_first import GuessFirst
from llmtl_helpers.widgets.panel import choose, sentence
from llmtl_helpers.widgets.shelf import median_seconds
from llmtl_helpers.widgets.static_twin import all_of

CHOICES = tuple(arm for arm in NAMES if arm != ALL)  # all weights are what the others are beside


class UnfreezeExplorer(GuessFirst):
    """What is trained of a checkpoint, and its place in the figure of `unfreeze_figure`.

    Every control is an attribute: trained, size and prediction have a `value` to set; commit,
    show, train, stop and reset have a `click()`. picture, table, guess_text, live_text, cost and
    progress show.

    Args:
        task: name of the task. trained: what is trained at first, an arm such as "adapters_8".
        n: training-set size in labels at first, one of 16, 64, 256 and 1,024.
        profile: name or Profile by which live runs are trained; default: `get_profile()`.
        ledger: default: `Ledger()`.
        theme, scale: as in `unfreeze_figure`.
        workers, plan: instead of `sweep.Workers(count=1)` and `sweep.live_config`.
        guesses_file: default: the usual journal.

    Attributes:
        last_error: the last exception of a handler, which is also shown in the widget.

    Raises:
        LearnerError: no such choice or size.

    Taught in 05.
    """

    table_name = "how much to unfreeze"

    def __init__(self, task: str = "sentiment/films", trained: str = "adapters_8", n: int = 64,
                 profile: str | Profile | None = None, ledger: Ledger | None = None, *,
                 theme: str = "light", scale: float = 1.0, workers=None, plan=None,
                 guesses_file: Path | None = None):
        if trained not in CHOICES or n not in SIZES:
            raise LearnerError(f"there is no choice {trained!r} with {n} labels",
                               next=f"choose one of {', '.join(CHOICES)}, and one of "
                                    f"{', '.join(map(str, SIZES))} labels")
        super().__init__(task, profile, ledger, theme, scale, guesses_file)
        self.trained = choose("Trained", [(NAMES[arm][0], arm) for arm in CHOICES], trained)
        self.size = choose("Labels", [(f"{size:,}", size) for size in SIZES], n)
        self.read()
        self.place([self.trained, self.size], [self.trained, self.size], workers, plan)

    # -- what GuessFirst asks for --------------------------------------------------------------

    def chosen(self) -> tuple[str, int]:
        return self.trained.value, self.size.value

    def page_offers(self) -> dict[str, list]:
        return {"trained": all_of(self.trained), "size": all_of(self.size)}

    def asked(self) -> str:
        arm, n = self.chosen()
        return (f"Before you look: what accuracy does the checkpoint reach with {words.labels(n)} "
                f"if this is trained: {NAMES[arm][0]}?")

    def figure(self, hidden: bool) -> TwinFigure:
        return figure_of(self._found, theme=self.layers.theme, scale=self.layers.scale,
                         hidden=CHOICES if hidden else (), mark=self.chosen())

    def runs_of(self, arm: str, n: int) -> Summary | None:
        choice = self._found.choices[n].get(arm)
        return choice.summary if choice else None

    def sort(self) -> None:
        self._found = Unfrozen(self.rows, live_rows=[row for row in self.rows
                                                     if row["purpose"] == "live"])

    # -- what LiveTraining asks for ------------------------------------------------------------

    def run_chosen(self) -> tuple[str, str, int]:
        return self.task, *self.chosen()

    def show_cost(self) -> None:
        arm, n = self.chosen()
        timed = median_seconds(row for row in self.rows if (row["arm"], row["n"]) == (arm, n)
                               and row["purpose"] in ("curve", "unfreeze", "live")
                               and row["budget"] == self.shelf.profile.budget)
        took = f"took {timed[0]:.0f} s {timed[1]}" if timed else "has not been timed here yet"
        self.cost.value = sentence(f"A run with {words.labels(n)} that trains this, "
                                   f"{NAMES[arm][0]}, {took}. {self._rate(arm, n)[1]} "
                                   "It uses a new seed.")

    def _config(self, task: str, arm: str, n: int):
        """Called from the watching thread: the controls may show another choice by now."""
        plan = self._plan
        if plan is None:
            from llmtl_helpers.sweep import live_config as plan
        return plan(task, arm, n, self.shelf.profile, self.shelf.ledger, knob=self._rate(arm, n)[0])

    def _rate(self, arm: str, n: int) -> tuple[float | None, str]:
        """Learning rate where no trials chose one, and a sentence on where it is from."""
        if self.shelf.profile.trial_seeds == 0:
            return None, f"The profile “{self.shelf.profile.name}” tunes nothing."
        if arm not in UNFREEZE or arm in self._found.choices[n]:
            return None, "Its trials chose how it is trained."
        rate = UNFREEZE[arm].trials[1]
        return rate, ("No trials are there, so its learning rate is the second of its list, "
                      f"{rate:g}.")
