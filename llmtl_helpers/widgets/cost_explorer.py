"""CostExplorer: what a score costs, with or without the bill for pre-training."""

import ipywidgets as w

from llmtl_helpers.cost import SCOPES
from llmtl_helpers.cost import UNITS as SPOKEN
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots import TwinFigure, cost
from llmtl_helpers.plots.break_even import break_even_curve
from llmtl_helpers.plots.cost_data import UNITS, CostData
from llmtl_helpers.plots.tables import table_html
from llmtl_helpers.plots.words import METRICS
from llmtl_helpers.profiles import Profile
from llmtl_helpers.widgets.guard import guard
from llmtl_helpers.widgets.panel import LINE, WIDE, WRAP
from llmtl_helpers.widgets.shelf import offered
from llmtl_helpers.widgets.static_twin import Shown, all_of
from llmtl_helpers.widgets.view import View

TASKS = tuple(digit * 10**power for power in range(9) for digit in (1, 2, 5)) + (10**9,)
COST, BREAK_EVEN = "cost", "break-even"
STEP, MORE = 0.01, 0.03  # of the level slider, and how far it goes beyond the scores
SLIDER = w.Layout(width="640px", max_width="100%")


class CostExplorer(View):
    """Score against cost, and how many tasks must share the bill for pre-training.

    Every control is an attribute with a `value` to set: domain, metric, unit ("flops",
    "seconds", "tokens"), view ("cost", "break-even"), charge (whether pre-training is charged),
    scope (how much of it, a name in `cost.SCOPES`), tasks (that share it), level.

    Args:
        task: name of the task that is shown first.
        profile: name or Profile whose training rule is looked at; default: `get_profile()`.
        ledger: default: `Ledger()`.
        level: what is chosen first; default: the highest score that both twins reach.
        theme, scale: as in `plots.cost.cost_curve`.

    Taught in 11.
    """

    def __init__(self, task: str = "sentiment/films", profile: str | Profile | None = None,
                 ledger: Ledger | None = None, *, level: float | None = None,
                 theme: str = "light", scale: float = 1.0):
        super().__init__(profile, ledger, theme, scale)
        self._found: tuple = (None, None)  # what the last picture was drawn from, with its key
        tasks, task = offered(task)
        self.domain = w.Dropdown(options=tasks, value=task, description="Data", layout=LINE,
                                 style=WIDE)
        self.metric = w.Dropdown(options=[(text, name) for name, text in METRICS.items()],
                                 description="Metric", layout=LINE, style=WIDE)
        self.unit = w.Dropdown(options=[(SPOKEN[unit], unit) for unit in UNITS],
                               description="Cost in", layout=LINE, style=WIDE)
        self.view = w.Dropdown(options=[("score against cost", COST), ("break-even", BREAK_EVEN)],
                               description="Figure", layout=LINE, style=WIDE)
        self.charge = w.Checkbox(value=False, description="Charge pre-training", indent=False,
                                 layout=w.Layout(width="190px"))
        self.scope = w.Dropdown(options=[(text, name) for name, (_, text) in SCOPES.items()],
                                value="all", description="Charged for", style=WIDE,
                                layout=w.Layout(width="560px", max_width="100%"))
        self.tasks = w.SelectionSlider(options=[(f"{tasks:,}", tasks) for tasks in TASKS],
                                       description="Shared by tasks", style=WIDE, layout=SLIDER)
        self.level = w.FloatSlider(min=0, max=1, step=STEP, value=0.5, readout_format=".2f",
                                   description="Level", style=WIDE, layout=SLIDER)
        self.shelf.read(task)
        self._offer(level)
        self.domain.observe(self._data_changed, "value")
        self.metric.observe(self._data_changed, "value")
        self.show_controls(
            [w.HBox([w.VBox([self.domain, self.metric]), w.VBox([self.view, self.unit])],
                    layout=WRAP),
             w.HBox([self.charge, self.scope], layout=WRAP), self.tasks, self.level,
             self.errors, self.picture, self.table],
            [self.unit, self.view, self.charge, self.scope, self.tasks, self.level])

    def page_offers(self) -> dict[str, list]:
        return {"view": all_of(self.view), "unit": all_of(self.unit),
                "charge": [("no", False), ("yes", True)],
                "tasks": [(f"{tasks:,}", tasks) for tasks in (1, 10, 100, 1000, 10**4, 10**6)]}

    def static(self) -> TwinFigure:
        """The same view as a picture, a table and a sentence, for pages without a kernel."""
        rows, level = self.shelf.rows, self._level
        look = {"theme": self.layers.theme, "scale": self.layers.scale}
        if self.view.value == BREAK_EVEN:
            return break_even_curve(rows, level, self.unit.value, self.scope.value,
                                    self.tasks.value, self.metric.value, **look)
        return cost.cost_curve(rows, self.unit.value, self.charge.value, self.tasks.value, level,
                               self.scope.value, self.metric.value, **look)

    def page_state(self) -> Shown:
        return self.drawn_state()

    def draw(self) -> None:
        charging = self.charge.value or self.view.value == BREAK_EVEN
        self.scope.disabled = self.tasks.disabled = not charging
        self.charge.disabled = self.view.value == BREAK_EVEN
        if self.view.value == BREAK_EVEN:
            self.show_figure((self._key(), self._level), self.static,
                             f"break-even {self.domain.value}")
            return
        found = self._data()
        if not found.curves:
            self.show_figure(self._key(), self.static, "")
            return
        level, theme = self._level, self.layers.theme
        reach = found.reach(level)
        self.picture.value = self.layers.layered(
            self._key()[:-1], (level, found.tasks),
            lambda: cost.backdrop(found, None, theme, self.layers.scale),
            lambda axes: cost.mark(axes, found, level, reach, theme),
            lambda axes: (cost.alt(found, None, axes, level), cost.reading(found, level, reach)))

    @property
    def _level(self) -> float:
        return round(self.level.value, 6)

    def _key(self) -> tuple:
        """What the picture depends on besides the level; last, what moves without a new axis."""
        charging = self.charge.value or self.view.value == BREAK_EVEN
        return (self.shelf.version, self.view.value, self.metric.value, self.unit.value,
                self.scope.value if charging else None, self.tasks.value if charging else 1)

    def _data(self) -> CostData:
        """What is chosen, worked out once, with its table."""
        *key, tasks = self._key()
        if self._found[0] != key:
            self._found = key, CostData(self.shelf.rows, self.unit.value, self.charge.value, 1,
                                        self.scope.value, self.metric.value)
        found = self._found[1].shared_by(tasks)
        self.table.value = table_html(cost.table(found), name=f"cost {self.domain.value}")
        return found

    def _offer(self, wanted: float | None = None) -> None:
        """Let the level slider cover the scores, and stand at `wanted` or where it was."""
        found = CostData(self.shelf.rows, metric=self.metric.value)
        scores = [point.mean for points in found.curves.values() for point in points]
        self.level.disabled = not scores
        if scores:
            low = max(0.0, round(min(scores) - MORE, 2))
            high = min(1.0, round(max(scores) + MORE, 2))
            with self.hold():
                self.level.min, self.level.max = 0, 1  # never a minimum above the maximum
                self.level.value = found.usual if wanted is None else min(max(wanted, low), high)
                self.level.min, self.level.max = low, high

    @guard
    def _data_changed(self, change=None) -> None:
        if not self.held:
            self.shelf.read(self.domain.value)
            self._offer()
            self.redraw()
