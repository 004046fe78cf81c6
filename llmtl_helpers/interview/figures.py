"""The figure that goes with an answer, by name, from all runs in the ledger. Used in 13."""

from collections.abc import Callable

from llmtl_helpers import plots
from llmtl_helpers.arms import ENCODER_LADDER
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Ledger, shipped_or_own
from llmtl_helpers.plots.writing_data import rows_of
from llmtl_helpers.profiles import PROFILES, WRITING
from llmtl_helpers.tasks.translation import LANGUAGES
from llmtl_helpers.widgets.shelf import of_one_version

FILMS = "sentiment/films"
SHIPPED = PROFILES["full"].budget
LEVEL = 0.68  # accuracy to which costs are counted: both arms reach it, and luck hardly does


def draw(name: str, ledger: Ledger, theme: str = "light", scale: float = 1.0) -> plots.TwinFigure:
    """The figure called `name`.

    Raises:
        LearnerError: there is no figure of that name.
    """
    if name not in FIGURES:
        raise LearnerError(f"there is no figure called {name!r}",
                           next=f"choose one of {', '.join(FIGURES)}")
    return FIGURES[name](ledger, theme=theme, scale=scale)


def _films(ledger: Ledger, *purposes: str) -> list[dict]:
    rows = of_one_version(ledger.rows(task=FILMS, budget=SHIPPED))
    return shipped_or_own([row for row in rows if not purposes or row["purpose"] in purposes])


def _curve(ledger: Ledger) -> list[dict]:
    return _films(ledger, "curve")


def _twin(ledger: Ledger, **look) -> plots.TwinFigure:
    rows = ledger.rows(task=FILMS, budget=SHIPPED)
    live = [row for row in rows if row["purpose"] == "live"]
    return plots.twin_curve(_curve(ledger), live_rows=live, **look)


def _every_task(ledger: Ledger) -> list[dict]:
    by_task: dict[str, list[dict]] = {}
    for row in ledger.rows(budget=SHIPPED):
        by_task.setdefault(row["task"], []).append(row)
    return shipped_or_own([row for rows in by_task.values() for row in of_one_version(rows)])


def _written(task: str) -> Callable:
    return lambda ledger, **look: plots.writing_curve(of_one_version(rows_of(ledger, task)), **look)


def _languages(ledger: Ledger, **look) -> plots.TwinFigure:
    rows = [row for code in LANGUAGES
            for row in of_one_version(rows_of(ledger, f"translate/{code}"))]
    return plots.language_figure(rows, WRITING.sizes[-1], **look)


def _small(ledger: Ledger, purpose: str) -> list[dict]:
    return shipped_or_own(ledger.rows(task="language/films", purpose=purpose))


def _forecast(ledger: Ledger, **look) -> plots.TwinFigure:
    rows = _curve(ledger)
    sizes = sorted({row["n"] for row in rows if row["arm"] == "fine_tuned"})
    return plots.forecast_figure(rows, "fine_tuned", sizes[:-2] or None, revealed=True, **look)


FIGURES: dict[str, Callable] = {
    "twin": _twin,
    "multiplier": lambda ledger, **look: plots.multiplier_by_size(_curve(ledger), **look),
    "cost": lambda ledger, **look: plots.cost_curve(_curve(ledger), level=LEVEL, **look),
    "break_even": lambda ledger, **look: plots.break_even_curve(_curve(ledger), level=LEVEL, **look),
    "unfreeze": lambda ledger, **look: plots.unfreeze_figure(_films(ledger), **look),
    "luck": lambda ledger, **look: plots.luck_strip(_films(ledger, "curve", "luck"), n=64, **look),
    "best_of_k": lambda ledger, **look: plots.expected_best_curve(
        _films(ledger, "curve", "luck"), n=64, **look),
    "domains": lambda ledger, **look: plots.domain_matrix(_every_task(ledger), **look),
    "forgetting": lambda ledger, **look: plots.forgetting_figure(_every_task(ledger), **look),
    "replay": lambda ledger, **look: plots.replay_figure(_every_task(ledger), **look),
    "every_task": lambda ledger, **look: plots.every_task_figure(_every_task(ledger), **look),
    "layers": lambda ledger, **look: plots.layer_curve(_films(ledger), n=256, **look),
    "ladder": lambda ledger, **look: plots.ladder_figure(_films(ledger), ENCODER_LADDER, 256, **look),
    "dial": lambda ledger, **look: plots.dial_figure(_films(ledger), "accuracy", **look),
    "perplexity": lambda ledger, **look: plots.perplexity_curve(
        _small(ledger, "perplexity"), arms=("causal_30M", "causal_scratch", "causal_untuned"),
        **look),
    "forecast": _forecast,
    "writing": _written("write/films"),
    "headlines": _written("headlines/news"),
    "translate": _languages,
}
