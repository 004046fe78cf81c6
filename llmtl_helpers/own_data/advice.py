"""What the runs on a learner's own data say, and how sure they are of it. Taught in 12."""

from collections.abc import Iterable
from statistics import fmean

from llmtl_helpers.curves import forecast, scores_by_size
from llmtl_helpers.curves.domains import Scored, paired_difference, scores_by_test, sign_of
from llmtl_helpers.curves.multiplier import multiplier_sizes
from llmtl_helpers.plots.words import spoken, spoken_metric

TREATMENT = "fine_tuned"
CHEAP = ("majority", "tfidf", "probe")  # the cheapest first
RIVALS = ("tfidf", "probe", "scratch", "small_scratch")


def advise(rows: Iterable[dict]) -> list[str]:
    """Sentences of advice from the finished runs of one task; what cannot be said is said too.

    Args:
        rows: ledger rows of one task and one training rule, purpose "curve".

    Raises:
        LearnerError: rows of several tasks or rules.
    """
    rows = [row for row in rows if row["status"] == "done"]
    tuned = [row["n"] for row in rows if row["arm"] == TREATMENT]
    if not tuned:
        return ["There is no run of the fine-tuned checkpoint yet, so there is nothing to advise."]
    most, metric = max(tuned), rows[0]["metric"]
    task = rows[0]["task"]
    cells = scores_by_test([row for row in rows if row["n"] == most], metric)
    found = {arm: cell for (arm, *_), cell in cells.items()}
    said = [_ahead(found, rival, most, metric) for rival in RIVALS if rival in found]
    said += [_choice(found, most, metric), _worth(rows, metric, most), _more(rows, metric, most)]
    said.append(f"All of this holds for the {_tested(rows)} test texts of {task} and texts like them.")
    return [sentence for sentence in said if sentence]


def _ahead(found: dict[str, Scored], rival: str, n: int, metric: str) -> str:
    gap = paired_difference(found[TREATMENT], found[rival], metric)
    if gap is None:
        return ""
    points = f"{100 * abs(gap.difference):.1f} points of {spoken_metric(metric)}"
    side = "ahead of" if gap.difference >= 0 else "behind"
    start = f"With {n:,} labels the fine-tuned checkpoint is {points} {side} {spoken(rival)}"
    if gap.interval is None:
        return f"{start}; there are too few runs for an interval."
    low, high = (100 * end for end in gap.interval)
    sure = "" if sign_of(gap) else ": not decided, as the interval holds 0"
    return f"{start} (95% interval {low:+.1f} to {high:+.1f}){sure}."


def _choice(found: dict[str, Scored], n: int, metric: str) -> str:
    """The cheapest way that is not surely worse than the best one."""
    means = {arm: fmean(cell.scores.values()) for arm, cell in found.items() if cell.scores}
    best = max(means, key=means.get)
    unknown = False
    for arm in (*CHEAP, best):
        if arm not in means:
            continue
        if arm == best and unknown:
            return (f"{_capital(spoken(best))} has the highest mean, but there are too few runs to "
                    "say that nothing cheaper does as well.")
        if arm == best:
            return (f"At this size nothing cheaper does as well as {spoken(best)}: take it."
                    if best not in CHEAP else f"{_capital(spoken(best))} is best, and cheap: take it.")
        gap = paired_difference(found[best], found[arm], metric)
        if gap is None or gap.interval is None:
            unknown = True
        elif not sign_of(gap):
            return (f"{_capital(spoken(arm))} is cheaper and not surely worse than {spoken(best)}: "
                    "begin with it, and look again with more labels.")
    return ""


def _worth(rows: list[dict], metric: str, n: int) -> str:
    tuned = scores_by_size(rows, TREATMENT, metric)
    start = scores_by_size(rows, "scratch", metric)
    if not start:
        return ""
    found = dict(multiplier_sizes(start, tuned)).get(n)
    if found is None or found.ratio is None:
        return "How many labels the checkpoint is worth cannot be read from these curves."
    return f"Counted in labels, against the same network from scratch: {found}."


def _more(rows: list[dict], metric: str, n: int) -> str:
    """What twice the labels would bring, where the curve allows to say it."""
    found = forecast(scores_by_size(rows, TREATMENT, metric), 2 * n)
    if found.refused:
        return f"What {n:,} labels more would bring cannot be foretold: {found.refused}."
    low, high = found.interval or (found.value, found.value)
    return (f"About {n:,} more labels would bring the fine-tuned checkpoint to {found.value:.3f} "
            f"({low:.3f} to {high:.3f}), if the curve goes on as it did; held-back sizes were missed "
            f"by up to {found.error:.0%} of their error.")


def _tested(rows: list[dict]) -> str:
    return f"{max(row['test_size'] for row in rows if row.get('test_size')):,}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
