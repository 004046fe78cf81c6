"""Trained in one domain, tested in four: a square of scores, or of differences. Taught in 07."""

import textwrap
from collections.abc import Iterable

from llmtl_helpers.curves import PairedDifference, paired_difference, scores_by_test, sign_of
from llmtl_helpers.curves.domains import Results
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import shipped_or_own
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.domains_draw import draw_differences, draw_scores
from llmtl_helpers.plots.domains_words import drops, minus_reading, negative_transfer, short
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.study_runs import capital, points, study_command
from llmtl_helpers.plots.theme import get_theme, new_figure, style_of, write
from llmtl_helpers.plots.true_classes import luck_in, true_classes
from llmtl_helpers.tasks.sentiment import NAMES as DOMAINS

ARMS_OF_IT = ("fine_tuned", "probe_first", "adapters_8", "probe", "scratch", "tfidf")
GUESS = "majority"
PLACE = (0.135, 0.15, 0.575, 0.66)  # of the axes
LEFT = -0.215  # where title and small print begin, in axes coordinates


def domain_matrix(rows: Iterable[dict], arm: str = "fine_tuned", minus: str | None = None,
                  metric: str = "macro_f1", title: str | None = None, theme: str = "light",
                  scale: float = 1.0) -> TwinFigure:
    """Draw an arm's score on every domain's test set (columns) after training in each (rows).

    Args:
        rows: ledger rows of all four domains, of one training rule; of purpose "domains", and the
            majority guess of the twin curves. Own runs count where none are shipped.
        arm: one of ARMS_OF_IT.
        minus: an arm whose scores are taken off, seed by seed; cells whose 95% interval holds 0
            are hatched. "majority" takes off the guess that knows each test set's larger class.
        metric: "macro_f1", which is fair to all domains since the tweets are unbalanced, or
            "accuracy".
        title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: no such arm, rows of several training rules, sizes or versions of the data.
    """
    for name in (arm, *filter(None, [minus])):
        if name not in (*ARMS_OF_IT, GUESS) or arm == GUESS:
            raise LearnerError(f"the square of domains has no arm {name!r}",
                               next=f"choose one of {', '.join(ARMS_OF_IT)}")
    found, n = domain_results(rows, metric)
    label = style_of(arm).label
    title = title or (f"{capital(label)} minus {style_of(minus).label}" if minus else
                      f"{capital(label)}: from each domain to all four")
    missing = _missing(found, [name for name in (arm, minus) if name not in (None, GUESS)])
    cells = {(train, test): found[arm, train, test] for train in DOMAINS for test in DOMAINS
             if (arm, train, test) in found}
    if not cells:
        return empty_figure(title, f"There are no finished runs to draw yet. {missing}", theme,
                            scale)
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    axes.set_position(PLACE)
    draw.frame_texts(axes, title, "tested on", "trained on", "", look, left=LEFT)
    small = _small_print(cells, n, metric)
    if minus is None:
        draw_scores(axes, cells, {test: found[GUESS, test, test].summary().mean for test in DOMAINS
                                  if (GUESS, test, test) in found}, look)
        small += "over seeds"
        table = _score_table(cells, found)
        reading = " ".join([drops(found, arm, n, metric, DOMAINS),
                            *negative_transfer(found, arm, metric, DOMAINS)])
    else:
        changes = differences(found, arm, minus, metric)
        draw_differences(axes, changes, look)
        small += luck_in(changes.values())
        table = _difference_table(changes)
        reading = minus_reading(changes, arm, minus, n, metric, DOMAINS)
    write(axes, LEFT, -0.07, "\n".join(textwrap.wrap(small, 92)), look, va="top")
    return TwinFigure(figure, table, " ".join(filter(None, [reading, missing])),
                      _alt(title, table, metric, minus), theme)


def domain_results(rows: Iterable[dict], metric: str) -> tuple[Results, int]:
    """The runs of the square and the majority guess of the same size; the size, or 0."""
    rows = shipped_or_own(row for row in rows if row["task"] in DOMAINS)
    runs = [row for row in rows if row["purpose"] == "domains"]
    n = max((row["n"] for row in runs), default=0)
    guess = [row for row in rows if (row["arm"], row["n"], row["purpose"]) == (GUESS, n, "curve")
             and row["budget"] in {row["budget"] for row in runs}]
    every = [*runs, *guess]
    return scores_by_test(every, metric, gold=true_classes(every)), n


def differences(found: Results, arm: str, minus: str,
                metric: str) -> dict[tuple[str, str], PairedDifference]:
    """(trained on, tested on) -> arm minus the other, where both have common seeds."""
    # test set by test set, since redraws of one are used again
    every = {(train, test): paired_difference(found[arm, train, test], beside, metric)
             for test in DOMAINS for train in DOMAINS if (arm, train, test) in found
             and (beside := found.get((minus, test if minus == GUESS else train, test)))}
    return {(train, test): change for train in DOMAINS for test in DOMAINS
            if (change := every.get((train, test))) is not None}


def _missing(found: Results, arms: list[str]) -> str:
    """Which runs are not there, and the commands that make them."""
    said = []
    for arm in dict.fromkeys(arms):
        tasks = [task for task in DOMAINS if (arm, task, task) not in found]
        if tasks:
            where = "" if len(tasks) == len(DOMAINS) else (
                f" trained on {', '.join(map(short, tasks))}")
            said.append(f"Not there yet: {words.spoken(arm)}{where}. "
                        f"{study_command('domains', tasks, [arm])} makes "
                        f"{'it' if len(tasks) == 1 else 'them'}.")
    return " ".join(said)


def _small_print(cells, n: int, metric: str) -> str:
    counts = sorted({len(cell.scores) for cell in cells.values()})
    return (f"{words.spoken_metric(metric)}; {words.labels(n)} of one domain; "
            f"{'–'.join(map(str, counts))} seeds a cell; intervals ")


def _score_table(cells, found: Results) -> list[dict]:
    table = []
    for (train, test), cell in cells.items():
        summary, guess = cell.summary(), found.get((GUESS, test, test))
        table.append({"trained on": train, "tested on": test, "mean": summary.mean,
                      "interval": summary.interval, "runs": summary.k,
                      "majority guess": guess.summary().mean if guess else None})
    return table


def _difference_table(changes: dict[tuple[str, str], PairedDifference]) -> list[dict]:
    return [{"trained on": train, "tested on": test, "difference": change.difference,
             "interval": change.interval, "pairs of runs": change.runs,
             "surely": {1: "higher", -1: "lower", 0: "neither"}[sign_of(change)]}
            for (train, test), change in changes.items()]


SURELY = {"higher": "surely higher", "lower": "surely lower", "neither": "not surely different"}


def _alt(title: str, table: list[dict], metric: str, minus: str | None) -> str:
    what = "differences" if minus else "scores"
    cells = " ".join(
        f"From {short(row['trained on'])} to {short(row['tested on'])}: "
        + (f"{points(row['difference'])} points, {SURELY[row['surely']]}." if minus else
           f"{row['mean']:.3f}.") for row in table)
    return (f"{title}. Square of {what} in {words.spoken_metric(metric)}, one row for each domain "
            f"trained on, one column for each tested on. {cells}")

