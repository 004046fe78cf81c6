"""'Train it live': the button, its progress, Stop, and what a finished run says."""

from llmtl_helpers import stage
from llmtl_helpers.curves import Summary, score_of
from llmtl_helpers.plots import words
from llmtl_helpers.widgets.clock import Clock
from llmtl_helpers.widgets.guard import Guarded, guard
from llmtl_helpers.widgets.live import LiveRun, progress_text, seconds_left, verdict
from llmtl_helpers.widgets.panel import sentence


class LiveTraining(Guarded):
    """Mixin of an explorer with the controls train_arm, train, stop, progress, live_text, cost.

    Uses the explorer's `shelf`, `domain`, `size`, `metric`, `arms`, `hidden` and `redraw`. One
    with other controls defines `run_chosen`, `show_cost` and `show_run` itself.
    """

    def prepare_training(self, workers, plan) -> None:
        self._live = LiveRun(self._live_event, self._live_end, workers,
                             self.shelf.profile.device)
        self._plan = plan
        self._first: tuple[int, float] | None = None  # first report of the run in flight
        self._running: tuple[str, str, int] = ("", "", 0)  # its task, arm and labels
        self.clock = Clock() if stage.on() else None
        self.train.on_click(self._train)
        self.stop.on_click(self._stop)

    def run_chosen(self) -> tuple[str, str, int]:
        """Task, arm and size of the run that the button would train."""
        return self.domain.value, self.train_arm.value, self.size.value

    def runs_of(self, arm: str, n: int) -> Summary | None:
        """The runs that a live run is held against."""
        return self.shelf.summary(arm, n, self.metric.value)

    def show_cost(self) -> None:
        """How long such runs took where the rows were made: said before one is started."""
        _, arm, n = self.run_chosen()
        timed = self.shelf.seconds(arm, n)
        took = f"took {timed[0]:.0f} s {timed[1]}" if timed else "has not been timed here yet"
        self.cost.value = sentence(f"A run of {words.spoken(arm)} with {words.labels(n)} {took}. "
                                   "It uses a seed that none of them has.")

    @guard
    def _train(self, button=None) -> None:
        if self.hidden:
            self.live_text.value = sentence(
                "Your guess comes first: commit one, or press “Just show me”. Then train.")
            return
        task, arm, n = self.run_chosen()
        self._live.start(lambda: self._config(task, arm, n), lambda: self._ready(task, arm, n))

    def _ready(self, task: str, arm: str, n: int) -> None:
        self._first, self._running = None, (task, arm, n)
        if self.clock is not None:
            self.clock.start()
        self.stop.disabled = False
        self.progress.value = 0
        self.live_text.value = sentence(
            f"Getting ready to train {words.spoken(arm)} with {words.labels(n)}.")

    def _config(self, task: str, arm: str, n: int):
        plan = self._plan
        if plan is None:
            from llmtl_helpers.sweep import live_config as plan
        return plan(task, arm, n, self.shelf.profile, self.shelf.ledger)

    @guard
    def _stop(self, button=None) -> None:
        if self._live.busy:
            self._live.stop()
            self.live_text.value = sentence("Stopping: this takes up to two seconds.")

    @guard(clears=False)
    def _live_event(self, event) -> None:
        """Called from the watching thread."""
        if event.kind == "progress" and not self._live.stopping:
            self.progress.value = event.update / max(1, event.updates)
            self._first = self._first or (event.update, event.seconds)
            self.live_text.value = sentence(progress_text(
                event.update, event.updates, event.loss, event.seconds, self._first))
            if self.clock is not None:
                self.clock.left(seconds_left(event.update, event.updates, event.seconds,
                                             self._first))
        elif event.kind == "failed":
            self.live_text.value = sentence(f"The run failed. {event.reason}", strong=True)
        elif event.kind == "done":
            self.progress.value = 1
            try:
                self.shelf.ledger.add(event.row)
            finally:  # a full disk: the result is told all the same
                self.show_run(event.row)

    def show_run(self, row: dict) -> None:
        """Show a finished run and say what it means."""
        self.shelf.read()
        here = row["task"] == self.domain.value
        summary = self.runs_of(row["arm"], row["n"]) if here else None
        text = verdict(row, score_of(row, self.metric.value), summary, self.shelf.budget)
        if not here:
            text += f" It belongs to {row['task']}: choose that data to see it."
        elif row["arm"] not in self.arms.value:
            text += " Choose its arm above to see its star."
        self.live_text.value = sentence(text, strong=True)
        self.redraw()

    @guard(clears=False)
    def _live_end(self, error: Exception | None) -> None:
        """Called from the watching thread when there is nothing more to come."""
        self.stop.disabled = True
        stopped = self._live.stopping and self.progress.value < 1
        if self.clock is not None:
            self.clock.end("stopped" if stopped else "no run was made" if error else "in all")
        if stopped and error is None:
            self.progress.value = 0
            self.live_text.value = sentence("Stopped. Runs that were finished before are kept."
                                            + self._band())
        if error is not None:
            self.live_text.value = sentence(f"No run was made. {error}", strong=True)
            raise error

    def _band(self) -> str:
        """What the runs that are there say about the one that was stopped."""
        task, arm, n = self._running
        known = self.runs_of(arm, n) if task == self.run_chosen()[0] else None
        if known is None or known.band is None:
            return ""
        return (f" The band speaks without it: 19 of 20 new runs of {words.spoken(arm)} with "
                f"{words.labels(n)} fall between {known.band[0]:.3f} and {known.band[1]:.3f}.")
