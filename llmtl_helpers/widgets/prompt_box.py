"""PromptBox: a prompt of one's own, continued by several models side by side."""

from collections.abc import Mapping
from dataclasses import replace

import ipywidgets as w

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots.writing_cards import card, language, side_by_side
from llmtl_helpers.widgets.guard import Guarded, guard
from llmtl_helpers.widgets.live import LiveRun
from llmtl_helpers.widgets.panel import WIDE, WRAP, choose, readable, sentence
from llmtl_helpers.widgets.static_twin import StaticTwin
from llmtl_helpers.widgets.writers import Here, Wish

AROUND, CHAT, BARE = "plain", "chat", "bare"
NUMBER = w.Layout(width="210px")
SLIDER = w.Layout(width="400px", max_width="100%")


class PromptBox(Guarded, StaticTwin, w.VBox):
    """A box for a prompt; each model writes on from it, with the same seed and the same settings.

    The models write in this process, one after the other, in a thread of their own, so that the
    notebook stays usable; Stop is looked at before each token. Nothing that is written is stored or
    sent anywhere.

    Controls are attributes: text, asked, temperature, top_p, most_tokens and seed have a `value` to
    set; write, another (writes with the next seed) and stop have a `click()`. answers, progress
    and status show.

    Args:
        models: label -> `LanguageModel`.
        task: a written task or its name: whose prompt goes around the text.
        text: what stands in the box at first.

    Attributes:
        found: label -> what that model wrote last.
        last_error: the last exception of a handler, which is also shown in the widget.

    Taught in 08.
    """

    def __init__(self, models: Mapping[str, object], task="write/films", text: str = ""):
        self.prepare_guard()
        if isinstance(task, str):
            from llmtl_helpers.tasks import load_task

            task = load_task(task)
        if task.writing is None:
            raise LearnerError(f"{task.name} has no prompt", "its answers are not written",
                               "choose a written task, such as write/films")
        self.models, self.task = dict(models), task
        self.found: dict[str, str] = {}
        self._pace: float | None = None  # tokens a second, as last timed here
        self.text = w.Textarea(value=text, description="Text", rows=4, style=WIDE,
                               placeholder="What should the models read?",
                               layout=w.Layout(width="760px", max_width="100%"))
        self.asked = choose("Asked", [
            (f"in the task's prompt: {task.writing.prompt.replace('{text}', '...')!r}", AROUND),
            ("in a chat, with the task's instruction", CHAT), ("as it stands", BARE)])
        self.temperature = w.FloatSlider(value=0.8, min=0, max=2, step=0.1, style=WIDE,
                                         description="Temperature", layout=SLIDER,
                                         tooltip="0: the likeliest token each time")
        self.top_p = w.FloatSlider(value=0.95, min=0.05, max=1, step=0.05, description="Top-p",
                                   style=WIDE, layout=SLIDER)
        self.most_tokens = w.BoundedIntText(value=task.writing.answer_tokens, min=1, max=200,
                                            description="Most tokens", style=WIDE, layout=NUMBER)
        self.seed = w.BoundedIntText(value=0, min=0, max=2**31 - 1, description="Seed",
                                     style=WIDE, layout=NUMBER)
        self.write = w.Button(description="Write", button_style="primary",
                              layout=w.Layout(width="110px"))
        self.another = w.Button(description="Another seed", layout=w.Layout(width="130px"))
        self.stop = w.Button(description="Stop", disabled=True, layout=w.Layout(width="80px"))
        self.progress = w.IntProgress(min=0, max=max(1, len(self.models)), description="Progress",
                                      style=WIDE, layout=SLIDER)
        self.status, self.answers = w.HTML(), w.HTML()
        self._live = LiveRun(self._event, self._end, Here(self.models))
        super().__init__([
            self.text, self.asked, w.HBox([self.temperature, self.top_p], layout=WRAP),
            w.HBox([self.most_tokens, self.seed], layout=WRAP),
            w.HBox([self.write, self.another, self.stop], layout=WRAP), self.progress,
            self.errors, self.status, self.answers])
        self.write.on_click(self._write)
        self.another.on_click(self._another)
        self.stop.on_click(self._stop)
        self.most_tokens.observe(self._show_cost, "value")
        self._show_cost()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is being written; False if it took longer than `timeout` seconds."""
        return self._live.wait(timeout)

    def static(self) -> str:
        """What the widget shows now, as HTML for pages without a kernel."""
        return self.answers.value + self.status.value

    static_html = static

    @guard
    def _write(self, button=None) -> None:
        text = readable(self.text.value)
        if not text.strip():
            raise LearnerError("the box is empty", "a model continues what it reads",
                               "write at least one word")
        if not self.models:
            raise LearnerError("there is no model to ask",
                               next="run the cells above that build or tune one")
        wish = Wish("", text, self.asked.value, self.task.writing, self.most_tokens.value,
                    self.temperature.value, self.top_p.value, self.seed.value)
        wishes = [replace(wish, label=label) for label in self.models]
        self._live.start(lambda: wishes, self._ready)

    @guard
    def _another(self, button=None) -> None:
        if not self._live.busy:
            self.seed.value += 1
        self._write()

    @guard
    def _stop(self, button=None) -> None:
        if self._live.busy:
            self._live.stop()
            self.status.value = sentence("Stopping: this takes up to two seconds.")

    def _ready(self) -> None:
        self.found = {}
        self.stop.disabled, self.write.disabled, self.another.disabled = False, True, True
        self.progress.value, self.answers.value = 0, ""
        self.status.value = sentence(f"Writing. {self._cost()}")

    @guard(clears=False)
    def _event(self, event) -> None:
        """Called from the writing thread."""
        if event.kind == "begun" and not self._live.stopping:
            self.status.value = sentence(f"Writing: {event.wish.label}. {self._cost()}")
        elif event.kind == "done":
            label = event.wish.label
            self.found[label] = event.text
            self._pace = event.tokens / max(event.seconds, 1e-3)
            self.progress.value += 1
            self._show(event)

    def _show(self, event) -> None:
        """All answers so far, what was read, and how to have them again."""
        wish = event.wish
        lang = "en" if wish.asked == BARE else language(self.task.name)
        cards = side_by_side(card(label, text, lang=lang) for label, text in self.found.items())
        self.answers.value = card("what is read", event.prompt) + cards + sentence(wish.settings())

    @guard(clears=False)
    def _end(self, error: Exception | None) -> None:
        """Called from the writing thread when there is nothing more to come."""
        self.stop.disabled, self.write.disabled, self.another.disabled = True, False, False
        whole = len(self.found) == len(self.models)
        self.status.value = sentence(
            "Nothing more was written: see the message above." if error else
            f"Done. {self._cost()}" if whole else
            f"Stopped. {len(self.found)} of {len(self.models)} models had written.")
        if error is not None:
            raise error

    @guard
    def _show_cost(self, change=None) -> None:
        if not self._live.busy:
            self.status.value = sentence(self._cost())

    def _cost(self) -> str:
        """How long it takes at most, by the last time: said before it is started."""
        most = self.most_tokens.value
        count = len(self.models)
        text = f"At most {most} token{'' if most == 1 else 's'}" + (
            f" from each of {count} models" if count > 1 else "")
        if self._pace is None:
            return f"{text}. How long that takes is known here after the first time."
        return (f"{text}: at {self._pace:.1f} tokens a second, as just timed, up to "
                f"{count * most / self._pace:.0f} s.")
