"""The tasks that the main question names, each against two rivals. Used in 13."""

from collections.abc import Iterator
from dataclasses import dataclass

from llmtl_helpers.arms import ARMS
from llmtl_helpers.curves import PairedDifference, sign_of
from llmtl_helpers.interview.measures import difference, runs
from llmtl_helpers.interview.written import runs_of
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots.writing_data import NO_MODEL, SCRATCH, TUNED
from llmtl_helpers.plots.writing_reading import apart
from llmtl_helpers.plots.writing_words import name

# task -> what people call it, and the arm that costs least; a prompt has 8 examples
NAMED = {"sentiment/films": ("sentiment", "tfidf"), "email/spam": ("sorting e-mails", "tfidf"),
         "headlines/news": ("summarizing: headlines", NO_MODEL),
         "translate/fr": ("translating into French", NO_MODEL),
         "write/films": ("writing as a critic", "prompted")}
SHOWN = 8


@dataclass(frozen=True)
class Against:
    """How far the tuned checkpoint is from one rival.

    Attributes:
        rival: in words. said: with its interval. sign: 1 surely better, -1 surely worse, 0 open.
    """

    rival: str
    said: str
    sign: int

    @classmethod
    def of(cls, rival: str, metric: str, found: PairedDifference) -> "Against":
        return cls(rival, apart(metric, found), sign_of(found) if found.interval else 0)


@dataclass(frozen=True)
class OnTask:
    """A task at the largest number of examples that tuned checkpoint and twin were both run with."""

    task: str
    called: str
    examples: int
    twin: Against
    cheapest: Against | None


def across_tasks(ledger: Ledger) -> list[OnTask]:
    """The tasks of which the ledger has runs, in the order of the question.

    Raises:
        LearnerError: runs of one task on two versions of its data.
    """
    return list(_across(ledger))


def _across(ledger: Ledger) -> Iterator[OnTask]:
    for task, (called, cheapest) in NAMED.items():
        found = (_labelled if cheapest in ARMS else _written)(ledger, task, cheapest)
        if found:
            examples, twin, rival = found
            yield OnTask(task, called, examples, twin, rival)


def _labelled(ledger: Ledger, task: str, cheapest: str):
    """Examples, twin and cheapest rival of a task with labels; None without runs of both twins."""
    sizes = [{row["n"] for row in runs(ledger, arm, task) if row["purpose"] != "live"}
             for arm in ("fine_tuned", "scratch")]
    if not (both := set.intersection(*sizes)):
        return None
    n = max(both)
    twin, rival = (difference(ledger, "fine_tuned", arm, n, task) for arm in ("scratch", cheapest))
    return twin and (n, Against.of("the same network from scratch", "", twin),
                     rival and Against.of(ARMS[cheapest].label, "", rival))


def _written(ledger: Ledger, task: str, cheapest: str):
    """The same of a task whose answers are written."""
    found = runs_of(ledger, task)
    both = {*found.sizes(TUNED[0])} & {*found.sizes(SCRATCH)}
    if not both:
        return None
    n, beaten = max(both), (cheapest, 0 if cheapest == NO_MODEL else SHOWN)
    rivals = [Against.of(name(found, point), found.metric, gap) if gap else None
              for point in ((SCRATCH, n), beaten)
              for gap in [found.difference((TUNED[0], n), point) if found.at(point) else None]]
    return rivals[0] and (n, *rivals)
