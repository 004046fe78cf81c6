"""What the replay figure is drawn from, and what it says. Taught in 07."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from llmtl_helpers.arms import SEQUELS, Arm
from llmtl_helpers.curves import (PairedDifference, Scored, Summary, paired_difference,
                                  scores_by_test, sign_of)
from llmtl_helpers.ledger import shipped_or_own
from llmtl_helpers.plots import words
from llmtl_helpers.plots.domains_words import short
from llmtl_helpers.plots.study_runs import study_command, with_interval
from llmtl_helpers.plots.true_classes import true_classes

FIRST, SECOND = "sentiment/films", "sentiment/tweets"
# share of first-task examples in the mix, in per cent -> arm
SHARES = {round(100 * dict(arm.settings).get("replay", 0.0)): name
          for name, arm in SEQUELS.items()}
SHARES = {share: SHARES[share] for share in sorted(SHARES)}
LOOKS = {  # task -> line, colour, marker
    FIRST: Arm(FIRST, f"{short(FIRST)}, the first task", "none", "none", "none", None, (),
               "#D55E00", "-", "s"),
    SECOND: Arm(SECOND, f"{short(SECOND)}, the second task", "none", "none", "none", None, (),
                "#0072B2", "-", "o"),
}
ALONE = {  # tuned on that task and on no other
    FIRST: Arm(f"{FIRST} alone", f"{short(FIRST)}, tuned on them alone", "none", "none", "none",
               None, (), "#D55E00", "-.", ""),
    SECOND: Arm(f"{SECOND} alone", f"{short(SECOND)}, without {short(FIRST)} first", "none", "none",
                "none", None, (), "#0072B2", ":", ""),
}


@dataclass(frozen=True)
class Replayed:
    """All runs of the figure.

    Attributes:
        n: labels of each task. budget: their training rule.
        shares: share in per cent -> task tested on -> runs.
        alone: task tested on -> runs that were tuned on that task alone.
    """

    n: int
    budget: str
    shares: dict[int, dict[str, Scored]]
    alone: dict[str, Scored]

    def summary(self, share: int, task: str) -> Summary | None:
        runs = self.shares.get(share, {}).get(task)
        return runs.summary(SHARES[share], share) if runs else None

    def change(self, share: int, task: str, metric: str,
               to: int | None = None) -> PairedDifference | None:
        """A share's runs minus those of the share `to`, or minus those tuned on `task` alone."""
        runs = self.shares.get(share, {}).get(task)
        beside = self.alone.get(task) if to is None else self.shares.get(to, {}).get(task)
        return paired_difference(runs, beside, metric) if runs and beside else None


def replayed(rows: Iterable[dict], metric: str = "macro_f1") -> Replayed:
    """The runs behind the figure, at the size of the study's runs."""
    rows = shipped_or_own(rows)
    sequels = [row for row in rows if row["purpose"] == "sequel" and row["task"] == SECOND
               and row["arm"] in SEQUELS]
    alone = [row for row in rows if row["purpose"] == "domains" and row["arm"] == "fine_tuned"
             and row["task"] in (FIRST, SECOND)]
    n = max((row["n"] for row in (sequels or alone)), default=0)
    runs = [row for row in (*sequels, *alone) if row["n"] == n]
    results = scores_by_test(runs, metric, gold=true_classes(runs))
    shares = {share: {task: results[arm, SECOND, task] for task in (FIRST, SECOND)
                      if (arm, SECOND, task) in results} for share, arm in SHARES.items()}
    return Replayed(n, runs[0]["budget"] if runs else "",
                    {share: there for share, there in shares.items() if there},
                    {task: results["fine_tuned", task, task] for task in (FIRST, SECOND)
                     if ("fine_tuned", task, task) in results})


def stars(live_rows: Iterable[dict], beside: Replayed,
          metric: str) -> list[tuple[int, dict[str, float]]]:
    """Finished live runs of the figure's size and rule: (share, task tested on -> score)."""
    found = []
    for row in {row["id"]: row for row in live_rows}.values():
        if (row["arm"] in SEQUELS and row["task"] == SECOND
                and (row["n"], row["budget"]) == (beside.n, beside.budget)):
            there = {task: scored.summary().mean for (_, _, task), scored
                     in scores_by_test([row], metric).items() if task in (FIRST, SECOND)}
            share = next(share for share, arm in SHARES.items() if arm == row["arm"])
            if there:
                found.append((share, there))
    return found


def missing_shares(found: Replayed) -> str:
    """Which runs are not there, and the commands that make them."""
    said = []
    if lacking := [share for share in SHARES if share not in found.shares]:
        every = len(lacking) == len(SHARES)
        arms = [] if every else [SHARES[share] for share in lacking]
        what = "the second training" if every else (
            f"{', '.join(f'{share}%' for share in lacking)} {short(FIRST)}")
        said.append(f"Not there yet: {what}. {study_command('replay', (), arms)} makes "
                    f"{'it' if len(lacking) == 1 or every else 'them'}.")
    if lacking := [task for task in (FIRST, SECOND) if task not in found.alone]:
        said.append(f"Not there yet: tuning on {' or '.join(map(short, lacking))} alone. "
                    f"{study_command('domains', lacking, ['fine_tuned'])} makes it.")
    return " ".join(said)


def reading_at(found: Replayed, share: int | None, metric: str, hidden: bool = False) -> str:
    """What one share keeps of the first task and costs on the second; of None, every share."""
    if hidden:
        return f"What became of {short(FIRST)} appears after your guess."
    if share is not None:
        without = found.change(0, FIRST, metric) if share else None
        return _at(found, share, metric) + (
            f" Without replay {short(FIRST)} had changed by {with_interval(without)}."
            if without else "")
    if not found.shares:
        return "There are live runs alone, and nothing to compare them with."
    text = " ".join(_at(found, one, metric) for one in found.shares)
    lost = found.change(0, FIRST, metric)
    if lost is None or lost.interval is None:
        return text
    than = "than a network that was tuned on it alone"
    verdict = {-1: f"Without replay the first task comes out surely worse {than}",
               0: f"Without replay it is not sure that the first task comes out otherwise {than}",
               1: f"Even without replay the first task comes out surely better {than}"}[sign_of(lost)]
    return f"{text} {verdict}: {with_interval(lost)}."


def _at(found: Replayed, share: int, metric: str) -> str:
    first, second = (found.summary(share, task) for task in (FIRST, SECOND))
    if first is None or second is None:
        return f"There are no runs with {share}% {short(FIRST)} in the second training yet."
    text = (f"With {share}% {short(FIRST)}" if share else "Without replay")
    text += f": {short(FIRST)} {first.mean:.3f}"
    if change := found.change(share, FIRST, metric):
        text += f", {with_interval(change)} against {short(FIRST)} alone"
    text += f"; {short(SECOND)} {second.mean:.3f}"
    beside, said = (0, "no replay") if share else (None, f"{short(SECOND)} alone")
    if change := found.change(share, SECOND, metric, beside):
        text += f", {with_interval(change)} against {said}"
    return f"{text}."


def table(lines: Mapping[str, Sequence[Summary]], levels: Mapping[str, Summary],
          live: Sequence[tuple[int, dict[str, float]]], tasks: Sequence[str]) -> list[dict]:
    """One row per task and share, then the levels, then the live runs."""
    def row(task, share, summary):
        return {"tested on": task, "% of the first task": share, "mean": summary.mean,
                "interval": summary.interval, "band": summary.band, "runs": summary.k}

    single = {"interval": None, "band": None, "runs": 1}
    return ([row(task, str(point.n), point) for task, points in lines.items() for point in points]
            + [row(task, f"{short(task)} alone", level) for task, level in levels.items()]
            + [{"tested on": task, "% of the first task": f"{share} (live)", "mean": there[task],
                **single} for share, there in live for task in tasks if task in there])


def alt(title: str, lines: Mapping[str, Sequence[Summary]], levels: Mapping[str, Summary],
        live: Sequence[tuple[int, dict[str, float]]], hidden: bool, share: int | None) -> str:
    """Sentences that stand for the picture."""
    said = [f"{title}. Line chart over the share of the first task in the second training."]
    said += [f"{LOOKS[task].label}: " + ", ".join(f"{point.mean:.3f} at {point.n}%"
                                                  for point in points) + "."
             for task, points in lines.items() if points]
    said += [f"Level line, {ALONE[task].label}: {level.mean:.3f}."
             for task, level in levels.items()]
    if live:
        said.append(f"Stars: {words.runs(len(live))} made live.")
    if hidden:
        said.append("Not shown until a guess is made: the first task after the second training.")
    if share is not None:
        said.append(f"Marked: {share}%.")
    return " ".join(said)
