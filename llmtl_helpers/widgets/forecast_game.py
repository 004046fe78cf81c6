"""ForecastGame: guess the larger sizes from the smaller ones, then see both guess and power law."""

from pathlib import Path

import ipywidgets as w

from llmtl_helpers.curves import in_band
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots import TwinFigure, words
from llmtl_helpers.plots.forecast import figure_of
from llmtl_helpers.plots.forecast_data import ForecastData
from llmtl_helpers.profiles import Profile
from llmtl_helpers.widgets import guesses
from llmtl_helpers.widgets.guard import guard
from llmtl_helpers.widgets.panel import CHOICE, LINE, METRIC, WIDE, WRAP, choose, sentence
from llmtl_helpers.widgets.shelf import offered
from llmtl_helpers.widgets.static_twin import all_of
from llmtl_helpers.widgets.view import View


class ForecastGame(View):
    """The small sizes of one arm, a number to guess for each larger one, and the reveal.

    Every control is an attribute: domain, metric, arm and shown (the largest size that is not
    hidden) have a `value` to set, commit, show and reset a `click()`; `guess[n].value` is the
    guess for n labels. question and score show.

    Args:
        task: name of the task that is shown first.
        profile: name or Profile whose training rule is looked at; default: `get_profile()`.
        ledger: default: `Ledger()`.
        arm: what is forecast first.
        theme, scale: as in `forecast_figure`.
        guesses_file: default: the usual journal.

    Attributes:
        guess: hidden size -> its FloatText.
        revealed: whether the hidden sizes are drawn.

    Taught in 02.
    """

    def __init__(self, task: str = "sentiment/films", profile: str | Profile | None = None,
                 ledger: Ledger | None = None, *, arm: str = "fine_tuned", theme: str = "light",
                 scale: float = 1.0, guesses_file: Path | None = None):
        super().__init__(profile, ledger, theme, scale)
        self._guesses = guesses_file
        self._open: dict[tuple, dict[int, float]] = {}  # what is revealed -> guesses before that
        self._seen: dict[tuple, int] = {}  # line -> the largest size that was ever shown of it
        self._touched: set[int] = set()  # sizes whose guess was written by the learner
        self._found: tuple = (None, None)  # what the last picture was drawn from, with its key
        self.guess: dict[int, w.FloatText] = {}
        tasks, task = offered(task)
        self.domain, self.metric = choose("Data", tasks, task), choose("Metric", METRIC)
        self.arm = choose("Arm", CHOICE, arm)
        self.shown = w.SelectionSlider(options=[("-", 0)], description="Shown up to", style=WIDE,
                                       layout=LINE)
        self.commit = w.Button(description="Commit my guess", button_style="primary",
                               layout=w.Layout(width="150px"))
        self.show = w.Button(description="Just show me", layout=w.Layout(width="130px"))
        self.reset = w.Button(description="Play again", layout=w.Layout(width="110px"),
                              tooltip="hide the larger sizes again; no guess is deleted")
        self.question, self.score, self.numbers = w.HTML(), w.HTML(), w.HBox(layout=WRAP)
        self.shelf.read(task)
        self._offer()
        for control in (self.metric, self.arm):
            control.observe(self._line_changed, "value")
        self.domain.observe(self._domain_changed, "value")
        self.shown.observe(self._shown_changed, "value")
        self.commit.on_click(self._commit)
        self.show.on_click(self._show)
        self.reset.on_click(self._reset)
        self.show_controls([
            w.HBox([w.VBox([self.domain, self.metric]), w.VBox([self.arm, self.shown])],
                   layout=WRAP),
            self.question, self.numbers, w.HBox([self.commit, self.show, self.reset], layout=WRAP),
            self.score, self.errors, self.picture, self.table], [])

    @property
    def revealed(self) -> bool:
        return self._line() in self._open

    def page_offers(self) -> dict[str, list]:
        return {"shown": all_of(self.shown)}

    def static(self) -> TwinFigure:
        """The same view as a picture, a table and words, for pages without a kernel.

        Nothing is hidden in it: such a page has no button that could reveal it.
        """
        return figure_of(self._data(), self._said() if self.revealed else {}, True, None,
                         self.layers.theme, self.layers.scale)

    def draw(self) -> None:
        found, said, revealed = self._data(), self._said(), self.revealed
        points = [*found.shown, *(found.hidden if revealed else ())]
        self._seen[self._line()] = max([self._seen.get(self._line(), 0), *(p.n for p in points)])
        self.show_figure(
            (self._found[0], tuple(said.items()), revealed),
            lambda: figure_of(found, said, revealed, None, self.layers.theme, self.layers.scale),
            f"forecast {self.domain.value} {self.arm.value}")
        closed = bool(found.missing) or revealed
        for button in (self.commit, self.show, *self.guess.values()):
            button.disabled = closed
        self.reset.disabled = not revealed
        self.question.value = "" if found.missing else sentence(
            "Revealed. “Shown up to” now moves what the power law is fitted to." if revealed else
            f"Before you look: what mean {words.spoken_metric(self.metric.value)} does "
            f"{words.spoken(self.arm.value)} reach at each of these sizes? The numbers start "
            "where the last size ended.")

    def _line(self) -> tuple:
        return self.domain.value, self.metric.value, self.arm.value

    def _data(self) -> ForecastData:
        """What is chosen, worked out once."""
        key = (self.shelf.version, self.shown.value, *self._line())
        if self._found[0] != key:
            self._found = key, ForecastData(
                self.shelf.rows, self.arm.value,
                [n for n in self._sizes() if n <= self.shown.value], self.metric.value)
        return self._found[1]

    def _sizes(self) -> list[int]:
        return self.shelf.sizes_of(self.arm.value, self.metric.value)

    def _said(self) -> dict[int, float]:
        """Guesses to draw: what was committed, or what the learner has written so far."""
        hidden = [point.n for point in self._data().hidden]
        if self.revealed:
            said = self._open[self._line()]
            return {n: said[n] for n in hidden if n in said}
        return {n: self.guess[n].value for n in hidden
                if n in self._touched and 0 <= self.guess[n].value <= 1}

    def _offer(self) -> None:
        """Offer the sizes of this line to show; all but the largest can be shown."""
        sizes, wanted = self._sizes()[:-1], self.shown.value
        with self.hold():
            self.shown.options = [(f"{n:,}", n) for n in sizes] or [("-", 0)]
            if wanted not in sizes:
                usual = ForecastData(self.shelf.rows, self.arm.value, None,
                                     self.metric.value)
                wanted = usual.shown[-1].n if sizes else 0
            self.shown.value = wanted
            self.shown.disabled = not sizes
        self._ask()

    def _ask(self) -> None:
        """A number for every hidden size: the guess that was committed, or the last mean shown."""
        found, said = self._data(), self._open.get(self._line(), {})
        self._touched.clear()
        start = round(found.shown[-1].mean, 2) if found.shown else 0.5
        for number in self.guess.values():
            number.unobserve_all("value")
        self.guess = {point.n: w.FloatText(
            value=said.get(point.n, start), step=0.01, description=words.labels(point.n),
            layout=w.Layout(width="200px"), style=WIDE) for point in found.hidden}
        for number in self.guess.values():
            number.observe(self._guess_changed, "value")
        self.numbers.children = tuple(self.guess.values())
        self.score.value = ""

    @guard
    def _guess_changed(self, change) -> None:
        n = next(n for n, number in self.guess.items() if number is change["owner"])
        self._touched.add(n)
        guesses.check_guess(change["new"])
        self.redraw()

    @guard
    def _shown_changed(self, change) -> None:
        if not self.held:
            self._ask()
            self.redraw()

    @guard
    def _line_changed(self, change) -> None:
        self._offer()
        self.redraw()

    @guard
    def _domain_changed(self, change) -> None:
        self.shelf.read(self.domain.value)
        self._offer()
        self.redraw()

    @guard
    def _commit(self, button=None) -> None:
        said = {n: guesses.check_guess(number.value) for n, number in self.guess.items()}
        found, seen = self._data(), self._seen.get(self._line(), 0)
        self._open.setdefault(self._line(), said)
        self.score.value = sentence(verdict(found, said), strong=True)
        self.redraw()
        for point in found.hidden:
            guesses.remember(self._guesses, said[point.n], self.domain.value, self.metric.value,
                             self.arm.value, point.n, point, point.n <= seen)

    @guard
    def _show(self, button=None) -> None:
        self._open.setdefault(self._line(), {})
        self.score.value = sentence("Shown without a guess.")
        self.redraw()

    @guard
    def _reset(self, button=None) -> None:
        """Hide the larger sizes of this line again. No guess is deleted from the file."""
        self._open.pop(self._line(), None)
        self._ask()
        self.redraw()


def verdict(found: ForecastData, said: dict[int, float]) -> str:
    """How near the guesses came, in one sentence."""
    off = sum(abs(said[point.n] - point.mean) for point in found.hidden) / len(found.hidden)
    text = f"You are off by {100 * off:.1f} points" + (
        " on average" if len(found.hidden) > 1 else "")
    inside = [in_band(said[point.n], point) for point in found.hidden]
    known = [one for one in inside if one is not None]
    if known:
        text += (f", and inside the band at {sum(known)} of {len(known)} "
                 f"size{'' if len(known) == 1 else 's'}")
    return f"{text}."
