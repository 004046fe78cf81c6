"""A figure of choices as a table, and as text for those who cannot see it. Taught in 05."""

from llmtl_helpers.curves import score_of
from llmtl_helpers.plots import words
from llmtl_helpers.plots.twin import LIVE
from llmtl_helpers.plots.unfreeze_data import ALL, NAMES, Unfrozen


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
