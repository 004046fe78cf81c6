"""TransplantExplorer: choose which parts come from the checkpoint, guess, look, train one live."""

from pathlib import Path

import ipywidgets as w

from llmtl_helpers.arms import ALL_KEPT, kept_arm
from llmtl_helpers.curves import Summary
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots import TwinFigure, transplant_figure, words
from llmtl_helpers.plots.transplants_data import ENDS, kept_of, named, summaries, usual_rate
from llmtl_helpers.profiles import Profile
from llmtl_helpers.widgets.guess_first import METRIC, GuessFirst
from llmtl_helpers.widgets.panel import WRAP, sentence
from llmtl_helpers.widgets.shelf import median_seconds


class TransplantExplorer(GuessFirst):
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
        guesses_file: default: the usual journal.

    Attributes:
        kept: the parts that are kept now; may be set.
        last_error: the last exception of a handler, which is also shown in the widget.

    Taught in 04.
    """

    thing, table_name = "combination", "transplants"

    def __init__(self, task: str = "sentiment/films", n: int = 256, kept: str = "e",
                 profile: str | Profile | None = None, ledger: Ledger | None = None, *,
                 theme: str = "light", scale: float = 1.0, workers=None, plan=None,
                 guesses_file: Path | None = None):
        super().__init__(task, profile, ledger, theme, scale, guesses_file)
        self.n = n
        tick = {"indent": False, "value": False}
        self.embeddings = w.Checkbox(description="embeddings", layout=w.Layout(width="115px"),
                                     **tick)
        self.blocks = tuple(
            w.Checkbox(description=f"block {number + 1}", layout=w.Layout(width="85px"), **tick)
            for number in range(len(ALL_KEPT) - 1))
        self.read()
        self.kept = kept
        boxes = [self.embeddings, *self.blocks]
        self.place([
            w.HTML("From the checkpoint; what is not ticked starts from random weights:"),
            w.HBox(boxes, layout=WRAP)], boxes, workers, plan)

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

    # -- what GuessFirst asks for --------------------------------------------------------------

    def chosen(self) -> str:
        return self.kept

    def page_offers(self) -> dict[str, list]:
        return {"kept": [(named(kept), kept) for kept in self._found]}

    def page_names(self) -> dict[str, str]:
        return {"kept": "Kept from the checkpoint"}

    def asked(self) -> str:
        return (f"Before you look: what accuracy does the network reach with "
                f"{words.labels(self.n)} if it keeps {named(self.kept)} and starts from random "
                "weights elsewhere?")

    def figure(self, hidden: bool) -> TwinFigure:
        live = [row for row in self.rows if row["purpose"] == "live"]
        return transplant_figure(self.rows, self.kept, self.n, METRIC,
                                 live_rows=[] if hidden else live, hidden=hidden,
                                 theme=self.layers.theme, scale=self.layers.scale)

    def runs_of(self, arm: str, n: int) -> Summary | None:
        return self._found.get(kept_of(arm))

    def sort(self) -> None:
        self._found, self._rates = summaries(self.rows, self.n, METRIC)

    def read(self, **equal) -> None:
        super().read(n=self.n, **equal)

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

    def _config(self, task: str, arm: str, n: int):
        """Called from the watching thread: the boxes may show another combination by now."""
        plan = self._plan
        if plan is None:
            from llmtl_helpers.sweep import live_config as plan
        kept = kept_of(arm)
        knob = None if kept in self._found else self._rate(kept)[0]
        return plan(task, arm, n, self.shelf.profile, self.shelf.ledger, knob=knob)

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
        return median_seconds(row for row in self.rows if row["purpose"] == "live"
                              and not row.get("shipped") and kept_of(row["arm"]) is not None
                              and row["budget"] == self.shelf.profile.budget)
