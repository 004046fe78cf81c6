"""MessageBox: write a message, and trained classifiers say what they take it for and why."""

from collections.abc import Sequence
from html import escape

import ipywidgets as w

from llmtl_helpers.explain import Judge, occlude, probability
from llmtl_helpers.plots.marked_text import marked_text
from llmtl_helpers.widgets.guard import Guarded, guard
from llmtl_helpers.widgets.latest import Latest
from llmtl_helpers.widgets.panel import WRAP, heading, readable, sentence
from llmtl_helpers.widgets.static_twin import StaticTwin

CHARACTERS = 5000  # of a message that are judged
WORDS = 80  # of a message that are left out in turn


class MessageBox(Guarded, StaticTwin, w.VBox):
    """A box for a text of one's own. Nothing that is written there is stored or sent anywhere.

    Controls are attributes: text has a `value` to set, judge and clear have a `click()`; verdicts
    and words show.

    Args:
        judges: the classifiers that are asked.
        text: what stands in the box at first; it is judged at once, unless it is empty.
        classes: names of the two classes.

    Attributes:
        found: judge's name -> log-odds of the second class, for the text judged last.
        last_error: the last exception of a handler, which is also shown in the widget.

    Taught in 06.
    """

    def __init__(self, judges: Sequence[Judge], text: str = "",
                 classes: Sequence[str] = ("real", "junk")):
        self.prepare_guard()
        self.judges, self.classes = list(judges), tuple(classes)
        self.found: dict[str, float] = {}
        self.text = w.Textarea(value=text, description="Message", rows=7,
                               placeholder="Write or paste a message, subject line first",
                               style={"description_width": "70px"},
                               layout=w.Layout(width="760px", max_width="100%"))
        self.judge = w.Button(description="Judge it", button_style="primary",
                              layout=w.Layout(width="120px"))
        self.clear = w.Button(description="Clear", layout=w.Layout(width="80px"))
        self.verdicts, self.words = w.HTML(), w.HTML()
        self._latest = Latest(self._look)
        super().__init__([self.text, w.HBox([self.judge, self.clear], layout=WRAP), self.errors,
                          self.verdicts, self.words])
        self.judge.on_click(self._judge)
        self.clear.on_click(self._clear)
        if text.strip():
            self._judge()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the text is judged; False if it took longer than `timeout` seconds."""
        return self._latest.wait(timeout)

    def static(self) -> str:
        """What the widget shows now, as HTML for pages without a kernel."""
        return self.verdicts.value + self.words.value

    static_html = static

    @guard
    def _judge(self, button=None) -> None:
        self._latest()

    @guard
    def _clear(self, button=None) -> None:
        self.text.value = ""
        self._latest()

    def _look(self) -> None:
        """Called through `_latest`, so by one thread at a time."""
        text = readable(self.text.value[:CHARACTERS])
        self.found, self.words.value = {}, ""
        if not text.strip():
            self.verdicts.value = sentence("The box is empty: write a message, then judge it.")
            return
        if not self.judges:
            self.verdicts.value = sentence("There is no trained classifier to ask: run the cells "
                                           "above that train them.")
            return
        note = "" if len(self.text.value) <= CHARACTERS else sentence(
            f"Only the first {CHARACTERS:,} characters are judged.")
        able = [judge for judge in self.judges if judge.reads(text).split()]
        note += "".join(sentence(f"The {judge.name} finds no word in it that it could read.")
                        for judge in self.judges if judge not in able)
        every = {judge.name: occlude(judge, text, WORDS) for judge in able}
        self.found = {name: one.logit for name, one in every.items()}
        self.verdicts.value = note + (self._table(able, text) if able else "")
        self.words.value = "".join(heading(f"What the {name} looked at").value + marked_text(
            one, classes=self.classes).html for name, one in every.items())

    def _table(self, judges: Sequence[Judge], text: str) -> str:
        head = "".join(_cell(name, "th", "col") for name in (
            "classifier", "takes it for", f"probability of {self.classes[1]}", "log-odds",
            "characters read"))
        lines = "".join(
            f'<tr>{_cell(judge.name, "th", "row")}' + "".join(map(_cell, (
                self.classes[logit > 0], f"{probability(logit):.2f}", f"{logit:+.2f}",
                f"{len(judge.reads(text)):,} of {len(text):,}"))) + "</tr>"
            for judge in judges for logit in [self.found[judge.name]])
        return (f'<div role="status"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody>'
                "</table></div>")


def _cell(text: str, kind: str = "td", scope: str = "") -> str:
    scope = f' scope="{scope}"' if scope else ""
    return f'<{kind}{scope} style="text-align:left;padding-right:1em">{escape(text)}</{kind}>'
