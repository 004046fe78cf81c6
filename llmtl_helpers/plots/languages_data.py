"""What tuning gains in each target language, worked out once. Taught in 10."""

from collections.abc import Iterable
from dataclasses import dataclass

from llmtl_helpers.curves import PairedDifference
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots.writing_data import NO_MODEL, Point, Written
from llmtl_helpers.tasks.translation import LANGUAGES, NAMES

TUNED = "writer"
RIVALS = ("prompt", "copy")


@dataclass(frozen=True)
class Language:
    """The runs of one target language.

    Attributes:
        name: "French". runs, updates: of the tuned decoder. texts: in the test set.
        tuned: its mean chrF, from 0 to 1. prompt: the best of the prompts that have runs.
        rivals: "prompt" or "copy" -> its mean chrF. gains: the same -> tuned minus rival.
        tokens: tokens for each character of the right answers; None where that is not known.
    """

    task: str
    name: str
    runs: int
    updates: int
    texts: int
    tuned: float
    prompt: Point | None
    rivals: dict[str, float]
    gains: dict[str, PairedDifference]
    tokens: float | None


def in_languages(rows: Iterable[dict], n: int) -> list[Language]:
    """Every language with a tuned decoder at n examples and a rival; the largest gain first.

    Sorted by the gain over the prompt, and those without a prompt at the end.

    Raises:
        LearnerError: rows of several training rules, or of two versions of one task's data.
    """
    by_task: dict[str, list[dict]] = {}
    for row in rows:
        by_task.setdefault(row["task"], []).append(row)
    if len(rules := {row["budget"] for some in by_task.values() for row in some}) > 1:
        raise LearnerError("runs of several training rules cannot share a figure",
                           ", ".join(sorted(rules)), "choose rows of one budget")
    found = [language for task in NAMES if task in by_task
             and (language := _language(Written(by_task[task]), n))]
    return sorted(found, key=lambda one: -one.gains["prompt"].difference
                  if "prompt" in one.gains else float("inf"))


def _language(found: Written, n: int) -> Language | None:
    tuned = found.at((TUNED, n))
    prompt = found.best(found.prompts)
    rivals = {"prompt": prompt, "copy": (NO_MODEL, 0) if found.at((NO_MODEL, 0)) else None}
    gains = {name: found.difference((TUNED, n), rival) for name, rival in rivals.items()
             if tuned and rival}
    gains = {name: gain for name, gain in gains.items() if gain is not None}
    if not gains:
        return None
    run = next(row for row in found.rows if (row["arm"], row["n"]) == (TUNED, n))
    return Language(found.task, LANGUAGES[found.task.partition("/")[2]][0], tuned.k,
                    run["updates"], run["test_size"], tuned.mean, prompt,
                    {name: found.mean(rivals[name]) for name in gains}, gains, _tokens(found))


def _tokens(found: Written) -> float | None:
    """Tokens a character, from the runs: each target has one more token, that of its end."""
    counts = next((row["text_targets"] for row in found.rows if row.get("text_targets")), ())
    try:
        characters = sum(map(len, found.targets))
    except LearnerError:  # the texts are not on this machine
        return None
    if not counts or len(counts) != len(found.targets):
        return None
    return (sum(counts) - len(counts)) / characters
