"""PriceExplorer: say what a lost real message is worth, and see which filter does least harm."""

import ipywidgets as w

from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots import TwinFigure
from llmtl_helpers.plots.mail_runs import answers
from llmtl_helpers.plots.precision_recall import FILTERS, PRICES, error_cost
from llmtl_helpers.profiles import Profile
from llmtl_helpers.widgets.panel import LINE, WIDE
from llmtl_helpers.widgets.static_twin import all_of, every_second_of
from llmtl_helpers.widgets.view import View

STEPS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000)


class PriceExplorer(View):
    """The harm of every filter at a price that you choose.

    Controls are attributes with a `value` to set: labels, price.

    Args:
        task: name of a task with the classes real and junk.
        profile: name or Profile whose training rule is looked at; default: `get_profile()`.
        ledger: default: `Ledger()`.
        price: what is chosen first, in missed junk messages for one lost real message.
        gold: true classes of the test messages; default: those of the task.
        theme, scale: as in `error_cost`.

    Taught in 06.
    """

    def __init__(self, task: str = "email/spam", profile: str | Profile | None = None,
                 ledger: Ledger | None = None, *, price: float = 10, gold=None,
                 theme: str = "light", scale: float = 1.0):
        super().__init__(profile, ledger, theme, scale)
        self.shelf.read(task)
        self._gold = gold
        found = answers(self.shelf.rows, FILTERS)
        sizes = sorted(found)
        usual = max(found, key=lambda n: (len(found[n]), n), default=0)
        self.labels = w.SelectionSlider(
            options=[(f"{n:,}", n) for n in sizes] or [("-", 0)], value=usual, description="Labels",
            style=WIDE, layout=LINE)
        self.price = w.SelectionSlider(
            options=[(f"{each:,}", each) for each in STEPS if PRICES[0] <= each <= PRICES[1]],
            value=min(STEPS, key=lambda each: abs(each - price)), description="Price", style=WIDE,
            layout=w.Layout(width="640px", max_width="100%"))
        self.show_controls([self.labels, self.price, self.errors, self.picture, self.table],
                           [self.labels, self.price])

    def page_offers(self) -> dict[str, list]:
        return {"labels": all_of(self.labels), "price": every_second_of(self.price)}

    def static(self) -> TwinFigure:
        """The same view as a picture, a table and a sentence, for pages without a kernel."""
        return error_cost(self.shelf.rows, self.price.value, self.labels.value or None,
                          gold=self._gold, theme=self.layers.theme, scale=self.layers.scale)

    def draw(self) -> None:
        key = (self.shelf.version, self.labels.value, self.price.value)
        self.show_figure(key, self.static, f"price {self.shelf.task}")
