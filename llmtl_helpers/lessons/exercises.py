"""`check`, `hint` and `solution`: what a learner calls in an exercise's cell.

An exercise stands once, in its lesson: task, hints, the check, the solution and some
wrong answers that the tests try. These functions find it there by its name, and keep in the
journal what came out.
"""

import html
from dataclasses import dataclass

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.journal import remember
from llmtl_helpers.lessons.limits import NeverEnds, limited
from llmtl_helpers.lessons.source import EXERCISE, Exercise, read_exercise, read_lessons

RIGHT, NOT_YET, NOT_ATTEMPTED = "right", "not yet", "not attempted"
SIGNS = {RIGHT: "✓", NOT_YET: "✗", NOT_ATTEMPTED: "…"}


@dataclass(frozen=True)
class Answer:
    """What an exercise's cell displays: one of three states and a sentence."""

    state: str
    text: str

    def __repr__(self) -> str:
        return f"{SIGNS[self.state]} {self.state}: {self.text}"

    def _repr_html_(self) -> str:
        return note(f"{SIGNS[self.state]} {self.state}", self.text)


@dataclass(frozen=True)
class Note:
    """A hint or a solution: a heading, a text, and code that may follow it."""

    heading: str
    text: str
    code: str = ""

    def __repr__(self) -> str:
        return "\n\n".join(part for part in (f"{self.heading}: {self.text}", self.code) if part)

    def _repr_html_(self) -> str:
        code = f"<pre style='margin:.6em 0 0'>{html.escape(self.code)}</pre>" if self.code else ""
        return note(self.heading, self.text, code)


def note(heading: str, text: str, extra: str = "") -> str:
    """A framed note. It takes its colours from the page, so dark themes stay readable."""
    return ("<div style='border:1px solid currentColor;border-radius:4px;padding:.5em .8em;"
            f"max-width:46em'><strong>{html.escape(heading)}</strong> "
            f"{html.escape(text.strip())}{extra}</div>")


def find(name: str) -> Exercise:
    """The exercise called `name`, in whichever lesson it stands.

    Raises:
        LearnerError: no lesson has an exercise of that name.
    """
    known = {block.group(1): block
             for lesson in read_lessons() for block in EXERCISE.finditer(lesson.text)}
    if name not in known:
        raise LearnerError(f"there is no exercise called {name!r}",
                           next=f"choose one of {', '.join(known)}")
    return read_exercise(known[name])


def check(name: str, answer: object) -> Answer:
    """Say whether `answer` is right. An answer left at `...` is "not attempted".

    Raises:
        LearnerError: no lesson has an exercise of that name.
    """
    exercise = find(name)
    if answer is ... or answer is None:
        return Answer(NOT_ATTEMPTED, "put your answer in place of the three dots.")
    found = _judged(exercise, answer)
    problem = remember("exercise", name, state=found.state)
    return Answer(found.state, f"{found.text} ({problem})") if problem else found


def _judged(exercise: Exercise, answer: object) -> Answer:
    scope: dict = {}
    exec(compile(exercise.check, f"<check of {exercise.name}>", "exec"), scope)
    try:
        missing = limited(lambda: scope["check"](answer))
    except NeverEnds as endless:
        still = (" It still runs: restart the kernel (your runs and notes are kept)."
                 if endless.still_there else "")
        return Answer(NOT_YET, f"{endless}. Look for a loop that never ends.{still}")
    except RecursionError:
        return Answer(NOT_YET, "a function calls itself without an end. Look for the case in which "
                               "it should stop.")
    except Exception as error:
        said = str(error).strip()[:200] or type(error).__name__
        return Answer(NOT_YET, f"a {type(answer).__name__} of this form cannot be read ({said}). "
                               f"hint(\"{exercise.name}\") says what is expected.")
    return Answer(RIGHT, exercise.why) if missing is None else Answer(NOT_YET, missing)


def hint(name: str, number: int = 1) -> Note:
    """Hint `number` of an exercise; it says how to get the next one.

    Raises:
        LearnerError: no such exercise, or it has no hint of that number.
    """
    hints = find(name).hints
    if not isinstance(number, int) or not 1 <= number <= len(hints):
        raise LearnerError(f"the exercise {name!r} has no hint {number!r}",
                           next=f"ask for a hint from 1 to {len(hints)}")
    more = (f" (Next: hint(\"{name}\", {number + 1}).)" if number < len(hints)
            else f" (That was the last one; solution(\"{name}\") shows a solution.)")
    remember("exercise", name, state="hint")
    return Note(f"Hint {number} of {len(hints)}.", hints[number - 1].strip() + more)


def solution(name: str) -> Note:
    """A solution and the reason for it.

    Raises:
        LearnerError: no lesson has an exercise of that name.
    """
    exercise = find(name)
    remember("exercise", name, state="solution")
    return Note("A solution.", exercise.why, exercise.solution.strip())
