"""TwinExplorer: choose among the runs of the ledger, guess first, add a live dot."""

from pathlib import Path

from llmtl_helpers.arms import ARMS
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots import TwinFigure, twin, twin_curve, words
from llmtl_helpers.plots.tables import table_html
from llmtl_helpers.plots.words import METRICS
from llmtl_helpers.profiles import Profile
from llmtl_helpers.widgets import guesses
from llmtl_helpers.widgets.guard import guard
from llmtl_helpers.widgets.panel import ALL, Panel, question, sentence
from llmtl_helpers.widgets.shelf import Shelf, offered
from llmtl_helpers.widgets.state import State, read, require
from llmtl_helpers.widgets.static_twin import Shown, all_of
from llmtl_helpers.widgets.training import LiveTraining
from llmtl_helpers.widgets.view import View

GUESSED = "fine_tuned"  # the arm whose score is guessed


class TwinExplorer(LiveTraining, View):
    """A twin curve to choose from, with a guess before the reveal and live runs after it.

    Every control is an attribute: domain, metric, seed ("all" or a number), arms, size,
    prediction, train_arm and state have a `value` to set; commit, show, train, stop and
    reset have a `click()`. picture, table, guess_text, live_text, cost and progress show.

    Args:
        task: name of the task that is shown first.
        profile: name or Profile by which live runs are trained; default: `get_profile()`.
        ledger: default: `Ledger()`.
        theme, scale: as in `twin_curve`; scale 1.6 suits most projectors.
        workers, plan: instead of `sweep.Workers(count=1)` and `sweep.live_config`.
        guesses_file: default: the usual journal.

    Attributes:
        alt, reading: alt text and sentence of the picture.
        redraw_ms: milliseconds that this process took for the last picture.
        last_error: the last exception of a handler, which is also shown in the widget.
    """

    def __init__(self, task: str = "sentiment/films", profile: str | Profile | None = None,
                 ledger: Ledger | None = None, *, theme: str = "light", scale: float = 1.0,
                 workers=None, plan=None, guesses_file: Path | None = None):
        super().__init__(profile, ledger, theme, scale)
        self._guesses = guesses_file
        self._open: set[str] = set()  # tasks whose curves are revealed
        self._seen: set[str] = set()  # those whose curves ever were: starting over hides, no more
        self._found: tuple = (None, None)  # what the last picture was drawn from, with its key
        tasks, task = offered(task)
        self._panel = Panel(tasks, task)
        for name, control in vars(self._panel).items():
            setattr(self, name, control)
        self.shelf.read(task)
        self._panel.offer(self.shelf.sizes, self.shelf.seeds)
        self.domain.observe(self._domain_changed, "value")
        self.state.observe(self._state_written, "value")
        self.commit.on_click(self._commit)
        self.show.on_click(self._show)
        self.reset.on_click(self._reset)
        self.prepare_training(workers, plan)
        self.show_controls(self._panel.rows(self.errors),
                           [self.metric, self.seed, self.arms, self.size, self.train_arm])

    @property
    def hidden(self) -> list[str]:
        """Trained networks that wait for a guess."""
        return [] if self.domain.value in self._open else self.shelf.trained

    def page_offers(self) -> dict[str, list]:
        twins = ("fine_tuned", "scratch")
        return {"size": all_of(self.size), "seed": all_of(self.seed),
                "arms": [("all", tuple(ARMS)), ("the two twins", twins)]}

    def open_at(self, state: str) -> None:
        """Set all that the state names, as pasting it into the control `state` does.

        Raises:
            LearnerError: the state cannot be read, or names what is not there.
        """
        self._apply(read(state, self._state()))
        self.redraw()

    def static(self) -> TwinFigure:
        """The same view as a picture, a table and a sentence, for pages without a kernel.

        Nothing is hidden in it: such a page has no button that could reveal it.
        """
        seed = self.seed.value
        return twin_curve(self.shelf.rows, self.metric.value, self.arms.value,
                          theme=self.layers.theme, scale=self.layers.scale,
                          at=self.size.value, seed=None if seed == ALL else seed)

    def page_state(self) -> Shown:
        opened, self._open = self._open, {self.domain.value}  # as in `static`, nothing is hidden
        try:
            return self.drawn_state()
        finally:
            self._open = opened

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no run is being trained and the picture is up to date.

        Returns:
            False if `timeout` seconds were not enough.
        """
        return self._live.wait(timeout) and super().wait(timeout)

    def draw(self) -> None:
        if not self.arms.value:
            raise LearnerError("no arm is chosen", next="choose at least one arm")
        hidden, n, seed = self.hidden, self.size.value, self.seed.value
        key = (self.shelf.version, self.domain.value, self.metric.value, self.arms.value,
               tuple(hidden))
        if self._found[0] != key:
            self._found = key, self.shelf.data(self.metric.value, self.arms.value, hidden)
            self.table.value = table_html(twin.table(self._found[1]),
                                          name=f"twin curve {self.domain.value}")
        with self.hold():
            self.picture.value = self._marked(key, self._found[1], n,
                                              None if seed == ALL else seed)
            self.state.value = str(self._state())
        self.question.value = sentence(
            question(self.metric.value, GUESSED, n) if hidden else
            "Guess again for another size, if you like: guesses are kept.")
        self.show.disabled = not hidden
        self.show_cost()

    def _marked(self, key: tuple, found: twin.PlotData, n: int, seed: int | None) -> str:
        """The twin curve with size n marked, as HTML; `key` changes whenever `found` does."""
        theme, sizes = self.layers.theme, self.shelf.sizes
        return self.layers.layered(
            key, (n, seed),
            lambda: twin.backdrop(found, None, theme, self.layers.scale, sizes),
            lambda axes: twin.mark(axes, found, n, theme, seed) if found.sizes else [],
            lambda axes: (twin.alt(found, axes, None, n, seed),
                          words.reading(found.curves, n, found.live)))

    def _state(self) -> State:
        seed = self.seed.value
        return State(self.domain.value, self.size.value, self.metric.value, self.arms.value,
                     None if seed == ALL else seed)

    @guard
    def _domain_changed(self, change) -> None:
        if not self.held:
            self.shelf.read(self.domain.value)
            with self.hold():
                self._panel.offer(self.shelf.sizes, self.shelf.seeds)
            self.guess_text.value = ""
            self.redraw()

    @guard
    def _state_written(self, change) -> None:
        if self.held or change["new"] == str(self._state()):
            return
        try:
            self._apply(read(change["new"], self._state()))
        finally:
            with self.hold():  # what could not be applied is quoted in the error
                self.state.value = str(self._state())
        self.redraw()

    def _apply(self, wanted: State) -> None:
        """Set all controls, or none."""
        require("task", wanted.task, self.domain.options)
        require("metric", wanted.metric, METRICS)
        if not wanted.arms:
            raise LearnerError("the state names no arm", next=f"name some of {', '.join(ARMS)}")
        for arm in wanted.arms:
            require("arm", arm, ARMS)
        there = Shelf(self.shelf.ledger, self.shelf.profile)
        there.read(wanted.task)
        require("n", wanted.n, there.sizes)
        require("seed", wanted.seed, [None, *there.seeds])
        with self.hold():
            self.domain.value = wanted.task
            self.shelf.read(wanted.task)
            self._panel.offer(self.shelf.sizes, self.shelf.seeds)
            self.size.value = wanted.n
            self.seed.value = ALL if wanted.seed is None else wanted.seed
            self.metric.value, self.arms.value = wanted.metric, wanted.arms

    @guard
    def _commit(self, button=None) -> None:
        guess, n, metric = self.prediction.value, self.size.value, self.metric.value
        guesses.check_guess(guess)
        task = self.domain.value
        found, seen = self.shelf.summary(GUESSED, n, metric), task in self._seen
        self._seen.add(task)
        self.guess_text.value = sentence(
            guesses.judge(guess, found, self.shelf.all_shipped(GUESSED, n)), strong=True)
        self._open.add(self.domain.value)
        self.redraw()
        guesses.remember(self._guesses, guess, self.domain.value, metric, GUESSED, n, found, seen)

    @guard
    def _show(self, button=None) -> None:
        self._open.add(self.domain.value)
        self._seen.add(self.domain.value)
        self.guess_text.value = sentence("Shown without a guess.")
        self.redraw()

    @guard
    def _reset(self, button=None) -> None:
        """Start over: hide the curves again and show all arms and seeds. No run is deleted."""
        self._open.clear()
        with self.hold():
            self.prediction.value, self.arms.value, self.seed.value = 0.5, tuple(ARMS), ALL
        self.guess_text.value = ""
        self.redraw()
