"""`compare_guess`: what a learner committed before a result, beside the result."""

import math

from llmtl_helpers.lessons.exercises import Note


def compare_guess(guess: object, truth: float, what: str) -> Note:
    """Put a guess beside the result, without marks: being surprised is the point.

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
    return Note(f"You guessed {guess:,g}.", f"{result} The guess was {side}.")
