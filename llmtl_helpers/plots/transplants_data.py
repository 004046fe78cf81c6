"""What a figure of transplants rests on, and what it says in words. Taught in 04."""

from collections import Counter
from collections.abc import Iterable

from llmtl_helpers.arms import ALL_KEPT, TRANSPLANTS, Arm, kept_arm, parts_text
from llmtl_helpers.curves import Summary, check_comparable, score_of, summarise_scores
from llmtl_helpers.plots import words
from llmtl_helpers.plots.ladder import ladder_runs
from llmtl_helpers.plots.twin import LIVE

MISSING = ("There are no finished runs to draw yet: `python3 start.py sweep --study transplants` "
           "makes them.")
ALL = tuple(kept.removeprefix("kept_") for kept in TRANSPLANTS)
ENDS = ("", ALL_KEPT)


def _line(name: str, label: str, colour: str, line: str, marker: str, *kept: str):
    return Arm(name, label, "", "", "", None, (), colour, line, marker), kept


# each by the number of blocks that are kept
LINES = (
    _line("up", "embeddings, and blocks from the bottom", "#0072B2", "-", "^",
          "e", "e0", "e01", "e012", "e0123", "e01234", ALL_KEPT),
    _line("down", "embeddings, and blocks from the top", "#56B4E9", "-.", "v",
          "e", "e5", "e45", "e345", "e2345", "e12345", ALL_KEPT),
    _line("bare_up", "blocks alone, from the bottom", "#CC79A7", "--", "^",
          "", "012", "012345"),
    _line("bare_down", "blocks alone, from the top", "#D55E00", ":", "v",
          "", "345", "012345"),
)


def kept_of(arm: str) -> str | None:
    """The parts that an arm keeps, or None if it is no transplant."""
    for kept in ENDS:
        if arm == kept_arm(kept):
            return kept
    return arm.removeprefix("kept_") if arm.startswith("kept_") else None


def summaries(rows: Iterable[dict], n: int, metric: str
              ) -> tuple[dict[str, Summary], dict[str, float]]:
    """Kept parts -> all runs of that combination, and -> the learning rate its trials chose."""
    arms = {kept: kept_arm(kept) for kept in (*ENDS, *ALL)}
    runs = ladder_runs(rows, list(arms.values()), n, metric)
    check_comparable(row for found in runs.values() for row in found)
    there = {kept: runs[arm] for kept, arm in arms.items() if runs[arm]}
    return ({kept: summarise_scores([score_of(row, metric) for row in found], arms[kept], n)
             for kept, found in there.items()},
            {kept: found[0]["learning_rate"] for kept, found in there.items()})


def usual_rate(rates: dict[str, float]) -> tuple[float, int] | None:
    """The rate that most combinations were trained at (of equals the smallest), and how many."""
    counts = Counter(rate for kept, rate in rates.items() if kept not in ENDS)
    if not counts:
        return None
    best = min(counts, key=lambda rate: (-counts[rate], rate))
    return best, counts[best]


def nearest(found: Iterable[str], kept: str) -> list[str]:
    """The combinations that differ from `kept` in the fewest parts."""
    distance = {other: len(set(other) ^ set(kept)) for other in found}
    return [other for other in distance if distance[other] == min(distance.values())]


def named(kept: str) -> str:
    return "nothing" if not kept else "everything" if kept == ALL_KEPT else parts_text(kept)


def blocks(kept: str) -> int:
    return len(kept.replace("e", ""))


def share(shown: dict[str, Summary], kept: str) -> float | None:
    """How far from nothing kept to everything kept; None without both, or without a gap."""
    if not all(end in shown for end in ENDS):
        return None
    low, high = (shown[end].mean for end in ENDS)
    return (shown[kept].mean - low) / (high - low) if high > low else None


def reading(shown: dict[str, Summary], kept: str | None, n: int, hidden: bool = False) -> str:
    """What the figure says: the ends, and then the marked combination or all of them."""
    text = "; ".join(f"{named(end)} kept {shown[end].mean:.3f}" for end in ENDS if end in shown)
    text = f"With {words.labels(n)}: {text}." if text else MISSING
    if hidden:
        return f"{text} The combinations are hidden until you have guessed."
    if kept is not None:
        return f"{_say_one(shown, kept)} {text}"
    if "e" in shown:
        text += f" The embeddings alone {_score(shown, 'e')}."
    for (_, combinations), where in zip(LINES, ("bottom", "top"), strict=False):
        means = [f"{shown[part].mean:.3f}" for part in combinations[1:-1] if part in shown]
        if means:
            text += f" With blocks added one by one from the {where}: {', '.join(means)}."
    if "012345" in shown:
        text += f" All six blocks under random embeddings {_score(shown, '012345')}."
    return text


def _score(shown: dict[str, Summary], kept: str) -> str:
    part = share(shown, kept)
    way = "" if part is None else f", which is {part:.0%} of the way"
    return f"{shown[kept].mean:.3f}{way}"


def _say_one(shown: dict[str, Summary], kept: str) -> str:
    what = f"Kept: {named(kept)}."
    if kept in shown:
        summary = shown[kept]
        band = ("" if summary.band is None else
                f", 95% band {summary.band[0]:.3f} to {summary.band[1]:.3f}")
        return f"{what} {words.runs(summary.k)}{band}; the mean is {_score(shown, kept)}."
    close = nearest(shown, kept)
    if not close:
        return f"{what} There is no run of it, and none of any other combination."
    return (f"{what} There are no shipped runs of this combination. The nearest ones that have: "
            + "; ".join(f"{named(part)} kept, {shown[part].mean:.3f}" for part in close[:3]) + ".")


def table(shown: dict[str, Summary], rates: dict[str, float], live: list, metric: str
           ) -> list[dict]:
    lines = [{"kept": named(kept), "blocks": blocks(kept), "mean": summary.mean,
              "band": summary.band, "runs": summary.k, "share of the gap": share(shown, kept),
              "learning rate": f"{rates[kept]:g}"} for kept, summary in shown.items()]
    return lines + [{"kept": f"{named(kept)} ({LIVE}, seed {row['run_seed']})",
                     "blocks": blocks(kept), "mean": score_of(row, metric), "band": None,
                     "runs": 1, "share of the gap": None,
                     "learning rate": f"{row['learning_rate']:g}"} for kept, row in live]


def alt(title: str, metric: str, shown: dict[str, Summary], live: list, kept: str | None) -> str:
    lines = " ".join(
        f"{style.label[:1].upper()}{style.label[1:]}: "
        + ", ".join(f"{shown[part].mean:.2f} with {blocks(part)}"
                    for part in combinations if part in shown) + "."
        for style, combinations in LINES if any(part in shown for part in combinations))
    stars = f" Stars, live: {', '.join(named(part) for part, _ in live)}." if live else ""
    beside = "" if kept is None else (
        f" Beside it the network as a column of boxes, {named(kept)} kept and the rest random; "
        "the head is always new.")
    return (f"{title}. Line chart: {words.spoken_metric(metric)} on the test set over the number "
            f"of blocks that come from the checkpoint. {lines}{stars}{beside}")
