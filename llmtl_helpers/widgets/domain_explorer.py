"""DomainExplorer: choose an arm, and another to take off, and see the square of domains."""

import ipywidgets as w

from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots import TwinFigure, domain_matrix
from llmtl_helpers.plots.domains import ARMS_OF_IT, DOMAINS, GUESS
from llmtl_helpers.plots.theme import style_of
from llmtl_helpers.plots.words import METRICS
from llmtl_helpers.profiles import Profile
from llmtl_helpers.widgets.panel import WRAP, choose
from llmtl_helpers.widgets.shelf import of_one_version
from llmtl_helpers.widgets.static_twin import all_of
from llmtl_helpers.widgets.view import View

NOTHING = ""  # taken off: the scores themselves are shown


class DomainExplorer(View):
    """The square of `domain_matrix`, one arm at a time, as scores or minus another arm.

    It chooses among runs that exist and trains nothing. Every control is an attribute with a
    `value` to set: arm, minus ("" for nothing, "majority" for the guess) and metric. picture and
    table show.

    Args:
        arm, minus: as in `domain_matrix`.
        profile: name or Profile; default: `get_profile()`.
        ledger: default: `Ledger()`.
        theme, scale: as in `domain_matrix`.

    Attributes:
        last_error: the last exception of a handler, which is also shown in the widget.

    Raises:
        LearnerError: no such arm.

    Taught in 07.
    """

    def __init__(self, arm: str = "fine_tuned", minus: str = NOTHING,
                 profile: str | Profile | None = None, ledger: Ledger | None = None, *,
                 theme: str = "light", scale: float = 1.0):
        super().__init__(profile, ledger, theme, scale)
        domain_matrix([], arm, minus or None)  # refuses, in a sentence, what is no arm
        arms = [(style_of(name).label, name) for name in ARMS_OF_IT]
        self.arm = choose("Arm", arms, arm)
        self.minus = choose("Minus", [("nothing: the scores themselves", NOTHING), *arms,
                                      (style_of(GUESS).label, GUESS)], minus)
        self.metric = choose("Metric", [(text, name) for name, text in METRICS.items()], "macro_f1")
        self.shelf.read(DOMAINS[0])
        self.rows = [row for task in DOMAINS for row in of_one_version(
            self.shelf.ledger.rows(task=task, budget=self.shelf.budget))]
        controls = [self.arm, self.minus, self.metric]
        self.show_controls([w.HBox(controls, layout=WRAP), self.errors, self.picture, self.table],
                           controls)

    def page_offers(self) -> dict[str, list]:
        return {name: all_of(getattr(self, name)) for name in ("arm", "minus")}

    def static(self) -> TwinFigure:
        """The same view as a picture, a table and a sentence, for pages without a kernel."""
        return domain_matrix(self.rows, self.arm.value, self.minus.value or None, self.metric.value,
                             theme=self.layers.theme, scale=self.layers.scale)

    def draw(self) -> None:
        key = self.arm.value, self.minus.value, self.metric.value
        self.show_figure(key, self.static, f"domains {' '.join(filter(None, key))}")
