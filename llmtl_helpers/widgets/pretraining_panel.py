"""PretrainingPanel: pre-train small language models and watch the loss, stop, go on."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import ipywidgets as w

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots.figure import TwinFigure, figure_html
from llmtl_helpers.plots.pretraining import pretraining_curves
from llmtl_helpers.plots.tables import table_html
from llmtl_helpers.pretraining.card import own_card, read_card, read_log
from llmtl_helpers.pretraining.job import PretrainingJob
from llmtl_helpers.profiles import get_profile
from llmtl_helpers.recipes import RECIPES
from llmtl_helpers.widgets.guard import Guarded, guard
from llmtl_helpers.widgets.latest import Latest
from llmtl_helpers.widgets.live import LiveRun, progress_text
from llmtl_helpers.widgets.panel import WIDE, WRAP, heading, sentence
from llmtl_helpers.widgets.static_twin import StaticTwin

RUNNER = "llmtl_helpers.pretraining.job"
REDRAW = 3.0  # seconds between two pictures: a picture takes as long as some updates
POINTS = 100  # of a live line
SHIPPED = ("causal-30M", "masked-30M")  # the longer trainings that come with the suite


class PretrainingPanel(Guarded, StaticTwin, w.VBox):
    """Small language models, pre-trained while one looks on, each in a process of its own.

    Two at once share out the cores. What was stopped, or was interrupted by an accident, goes on
    from its last kept state; what is finished is a checkpoint by its name and is not trained again.
    Every control is an attribute: names has a `value` to set; start and stop have a `click()`.
    picture, table, cost, progress and live_text show.

    Args:
        names: recipes that are chosen first; default: both families as the profile says.
        compare: checkpoints whose cards are drawn beside them, dotted.
        theme, scale: as in `twin_curve`.
        workers: instead of processes, anything with `run(jobs, stop)`.

    Attributes:
        busy: whether something is being pre-trained.
        last_error: the last exception of a handler since Pre-train was pressed, which is also
            shown in the widget.

    Taught in 03.
    """

    def __init__(self, names: Sequence[str] | None = None, compare: Sequence[str] = SHIPPED, *,
                 theme: str = "light", scale: float = 1.0, workers=None):
        self.prepare_guard()
        tokens = get_profile().pretraining
        names = tuple(names or (f"causal-{tokens}", f"masked-{tokens}"))
        offered = [name for name, recipe in RECIPES.items() if recipe.vocabulary]
        if unknown := [name for name in names if name not in offered]:
            raise LearnerError(f"there is no small recipe called {unknown[0]!r}",
                               next=f"choose among {', '.join(offered)}")
        self._beside, self._look = compare, {"theme": theme, "scale": scale}
        self._live: dict[str, list[tuple[int, float]]] = {}  # name -> (update, loss) as reported
        self._first: dict[str, tuple[int, float]] = {}  # first report of each
        self._last: dict = {}  # name -> the latest event
        self._failures: list[str] = []
        self._started: tuple[str, ...] = ()  # what the training under way, or the last one, is of
        self._drawn = 0.0
        self._redraw = Latest(lambda: self._draw())
        self.names = w.SelectMultiple(
            options=offered, value=names, rows=8, description="Recipes", style=WIDE,
            layout=w.Layout(width="440px", max_width="100%"),
            tooltip="hold Ctrl (Cmd on a Mac) to choose several")
        self.start = w.Button(description="Pre-train", button_style="primary",
                              layout=w.Layout(width="130px"))
        self.stop = w.Button(description="Stop", disabled=True, layout=w.Layout(width="80px"))
        self.progress = w.FloatProgress(min=0, max=1, description="Progress", style=WIDE,
                                        layout=w.Layout(width="440px", max_width="100%"))
        self.cost, self.live_text, self.picture, self.table = (w.HTML() for _ in range(4))
        self._run = LiveRun(self._event, self._end, workers or _Crew())
        self.names.observe(self._names_changed, "value")
        self.start.on_click(self._start)
        self.stop.on_click(self._stop)
        super().__init__([heading("Pre-train small language models on this machine"),
                          w.HBox([self.names, w.VBox([self.start, self.stop])], layout=WRAP),
                          self.cost, self.errors, self.progress, self.live_text, self.picture,
                          self.table])
        self._names_changed()

    def static(self) -> TwinFigure:
        """The same view as a picture, a table and a sentence, for pages without a kernel."""
        chosen = {name: card for name in self.names.value if (card := self._card(name))}
        beside = {name: card for name in self._beside
                  if name not in chosen and (card := read_card(name))}
        return pretraining_curves(chosen, beside, **self._look)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is being pre-trained or drawn; False if it took longer than `timeout`
        seconds."""
        return self._run.wait(timeout) and self._redraw.wait(timeout)

    def carry_out(self) -> list[str]:
        """Press Pre-train, unless it was pressed, and wait; an interruption (■) is a Stop.

        Returns:
            the chosen names that are finished here.
        """
        names = self.names.value
        if not self.busy and not all(map(_finished, names)):
            self.start.click()
        try:
            while not self.wait(0.5):
                pass
        except KeyboardInterrupt:
            self.stop.click()
            self.wait(30)
        return [name for name in names if _finished(name)]

    @property
    def busy(self) -> bool:
        return self._run.busy

    def _card(self, name: str) -> dict:
        """The finished card, or what is known of a training that is under way or interrupted."""
        recipe = RECIPES[name]
        if name not in self._live and _finished(name):
            return own_card(name)
        before = _log(name)
        losses = list(before.get("curve", ()))
        known = losses[-1][0] if losses else 0
        losses += _means([point for point in self._live.get(name, ()) if point[0] > known],
                         recipe.updates)
        return {"recipe": asdict(recipe), "losses": losses,
                "held_out_losses": before.get("held_out", ())} if losses else {}

    def _draw(self) -> None:
        figure = self.static()
        self.picture.value = figure_html(figure.png(), figure.alt, figure.reading, figure.theme)
        self.table.value = table_html(figure.table, name="pre-training")
        self._drawn = time.monotonic()

    @guard
    def _names_changed(self, change=None) -> None:
        self.cost.value = sentence(_cost(self.names.value))
        self._redraw()

    @guard
    def _start(self, button=None) -> None:
        names = self.names.value
        if not names:
            raise LearnerError("no recipe is chosen", next="choose one or two")
        self._run.start(lambda: [PretrainingJob(name) for name in names], lambda: self._ready(names))

    def _ready(self, names: Sequence[str]) -> None:
        self.last_error, self._started = None, tuple(names)
        self._live, self._first, self._last, self._failures = {}, {}, {}, []
        self.stop.disabled, self.progress.value = False, 0
        self.live_text.value = sentence("Getting ready: text, tokenizer, network.")

    @guard
    def _stop(self, button=None) -> None:
        if self._run.busy:
            self._run.stop()
            self.live_text.value = sentence("Stopping: the state is being kept, a moment.")

    @guard(clears=False)
    def _event(self, event) -> None:
        """Called from the watching thread."""
        name = event.config.name
        if event.kind == "failed":
            self._failures.append(f"{name} was not pre-trained. {event.reason}")
        if event.kind == "progress":
            self._first.setdefault(name, (event.update, event.seconds))
            if event.loss is not None:
                self._live.setdefault(name, []).append((event.update, event.loss))
        if event.kind == "done":
            self._live.pop(name, None)  # from here on its card speaks
        if event.kind in ("progress", "done"):
            self._last[name] = event
            self._say()
            if event.kind == "done" or time.monotonic() - self._drawn > REDRAW:
                self._redraw()

    def _say(self) -> None:
        lines = []
        for name, event in self._last.items():
            lines.append(f"{name}: done, a checkpoint of that name is here."
                         if event.kind == "done" else f"{name}: " + progress_text(
                             event.update, event.updates, event.loss, event.seconds,
                             self._first[name]) + ".")
        if not self._run.stopping:
            self.live_text.value = sentence(" ".join(lines))
            shares = [1.0 if event.kind == "done" else event.update / max(1, event.updates)
                      for event in self._last.values()]
            self.progress.value = sum(shares) / max(1, len(self._started))

    @guard(clears=False)
    def _end(self, error: Exception | None) -> None:
        """Called from the watching thread when there is nothing more to come."""
        self.stop.disabled = True
        self._live = {}
        self._redraw()
        if error is not None:
            self.live_text.value = sentence(f"Nothing more was trained. {error}", strong=True)
            raise error
        self.cost.value = sentence(_cost(self.names.value))
        if self._failures:
            self.live_text.value = sentence(" ".join(self._failures) + " What had been kept is "
                                            "still there: Pre-train goes on from it.", strong=True)
        elif self._run.stopping and not all(name in self._last and self._last[name].kind == "done"
                                              for name in self._started):
            self.live_text.value = sentence("Stopped. Press Pre-train and it goes on from here.",
                                            strong=True)


class _Crew:
    """A process per job, as far as there are cores; they share the cores."""

    def run(self, jobs: list[PretrainingJob], stop) -> Iterator:
        from llmtl_helpers.sweep.workers import Workers, usable_cores

        return Workers(min(len(jobs), usable_cores()), runner=RUNNER).run(jobs, stop)


def _means(points: list[tuple[int, float]], updates: int) -> list[tuple[int, float]]:
    """Single batches are noisy: mean losses of about POINTS stretches, each at its last update."""
    groups: dict[int, list[tuple[int, float]]] = {}
    for update, loss in points:
        groups.setdefault(update * POINTS // updates, []).append((update, loss))
    return [(group[-1][0], round(sum(loss for _, loss in group) / len(group), 4))
            for group in groups.values()]


def _finished(name: str) -> bool:
    """Whether this very recipe was carried out here."""
    return own_card(name).get("recipe_id") == RECIPES[name].id


def _log(name: str) -> dict:
    """How far this very recipe has come; {} if another one was begun under its name."""
    log = read_log(name)
    return log if log.get("about", {}).get("recipe") == asdict(RECIPES[name]) else {}


def _cost(names: Sequence[str]) -> str:
    """What it takes, from the cards of the suite's own files: said before it is started."""
    left = [name for name in names if not _finished(name)]
    if not names:
        return "Choose one recipe or two."
    if not left:
        return ("All of these are here already. To train one anew, delete its folder in "
                f"{paths.own_checkpoints().name} first.")
    parts = []
    for name in left:
        recipe = RECIPES[name]
        done = _log(name).get("updates", 0) / recipe.updates
        like = next((card for known in (name, *SHIPPED) if (card := read_card(known))
                     and card["recipe"]["objective"] == recipe.objective), None)
        pace = "time not known here yet"
        if like is not None:
            minutes = (1 - done) * recipe.tokens * like["seconds"] / like["tokens"] / 60
            pace = (f"about {max(1, round(minutes))} min on one core of the machine where "
                    f"{like['name']} was made")
        parts.append(f"{name}: {recipe.tokens:,} tokens, {pace}"
                     + (f", {done:.0%} of it done" if done else ""))
    return ("; ".join(parts) + ". About 4 MB of disk each; several at once have a core each, as far "
            "as there are cores.")
