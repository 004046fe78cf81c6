"""ReplayExplorer: choose how much of the first task is seen again, guess, look, train it live."""

from pathlib import Path

import ipywidgets as w

from llmtl_helpers.arms import SEQUELS
from llmtl_helpers.curves import Summary, in_band, score_of, scores_by_test
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots import TwinFigure, replay_figure, words
from llmtl_helpers.plots.domains_words import short
from llmtl_helpers.plots.replay_data import FIRST, SECOND, SHARES, replayed
from llmtl_helpers.profiles import Profile
from llmtl_helpers.widgets.guess_first import GuessFirst
from llmtl_helpers.widgets.live import verdict
from llmtl_helpers.widgets.panel import WIDE, sentence
from llmtl_helpers.widgets.shelf import median_seconds, of_one_version
from llmtl_helpers.widgets.static_twin import all_of

USUAL = 1024  # labels of each task where no runs say otherwise


class ReplayExplorer(GuessFirst):
    """Films first, then tweets: a slider mixes films into the second training.

    It chooses among runs that exist. Every control is an attribute: share and prediction have a
    `value` to set; commit, show, train, stop and reset have a `click()`. picture, table,
    guess_text, live_text, cost and progress show.

    Args:
        share: share of films at first, in per cent, one of `replay_data.SHARES`.
        profile: name or Profile by which live runs are trained; default: `get_profile()`.
        ledger: default: `Ledger()`.
        theme, scale: as in `replay_figure`.
        workers, plan: instead of `sweep.Workers(count=1)` and `sweep.live_config`.
        guesses_file: default: the usual journal.

    Attributes:
        last_error: the last exception of a handler, which is also shown in the widget.

    Raises:
        LearnerError: no such share.

    Taught in 07.
    """

    thing, table_name, scored_by = "share", "replay", "macro_f1"

    def __init__(self, share: int = 10, profile: str | Profile | None = None,
                 ledger: Ledger | None = None, *, theme: str = "light", scale: float = 1.0,
                 workers=None, plan=None, guesses_file: Path | None = None):
        if share not in SHARES:
            raise LearnerError(f"there is no share of {share}%",
                               next=f"choose one of {', '.join(map(str, SHARES))}")
        super().__init__(FIRST, profile, ledger, theme, scale, guesses_file)
        self.share = w.SelectionSlider(
            options=[(f"{percent}%", percent) for percent in SHARES], value=share,
            description=f"{short(FIRST)} again", style=WIDE,
            layout=w.Layout(width="480px", max_width="100%"))
        self.read()
        self.place([self.share], [self.share], workers, plan)

    # -- what GuessFirst asks for --------------------------------------------------------------

    def read(self, **equal) -> None:
        """Rows of both tasks by the rule that is shown: what was learnt first is scored on both."""
        self.shelf.read(self.task)
        self.rows = [row for task in (FIRST, SECOND) for row in of_one_version(
            self.shelf.ledger.rows(task=task, budget=self.shelf.budget, **equal))]
        self.sort()
        self.shelf.version += 1  # what was drawn meanwhile, of the old rows, is not found again

    def sort(self) -> None:
        self._found = replayed(self.rows, self.scored_by)
        self._live_rows = [row for row in self.rows if row["purpose"] == "live"
                           and row["arm"] in SEQUELS]

    def chosen(self) -> int:
        return self.share.value

    def page_offers(self) -> dict[str, list]:
        return {"share": all_of(self.share)}

    def asked(self) -> str:
        return (f"Before you look: the network learnt {short(FIRST)}, then {short(SECOND)} with "
                f"{self.chosen()}% {short(FIRST)} in the mix. What "
                f"{words.spoken_metric(self.scored_by)} does it have on {short(FIRST)} now?")

    def figure(self, hidden: bool) -> TwinFigure:
        return replay_figure(self.rows, self.chosen(), self.scored_by, hidden=hidden,
                             live_rows=[] if hidden else self._live_rows,
                             theme=self.layers.theme, scale=self.layers.scale)

    def runs_of(self, arm: str, n: int) -> Summary | None:
        """Scores on the first task, which is what is guessed."""
        return self._found.summary(_share_of(arm), FIRST)

    # -- what LiveTraining asks for ------------------------------------------------------------

    def run_chosen(self) -> tuple[str, str, int]:
        return SECOND, SHARES[self.chosen()], self._found.n or USUAL

    def show_cost(self) -> None:
        """A run is two trainings, one after the other, with any share."""
        n, rule = self.run_chosen()[2], self.shelf.profile.budget
        timed = median_seconds(row for row in self.rows if row["arm"] in SEQUELS
                               and (row["task"], row["n"], row["budget"]) == (SECOND, n, rule))
        once = None if timed else self.shelf.seconds("fine_tuned", n)
        took = (f"took {timed[0]:.0f} s {timed[1]}" if timed else
                f"has not been timed yet; one training took {once[0]:.0f} s {once[1]}" if once else
                "has not been timed here yet")
        self.cost.value = sentence(f"A run of two trainings with {words.labels(n)} each {took}. It "
                                   "uses a new seed.")

    def show_run(self, row: dict) -> None:
        self.read()
        share = _share_of(row["arm"])
        text = f"On {short(SECOND)}: " + verdict(
            row, score_of(row, self.scored_by), self._found.summary(share, SECOND),
            self.shelf.budget)
        first = scores_by_test([row], self.scored_by).get((row["arm"], SECOND, FIRST))
        if first is not None and row["budget"] == self.shelf.budget:
            score, band = first.summary().mean, self._found.summary(share, FIRST)
            inside = in_band(score, band) if band else None
            text += f" On {short(FIRST)}: {score:.3f}" + ("." if inside is None else (
                f", {'inside' if inside else 'outside'} the 95% band."))
        self.live_text.value = sentence(text, strong=True)
        self.redraw()

    def _config(self, task: str, arm: str, n: int):
        """Called from the watching thread: the slider may stand elsewhere by now."""
        plan = self._plan
        if plan is None:
            from llmtl_helpers.sweep import live_config as plan
        config = plan(task, arm, n, self.shelf.profile, self.shelf.ledger, tuned_as="fine_tuned")
        return config.changed(also_tested=(FIRST,))


def _share_of(arm: str) -> int:
    return next(share for share, name in SHARES.items() if name == arm)
