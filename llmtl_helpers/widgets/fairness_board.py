"""FairnessBoard: switches that break the comparison, and what each one does to the conclusion."""

import ipywidgets as w

from llmtl_helpers.arms import ARMS
from llmtl_helpers.fairness import SWITCHES, Broken
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots import TwinFigure, twin_curve
from llmtl_helpers.plots.fairness import fairness_figure
from llmtl_helpers.plots.fairness_board import gap_board
from llmtl_helpers.profiles import Profile
from llmtl_helpers.widgets.guard import guard
from llmtl_helpers.widgets.panel import LINE, WIDE, WRAP, sentence
from llmtl_helpers.widgets.shelf import of_one_version, offered
from llmtl_helpers.widgets.view import View

TWINS = [(ARMS[arm].label, arm) for arm in ("fine_tuned", "scratch")]
TEST_SIZES = (25, 50, 100, 200, 400, 800)
SLIDER = w.Layout(width="480px", max_width="100%")


class FairnessBoard(View):
    """One switch for each way to break the comparison: off, the honest figure is shown.

    One switch shows the honest comparison beside the broken one. Several are shown side by side
    and not on top of each other: there are no runs that were broken in two ways at once.

    Attributes:
        switches: name -> checkbox with a `value`, for every name in `fairness.SWITCHES`.
        k, who: seeds that are tried, and the arm that reports its best one.
        test_size, seed: size of the small test set, and which draw of it.
        wronged: the arm that trains at a learning rate that suits the other one.
        domain: the data. Each has a `value` to set.
        broken: name -> `fairness.Broken` of the switches that are on.

    Args:
        task: name of the task that is shown first.
        profile: name or Profile whose training rule is shown while all switches are off.
        ledger: default: `Ledger()`.
        theme, scale: as in `twin_curve`.

    Taught in 11.
    """

    def __init__(self, task: str = "sentiment/films", profile: str | Profile | None = None,
                 ledger: Ledger | None = None, *, theme: str = "light", scale: float = 1.0):
        super().__init__(profile, ledger, theme, scale)
        self.broken: dict[str, Broken] = {}
        self._results: dict[tuple, Broken] = {}
        tasks, task = offered(task)
        self.domain = w.Dropdown(options=tasks, value=task, description="Data", layout=LINE,
                                 style=WIDE)
        self.switches = {name: w.Checkbox(
            value=False, description=switch.label, tooltip=switch.what_it_does, indent=False,
            layout=w.Layout(width="250px")) for name, switch in SWITCHES.items()}
        self.wronged = w.Dropdown(options=TWINS, value="scratch", description="Wronged arm",
                                  layout=LINE, style=WIDE)
        self.k = w.IntSlider(value=5, min=1, max=25, description="k, best of", style=WIDE,
                             layout=SLIDER)
        self.who = w.Dropdown(options=TWINS, value="fine_tuned", description="Best run of",
                              layout=LINE, style=WIDE)
        self.test_size = w.SelectionSlider(options=TEST_SIZES, value=100, style=WIDE,
                                           description="Test texts", layout=SLIDER)
        self.seed = w.IntSlider(value=0, min=0, max=99, description="Draw", style=WIDE,
                                layout=SLIDER)
        self.explanation = w.HTML()
        self._groups = {name: w.VBox(controls) for name, controls in (
            ("unequal_rates", [self.wronged]), ("best_of_k", [self.k, self.who]),
            ("small_test_set", [self.test_size, self.seed]))}
        self.domain.observe(self._domain_changed, "value")
        self._read(task)
        self.show_controls(
            [self.domain, w.Box([*self.switches.values()], layout=WRAP), *self._groups.values(),
             self.explanation, self.errors, self.picture, self.table],
            [*self.switches.values(),
             *(control for group in self._groups.values() for control in group.children)])

    @property
    def on(self) -> list[str]:
        """Names of the switches that are on, in the order of the board."""
        return [name for name, switch in self.switches.items() if switch.value]

    def page_offers(self) -> dict[str, list]:
        return {"alone": [("all, side by side", ""),
                          *((switch.label, name) for name, switch in SWITCHES.items())]}

    def page_names(self) -> dict[str, str]:
        return {"alone": "What is broken"}

    @property
    def alone(self) -> str:
        """The only switch that is on; empty where none is or several are."""
        return self.on[0] if len(self.on) == 1 else ""

    @alone.setter
    def alone(self, name: str) -> None:
        for other, switch in self.switches.items():
            switch.value = other == name

    def static(self) -> TwinFigure:
        """The same view as a picture, a table and a sentence, for pages without a kernel.

        With all switches off it shows all of them: such a page has nothing to switch.
        """
        return self._figure(self.on or list(SWITCHES))

    def draw(self) -> None:
        for name, group in self._groups.items():
            group.layout.display = "flex" if name in self.on else "none"
        self.broken = {name: self._break(name) for name in self.on}
        key = (self.shelf.version, tuple(self._key(name) for name in self.on))
        self.show_figure(key, lambda: self._figure(self.on) if self.on else self._honest(),
                         f"fairness {self.domain.value}")
        self.explanation.value = "".join(
            sentence(f"{SWITCHES[name].label}: {SWITCHES[name].what_it_does}")
            for name in self.on) or sentence(
            "All switches are off: this is the honest comparison. Guess what a switch does to "
            "the gap between the two networks, then turn it on.")

    def _figure(self, names: list[str]) -> TwinFigure:
        look = {"theme": self.layers.theme, "scale": self.layers.scale}
        if len(names) == 1:
            return fairness_figure(self._break(names[0]), **look)
        return gap_board([self._break(name) for name in names], **look)

    def _honest(self) -> TwinFigure:
        return twin_curve([row for row in self.shelf.rows if row["purpose"] == "curve"],
                          theme=self.layers.theme, scale=self.layers.scale)

    def _key(self, name: str) -> tuple:
        """The switch with the controls that it listens to."""
        return (name, *((control, getattr(self, control).value)
                        for control in SWITCHES[name].controls if hasattr(self, control)))

    def _break(self, name: str) -> Broken:
        """What the switch makes of the runs, worked out once for each setting."""
        key = self._key(name)
        if key not in self._results:
            self._results[key] = SWITCHES[name].function(self._rows, **dict(key[1:]))
        return self._results[key]

    def _read(self, task: str) -> None:
        """Rows of every training rule and purpose: most switches need runs of their own."""
        self.shelf.read(task)
        self._rows = of_one_version(self.shelf.ledger.rows(task=task))
        self._results.clear()

    @guard
    def _domain_changed(self, change=None) -> None:
        self._read(self.domain.value)
        self.redraw()
