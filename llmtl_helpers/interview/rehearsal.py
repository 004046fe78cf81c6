"""Rehearsal: answer an interview question aloud, then compare, rate yourself, go on."""

import random
import threading
import time
from html import escape

import ipywidgets as w
from markdown_it import MarkdownIt

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.interview.figures import draw
from llmtl_helpers.interview.measures import fill
from llmtl_helpers.interview.questions import LEVELS, Question, read_questions
from llmtl_helpers.journal import Journal
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots.writing_cards import Samples
from llmtl_helpers.widgets.guard import Guarded, guard
from llmtl_helpers.widgets.panel import WIDE, WRAP, choose, sentence
from llmtl_helpers.widgets.static_twin import StaticTwin

ALL = "all"
MOCK = 5  # questions of a mock interview
RUBRIC = {  # rating -> what it takes
    1: "no position, or a wrong one",
    2: "a position, but no reason or no doubt",
    3: "position and reason, without a measurement",
    4: "position, reason, and a number with its doubt",
}
SOON = 3  # a mock interview prefers questions that were never rated as high as this
LONGEST = 15 * 60  # seconds after which the clock stops by itself
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


class Rehearsal(Guarded, StaticTwin, w.VBox):
    """One question at a time: think and speak, reveal, compare, rate.

    The answer has a short and a long version, a number and a figure from the ledger, the usual
    wrong answer and what an interviewer asks next. Ratings go into the journal. A mock interview
    draws five of the chosen questions, those first that were not yet rated 3 or 4.

    Controls are attributes: level, topic and question have a `value` to set; begin, reveal,
    following, mock and each of `ratings` have a `click()`.

    Args:
        questions: default: all that the course has.
        ledger, journal: default: the usual ones.
        seed: of the draws of mock interviews; by default each is another one.

    Attributes:
        current: the question that is shown. revealed: whether its answer is.
        drawn: names of the questions of a running mock interview, else empty.
        last_error: the last exception of a handler, also shown in the widget.

    Taught in 13.
    """

    def __init__(self, questions: list[Question] | None = None, ledger: Ledger | None = None,
                 journal: Journal | None = None, *, seed: int | None = None):
        self.prepare_guard()
        self.all = list(questions) if questions is not None else read_questions()
        self.ledger = ledger if ledger is not None else Ledger()
        self.journal = journal or Journal()
        self.revealed, self.drawn, self.given = False, [], {}
        self._rated_this = False  # one rating for each time the question is shown
        self._random, self._began, self._seconds = random.Random(seed), None, 0.0
        topics = list(dict.fromkeys(question.topic for question in self.all))
        self.level = choose("Level", [("all levels", ALL), *((name, name) for name in LEVELS)])
        self.topic = choose("Topic", [("all topics", ALL), *((name, name) for name in topics)])
        self.question = w.Dropdown(description="Question", style=WIDE,
                                   layout=w.Layout(width="760px", max_width="100%"))
        self.begin = _button("Start the clock", primary=True)
        self.reveal = _button("Reveal the answer")
        self.following = _button("Next question")
        self.mock = _button(f"Mock interview: {MOCK} questions", width="230px")
        self.ratings = [_button(f"{rating}: {text}", width="auto") for rating, text in RUBRIC.items()]
        self.asked, self.clock, self.answer, self.said = w.HTML(), w.HTML(), w.HTML(), w.HTML()
        self.rating_box = w.VBox([w.HTML(sentence("Rate what you said, not what you know:")),
                                  w.HBox(self.ratings, layout=WRAP)])
        super().__init__([
            w.HBox([self.level, self.topic, self.mock], layout=WRAP), self.question, self.errors,
            self.asked, w.HBox([self.begin, self.reveal, self.following], layout=WRAP), self.clock,
            self.answer, self.rating_box, self.said])
        for control in (self.level, self.topic):
            control.observe(self._filtered, "value")
        self.question.observe(self._chosen, "value")
        self.begin.on_click(self._begin)
        self.reveal.on_click(self._reveal)
        self.following.on_click(self._following)
        self.mock.on_click(self._mock)
        for rating, button in zip(RUBRIC, self.ratings, strict=True):
            button.on_click(lambda _, rating=rating: self._rate(rating))
        self._offer([question.name for question in self.all])

    @property
    def current(self) -> Question:
        return next(one for one in self.all if one.name == self.question.value)

    def static(self) -> Samples:
        """Question and folded answer as HTML, for pages without a kernel."""
        question = self.current
        return Samples(f"{self._heading(question)}<details><summary>The answer</summary>"
                       f"{self._answer(question)}</details>", [], question.asked)

    # -- handlers --------------------------------------------------------------------------------

    @guard
    def _filtered(self, change=None) -> None:
        names = [one.name for one in self.all if self.level.value in (ALL, one.level)
                 and self.topic.value in (ALL, one.topic)]
        self.drawn, self.given = [], {}
        if names:
            self.said.value = ""
            self._offer(names)
        else:
            self.said.value = sentence("No question has this level and this topic. The one above "
                                       "stays; choose another level or topic.")

    @guard
    def _chosen(self, change=None) -> None:
        if not self.held:
            self._show()

    @guard
    def _begin(self, button=None) -> None:
        self._began, self._seconds = time.monotonic(), 0.0
        self.begin.disabled = True
        threading.Thread(target=self._tick, args=(self._began,), daemon=True).start()

    @guard
    def _reveal(self, button=None) -> None:
        self._stop_clock()
        self.revealed = True
        self.answer.value = self._answer(self.current)
        self.reveal.disabled = self.begin.disabled = True
        self.rating_box.layout.display = ""

    @guard
    def _rate(self, rating: int) -> None:
        if not self.revealed or self._rated_this:
            return
        self._rated_this = True
        question = self.current
        self.given[question.name] = rating
        for button in self.ratings:
            button.disabled = True
        try:
            self.journal.add("rehearsal", question.name, rating=rating,
                             seconds=round(self._seconds, 1))
        finally:
            self.said.value = sentence(self._standing(question, rating), strong=True)

    @guard
    def _following(self, button=None) -> None:
        names = [name for _, name in self.question.options]
        at = names.index(self.question.value) + 1
        if at < len(names):
            self.question.value = names[at]
        else:
            self.said.value = sentence(self._end() if self.drawn else "That was the last one.")

    @guard
    def _mock(self, button=None) -> None:
        names = [one.name for one in self.all if self.level.value in (ALL, one.level)
                 and self.topic.value in (ALL, one.topic)]
        if not names:
            self._filtered()  # says so, and leaves the question that is shown
            return
        best = self._best()
        self._random.shuffle(names)
        names.sort(key=lambda name: best.get(name, 0) >= SOON)  # stable: shuffled within both
        self.drawn, self.given = names[:MOCK], {}
        self._offer(self.drawn)
        self.said.value = sentence(f"A mock interview of {len(self.drawn)}. Start the clock, answer "
                                   "aloud in two minutes, then reveal.")

    # -- what is shown ---------------------------------------------------------------------------

    def _offer(self, names: list[str]) -> None:
        known = {one.name: one for one in self.all}
        with self.hold():
            self.question.options = [(known[name].asked, name) for name in names]
            self.question.value = names[0]
        self._show()

    def _show(self) -> None:
        self._stop_clock()
        self._seconds, self.revealed, self._rated_this = 0.0, False, False
        self.asked.value = self._heading(self.current)
        self.answer.value = self.clock.value = ""
        self.begin.disabled = self.reveal.disabled = False
        for button in self.ratings:
            button.disabled = False
        self.rating_box.layout.display = "none"
        if not self.drawn:
            self.said.value = ""

    def _heading(self, question: Question) -> str:
        place = (f"Question {self.drawn.index(question.name) + 1} of {len(self.drawn)} · "
                 if question.name in self.drawn else "")
        return (f'<div style="max-width:46em"><small>{place}{escape(question.topic)} · '
                f"{escape(question.level)} · notebook {escape(question.lesson)}</small>"
                f'<h3 style="margin:.2em 0">{escape(question.asked)}</h3></div>')

    def _answer(self, question: Question) -> str:
        measured = fill(question.measured, self.ledger)
        parts = [("In 30 seconds", question.short), ("In 2 minutes", question.long),
                 ("Measured", f"{measured.text}\n\n*{measured.origin}*" if measured.origin
                  else measured.text)]
        blocks = [_block(title, text) for title, text in parts]
        if question.figure != "none":
            blocks.append(draw(question.figure, self.ledger).html())
        blocks += [_block("The usual wrong answer", question.wrong),
                   _block("What comes next", question.follow_up),
                   _block("Sources", question.sources)]
        return "".join(blocks)

    def _standing(self, question: Question, rating: int) -> str:
        took = f" in {self._seconds:.0f} s" if self._seconds else ""
        before = [entry["rating"] for entry in self._rated() if entry["name"] == question.name]
        said = f"You gave yourself {rating} of {len(RUBRIC)}{took}."
        if len(before) > 1:
            said += f" Before: {', '.join(map(str, before[:-1][-5:]))}."
        if self.drawn and len(self.given) == len(self.drawn):
            said += f" {self._end()}"
        return said

    def _end(self) -> str:
        rated = [self.given[name] for name in self.drawn if name in self.given]
        if not rated:
            return "The mock interview is over; you rated none of it."
        low = [name for name in self.drawn if self.given.get(name, 9) < SOON]
        again = "".join(f" Read again: notebook {one.lesson}, “{one.asked}”" for one in self.all
                        if one.name in low)
        return (f"The mock interview is over: {sum(rated)} of {len(RUBRIC) * len(self.drawn)} "
                f"points.{again}")

    def _rated(self) -> list[dict]:
        """Earlier ratings; none where the journal cannot be read, which keeping one will say."""
        try:
            return self.journal.entries("rehearsal")
        except LearnerError:
            return []

    def _best(self) -> dict[str, int]:
        best: dict[str, int] = {}
        for entry in self._rated():
            best[entry["name"]] = max(entry["rating"], best.get(entry["name"], 0))
        return best

    # -- the clock -------------------------------------------------------------------------------

    def _tick(self, began: float) -> None:
        """Show the seconds once a second, as long as this start of the clock is the last one."""
        while self._began == began and (spent := time.monotonic() - began) < LONGEST:
            minutes, seconds = divmod(int(spent), 60)
            self.clock.value = (f'<div role="timer" style="font-size:1.4em">{minutes}:{seconds:02d}'
                                "</div>")
            time.sleep(1.0)

    def _stop_clock(self) -> None:
        if self._began is not None:
            self._seconds = min(time.monotonic() - self._began, LONGEST)
            self._began = None


def _button(text: str, width: str = "150px", primary: bool = False) -> w.Button:
    return w.Button(description=text, button_style="primary" if primary else "",
                    layout=w.Layout(width=width, max_width="100%"))


def _block(title: str, text: str) -> str:
    return (f'<div style="max-width:46em;line-height:1.5"><h4 style="margin:.8em 0 .2em">'
            f"{escape(title)}</h4>{_markdown.render(text)}</div>")
