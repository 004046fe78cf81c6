"""What went against "one checkpoint for every task", in sentences from runs. Taught in 07."""

from collections.abc import Iterable

from llmtl_helpers.curves import sign_of
from llmtl_helpers.curves.domains import surely_below
from llmtl_helpers.plots import words
from llmtl_helpers.plots.domains import DOMAINS, domain_results
from llmtl_helpers.plots.domains_words import short
from llmtl_helpers.plots.every_task_data import TREATMENT, all_tasks, gains
from llmtl_helpers.plots.forgetting import changes, study_rows
from llmtl_helpers.plots.replay_data import FIRST, SECOND, replayed
from llmtl_helpers.plots.study_runs import capital, study_command, with_interval

METRIC = "macro_f1"  # the tweets and the junk mail are unbalanced
RULERS = ("scratch", "small_scratch", "tfidf")  # of the comparison over all tasks


def against_the_slogan(rows: Iterable[dict], n: int = 256, briefly: bool = False) -> list[str]:
    """One sentence a question: where help was small, where transfer hurt, what was forgotten.

    What no run has answered yet is said with the command that makes the runs.

    Args:
        rows: ledger rows of all tasks and purposes, of one training rule.
        n: training-set size in labels at which all tasks are compared.
        briefly: no amounts, no names of tasks and no word of the probe: what a reader is asked to
            guess first.

    Raises:
        LearnerError: rows of several training rules or versions of the data.
    """
    rows = list(rows)
    return [*(_small_gaps(rows, n, baseline, briefly) for baseline in RULERS),
            _negative_transfer(rows, briefly), _forgotten(rows, briefly),
            _second_task(rows, briefly)]


def _small_gaps(rows: list[dict], n: int, baseline: str, briefly: bool) -> str:
    found = gains(rows, n, baseline, METRIC, all_tasks())
    if not found:
        return (f"Whether it beats {words.spoken(baseline)} on every task: not known yet. "
                "`python3 start.py sweep --profile full` makes the runs of films.")
    counted = f"{len(found)} tasks" if len(found) > 1 else found[0].task
    text = f"{counted}, {words.labels(n)}: against {words.spoken(baseline)} {words.spoken(TREATMENT)} "
    verdicts = []
    for sign, verdict in ((-1, "surely behind"), (0, "not surely ahead")):
        there = [gain for gain in found if sign_of(gain.gap) == sign]
        if there:
            where = f"{len(there)} of them" if briefly else "; ".join(
                f"{gain.task}, {with_interval(gain.gap)}" for gain in there)
            verdicts.append(f"{verdict} on {where}")
    if verdicts:
        return f"{text}is {', and '.join(verdicts)}."
    least = found[-1]
    return f"{text}is surely ahead everywhere" + (
        "." if briefly else f", least on {least.task}, {with_interval(least.gap)}.")


def _negative_transfer(rows: list[dict], briefly: bool) -> str:
    found, _ = domain_results(rows, METRIC)
    parts = []
    for ruler in ("scratch",) if briefly else ("scratch", "probe"):
        below, known = surely_below(found, TREATMENT, ruler, DOMAINS, METRIC)
        if known:
            worst = "" if briefly or not below else (f", worst {short(below[0][0])} to {short(below[0][1])}, "
                                          f"{with_interval(below[0][2])}")
            parts.append(f"{words.spoken(ruler)} after {len(below)} of {known} moves{worst}")
    if not parts:
        return ("Whether it hurts in another domain: not known yet. "
                f"{study_command('domains', DOMAINS)} makes the runs.")
    return (f"Tried in a domain that it was not tuned on, {words.spoken(TREATMENT)} is surely "
            f"below {'; and below '.join(parts)}.")


def _forgotten(rows: list[dict], briefly: bool) -> str:
    there = changes(study_rows(rows, FIRST), FIRST, METRIC).get((TREATMENT, "forgetting"), {})
    others = {task: change.difference for task, change in there.items() if task != FIRST}
    if not others:
        return ("Whether tuning makes it forget: not known yet. "
                f"{study_command('forgetting')} makes the runs.")
    lost = [f"{short(task)} {with_interval(change)}" for task, change in others.items()
            if sign_of(change) < 0]
    text = f"Tuning all weights on {short(FIRST)}, a probe of the body on other tasks "
    if briefly:
        return f"{text}surely lost on {len(lost)} of {len(others)}."
    return text + (f"surely lost: {', '.join(lost)}." if lost else
                   f"lost nothing surely ({', '.join(map(short, others))}).")


def _second_task(rows: list[dict], briefly: bool) -> str:
    lost = replayed(rows, METRIC).change(0, FIRST, METRIC)
    if lost is None:
        return ("Whether a second task destroys the first: not known yet. "
                f"{study_command('replay')} makes the runs.")
    verb = {-1: "surely cost", 0: "did not surely change", 1: "surely helped"}[sign_of(lost)]
    text = capital(f"{short(SECOND)} after {short(FIRST)} {verb} {short(FIRST)}")
    return f"{text}." if briefly else f"{text}: {with_interval(lost)}."
