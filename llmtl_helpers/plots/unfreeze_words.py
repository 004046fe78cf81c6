"""What a figure of choices says: which is best, where the probe wins, what the cheapest has.

Taught in 05.
"""

from llmtl_helpers.curves import PairedDifference, score_of, sign_of
from llmtl_helpers.plots import words
from llmtl_helpers.plots.ladder import gap_shares, percent
from llmtl_helpers.plots.twin import LIVE
from llmtl_helpers.plots.unfreeze_data import ALL, NAMES, PROBE, SCRATCH, Unfrozen, sizes_text


def best(found: Unfrozen, n: int) -> str | None:
    """The choice with the highest mean; of equal ones that with the fewest trained weights."""
    there = found.choices[n]
    return max([arm for arm in found.arms if arm in there],
               key=lambda arm: there[arm].summary.mean, default=None)


def as_good(found: Unfrozen, n: int) -> str | None:
    """Of the choices that are not surely worse than the best, the one with the fewest weights."""
    top = best(found, n)
    return next((arm for arm in found.arms if arm in found.choices[n]
                 and (arm == top or sign_of(found.difference(top, arm, n)) <= 0)), None)


def reading(found: Unfrozen) -> str:
    """What accuracy against trained weights shows, in a few sentences."""
    said = [_best(found), _probe(found), _cheapest(found), _below_scratch(found)]
    if not any(found.choices.values()):
        said = [f"There are no finished runs to draw yet{', only live ones' * bool(found.live)}."]
    return " ".join(filter(None, [*said, found.missing()]))


def reading_of(found: Unfrozen, arm: str, n: int) -> str:
    """What one choice gives at one size, beside all weights and the network from scratch."""
    there = found.choices.get(n, {})
    ends = [f"{NAMES[ALL][0]} {there[ALL].summary.mean:.3f}"] if ALL in there else []
    if n in found.scratch:
        ends.append(f"the same network from scratch {found.scratch[n].mean:.3f}")
    beside = f"With {words.labels(n)}: {', '.join(ends)}." if ends else ""
    if arm in found.hidden:
        return " ".join(filter(None, [beside, "The other choices are hidden until you have "
                                              "guessed."]))
    name = NAMES[arm][0]
    if arm not in there:
        return " ".join(filter(None, [f"There is no run of {name} with {words.labels(n)}.", beside,
                                      found.missing()]))
    choice = there[arm]
    text = (f"{name[:1].upper()}{name[1:]}: {choice.trained:,} trained weights, "
            f"{words.runs(choice.summary.k)}, mean {choice.summary.mean:.3f}")
    if choice.summary.band is not None:
        text += ", 95% band {:.3f} to {:.3f}".format(*choice.summary.band)
    if (difference := found.difference(arm, ALL, n)) is not None and arm != ALL:
        text += f"; {points(difference)} beside all weights"
    if choice.seconds and ALL in there and there[ALL].seconds:
        text += (f"; {choice.seconds:,.0f} s of updates, where all weights take "
                 f"{there[ALL].seconds:,.0f} s")
    return f"{text}. {beside}".strip()


def _best(found: Unfrozen) -> str:
    parts = []
    for n in found.sizes:
        if (top := best(found, n)) is None or len(found.choices[n]) < 2:
            continue
        cheap, there = as_good(found, n), found.choices[n]
        text = f"with {words.labels(n)} {NAMES[top][0]} {there[top].summary.mean:.3f}"
        if cheap != top:
            text += (f" (the fewest weights not surely worse: {NAMES[cheap][0]}, "
                     f"{there[cheap].summary.mean:.3f})")
        parts.append(text)
    return f"Best mean: {'; '.join(parts)}." if parts else ""


def _probe(found: Unfrozen) -> str:
    """The frozen probe against all weights: differences, sure ones, and where the order turns."""
    there = {n: found.difference(PROBE, ALL, n) for n in found.sizes}
    there = {n: difference for n, difference in there.items() if difference is not None}
    if not there:
        return ""
    text = "Frozen probe minus all weights, with the 95% interval: " + "; ".join(
        f"{points(difference)} with {words.labels(n)}" for n, difference in there.items()) + "."
    sure = [f"{who} with {sizes_text(sizes)}"
            for side, who in ((1, "the probe"), (-1, "all weights"))
            if (sizes := [n for n, one in there.items() if sign_of(one) == side])]
    text += f" Surely better: {'; '.join(sure) or 'neither, at any of these sizes'}."
    turns = [(a, b) for a, b in zip(there, list(there)[1:], strict=False)
             if there[a].difference * there[b].difference < 0]
    if turns:
        text += " The order turns between " + " and between ".join(
            f"{a:,} and {words.labels(b)}" for a, b in turns) + "."
    elif len(there) > 1:
        text += " The order does not turn within these sizes."
    return text


def _cheapest(found: Unfrozen) -> str:
    """How far from scratch to all weights the head alone goes, or else the frozen probe."""
    parts: dict[str, list[str]] = {}
    for n in found.sizes:
        arm = "head" if "head" in found.choices[n] else PROBE
        runs = {name: [row for row in found.rows if (row["arm"], row["n"]) == (name, n)]
                for name in (SCRATCH, arm, ALL)}
        share = gap_shares(runs, (SCRATCH, arm, ALL), "accuracy").get(arm)
        if share is not None and share.share is not None:
            parts.setdefault(arm, []).append(f"{percent(share)} with {words.labels(n)}")
    return " ".join(f"Of the way from scratch to all weights {NAMES[arm][0]} goes "
                    f"{'; '.join(shares)}." for arm, shares in parts.items())


def _below_scratch(found: Unfrozen) -> str:
    sure, asked = [], False
    for n, scratch in found.scratch.items():
        for arm, choice in found.choices[n].items():
            asked = True
            if (choice.summary.mean < scratch.mean
                    and sign_of(found.difference(arm, SCRATCH, n)) < 0):
                sure.append(f"{NAMES[arm][0]} with {words.labels(n)}")
    if sure:
        return f"Surely below the same network from scratch: {'; '.join(sure)}."
    return "None is surely below the same network from scratch." if asked else ""


def seconds_reading(found: Unfrozen) -> str:
    """What accuracy against seconds shows: the quickest choice that is not surely worse."""
    parts = []
    for n in found.sizes:
        timed = {arm: choice for arm, choice in found.choices[n].items() if choice.seconds}
        if ALL not in timed or len(timed) < 2:
            continue
        top = max(timed, key=lambda arm: timed[arm].summary.mean)
        good = [arm for arm in timed if arm == top or sign_of(found.difference(top, arm, n)) <= 0]
        quick = min(good, key=lambda arm: timed[arm].seconds)
        parts.append(f"With {words.labels(n)} all weights take {timed[ALL].seconds:,.0f} s and get "
                     f"{timed[ALL].summary.mean:.3f}; quickest of what is not surely worse than "
                     f"the best: {NAMES[quick][0]}, {timed[quick].seconds:,.1f} s and "
                     f"{timed[quick].summary.mean:.3f}.")
    said = " ".join(parts) or "No two choices with a time are there to compare."
    return " ".join(filter(None, [said, found.missing()]))


def points(difference: PairedDifference) -> str:
    """A difference in points with its interval: '+1.5 points (-0.2 to +3.1)'."""
    def spoken(share: float) -> str:
        return f"{round(100 * share, 1) + 0.0:+.1f}"  # never "-0.0"

    text = f"{spoken(difference.difference)} points"
    if difference.interval is not None:
        text += f" ({' to '.join(map(spoken, difference.interval))})"
    return text


def table(found: Unfrozen) -> list[dict]:
    """One row per choice and size, one per scratch network, one per live run."""
    lines = []
    for n in found.sizes:
        for arm in (arm for arm in found.arms if arm in found.choices[n]):
            choice = found.choices[n][arm]
            difference = None if arm == ALL else found.difference(arm, ALL, n)
            lines.append({
                "trained": NAMES[arm][0], "labels": n, "weights": choice.trained,
                "mean": choice.summary.mean, "band": choice.summary.band,
                "runs": choice.summary.k,
                "minus all weights": difference and difference.difference,
                "interval": difference and difference.interval,
                "seconds": choice.seconds,
                "learning rate": choice.rate and f"{choice.rate:g}"})
    columns = ("trained", "labels", "weights", "mean", "band", "runs", "minus all weights",
               "interval", "seconds", "learning rate")
    blank = dict.fromkeys(columns)
    lines += [{**blank, "trained": "the same network from scratch", "labels": n,
               "mean": summary.mean, "band": summary.band, "runs": summary.k}
              for n, summary in found.scratch.items()]
    return lines + [{
        **blank, "trained": f"{NAMES[row['arm']][0]} ({LIVE}, seed {row['run_seed']})",
        "labels": row["n"], "weights": row["trained_parameters"],
        "mean": score_of(row, "accuracy"), "runs": 1, "seconds": row.get("seconds_training"),
        "learning rate": row["learning_rate"] and f"{row['learning_rate']:g}"}
        for row in found.live]


def alt(title: str, found: Unfrozen, quantity: str, mark: tuple[str, int] | None = None) -> str:
    over = ("the number of trained weights" if quantity == "parameters"
            else "the seconds of training")
    lines = " ".join(
        f"With {words.labels(n)}: " + ", ".join(
            f"{NAMES[arm][1]} {found.choices[n][arm].summary.mean:.2f}"
            for arm in found.arms if arm in found.choices[n]) + (
            f", from scratch {found.scratch[n].mean:.2f}" if n in found.scratch else "") + "."
        for n in found.sizes if found.choices[n] or n in found.scratch)
    stars = f" Stars: {words.runs(len(found.live))} made live." if found.live else ""
    pointed = f" Marked: {NAMES[mark[0]][0]} with {words.labels(mark[1])}." if mark else ""
    kind = "Line chart" if quantity == "parameters" else "Scatter chart"
    return (f"{title}. {kind}: accuracy on the test set over {over}, on a log scale, one "
            f"{'line' if quantity == 'parameters' else 'colour'} per number of labels. "
            f"{lines}{stars}{pointed}")
