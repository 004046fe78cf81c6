"""What the arms wrote to one test text, side by side, from the ledger. Taught in 08."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from llmtl_helpers.curves.writing import score_of_parts, text_parts
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots.writing_cards import Samples, card, language, side_by_side
from llmtl_helpers.plots.writing_data import (COUNTS, LIKELIHOOD, NAMES, NO_MODEL, PROMPTS, SCRATCH,
                                              Written)
from llmtl_helpers.plots.writing_words import examples, perplexity


@dataclass(frozen=True)
class Answer:
    """What one run wrote to one test text.

    Attributes:
        arm, n: whose, and with how many examples. label: the same as it is printed.
        text: the answer; None if this text's was not kept.
        score: its own score from 0 to 1, or the perplexity that the run gives to the right answer;
            None where it has none.
    """

    arm: str
    n: int
    label: str
    text: str | None
    score: float | None = None


def samples(found: Written, text: int = 1, n: int | None = None, seed: int = 0,
            shown: int = 0) -> Samples:
    """The answers of all arms to one test text.

    Args:
        text: its number, from 1. n: examples that was tuned on; default: the most.
        seed: of the runs. Without examples nothing is drawn, so there it is always the first run.
        shown: examples in the prompts.

    Raises:
        LearnerError: no answer to such a text was kept.

    Taught in 08.
    """
    n = n or found.most or 0
    answers = answers_to(found, text, n, seed, shown)
    if not any(answer.text is not None for answer in answers):
        raise LearnerError(f"there is no answer to text {text} with seed {seed}",
                           next=f"choose a text from 1 to {kept(found):,} and another seed")
    given, target, note = texts_of(found, text)
    twins = [answer for answer in answers if answer.arm in ("writer", SCRATCH)]
    others = [answer for answer in answers if answer not in twins]
    person = [] if target is None else [card("a person", target, lang=language(found.task))]
    rows = [*person, *(answer_card(found, answer) for answer in twins)], [
        answer_card(found, answer) for answer in others]
    body = prompt_card(given, note) + "".join(side_by_side(cards) for cards in rows if cards)
    reading = _reading(found, answers, text, n, seed)
    if absent := [found.style(arm).label for arm in found.curves
                  if arm not in {COUNTS, *(answer.arm for answer in answers)}]:
        reading += f" Without a run of this choice: {'; '.join(absent)}."
    return Samples(body, _table(found, answers, target), reading)


def answers_to(found: Written, text: int, n: int, seed: int, shown: int = 0) -> list[Answer]:
    """Answers to a test text (from 1) of every arm that has such a run, in the arms' order."""
    answers = []
    for arm in [arm for arm in found.curves if arm != COUNTS]:  # which writes nothing
        size = 0 if arm == NO_MODEL else shown if arm in PROMPTS else n
        row = run_of(found, arm, size, seed)
        if row is not None:
            written = _outputs(found, row)[text - 1:text]
            answers.append(Answer(arm, size, label_of(found, arm, size), *(written or [None]),
                                  score_of_text(found, row, text)))
    return answers


def _outputs(found: Written, row: dict) -> list[str]:
    try:
        return found.outputs_of(row)
    except LearnerError:  # an answer that needs no model, and no texts to make it from
        return []


def label_of(found: Written, arm: str, n: int) -> str:
    """The arm with its examples, as a heading."""
    label = found.style(arm).label
    if arm in PROMPTS:
        return (f"{label.partition(',')[0]}{' in a chat' if arm == 'prompted_chat' else ''}, "
                f"{examples(n)} in the prompt")
    return label if arm == NO_MODEL else f"{label}, {examples(n)}"


def run_of(found: Written, arm: str, n: int, seed: int) -> dict | None:
    """The finished run of a seed; without examples the first there is."""
    runs = [row for row in found.rows if (row["arm"], row["n"], row["status"]) == (arm, n, "done")
            and (n == 0 or row["run_seed"] == seed)]
    return min(runs, key=lambda row: (row["run_seed"], row["id"]), default=None)


def kept(found: Written) -> int:
    """How many test texts have answers in some run."""
    return max((len(row.get("outputs") or ()) for row in found.rows), default=0)


def score_of_text(found: Written, row: dict, text: int) -> float | None:
    """The score of a run's answer to one text (from 1); of free writing, the target's perplexity.

    None where the run kept nothing of that text, or the right answers are not on this machine.
    """
    try:
        parts = (found.parts_of(row) if found.metric == LIKELIHOOD else
                 text_parts(found.metric, {**row, "outputs": _outputs(found, row)[text - 1:text]},
                            found.targets[text - 1:text]))
        mine = parts[text - 1] if found.metric == LIKELIHOOD else parts[0]
    except (LearnerError, ValueError, IndexError, KeyError):
        return None
    score = float(score_of_parts(found.metric, mine))
    return math.exp(-score) if found.metric == LIKELIHOOD else score


def said_score(found: Written, score: float | None) -> str:
    """'ROUGE-L 33.3', or 'perplexity of the target 23.4'; "" without one."""
    if score is None:
        return ""
    if found.metric == LIKELIHOOD:
        return f"perplexity of what the person wrote: {perplexity(score)}"
    return f"{NAMES[found.metric]} {100 * score:.1f}"


def texts_of(found: Written, text: int) -> tuple[str, str | None, str]:
    """The prompt and the target of a test text (from 1), or a note why they cannot be shown."""
    from llmtl_helpers.models.prompts import prompt_text

    try:
        row = found.data.test[text - 1]
    except LearnerError as missing:
        return "", None, f"What was to be answered cannot be shown: {missing}"
    return prompt_text(found.data.writing, row["text"]), row["target"], ""


def prompt_card(prompt: str, note: str) -> str:
    """What the models read, or the note that says why it cannot be shown; see `texts_of`."""
    if note:
        return f'<p role="note" style="max-width:50em">{escape(note)}</p>'
    return card("what is read", prompt)


def answer_card(found: Written, answer: Answer, title: str = "") -> str:
    """One answer with its score.

    Args:
        title: instead of the arm's name, to hide who wrote it; then mark and score are hidden too.
    """
    return card(title or answer.label, answer.text, "" if title else said_score(
        found, answer.score), language(found.task), None if title else found.style(answer.arm))


def _table(found: Written, answers: Sequence[Answer], target: str | None) -> list[dict]:
    score = ("perplexity of the target" if found.metric == LIKELIHOOD else NAMES[found.metric])
    unit = 1 if found.metric == LIKELIHOOD else 100
    lines = [{"who": answer.label, "answer": answer.text,
              score: None if answer.score is None else unit * answer.score} for answer in answers]
    return lines + ([] if target is None else [{"who": "a person", "answer": target, score: None}])


def _reading(found: Written, answers: Sequence[Answer], text: int, n: int, seed: int) -> str:
    scored = [answer for answer in answers if answer.score is not None]
    sign = -1 if found.metric == LIKELIHOOD else 1
    best = max(scored, key=lambda answer: sign * answer.score, default=None)
    said = f"Text {text} of {kept(found)}, {f'tuned on {examples(n)}, ' if n else ''}seed {seed}"
    drawn = {(row["temperature"], row["top_p"]) for row in found.rows if row.get("temperature")}
    if len(drawn) == 1:
        said += ", drawn with temperature {:g} and top-p {:g}".format(*drawn.pop())
    if best is None:
        return f"{said}."
    return (f"{said}. The best score here has the {best.label}: {said_score(found, best.score)}. "
            "One text proves nothing; the curve is over all of them.")
