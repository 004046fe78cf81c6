"""TestSetExplorer: draw test sets of any size, again and again, and see who wins."""

import ipywidgets as w

from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots import TwinFigure
from llmtl_helpers.plots.mail_runs import answers
from llmtl_helpers.plots.precision_recall import FILTERS
from llmtl_helpers.plots.test_sets import MESSAGES, RUNS_TOO, SIZES, drawn_test_sets
from llmtl_helpers.plots.theme import style_of
from llmtl_helpers.profiles import Profile
from llmtl_helpers.widgets.guard import guard
from llmtl_helpers.widgets.panel import LINE, WIDE, WRAP, choose
from llmtl_helpers.widgets.static_twin import all_of, every_second_of
from llmtl_helpers.widgets.view import View


class TestSetExplorer(View):
    """Two arms, a size, and chance: the difference on thousands of drawn test sets.

    Controls are attributes with a `value` to set: first, second, labels, size, luck; again has a
    `click()` and draws anew.

    Args:
        task: name of the task.
        profile: name or Profile whose training rule is looked at; default: `get_profile()`.
        ledger: default: `Ledger()`.
        first, second, labels, size: what is chosen first; labels defaults to the largest size.
        theme, scale: as in `drawn_test_sets`.

    Attributes:
        draws: how often `again` was pressed.

    Taught in 06.
    """

    __test__ = False  # its name is no test's

    def __init__(self, task: str = "email/spam", profile: str | Profile | None = None,
                 ledger: Ledger | None = None, *, first: str = "fine_tuned", second: str = "tfidf",
                 labels: int | None = None, size: int = 300, theme: str = "light",
                 scale: float = 1.0):
        super().__init__(profile, ledger, theme, scale)
        self.shelf.read(task)
        self.draws = 0
        offered = [(style_of(arm).label, arm) for arm in FILTERS]
        self.first, self.second = choose("First", offered, first), choose("Second", offered, second)
        self.labels = w.Dropdown(options=[("-", 0)], description="Labels", layout=LINE, style=WIDE)
        self.size = w.SelectionSlider(
            options=[(f"{each:,}", each) for each in SIZES],
            value=min(SIZES, key=lambda each: abs(each - size)), description="Test messages",
            style=WIDE, layout=w.Layout(width="640px", max_width="100%"))
        self.luck = choose("Drawn anew", [MESSAGES, RUNS_TOO])
        self.again = w.Button(description="Draw again", button_style="primary",
                              layout=w.Layout(width="130px"))
        self._offer(labels)
        self.again.on_click(self._again)
        for control in (self.first, self.second):
            control.observe(self._arm_changed, "value")
        self.show_controls([
            w.HBox([w.VBox([self.first, self.second]), w.VBox([self.labels, self.luck])],
                   layout=WRAP),
            self.size, self.again, self.errors, self.picture, self.table],
            [self.labels, self.size, self.luck])

    def page_offers(self) -> dict[str, list]:
        return {"labels": all_of(self.labels), "size": every_second_of(self.size),
                "luck": all_of(self.luck)}

    def static(self) -> TwinFigure:
        """The same view as a picture, a table and a sentence, for pages without a kernel."""
        return drawn_test_sets(self.shelf.rows, self.size.value, self.first.value,
                               self.second.value, self.labels.value or None, self.luck.value,
                               seed=self.draws, theme=self.layers.theme, scale=self.layers.scale)

    def draw(self) -> None:
        key = (self.shelf.version, self.first.value, self.second.value, self.labels.value,
               self.size.value, self.luck.value, self.draws)
        self.show_figure(key, self.static, f"test sets {self.shelf.task}")

    def _offer(self, wanted: int | None) -> None:
        """Offer the sizes at which both arms have runs, and stay at `wanted` if it is one."""
        pair = (self.first.value, self.second.value)
        sizes = [n for n, arms in answers(self.shelf.rows, pair).items() if set(pair) <= set(arms)]
        with self.hold(), self.labels.hold_sync():
            self.labels.options = [(f"{n:,}", n) for n in sizes] or [("-", 0)]
            self.labels.value = wanted if wanted in sizes else max(sizes, default=0)

    @guard
    def _arm_changed(self, change) -> None:
        if self.held:
            return
        other = self.second if change["owner"] is self.first else self.first
        if other.value == change["new"]:  # an arm is not compared with itself: change places
            with self.hold():
                other.value = change["old"]
        self._offer(self.labels.value)
        self.redraw()

    @guard
    def _again(self, button=None) -> None:
        self.draws += 1
        self.redraw()
