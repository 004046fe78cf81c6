"""One widget of each family on made-up rows: imported by the kernel of the page that is looked at.

The rows lie beside the notebook, where `made_up.write_rows` has put them.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import ipywidgets as w
import numpy as np
from crews import Crew
from written import written_task

from llmtl_helpers import Ledger, tasks
from llmtl_helpers import widgets as ours
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.explain import Judge
from llmtl_helpers.interview import Rehearsal
from llmtl_helpers.lessons import Quiz
from llmtl_helpers.own_data import OwnData
from llmtl_helpers.sweep import RunConfig
from llmtl_helpers.widgets import writers

ROWS, OWN, RUN, TABLE = Path("rows"), Path("own"), Path("run.json"), Path("letters.csv")
NEWS = written_task("headlines/news")
shown: dict[str, w.Widget] = {}  # name -> the widget on the page
spoilt: dict = {}  # name -> what is patched in it
updates = 5  # of the next live run
crew = Crew()  # of the pre-training


def load_task(name: str):
    """Instead of `tasks.load_task`: the made-up texts are on this machine, and no others."""
    if name != NEWS.name:
        raise LearnerError(f"{name} is not on this machine")
    return NEWS


tasks.load_task = load_task


def ledger(name: str) -> Ledger:
    return Ledger(own=OWN / name, shipped=ROWS / name)


def plan(task, arm, n, profile, runs) -> RunConfig:
    """The toy run under the next seed, whatever is chosen."""
    row = json.loads(RUN.read_text())
    seed = 1000 + len(runs.rows(purpose="live"))
    return RunConfig.from_row({**row, "updates": updates, "run_seed": seed, "subset_seed": seed})


class Echo:
    """Writes at once what it was asked."""

    def run(self, wishes, stop):
        for wish in wishes:
            yield writers.Event("begun", wish)
            yield writers.Event("done", wish, wish.text, f"seed {wish.seed}", 2, 0.1)


def prompt_box() -> w.Widget:
    box = ours.PromptBox({"tuned": None, "from scratch": None}, NEWS, "The second half")
    box._live.workers = Echo()
    return box


def bare_slider() -> w.Widget:
    """The least that a slider can do: it sets a text."""
    slider, text = w.IntSlider(description="Bare", max=100), w.HTML()
    slider.observe(lambda change: setattr(text, "value", f"now {change['new']}"), "value")
    return w.VBox([slider, text])


def level_explorer(**options) -> ours.LevelExplorer:
    runs = Ledger(own=OWN / "none", shipped=ROWS / "curve")
    return ours.LevelExplorer(ledger=runs, baseline="small_scratch", **options)


MAKE: dict[str, Callable[[], w.Widget]] = {
    "twin": lambda: ours.TwinExplorer(ledger=ledger("curve"), plan=plan),
    "level": level_explorer,
    "forecast": lambda: ours.ForecastGame(ledger=ledger("forecast")),
    "pretraining": lambda: ours.PretrainingPanel(("causal-100k",), workers=crew),
    "transplant": lambda: ours.TransplantExplorer(ledger=ledger("transplants")),
    "unfreeze": lambda: ours.UnfreezeExplorer(ledger=ledger("unfreeze")),
    "test_sets": lambda: ours.TestSetExplorer(ledger=ledger("mail")),
    "price": lambda: ours.PriceExplorer(ledger=ledger("mail"), gold=np.arange(400) % 4 == 0),
    "message": lambda: ours.MessageBox([Judge("counter", lambda texts: np.array(
        [2.0 * text.count("free") - 1 for text in texts]))], "a free offer"),
    "domains": lambda: ours.DomainExplorer(ledger=ledger("domains")),
    "replay": lambda: ours.ReplayExplorer(ledger=ledger("replay")),
    "samples": lambda: ours.SampleExplorer(NEWS.name, ledger=ledger("written")),
    "blind": lambda: ours.BlindGame(NEWS.name, ledger=ledger("written")),
    "prompt": prompt_box,
    "cost": lambda: ours.CostExplorer(ledger=ledger("costed")),
    "fairness": lambda: ours.FairnessBoard(ledger=ledger("fairness")),
    "own_data": lambda: OwnData(str(TABLE)),
    "rehearsal": lambda: Rehearsal(ledger=ledger("curve"), seed=0),
    "quiz": lambda: Quiz("01"),
    "bare": bare_slider,
}


def show(name: str) -> w.Widget:
    shown[name] = MAKE[name]()
    return shown[name]


class Faulty:
    """Fails, whether it is called or looked into."""

    def __call__(self, *args, **kwargs):
        raise RuntimeError("a made-up fault")

    __getitem__ = __call__


def spoil(name: str, part: str) -> None:
    """Let a part of the widget fail from now on."""
    spoilt[name] = patch.object(shown[name], part, Faulty())
    spoilt[name].start()


def repair(name: str) -> None:
    """Let it work again."""
    spoilt.pop(name).stop()


def drawn_alone(level: float) -> str:
    """Source of the picture that an explorer draws which was at this level all the time."""
    return re.search('src="([^"]+)"', level_explorer(level=level).picture.value)[1]
