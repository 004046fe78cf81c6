"""Quiz: a few questions on a lesson, with a reason for every option."""

from collections.abc import Iterable
from html import escape

import ipywidgets as w

from llmtl_helpers.journal import Journal
from llmtl_helpers.lessons.quizzes import LETTERS, QuizQuestion, read_quiz
from llmtl_helpers.plots.writing_cards import Samples
from llmtl_helpers.widgets.guard import Guarded, guard
from llmtl_helpers.widgets.static_twin import StaticTwin

WIDTH = "max-width:46em;line-height:1.5"


class Quiz(Guarded, StaticTwin, w.VBox):
    """Questions on a lesson, one below the other. Any option may be chosen, and each gives its
    reason; the first choice is kept in the journal.

    Args:
        lesson: its number, such as "02". questions: default: those of the lesson.
        journal: default: the usual one.

    Attributes:
        buttons: question's name -> one button an option, each with a `click()`.
        first: question's name -> whether the first choice was right.
        last_error: the last exception of a handler, also shown in the widget.
    """

    def __init__(self, lesson: str, questions: list[QuizQuestion] | None = None,
                 journal: Journal | None = None):
        self.prepare_guard()
        self.questions = questions if questions is not None else read_quiz(lesson)
        self.journal = journal or Journal()
        self.first: dict[str, bool] = {}
        self.buttons: dict[str, list[w.Button]] = {}
        self._reasons: dict[str, w.HTML] = {}
        self._chosen: dict[str, list[int]] = {}
        self.standing = w.HTML()
        rows: list[w.Widget] = []
        for number, question in enumerate(self.questions, 1):
            self._chosen[question.name] = []
            self.buttons[question.name] = [
                w.Button(description=LETTERS[at], tooltip=option.text,
                         layout=w.Layout(width="56px"))
                for at, option in enumerate(question.options)]
            for at, button in enumerate(self.buttons[question.name]):
                button.on_click(lambda _, question=question, at=at: self._choose(question, at))
            self._reasons[question.name] = w.HTML()
            rows += [w.HTML(_asked(number, question)), w.HBox(self.buttons[question.name]),
                     self._reasons[question.name]]
        super().__init__([*rows, self.errors, self.standing])

    def static(self) -> Samples:
        """Questions with folded reasons as HTML, for pages without a kernel."""
        parts = [f"{_asked(number, question)}<details><summary>The options, one by one</summary>"
                 f"{_reasons(question, range(len(question.options)))}</details>"
                 for number, question in enumerate(self.questions, 1)]
        return Samples("".join(parts), [], f"A quiz of {len(self.questions)} questions.")

    @guard
    def _choose(self, question: QuizQuestion, at: int) -> None:
        chosen, option = self._chosen[question.name], question.options[at]
        if at not in chosen:
            chosen.append(at)
        self.buttons[question.name][at].button_style = "success" if option.right else "warning"
        self._reasons[question.name].value = (
            f'<div role="status">{_reasons(question, chosen)}</div>')
        if question.name in self.first:
            return
        self.first[question.name] = option.right
        right, count = sum(self.first.values()), len(self.first)
        self.standing.value = (
            f'<div role="status" style="{WIDTH};font-weight:600">{right} of {count} right at once'
            f"{'.' if count == len(self.questions) else f'; {len(self.questions) - count} to go.'}"
            "</div>")
        self.journal.add("quiz", question.name, option=LETTERS[at], right=option.right)


def _asked(number: int, question: QuizQuestion) -> str:
    options = "".join(f"<li>{escape(option.text)}</li>" for option in question.options)
    return (f'<div style="{WIDTH}"><p style="margin:.8em 0 .2em"><strong>{number}.</strong> '
            f'{escape(question.asks)}</p><ol type="A" style="margin:0 0 .3em">{options}</ol></div>')


def _reasons(question: QuizQuestion, chosen: Iterable[int]) -> str:
    lines = []
    for at in chosen:
        option = question.options[at]
        sign = "✓ right" if option.right else "✗ not this one"
        lines.append(f'<p style="margin:.2em 0;{WIDTH}"><strong>{LETTERS[at]} {sign}.</strong> '
                     f"{escape(option.why.strip())}</p>")
    return "".join(lines)
