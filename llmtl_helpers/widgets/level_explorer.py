"""LevelExplorer: move a level over the twin curve and read how many labels each arm needs."""

import ipywidgets as w

from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots import TwinFigure, level, level_curve
from llmtl_helpers.plots.level_data import LevelData, alt, reading
from llmtl_helpers.plots.tables import table_html
from llmtl_helpers.plots.twin import table
from llmtl_helpers.profiles import Profile
from llmtl_helpers.widgets.guard import guard
from llmtl_helpers.widgets.panel import CHOICE, METRIC, WIDE, WRAP, choose
from llmtl_helpers.widgets.shelf import offered
from llmtl_helpers.widgets.static_twin import Shown, some_of
from llmtl_helpers.widgets.view import View

STEP = 0.005  # of the slider
MORE = 0.03  # how far it goes beyond the lines, where the answer is that there is none


class LevelExplorer(View):
    """A twin curve with a level to move, and the data multiplier at that level.

    Every control is an attribute with a `value` to set: domain, metric, treatment, baseline,
    level.

    Args:
        task: name of the task that is shown first.
        profile: name or Profile whose training rule is looked at; default: `get_profile()`.
        ledger: default: `Ledger()`.
        treatment, baseline, level: what is chosen first; the level defaults to the middle of
            the scores that both lines pass.
        theme, scale: as in `level_curve`.

    Attributes:
        multiplier: the `curves.Multiplier` at the level; None without runs.

    Taught in 02.
    """

    def __init__(self, task: str = "sentiment/films", profile: str | Profile | None = None,
                 ledger: Ledger | None = None, *, treatment: str = "fine_tuned",
                 baseline: str = "scratch", level: float | None = None, theme: str = "light",
                 scale: float = 1.0):
        super().__init__(profile, ledger, theme, scale)
        self.multiplier = None
        self._found: tuple = (None, None)  # what the last picture was drawn from, with its key
        tasks, task = offered(task)
        self.domain, self.metric = choose("Data", tasks, task), choose("Metric", METRIC)
        self.treatment = choose("Treatment", CHOICE, treatment)
        self.baseline = choose("Baseline", CHOICE, baseline)
        self.level = w.FloatSlider(min=0, max=1, step=STEP, value=0.5, readout_format=".3f",
                                   description="Level", style=WIDE,
                                   layout=w.Layout(width="640px", max_width="100%"))
        self.shelf.read(task)
        self._offer(level)
        self.metric.observe(self._metric_changed, "value")
        for control in (self.treatment, self.baseline):
            control.observe(self._arm_changed, "value")
        self.domain.observe(self._domain_changed, "value")
        self.show_controls([
            w.HBox([w.VBox([self.domain, self.metric]), w.VBox([self.treatment, self.baseline])],
                   layout=WRAP),
            self.errors, self.level, self.picture, self.table], [self.level])

    def page_offers(self) -> dict[str, list]:
        lines = ("scratch", "small_scratch", "tfidf", "probe")
        return {"level": some_of(self.level, digits=3),
                "baseline": [(label, arm) for label, arm in CHOICE if arm in lines]}

    def static(self) -> TwinFigure:
        """The same view as a picture, a table and a sentence, for pages without a kernel."""
        return level_curve(self.shelf.rows, self.level.value, self.treatment.value,
                           self.baseline.value, self.metric.value, theme=self.layers.theme,
                           scale=self.layers.scale)

    def page_state(self) -> Shown:
        return self.drawn_state()

    def draw(self) -> None:
        found, theme = self._data(), self.layers.theme
        if found.missing:
            self.multiplier = None
            self.show_figure(self._key(), self.static, "twin curve")
            return
        meets = self.multiplier = found.multiplier(round(self.level.value, 6))
        self.picture.value = self.layers.layered(
            self._key(), meets.level,
            lambda: level.backdrop(found, None, theme, self.layers.scale),
            lambda axes: level.mark(axes, found, meets, theme),
            lambda axes: (alt(found, axes, None, meets), reading(found, meets)))

    def _key(self) -> tuple:
        return (self.shelf.version, self.metric.value, self.treatment.value, self.baseline.value)

    def _data(self) -> LevelData:
        """What is chosen, worked out once, with its table."""
        key = self._key()
        if self._found[0] != key:
            found = LevelData(self.shelf.rows, *key[1:])
            self.table.value = table_html(table(found.plot), "Table of the lines",
                                          f"twin curve {self.domain.value}")
            self._found = key, found
        return self._found[1]

    def _offer(self, wanted: float | None) -> None:
        """Let the slider cover the lines and a little more, and stand at `wanted` or nearby."""
        found = self._data()
        self.level.disabled = bool(found.missing)
        if found.missing:
            return
        low = max(0.0, round((found.low - MORE) / STEP) * STEP)
        high = min(1.0, round((found.high + MORE) / STEP) * STEP)
        # one message to the browser: its slider would answer each of several with its own value
        with self.hold(), self.level.hold_sync():
            self.level.min, self.level.max = 0, 1  # never a minimum above the maximum
            self.level.min, self.level.max = low, high
            self.level.value = found.usual if wanted is None else min(max(wanted, low), high)

    def _stay(self) -> None:
        """Offer other levels, and stay at this one if the lines are still there."""
        found, now = self._data(), self.level.value
        self._offer(now if not found.missing and found.low <= now <= found.high else None)
        self.redraw()

    @guard
    def _metric_changed(self, change) -> None:
        self._stay()

    @guard
    def _arm_changed(self, change) -> None:
        if self.held:
            return
        other = self.baseline if change["owner"] is self.treatment else self.treatment
        if other.value == change["new"]:  # an arm is not compared with itself: change places
            with self.hold():
                other.value = change["old"]
        self._stay()

    @guard
    def _domain_changed(self, change) -> None:
        self.shelf.read(self.domain.value)
        self._stay()
