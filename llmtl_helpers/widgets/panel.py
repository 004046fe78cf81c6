"""The explorer's controls and where they stand; what they do is in `explorer`."""

from collections.abc import Iterable
from html import escape

import ipywidgets as w

from llmtl_helpers.arms import ARMS
from llmtl_helpers.plots.theme import style_of
from llmtl_helpers.plots.words import METRICS, USUAL, labels

ALL = "all"  # value of the seed control; None would mean that nothing is chosen
WIDE = {"description_width": "110px"}
LINE = w.Layout(width="440px", max_width="100%")
CHOICE = [(arm.label, name) for name, arm in ARMS.items() if name != "majority"]
WRAP = w.Layout(flex_flow="row wrap", align_items="center")
METRIC = [(text, name) for name, text in METRICS.items()]


def choose(description: str, options: Iterable, value=None) -> w.Dropdown:
    """A drop-down list of the usual width; the first option is chosen by default."""
    options = list(options)
    chosen = {} if value is None else {"value": value}
    return w.Dropdown(options=options, description=description, layout=LINE, style=WIDE, **chosen)


def readable(text: str) -> str:
    """Without half characters, which a browser may send and no tokenizer can read."""
    return text.encode("utf-8", "ignore").decode()


class Panel:
    """Named controls, all with a description, all reachable by keyboard."""

    def __init__(self, tasks: Iterable[str], task: str):
        self.domain, self.metric = choose("Data", tasks, task), choose("Metric", METRIC)
        self.seed = w.Dropdown(options=[("all seeds", ALL)], description="Seed", layout=LINE,
                               style=WIDE)
        self.arms = w.SelectMultiple(
            options=[(arm.label, name) for name, arm in ARMS.items()], value=tuple(ARMS),
            rows=len(ARMS), description="Arms", layout=LINE, style=WIDE,
            tooltip="hold Ctrl (Cmd on a Mac) to choose several")
        self.size = w.SelectionSlider(options=[("-", 0)], description="Labels", style=WIDE,
                                      layout=w.Layout(width="640px", max_width="100%"))
        self.prediction = w.FloatText(value=0.5, step=0.01, description="My guess", style=WIDE,
                                      layout=w.Layout(width="210px"))
        self.commit = w.Button(description="Commit my guess", button_style="primary",
                               layout=w.Layout(width="150px"))
        self.show = w.Button(description="Just show me", layout=w.Layout(width="130px"))
        self.question, self.guess_text = w.HTML(), w.HTML()
        self.picture, self.table = w.HTML(), w.HTML()
        self.train_arm = w.Dropdown(
            options=CHOICE, description="Arm", style=WIDE,
            layout=w.Layout(width="380px", max_width="100%"))
        self.train = w.Button(description="Train it live", button_style="primary",
                              layout=w.Layout(width="130px"))
        self.stop = w.Button(description="Stop", disabled=True, layout=w.Layout(width="80px"))
        self.progress = w.FloatProgress(min=0, max=1, description="Progress", style=WIDE,
                                        layout=w.Layout(width="440px", max_width="100%"))
        self.live_text, self.cost = w.HTML(), w.HTML()
        self.state = w.Text(continuous_update=False, description="State", style=WIDE,
                            layout=w.Layout(width="760px", max_width="100%"),
                            tooltip="copy it to share what you see; paste one to see it")
        self.reset = w.Button(description="Start over", layout=w.Layout(width="110px"),
                              tooltip="hide the curves again; no run is deleted")

    def rows(self, errors: w.HTML) -> list[w.Widget]:
        """The controls from top to bottom: choose, guess, look, train."""
        return [
            w.HBox([w.VBox([self.domain, self.metric, self.seed]), self.arms], layout=WRAP),
            self.question,
            w.HBox([self.prediction, self.commit, self.show], layout=WRAP),
            self.guess_text, errors, self.size, self.picture, self.table,
            heading("Train one run on this machine"),
            w.HBox([self.train_arm, self.train, self.stop], layout=WRAP),
            self.cost, self.progress, self.live_text,
            w.HBox([self.state, self.reset], layout=WRAP),
        ]

    def offer(self, sizes: list[int], seeds: list[int]) -> None:
        """Offer other sizes and seeds, keeping what was chosen or, for sizes, the nearest to it."""
        n, seed = self.size.value or USUAL, self.seed.value
        self.size.options = [(f"{size:,}", size) for size in sizes]
        self.size.value = min(sizes, key=lambda size: (abs(size - n), size))
        self.seed.options = [("all seeds", ALL), *((f"seed {value}", value) for value in seeds)]
        self.seed.value = seed if seed in seeds else ALL


def heading(text: str) -> w.HTML:
    return w.HTML(f'<h4 style="margin:10px 0 2px">{escape(text)}</h4>')


def sentence(text: str, strong: bool = False) -> str:
    """Text of an HTML control: escaped, read out when it changes."""
    weight = "600" if strong else "400"
    return (f'<div role="status" style="max-width:50em;line-height:1.4;font-weight:{weight}">'
            f"{escape(text)}</div>")


def question(metric: str, arm: str, n: int) -> str:
    return (f"Before you look: what {METRICS.get(metric, metric)} does the {style_of(arm).label} "
            f"reach with {labels(n)}? Write a number from 0 to 1.")
