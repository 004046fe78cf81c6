"""The command that makes the runs of a study which are not there. Taught in 07."""

from collections.abc import Sequence


def study_command(study: str, tasks: Sequence[str] = (), arms: Sequence[str] = ()) -> str:
    """The command as it stands in a sentence; of several tasks it is run once for each.

    Args:
        tasks: default: the study's own. arms: default: all of the study's.
    """
    only = f" --arms {' '.join(arms)}" if arms else ""
    where = f" --task {tasks[0] if len(tasks) == 1 else 'TASK'}" if tasks else ""
    each = f", once for each TASK of {', '.join(tasks)}," if len(tasks) > 1 else ""
    return f"`python3 start.py sweep --study {study}{where}{only}`{each}"


def points(difference: float) -> str:
    """A difference of scores in percentage points: +3.1."""
    return _unsigned_zero(f"{100 * difference:+.1f}")


def with_interval(found, signed: bool = True) -> str:
    """A `curves.PairedDifference` in points: '+3.1 points (+1.9 to +4.2)'.

    Args:
        signed: False for how much lower it is, where a sentence says already that it is a loss.
    """
    def said(difference: float) -> str:
        return points(difference) if signed else _unsigned_zero(f"{-100 * difference:.1f}")

    text = f"{said(found.difference)} points"
    if found.interval is None:
        return text
    ends = found.interval if signed else found.interval[::-1]
    return f"{text} ({said(ends[0])} to {said(ends[1])})"


def capital(text: str) -> str:
    """The text with a capital first letter, the others as they are."""
    return text[:1].upper() + text[1:]


def _unsigned_zero(text: str) -> str:
    return "0.0" if text in ("+0.0", "-0.0") else text
