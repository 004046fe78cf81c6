"""What a figure of choices says: which is best, where the probe wins, what the cheapest has.

Taught in 05.
"""

from llmtl_helpers.curves import PairedDifference, sign_of
from llmtl_helpers.plots import words
from llmtl_helpers.plots.ladder import gap_shares, percent
from llmtl_helpers.plots.study_runs import capital, with_interval
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
    text = (f"{capital(name)}: {choice.trained:,} trained weights, "
            f"{words.runs(choice.summary.k)}, mean {choice.summary.mean:.3f}")
    if choice.summary.band is not None:
        text += ", 95% band {:.3f} to {:.3f}".format(*choice.summary.band)
    if (difference := found.difference(arm, ALL, n)) is not None and arm != ALL:
        text += f"; {with_interval(difference)} beside all weights"
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


SLOGANS = (
    ("Freeze the base and train the head", (PROBE, "head")),
    ("LoRA is as good as full fine-tuning", ("adapters_8",)),
    ("Unfreeze gradually", ("gradual", "probe_first")),
)


def against_the_slogans(found: Unfrozen) -> list[str]:
    """What people say, and at which sizes the runs decide for or against it; no numbers yet."""
    said = []
    for slogan, arms in SLOGANS:
        for arm in arms:
            verdict = _decided(_differences(found, arm))
            said.append(f"“{slogan}”. " + (
                f"Beside all weights, {NAMES[arm][0]}: {verdict}." if verdict else
                f"No runs of this yet: {NAMES[arm][0]}."))
    return said


def against_all(found: Unfrozen, arm: str) -> str:
    """One choice against all weights: its differences, and at which sizes they are sure."""
    there = _differences(found, arm)
    if not there:
        return ""
    name = NAMES[arm][0]
    each = "; ".join(f"{with_interval(one)} with {words.labels(n)}" for n, one in there.items())
    verdict = _decided(there)
    return (f"{capital(name)} minus all weights, with the 95% interval: {each}. "
            f"{capital(verdict)}.")


def _differences(found: Unfrozen, arm: str) -> dict[int, PairedDifference]:
    return {n: difference for n in found.sizes
            if (difference := found.difference(arm, ALL, n)) is not None}


def _decided(there: dict[int, PairedDifference]) -> str:
    """'surely worse with 256 and 1,024 labels; not decided with 16 labels'."""
    return "; ".join(
        f"{verdict} with {sizes_text(sizes)}"
        for verdict, sign in (("surely better", 1), ("surely worse", -1), ("not decided", 0))
        if (sizes := [n for n, one in there.items() if sign_of(one) == sign]))


def _probe(found: Unfrozen) -> str:
    """The frozen probe against all weights, and where the order of their means turns."""
    text = against_all(found, PROBE)
    there = {n: one.difference for n, one in _differences(found, PROBE).items()}
    turns = [f"{a:,} and {words.labels(b)}" for a, b in zip(there, list(there)[1:], strict=False)
             if there[a] * there[b] < 0]
    if turns:
        return f"{text} The order of the two means turns between {' and between '.join(turns)}."
    return text + " The order of the two means does not turn within these sizes." * (len(there) > 1)


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
