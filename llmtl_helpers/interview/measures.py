"""Numbers for the answers, from shipped runs, with the learner's own beside them. Used in 13."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import fmean, median, stdev

from llmtl_helpers.arms import ARMS, EVERY_ARM, LADDER, SMALL_MODELS, UNFREEZE
from llmtl_helpers.curves import PairedDifference, score_of, scores_by_size
from llmtl_helpers.curves.domains import paired_difference, scores_by_test
from llmtl_helpers.curves.multiplier import multiplier_sizes
from llmtl_helpers.curves.perplexity import summarise_perplexity
from llmtl_helpers.curves.summary import summarise_scores
from llmtl_helpers.interview.written import beside, worth, written
from llmtl_helpers.ledger import Ledger, shipped_or_own
from llmtl_helpers.plots.ladder import gap_shares, ladder_runs, percent
from llmtl_helpers.profiles import PROFILES

PLACE = re.compile(r"\{([a-z_]+)((?: [A-Za-z0-9_/]+)+)\}")
NOTHING = "(no runs in your copy yet)"
SHIPPED = PROFILES["full"].budget


@dataclass
class Filled:
    """A text with its numbers, and where they come from.

    Attributes:
        own: numbers that stand on runs of the learner's. missing: placeholders without runs.
    """

    text: str = ""
    own: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """One sentence on whose runs these are."""
        said = ["Numbers in brackets are 95% intervals."] if re.search(r"\((95%:? )?\S+ to \S+\)", self.text) else []
        if self.own:
            said.append("Your own runs stand beside the shipped ones where you made any.")
        elif PLACE.search(self.text) is None and not self.missing and said:
            said.append("All from the shipped runs: you have made none of these yet.")
        if self.missing:
            said.append(f"{len(self.missing)} number{'s' if len(self.missing) > 1 else ''} "
                        "could not be given: no such runs are in your copy.")
        return " ".join(said)


def fill(text: str, ledger: Ledger) -> Filled:
    """Put numbers in place of `{score ...}`, `{gap ...}` and the like.

    Raises:
        LearnerError: a placeholder names a verb that is not known.
    """
    found = Filled()

    def number(place: re.Match) -> str:
        said, own = MEASURES[place[1]](ledger, *place[2].split())
        if own:
            found.own.append(place[0])
        if not said:
            found.missing.append(place[0])
        return f"{said or NOTHING}{own}"

    found.text = PLACE.sub(number, text)
    return found


def purpose_of(arm: str) -> str:
    """Under which purpose the runs of an arm are kept."""
    return ("curve" if arm in ARMS else "unfreeze" if arm in UNFREEZE else "ladder"
            if arm in LADDER else "perplexity" if arm in SMALL_MODELS else "curve")


def runs(ledger: Ledger, arm: str, task: str, n: int | None = None) -> list[dict]:
    """Finished runs of the protocol of an arm on a task, live ones too."""
    rows = [row for row in ledger.rows(arm=arm, task=task, status="done", budget=SHIPPED)
            if row["purpose"] in (purpose_of(arm), "live") and n in (None, row["n"])]
    return rows


def _own(rows: Iterable[dict], metric: str) -> str:
    """'; yours 0.78' where the learner has runs of this kind."""
    scores = [score_of(row, metric) for row in rows if not row["shipped"]]
    scores = [score for score in scores if score is not None]
    if not scores:
        return ""
    count = f", mean of {len(scores)}" if len(scores) > 1 else ""
    return f" [yours: {fmean(scores):.3f}{count}]"


def score(ledger: Ledger, arm: str, n: str, task: str) -> tuple[str, str]:
    rows = runs(ledger, arm, task, int(n))
    metric = rows[0]["metric"] if rows else ""
    kept = [row for row in shipped_or_own(rows) if row["purpose"] != "live"]
    found = summarise_scores([score_of(row, metric) for row in kept], arm, int(n))
    own = _own((row for row in rows if row not in kept), metric)
    if found.mean is None:
        return "", own
    return f"{found.mean:.3f}{_span(found.interval, '{:.3f}')}", own


def gap(ledger: Ledger, arm: str, other: str, n: str, task: str) -> tuple[str, str]:
    found = difference(ledger, arm, other, int(n), task)
    if found is None:
        return "", ""
    span = found.interval and tuple(100 * end for end in found.interval)
    return f"{100 * found.difference:+.1f} points{_span(span, '{:+.1f}')}", ""


def difference(ledger: Ledger, arm: str, other: str, n: int, task: str) -> PairedDifference | None:
    """Mean of one arm minus mean of the other, paired by seed and, where possible, by test text."""
    rows = [row for name in (arm, other) for row in shipped_or_own(runs(ledger, name, task, n))
            if row["purpose"] != "live"]
    if len({row["data_fingerprint"] for row in rows}) != 1:
        return None
    metric = rows[0]["metric"]
    cells = scores_by_test(rows, metric)
    one, two = (cells.get((name, task, task)) for name in (arm, other))
    return paired_difference(one, two, metric) if one and two else None


def multiplier(ledger: Ledger, n: str, task: str) -> tuple[str, str]:
    rows = [row for arm in ("scratch", "fine_tuned") for row in shipped_or_own(
        ledger.rows(arm=arm, task=task, budget=SHIPPED, purpose="curve"))]
    metric = rows[0]["metric"] if rows else ""
    tuned, base = (scores_by_size(rows, arm, metric) for arm in ("fine_tuned", "scratch"))
    if int(n) not in tuned or not base:
        return "", ""
    found = dict(multiplier_sizes(base, tuned))[int(n)]
    if found.ratio is None:
        return "", ""
    form = "{:.0f}" if found.ratio >= 10 else "{:.1f}"
    bound = f"{found.censored} " if found.censored else ""
    span = "" if bound else _span(found.interval, form)
    return f"{bound}{form.format(found.ratio)} times as many{span}", ""


def spread(ledger: Ledger, arm: str, n: str, task: str) -> tuple[str, str]:
    rows = [row for row in shipped_or_own(runs(ledger, arm, task, int(n)))
            if row["purpose"] != "live"]
    scores = [row["score"] for row in rows if row["score"] is not None]
    return (f"{100 * stdev(scores):.1f} points" if len(scores) > 2 else ""), ""


def perplexity(ledger: Ledger, arm: str, n: str) -> tuple[str, str]:
    rows = shipped_or_own(ledger.rows(task="language/films", purpose="perplexity", arm=arm))
    points = summarise_perplexity(rows).get(arm, []) if rows else []
    found = next((point for point in points if point.n == int(n)), None)
    return (f"{found.mean:.0f}{_span(found.interval, '{:.0f}')}" if found else ""), ""


def share(ledger: Ledger, rung: str, n: str) -> tuple[str, str]:
    arms = ("scratch", rung, "fine_tuned")
    rows = shipped_or_own([row for arm in arms for row in ledger.rows(
        task="sentiment/films", arm=arm, n=int(n), budget=SHIPPED, status="done")
        if row["purpose"] in ("curve", "ladder")])
    if len({row["arm"] for row in rows}) < len(arms):
        return "", ""
    found = gap_shares(ladder_runs(rows, arms, int(n), "accuracy"), arms, "accuracy").get(rung)
    return (percent(found) if found else ""), ""


def trained(ledger: Ledger, arm: str) -> tuple[str, str]:
    rows = ledger.rows(arm=arm, task="sentiment/films", status="done")
    counts = [row["trained_parameters"] for row in rows if row.get("trained_parameters")]
    if not counts:
        return "", ""
    count = median(counts)
    return (f"{count / 1e6:.1f} million" if count >= 1e6 else f"{count:,.0f}"), ""


def minutes(ledger: Ledger, arm: str, n: str, task: str) -> tuple[str, str]:
    rows = [row for row in runs(ledger, arm, task, int(n)) if row.get("seconds_training")]
    kept = [row for row in shipped_or_own(rows) if row["purpose"] != "live"]

    def middle(some: list[dict]) -> str:
        return f"{median(row['seconds_training'] for row in some) / 60:.1f}" if some else ""

    mine = middle([row for row in rows if not row["shipped"] and row not in kept])
    return middle(kept), f" [yours: {mine}]" if mine else ""


MEASURES: dict[str, Callable] = {
    "score": score, "gap": gap, "multiplier": multiplier, "spread": spread,
    "perplexity": perplexity, "share": share, "trained": trained, "minutes": minutes,
    "written": written, "beside": beside, "worth": worth}


def _span(interval: tuple[float, float] | None, form: str) -> str:
    if not interval:
        return ""
    low, high = (form.format(end) for end in interval)
    return f" ({low} to {high})"
