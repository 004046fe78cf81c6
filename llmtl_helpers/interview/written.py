"""Numbers on written answers for the interview: what a decoder reached tuned, and by a prompt.

Each gives a text for its place and nothing of the learner's own: "" without runs. Used in 13.
"""

from llmtl_helpers.ledger import Ledger
from llmtl_helpers.plots.writing_data import TUNED, Written, rows_of
from llmtl_helpers.plots.writing_reading import apart
from llmtl_helpers.plots.writing_words import value
from llmtl_helpers.plots.writing_worth import doubt, said
from llmtl_helpers.widgets.shelf import of_one_version


def written(ledger: Ledger, arm: str, n: str, task: str) -> tuple[str, str]:
    """The mean score of an arm with n examples, as it is quoted, with a 95% interval of the mean."""
    found = runs_of(ledger, task)
    point = found.at((arm, int(n)))
    if point is None:
        return "", ""
    span = ""
    if point.interval:
        low, high = (value(found.metric, end) for end in point.interval)
        span = f" ({low} to {high})"
    return f"{value(found.metric, point.mean)}{span}", ""


def beside(ledger: Ledger, arm: str, n: str, other: str, m: str, task: str) -> tuple[str, str]:
    """How far an arm is from another: points, or times its perplexity, with a 95% interval."""
    found = runs_of(ledger, task)
    points = (arm, int(n)), (other, int(m))
    if not all(map(found.at, points)) or (difference := found.difference(*points)) is None:
        return "", ""
    return apart(found.metric, difference), ""


def worth(ledger: Ledger, prompt: str, n: str, task: str) -> tuple[str, str]:
    """On how many examples the decoder must be tuned to score as a prompt with n of them does."""
    found = runs_of(ledger, task)
    sizes = found.sizes(TUNED[0])
    if not sizes or not found.at((prompt, int(n))):
        return "", ""
    known = found.worth((prompt, int(n)))
    return (f"{said(known, sizes)}{doubt(known, sizes)}" if known else ""), ""


def runs_of(ledger: Ledger, task: str) -> Written:
    """The written runs of a task, of one version of its data."""
    return Written(of_one_version(rows_of(ledger, task)))
