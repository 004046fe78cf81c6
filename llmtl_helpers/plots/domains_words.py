"""What the square of domains says, in words made from its numbers. Taught in 07."""

from collections.abc import Mapping, Sequence

from llmtl_helpers.curves import (PairedDifference, home_and_away, paired_difference, sign_of,
                                  summarise_scores)
from llmtl_helpers.curves.domains import Results, surely_below
from llmtl_helpers.plots import words
from llmtl_helpers.plots.study_runs import capital, points, with_interval

NETWORKS = ("fine_tuned", "probe_first", "adapters_8")  # trained from the checkpoint
RULERS = {**dict.fromkeys(NETWORKS, ("scratch", "probe", "majority")),
          "probe": ("scratch", "majority"), "scratch": ("majority",), "tfidf": ("majority",)}


def short(task: str) -> str:
    """'films' of 'sentiment/films', 'sms' of 'sms/spam'."""
    family, _, name = task.partition("/")
    return name if family == "sentiment" else family


def drops(found: Results, arm: str, n: int, metric: str, tasks: Sequence[str]) -> str:
    """Home and away on average; the largest loss along a row, and along a column, of the square."""
    square = home_and_away(found, arm, tasks)
    if square is None:
        there = [f"{short(train)} to {short(test)} {found[arm, train, test].summary().mean:.3f}"
                 for train in tasks for test in tasks if (arm, train, test) in found]
        return (f"With {words.labels(n)} {words.spoken(arm)} gets, in "
                f"{words.spoken_metric(metric)}: {', '.join(there)}. The square is not whole yet.")
    home, away = (summarise_scores(list(side.scores.values()), arm, n).mean for side in square)
    text = (f"With {words.labels(n)} of one domain {words.spoken(arm)} gets {home:.3f} there on "
            f"average and {away:.3f} in the three others ({words.spoken_metric(metric)}).")
    along_row = _largest(found, arm, metric, tasks, by_row=True)
    if along_row:
        train, test, change = along_row
        text += (" The largest drop of one model between two test sets: trained on "
                 f"{short(train)}, it falls from {short(train)} to {short(test)} by "
                 f"{with_interval(change, signed=False)}.")
    along_column = _largest(found, arm, metric, tasks, by_row=False)
    if along_column:
        train, test, change = along_column
        text += (f" The largest price of foreign labels on one test set: on {short(test)}, those "
                 f"of {short(train)} instead of its own cost "
                 f"{with_interval(change, signed=False)}.")
    return text


def _largest(found: Results, arm: str, metric: str, tasks: Sequence[str],
             by_row: bool) -> tuple[str, str, PairedDifference] | None:
    """The move with the lowest difference, away minus home, if one is below 0."""
    moves = [(train, test, paired_difference(
        found[arm, train, test], found[arm, train, train] if by_row else found[arm, test, test],
        metric)) for train in tasks for test in tasks if train != test
        and {(arm, train, test), (arm, train, train), (arm, test, test)} <= found.keys()]
    known = [move for move in moves if move[2] is not None and move[2].difference < 0]
    return min(known, key=lambda move: move[2].difference, default=None)


def negative_transfer(found: Results, arm: str, metric: str, tasks: Sequence[str]) -> list[str]:
    """One sentence for each ruler: where the arm is surely below it outside its own domain."""
    said = []
    for ruler in RULERS[arm]:
        below, known = surely_below(found, arm, ruler, tasks, metric)
        if not known:
            said.append(f"There is nothing to compare with {words.spoken(ruler)} yet.")
            continue
        text = f"Surely below {words.spoken(ruler)}: {_count(len(below))} of {known} moves"
        if below:
            text += " (" + "; ".join(f"{short(train)} to {short(test)} {with_interval(change)}"
                                     for train, test, change in below[:3])
            text += (f"; and {len(below) - 3} more)" if len(below) > 3 else ")")
        said.append(text + ".")
    if said:
        said.insert(0, "Negative transfer outside the own domain?")
    return said


def minus_reading(changes: Mapping[tuple[str, str], PairedDifference], arm: str, minus: str, n: int,
                  metric: str, tasks: Sequence[str]) -> str:
    """How often, and where most, one arm surely beats the other: at home, and away."""
    if not changes:
        return f"No run of {words.spoken(arm)} has one of {words.spoken(minus)} beside it yet."
    parts = []
    for name, own in (("at home", True), ("away", False)):
        some = {move: change for move, change in changes.items() if (move[0] == move[1]) == own}
        if some:
            signs = [sign_of(change) for change in some.values()]
            mean = sum(change.difference for change in some.values()) / len(some)
            parts.append(f"{name} {points(mean)} points on average, surely higher in "
                         f"{_count(signs.count(1))} of {len(some)} cells and surely lower in "
                         f"{_count(signs.count(-1))}")
    text = (f"{capital(words.spoken(arm))} minus {words.spoken(minus)}, "
            f"{words.labels(n)}, {words.spoken_metric(metric)}: {'; '.join(parts)}.")
    worst = min(changes, key=lambda move: changes[move].difference)
    best = max(changes, key=lambda move: changes[move].difference)
    for name, move in (("Lowest", worst), ("Highest", best)):
        text += f" {name}: {short(move[0])} to {short(move[1])}, {with_interval(changes[move])}."
    return text


def _count(number: int) -> str:
    return "none" if number == 0 else str(number)
