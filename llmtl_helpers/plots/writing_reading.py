"""What the curve of a written task says, in sentences made from its runs. Taught in 08."""

import math

from llmtl_helpers.curves import PairedDifference, sign_of
from llmtl_helpers.plots import words
from llmtl_helpers.plots.writing_data import (COUNTS, LIKELIHOOD, NAMES, NO_MODEL, PROMPTS, SCRATCH,
                                              TUNED, Point, Written)
from llmtl_helpers.plots.writing_words import examples, listed, name, value

SLOGAN = "tuning a pre-trained model beats random weights, a prompt and no model"
AS_MANY = (SCRATCH, COUNTS)  # rivals that get as many examples
SAME = 0.005  # share by which numbers of tokens may differ without a word


def reading(found: Written) -> str:
    """The best tuned arm, how far it is ahead of scratch and of an empty prompt, and what else."""
    if not found.curves:
        return ""
    n, metric = found.most, found.metric
    best = found.best((arm, n) for arm in (*TUNED, SCRATCH)) if n else None
    rest = [found.best(found.prompts), (NO_MODEL, 0) if found.at((NO_MODEL, 0)) else None]
    others = " and ".join(f"{name(found, point)} {value(metric, found.mean(point))}"
                          for point in rest if point)
    if best is None:
        return f"Nothing that was tuned has runs yet; {NAMES[metric]}: {others}."
    text = (f"Tuned on {examples(n)}, {name(found, best)} has the best mean: {NAMES[metric]} "
            f"{value(metric, found.mean(best))}{_undecided(found, best)}.")
    rivals = [point for point in ((SCRATCH, n), (PROMPTS[0], 0)) if point != best]
    compared = [ahead(metric, difference, name(found, point)) for point in rivals
                if found.at(point) and (difference := found.difference(best, point))]
    text += f" It {', and '.join(compared)}." if compared else ""
    text += f" What is not tuned reaches at best: {others}." if others else ""
    return " ".join(filter(None, [text, _counted(found), against(found), unlike_tokens(found)]))


def _counted(found: Written) -> str:
    """Where a network from scratch stands beside counting the tokens of as many examples."""
    n = found.most
    beside = n and found.difference((SCRATCH, n), (COUNTS, n))
    if not beside:
        return ""
    return (f"Counting how often each token occurs in as many answers reaches "
            f"{value(found.metric, found.mean((COUNTS, n)))}; {name(found, (SCRATCH, n))} "
            f"{ahead(found.metric, beside, 'those counts')}.")


def _undecided(found: Written, best: Point) -> str:
    """The other of the two tuned arms, where the best one is not surely ahead of it."""
    other = next((arm, best[1]) for arm in TUNED if arm != best[0])
    difference = found.difference(best, other) if best[0] in TUNED and found.at(other) else None
    if difference is None or (difference.interval and sign_of(difference)):
        return ""
    return (f", not surely ahead of {name(found, other)} "
            f"({value(found.metric, found.mean(other))})")


def against(found: Written) -> str:
    """Where the fine-tuned decoder is surely ahead of what the slogan says it beats, and where not.
    """
    signs = {(rival, n): sign for rival in rivals(found) for n in found.sizes(TUNED[0])
             if (sign := _sign(found, n, rival)) is not None}
    if not signs:
        return ""
    won = sum(sign > 0 for sign in signs.values())
    text = (f"Of {len(signs)} comparisons, at each size with each rival, the fine-tuned decoder is "
            f"surely ahead in {won}.")
    for sign, said in ((-1, f"Against the slogan that {SLOGAN}, it is surely behind"),
                       (0, "Not decided is it against")):
        some: dict[Point, list[int]] = {}
        for rival, n in (key for key in signs if signs[key] == sign):
            some.setdefault(rival, []).append(n)
        if some:
            text += f" {said} " + "; ".join(f"{name(found, rival)} (tuned on {listed(sizes)})"
                                            for rival, sizes in some.items()) + "."
    return text


def rivals(found: Written) -> list[Point]:
    """What the slogan speaks of: random weights, empty prompts, the best of the others, no model.

    Random weights, and counts of tokens, are compared at each size with as many examples.
    """
    best = found.best(point for point in found.prompts if point[1])
    fixed = [point for point in [*((arm, 0) for arm in PROMPTS), best, (NO_MODEL, 0)]
             if point and found.at(point)]
    return [*((arm, 0) for arm in AS_MANY if found.curves.get(arm)), *fixed]


def _sign(found: Written, n: int, rival: Point) -> int | None:
    point = (rival[0], n) if rival[0] in AS_MANY else rival
    difference = found.difference((TUNED[0], n), point) if found.at(point) else None
    return None if difference is None or difference.interval is None else sign_of(difference)


def ahead(metric: str, found: PairedDifference, of: str) -> str:
    """By how much one arm is ahead of another, with the interval: what follows 'it'."""
    if metric == LIKELIHOOD:
        return f"has {_times(-found.difference)} the perplexity of {of}{_ends(metric, found)}"
    points = round(100 * found.difference, 1)
    if points == 0:
        return f"is level with {of}{_ends(metric, found)}"
    return (f"is {abs(points):.1f} points {'ahead of' if points > 0 else 'behind'} {of}"
            f"{_ends(metric, found)}")


def apart(metric: str, found: PairedDifference) -> str:
    """The same as a number alone: '0.75 times (95% 0.72 to 0.77)', '+11.8 points (95% ...)'."""
    said = (_times(-found.difference) if metric == LIKELIHOOD
            else f"{100 * found.difference:+.1f} points")
    return f"{said}{_ends(metric, found)}"


def _times(nats: float) -> str:
    ratio = math.exp(nats)
    digits = 3 if ratio < 0.0995 else 2 if ratio < 9.95 else 0
    return f"{ratio:,.{digits}f} times"


def _ends(metric: str, found: PairedDifference) -> str:
    if found.interval is None:
        return f" ({words.runs(found.runs)} of each: too few for an interval)"
    low, high = found.interval
    if metric == LIKELIHOOD:
        ends = [_times(-end).removesuffix(" times") for end in (high, low)]
    else:
        ends = [f"{100 * end:+.1f}" for end in (low, high)]
    return f" (95% {ends[0]} to {ends[1]})"


def unlike_tokens(found: Written) -> str:
    """Perplexity is a mean over tokens: arms whose right answers are cut into others are named."""
    if found.metric != LIKELIHOOD:
        return ""
    counts = {row["arm"]: sum(row["text_targets"]) for row in found.rows if row.get("text_targets")}
    usual = next((counts[arm] for arm in found.curves if arm in counts), 0)
    parts = [f"{100 * (counts[arm] / usual - 1):+.1f}% of tokens ({found.style(arm).label})"
             for arm in found.curves if arm in counts and abs(counts[arm] / usual - 1) > SAME]
    if not parts:
        return ""
    return (f"The same right answers are cut into {' and '.join(parts)}: perplexity is a mean over "
            "tokens, so it is a little lower where there are more of them.")
