"""What explorers of a study share: choose, guess, look, train what was chosen."""

from collections.abc import Hashable
from pathlib import Path

import ipywidgets as w

from llmtl_helpers.curves import Summary, score_of
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots import TwinFigure
from llmtl_helpers.profiles import Profile
from llmtl_helpers.widgets import guesses
from llmtl_helpers.widgets.guard import guard
from llmtl_helpers.widgets.live import verdict
from llmtl_helpers.widgets.panel import LINE, WIDE, WRAP, heading, sentence
from llmtl_helpers.widgets.shelf import of_one_version
from llmtl_helpers.widgets.training import LiveTraining
from llmtl_helpers.widgets.view import View

METRIC = "accuracy"


class GuessFirst(LiveTraining, View):
    """Base of an explorer that hides results until a guess, and trains what is chosen.

    A subclass makes the controls that choose and calls `place` with them. It defines
    `run_chosen`, `show_cost`, `_config` and what stands under "for a subclass".

    Attributes:
        hidden: whether the results still wait for a guess.
        last_error: the last exception of a handler, which is also shown in the widget.
    """

    thing = "choice"  # what is chosen, in a sentence
    table_name = "choices"  # of the table's file
    scored_by = METRIC  # what is guessed

    def __init__(self, task: str, profile: str | Profile | None, ledger: Ledger | None, theme: str,
                 scale: float, guesses_file: Path | None):
        super().__init__(profile, ledger, theme, scale)
        self.task, self._guesses = task, guesses_file
        self.hidden, self._seen = True, False  # starting over hides again what was seen
        self.prediction = w.FloatText(value=0.5, step=0.01, description="My guess", style=WIDE,
                                      layout=w.Layout(width="210px"))
        self.commit = w.Button(description="Commit my guess", button_style="primary",
                               layout=w.Layout(width="150px"))
        self.show = w.Button(description="Just show me", layout=w.Layout(width="130px"))
        self.train = w.Button(description="Train it live", button_style="primary",
                              layout=w.Layout(width="130px"))
        self.stop = w.Button(description="Stop", disabled=True, layout=w.Layout(width="80px"))
        self.reset = w.Button(description="Start over", layout=w.Layout(width="110px"),
                              tooltip="hide the results again; no run is deleted")
        self.progress = w.FloatProgress(min=0, max=1, description="Progress", style=WIDE,
                                        layout=LINE)
        self.question, self.guess_text = w.HTML(), w.HTML()
        self.live_text, self.cost = w.HTML(), w.HTML()
        self.commit.on_click(self._commit)
        self.show.on_click(self._show)
        self.reset.on_click(self._reset)

    def place(self, rows: list[w.Widget], choosing: list[w.Widget], workers, plan) -> None:
        """Put the controls that choose on top, and draw.

        Args:
            rows: what stands on top. choosing: the controls in it whose change draws anew.
            workers, plan: instead of `sweep.Workers(count=1)` and `sweep.live_config`.
        """
        self.prepare_training(workers, plan)
        self.show_controls([
            *rows, self.question, w.HBox([self.prediction, self.commit, self.show], layout=WRAP),
            self.guess_text, self.errors, self.picture, self.table,
            heading(f"Train this {self.thing} on this machine"),
            w.HBox([self.train, self.stop, self.reset], layout=WRAP),
            self.cost, self.progress, self.live_text], choosing)

    # -- for a subclass ------------------------------------------------------------------------

    def chosen(self) -> Hashable:
        """What the controls say now."""
        raise NotImplementedError

    def asked(self) -> str:
        """The question before the results are shown."""
        raise NotImplementedError

    def figure(self, hidden: bool) -> TwinFigure:
        raise NotImplementedError

    def runs_of(self, arm: str, n: int) -> Summary | None:
        """The runs that a guess and a live run are held against."""
        raise NotImplementedError

    def sort(self) -> None:
        """Work out what is shown from `self.rows`, which were read anew."""
        raise NotImplementedError

    # -- what they share -----------------------------------------------------------------------

    def read(self, **equal) -> None:
        """Read the task's rows by the rule that is shown, whatever their purpose."""
        self.shelf.read(self.task)
        self.rows = of_one_version(self.shelf.ledger.rows(
            task=self.task, budget=self.shelf.budget, **equal))
        self.sort()
        self.shelf.version += 1  # what was drawn meanwhile, of the old rows, is not found again

    def static(self) -> TwinFigure:
        """The same view as a picture, a table and a sentence; nothing is hidden in it."""
        return self.figure(hidden=False)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no run is being trained and the picture is up to date."""
        return self._live.wait(timeout) and super().wait(timeout)

    def draw(self) -> None:
        self.show_figure((self.shelf.version, self.chosen(), self.hidden),
                         lambda: self.figure(self.hidden), f"{self.table_name} {self.task}")
        self.question.value = sentence(self.asked() if self.hidden else (
            f"Guess again for another {self.thing}, if you like: guesses are kept."))
        self.show.disabled = not self.hidden
        self.show_cost()

    def show_run(self, row: dict) -> None:
        self.read()
        known = self.runs_of(row["arm"], row["n"])
        text = verdict(row, score_of(row, self.scored_by), known, self.shelf.budget)
        if known is None:
            text += f" No runs of this {self.thing} are shipped."
        self.live_text.value = sentence(text, strong=True)
        self.redraw()

    @guard
    def _commit(self, button=None) -> None:
        guess, seen = guesses.check_guess(self.prediction.value), self._seen
        _, arm, n = self.run_chosen()
        known = self.runs_of(arm, n)
        shipped = all(row.get("shipped") for row in self.rows if row["purpose"] != "live"
                      and (row["arm"], row["n"]) == (arm, n))
        self.hidden, self._seen = False, True
        self.guess_text.value = sentence(guesses.judge(guess, known, shipped), strong=True)
        self.redraw()
        guesses.remember(self._guesses, guess, self.task, self.scored_by, arm, n, known, seen)

    @guard
    def _show(self, button=None) -> None:
        self.hidden, self._seen = False, True
        self.guess_text.value = sentence("Shown without a guess.")
        self.redraw()

    @guard
    def _reset(self, button=None) -> None:
        """Start over: hide the results again. No run is deleted."""
        self.hidden = True
        self.prediction.value = 0.5
        self.guess_text.value = ""
        self.redraw()
