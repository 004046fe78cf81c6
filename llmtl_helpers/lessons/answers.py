"""Answers to the exercises, computed from the shipped runs whenever they are asked for."""

import io
from contextlib import redirect_stdout
from numbers import Number

from llmtl_helpers.lessons.source import Exercise

LONGEST = 60  # characters of an answer that is still short


def at_hand(ledger) -> dict:
    """What an exercise's cell finds defined: names of the notebooks, over this ledger's rows."""
    import numpy as np

    from llmtl_helpers.arms import ARMS
    from llmtl_helpers.curves import summarise
    from llmtl_helpers.profiles import PROFILES

    task, shipped = "sentiment/films", PROFILES["full"].budget
    rows = ledger.rows(task=task, budget=shipped, purpose="curve", shipped=True)
    found = {(one.arm, one.n): one for one in summarise(rows)}
    return {"ledger": ledger, "rows": rows, "found": found, "np": np, "ARMS": ARMS,
            "sizes": sorted({n for arm, n in found if arm == "scratch"}),
            "TASK": task, "SHIPPED": shipped}


def short_answer(exercise: Exercise, names: dict) -> str:
    """The answer that the solution gives, as text; empty where it cannot be had or is long."""
    scope = dict(names)
    try:
        with redirect_stdout(io.StringIO()):
            exec(compile(exercise.solution, f"<solution of {exercise.name}>", "exec"), scope)
    except Exception:  # runs or texts that this copy lacks: the rest of a plan is still of use
        return ""
    text = spelled(scope.get("answer"))
    return text if len(text) <= LONGEST else ""


def spelled(answer) -> str:
    """Numbers in three digits, texts as they are, lists and the like part by part; else empty."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, Number):
        if isinstance(answer, bool) or answer == int(answer):
            return str(answer) if isinstance(answer, bool) else f"{int(answer):,}"
        return f"{answer:.3g}"
    if isinstance(answer, dict):
        return ", ".join(f"{spelled(key)}: {spelled(value)}" for key, value in answer.items())
    if isinstance(answer, (list, tuple, set)):
        return ", ".join(spelled(part) for part in answer)
    return ""
