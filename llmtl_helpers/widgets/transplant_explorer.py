"""TransplantExplorer: choose which parts come from the checkpoint, guess, look, train one live."""

from pathlib import Path

import ipywidgets as w

from llmtl_helpers.arms import ALL_KEPT, kept_arm
from llmtl_helpers.curves import Summary, score_of
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots import TwinFigure, transplant_figure, words
from llmtl_helpers.plots.transplants_data import ENDS, kept_of, named, summaries, usual_rate
from llmtl_helpers.profiles import Profile
from llmtl_helpers.widgets import guesses
from llmtl_helpers.widgets.guard import guard
from llmtl_helpers.widgets.live import verdict
from llmtl_helpers.widgets.panel import LINE, WIDE, WRAP, heading, sentence
from llmtl_helpers.widgets.shelf import of_one_version
from llmtl_helpers.widgets.training import LiveTraining
from llmtl_helpers.widgets.view import View

METRIC = "accuracy"


class TransplantExplorer(LiveTraining, View):
    """Parts of the checkpoint to keep, the others random: shipped results, and live runs.

    Every control is an attribute: embeddings and each of `blocks`, lowest first, are check boxes
    with a `value` to set, and so has prediction; commit, show, train, stop and reset have a
    `click()`. picture, table, guess_text, live_text, cost and progress show.

    Args:
        task: name of the task. n: training-set size in labels.
        kept: what is kept at first, such as "e012": e for the embeddings, blocks from 0.
        profile: name or Profile by which live runs are trained; default: `get_profile()`.
        ledger: default: `Ledger()`.
        theme, scale: as in `transplant_figure`.
        workers, plan: instead of `sweep.Workers(count=1)` and `sweep.live_config`.
        guesses_file: default: `guesses.jsonl` in the suite's local folder.

    Attributes:
        kept: the parts that are kept now; may be set.
        last_error: the last exception of a handler, which is also shown in the widget.

    Taught in 04.
    """

    def __init__(self, task: str = "sentiment/films", n: int = 256, kept: str = "e",
                 profile: str | Profile | None = None, ledger: Ledger | None = None, *,
                 theme: str = "light", scale: float = 1.0, workers=None, plan=None,
                 guesses_file: Path | None = None):
        super().__init__(profile, ledger, theme, scale)
        self.task, self.n, self._guesses = task, n, guesses_file or guesses.file()
        self.hidden = True
        self._controls()
        self._read()
        self.kept = kept
        self.commit.on_click(self._commit)
        self.show.on_click(self._show)
        self.reset.on_click(self._reset)
        self.prepare_training(workers, plan)
        self.show_controls([
            w.HTML("From the checkpoint; what is not ticked starts from random weights:"),
            w.HBox([self.embeddings, *self.blocks], layout=WRAP),
            self.question, w.HBox([self.prediction, self.commit, self.show], layout=WRAP),
            self.guess_text, self.errors, self.picture, self.table,
            heading("Train this combination on this machine"),
            w.HBox([self.train, self.stop, self.reset], layout=WRAP),
            self.cost, self.progress, self.live_text], [self.embeddings, *self.blocks])

    def _controls(self) -> None:
        tick = {"indent": False, "value": False}
        self.embeddings = w.Checkbox(description="embeddings", layout=w.Layout(width="115px"), **tick)
        self.blocks = tuple(
            w.Checkbox(description=f"block {number + 1}", layout=w.Layout(width="85px"), **tick)
            for number in range(len(ALL_KEPT) - 1))
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

    @property
    def kept(self) -> str:
        ticked = [self.embeddings.value, *(block.value for block in self.blocks)]
        return "".join(part for part, there in zip(ALL_KEPT, ticked, strict=True) if there)

    @kept.setter
    def kept(self, parts: str) -> None:
        with self.hold():
            for part, control in zip(ALL_KEPT, (self.embeddings, *self.blocks), strict=True):
                control.value = part in parts
        if self.children:
            self.redraw()

    def static(self) -> TwinFigure:
        """The same view as a picture, a table and a sentence; nothing is hidden in it."""
        return self._figure(hidden=False)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no run is being trained and the picture is up to date."""
        return self._live.wait(timeout) and super().wait(timeout)

    def draw(self) -> None:
        key = (self.shelf.version, self.kept, self.hidden)
        self.show_figure(key, lambda: self._figure(self.hidden), f"transplants {self.task}")
        self.question.value = sentence(
            f"Before you look: what accuracy does the network reach with {words.labels(self.n)} if "
            f"it keeps {named(self.kept)} and starts from random weights elsewhere?"
            if self.hidden else "Guess again for other parts, if you like: guesses are kept.")
        self.show.disabled = not self.hidden
        self.show_cost()

    # -- what LiveTraining asks for ------------------------------------------------------------

    def run_chosen(self) -> tuple[str, str, int]:
        return self.task, kept_arm(self.kept), self.n

    def show_cost(self) -> None:
        """Any combination trains all weights, so it takes as long as either end does."""
        timed = self._own_seconds() or self.shelf.seconds("scratch", self.n)
        took = f"took {timed[0]:.0f} s {timed[1]}" if timed else "has not been timed here yet"
        rate, why = self._rate(self.kept)
        self.cost.value = sentence(
            f"A run that trains all weights with {words.labels(self.n)} {took}. Learning rate: "
            + (why if rate is None else f"{rate:g}, {why}") + ". It uses a new seed.")

    def show_run(self, row: dict) -> None:
        self._read()
        kept = kept_of(row["arm"])
        text = verdict(row, score_of(row, METRIC), self._found.get(kept), self.shelf.budget)
        if kept not in self._found:
            text += " No runs of this combination are shipped."
        self.live_text.value = sentence(text, strong=True)
        self.redraw()

    def _config(self, task: str, arm: str, n: int):
        """Called from the watching thread: the boxes may show another combination by now."""
        plan = self._plan
        if plan is None:
            from llmtl_helpers.sweep import live_config as plan
        kept = kept_of(arm)
        knob = None if kept in self._found else self._rate(kept)[0]
        return plan(task, arm, n, self.shelf.profile, self.shelf.ledger, knob=knob)

    # -- rows ----------------------------------------------------------------------------------

    def _read(self) -> None:
        """Rows of the combinations, of both ends and of live runs, by the rule that is shown."""
        self.shelf.read(self.task)
        self._rows = of_one_version(self.shelf.ledger.rows(task=self.task, n=self.n,
                                                           budget=self.shelf.budget))
        self._found, self._rates = summaries(self._rows, self.n, METRIC)

    def _figure(self, hidden: bool) -> TwinFigure:
        live = [row for row in self._rows if row["purpose"] == "live"]
        return transplant_figure(self._rows, self.kept, self.n, METRIC,
                                 live_rows=[] if hidden else live, hidden=hidden,
                                 theme=self.layers.theme, scale=self.layers.scale)

    def _rate(self, kept: str) -> tuple[float | None, str]:
        """Learning rate of a live run where it is known already, and where it is from."""
        if self.shelf.profile.trial_seeds == 0 and kept in self._found:
            return None, f"that of the profile “{self.shelf.profile.name}”, which tunes nothing"
        if kept in self._rates:
            return self._rates[kept], "which the trials of this combination chose"
        if (usual := usual_rate(self._rates)) is None:
            return None, "chosen by its own trials"
        among = len([other for other in self._rates if other not in ENDS])
        return usual[0], (f"which the trials of the shipped combinations chose most often "
                          f"({usual[1]} of {among}); this one has no trials of its own")

    def _own_seconds(self) -> tuple[float, str] | None:
        """Median seconds of live runs of any combination on this machine."""
        from statistics import median

        own = [row["seconds"] for row in self._rows if row["purpose"] == "live"
               and not row.get("shipped") and kept_of(row["arm"]) is not None and row.get("seconds")
               and row["budget"] == self.shelf.profile.budget]
        return (median(own), "here") if own else None

    # -- guessing ------------------------------------------------------------------------------

    @guard
    def _commit(self, button=None) -> None:
        guess, seen = guesses.check_guess(self.prediction.value), not self.hidden
        found: Summary | None = self._found.get(self.kept)
        shipped = all(row.get("shipped") for row in self._rows if row["purpose"] != "live"
                      and row["arm"] == kept_arm(self.kept))
        self.hidden = False
        self.guess_text.value = sentence(guesses.judge(guess, found, shipped), strong=True)
        self.redraw()
        guesses.remember(self._guesses, guess, self.task, METRIC, kept_arm(self.kept), self.n,
                         found, seen)

    @guard
    def _show(self, button=None) -> None:
        self.hidden = False
        self.guess_text.value = sentence("Shown without a guess.")
        self.redraw()

    @guard
    def _reset(self, button=None) -> None:
        """Start over: hide the results again. No run is deleted."""
        self.hidden = True
        self.prediction.value = 0.5
        self.guess_text.value = ""
        self.redraw()
