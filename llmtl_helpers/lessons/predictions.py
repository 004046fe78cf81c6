"""`compare_guess`: what a learner committed before a result, beside the result.

The first guess at a result is kept in the journal, from which `plots.calibration_figure` draws.
"""

import math
from collections.abc import Sequence

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.journal import Journal, remember
from llmtl_helpers.lessons.exercises import Note


def compare_guess(guess: object, truth: float | str, what: str,
                  words: Sequence[str] = (), share: bool = False) -> Note:
    """Put a guess beside the result, without marks: being surprised is the point.

    The first guess at each result is kept; one that was changed after the result was seen is
    compared, but not kept.

    Args:
        guess: a number, or the three dots that say that nobody guessed.
        truth: the result, in the same unit; or one of the words.
        what: what both are, such as "test accuracy at 64 labels".
        words: among which the guess was to be, where it is no number.
        share: the result is a share from 0 to 1, so a guess of 70 was meant as 0.7: it is sent back.
    """
    if words:
        return _compare_word(guess, str(truth), what, words)
    result = f"{what}: {truth:,.3g}." if isinstance(truth, float) else f"{what}: {truth:,}."
    result = result[:1].upper() + result[1:]
    if guess is ... or guess is None:
        return Note("No guess was written down.", result)
    if isinstance(guess, bool) or not isinstance(guess, (int, float)) or not math.isfinite(guess):
        return Note("The guess is not a number.", f"{result} Write one number, such as 0.7.")
    if share and 1 < guess <= 100:
        return Note(f"You guessed {guess:g}.", f"{result} Scores here run from 0 to 1, so "
                                               f"{guess:g}% is written {guess / 100:g}.")
    gap = guess - truth
    side = "exactly that" if gap == 0 else f"{abs(gap):,.3g} too {'high' if gap > 0 else 'low'}"
    first = _kept(what, float(guess), float(truth))
    return Note(f"You guessed {guess:,g}.", f"{result} The guess was {side}.{first}")


def _compare_word(guess: object, truth: str, what: str, words: Sequence[str]) -> Note:
    result = f"{what[:1].upper()}{what[1:]}: {truth}."
    if guess is ... or guess is None:
        return Note("No guess was written down.", result)
    if guess not in words:
        return Note("The guess is none of the words.",
                    f"{result} Write one of {', '.join(map(repr, words))}.")
    first = _kept(what, guess, truth, kind="word", words=len(words))
    return Note(f"You guessed {guess}.",
                f"{result} The guess was {'right' if guess == truth else 'not right'}.{first}")


def _kept(what: str, guess: float | str, truth: float | str, kind: str = "guess",
          **more: int) -> str:
    """Keep a first guess; what there is to say about it."""
    try:
        known = Journal().entries(kind, name=what)
    except LearnerError as error:
        return f" ({error})"
    if known:
        first = known[0]["guess"]
        said = first if kind == "word" else f"{first:,g}"
        return "" if first == guess else f" Your first guess, {said}, is the one that is kept."
    nothing_to_keep = kind == "guess" and not math.isfinite(truth)
    problem = "" if nothing_to_keep else remember(kind, what, guess=guess, truth=truth, **more)
    return f" ({problem})" if problem else ""
