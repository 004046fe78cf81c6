"""`compare_guess`: what a learner committed before a result, beside the result.

The first guess at a result is kept in the journal, from which `plots.calibration_figure` draws.
"""

import math

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.journal import Journal, remember
from llmtl_helpers.lessons.exercises import Note


def compare_guess(guess: object, truth: float, what: str) -> Note:
    """Put a guess beside the result, without marks: being surprised is the point.

    The first guess at each result is kept; one that was changed after the result was seen is
    compared, but not kept.

    Args:
        guess: a number, or the three dots that say that nobody guessed.
        truth: the result, in the same unit.
        what: what both are, such as "test accuracy at 64 labels".
    """
    result = f"{what}: {truth:,.3g}." if isinstance(truth, float) else f"{what}: {truth:,}."
    result = result[:1].upper() + result[1:]
    if guess is ... or guess is None:
        return Note("No guess was written down.", result)
    if isinstance(guess, bool) or not isinstance(guess, (int, float)) or not math.isfinite(guess):
        return Note("The guess is not a number.", f"{result} Write one number, such as 0.7.")
    if isinstance(truth, float) and 0 <= truth <= 1 < guess <= 100:
        return Note(f"You guessed {guess:g}.", f"{result} Scores here run from 0 to 1, so "
                                               f"{guess:g}% is written {guess / 100:g}.")
    gap = guess - truth
    side = "exactly that" if gap == 0 else f"{abs(gap):,.3g} too {'high' if gap > 0 else 'low'}"
    first = _kept(what, float(guess), float(truth))
    return Note(f"You guessed {guess:,g}.", f"{result} The guess was {side}.{first}")


def _kept(what: str, guess: float, truth: float) -> str:
    """Keep a first guess; what there is to say about it."""
    try:
        known = Journal().entries("guess", name=what)
    except LearnerError as error:
        return f" ({error})"
    if known:
        first = known[0]["guess"]
        return "" if first == guess else f" Your first guess, {first:,g}, is the one that is kept."
    problem = remember("guess", what, guess=guess, truth=truth) if math.isfinite(truth) else ""
    return f" ({problem})" if problem else ""
