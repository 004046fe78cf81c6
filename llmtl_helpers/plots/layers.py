"""Where in the network the knowledge sits: a quantity at every place, one line per kind of weights.

Taught in 04.
"""

from collections.abc import Iterable

from matplotlib.ticker import MultipleLocator

from llmtl_helpers.arms import LAYERS
from llmtl_helpers.curves import Summary, check_comparable, summarise_scores
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import get_theme, new_figure, style_of
from llmtl_helpers.plots.twin import LIVE

FIELDS = {"score": "layer_scores", "similarity": "layer_similarity"}
FIRST = "embed."  # tick of the place before the first block
FALLEN = 0.9  # similarity below which the reading calls a place changed
MISSING = ("There are no finished runs to draw yet: `python3 start.py sweep --study layers` makes "
           "them.")


def layer_curve(rows: Iterable[dict], n: int = 256, quantity: str = "score",
                live_rows: Iterable[dict] = (), title: str | None = None, theme: str = "light",
                scale: float = 1.0) -> TwinFigure:
    """Draw what linear probes score at every place, or how alike each place is to the checkpoint's.

    Args:
        rows: ledger rows of one task and one training rule; purpose "layers" makes the lines,
            and the majority guess of the twin curve a level, if it is among them.
        n: training-set size in labels.
        quantity: "score" for the probes' score on the test set, "similarity" for linear CKA with
            the untouched checkpoint on the test texts (Kornblith et al. 2019).
        live_rows: runs made on this machine, drawn as stars.
        title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: another quantity, or rows that must not share a figure.
    """
    if quantity not in FIELDS:
        raise LearnerError(f"there is no quantity called {quantity!r}",
                           next=f"choose one of {', '.join(FIELDS)}")
    name = FIELDS[quantity]
    here = [row for row in {row["id"]: row for row in rows}.values() if row["n"] == n]
    shipped = [row for row in here if row["purpose"] == "layers" and row.get(name)]
    live = [row for row in {row["id"]: row for row in live_rows}.values()
            if row["n"] == n and row.get(name)]
    guess = [row["score"] for row in here if row["arm"] == "majority"
             and row["purpose"] == "curve"] if quantity == "score" else []
    check_comparable([*shipped, *live])
    title = title or (f"Where the knowledge sits: {words.labels(n)}" if quantity == "score" else
                      f"What tuning changes: {words.labels(n)}")
    lines = _lines(shipped, name)
    if not lines and not live:
        return empty_figure(title, MISSING, theme, scale)
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    y = ("accuracy of a linear probe, test set" if quantity == "score" else
         "similarity to the checkpoint (CKA)")
    draw.frame_texts(axes, title, "after the embeddings, or after block number", y,
                     _small_print(lines, [*shipped, *live]), look)
    alone = {row["arm"]: row for row in live if row["arm"] not in lines}
    drawn = lines | _lines(alone.values(), name)
    draw.score_axis(axes, [value for points in drawn.values() for point in points
                           for value in (*point.scores, *(point.band or ()))]
                    + [value for row in live for value in row[name]] + guess)
    if quantity == "similarity":
        axes.set_ylim(0.0, 1.03)  # its whole range, with room for markers at 1
        axes.yaxis.set_major_locator(MultipleLocator(0.1))
    places = max(len(points) for points in drawn.values())
    axes.set_xlim(-0.3, places - 0.7)
    axes.set_xticks(range(places), [FIRST, *map(str, range(1, places))])
    ends = []
    for arm, points in drawn.items():
        draw.curve(axes, style_of(arm), points, look)
        ends.append((style_of(arm), points[-1].n, points[-1].mean))
    if guess:
        draw.level(axes, style_of("majority"), guess[0], look)
        ends.append((style_of("majority"), axes.get_xlim()[1], guess[0]))
    for row in live:
        for place, value in enumerate(row[name]):
            draw.star(axes, style_of(row["arm"]), place, value, look)
    draw.end_labels(axes, ends, look)
    draw.key(axes, look, band=any(point.band for points in lines.values() for point in points),
             runs=any(point.k > 1 for points in lines.values() for point in points),
             live=LIVE if live else None)
    say = _say_scores if quantity == "score" else _say_similarity
    single = "" if lines else " These are single live runs."
    return TwinFigure(figure, _table(lines, live, name, guess), say(drawn, n) + single,
                      _alt(title, y, drawn, live, guess), theme)


def place_name(place: int) -> str:
    return "the embeddings" if place == 0 else f"block {place}"


def _lines(rows: Iterable[dict], name: str) -> dict[str, list[Summary]]:
    """Arm -> one summary per place, `n` being the place; arms in their fixed order."""
    rows = list(rows)
    found = {}
    for arm in LAYERS:
        runs = [row[name] for row in rows if row["arm"] == arm]
        if runs:
            found[arm] = [summarise_scores(values, arm, place)
                          for place, values in enumerate(zip(*runs, strict=True))]
    return found


def _small_print(lines: dict[str, list[Summary]], rows: list[dict]) -> str:
    counts = sorted({points[0].k for points in lines.values()})
    parts = [f"{'–'.join(map(str, counts))} seeds a line" if counts else "single live runs"]
    sizes = sorted({row["test_size"] for row in rows if row.get("test_size")})
    if sizes:
        parts.append(f"{sizes[-1]:,} test texts")
    return "; ".join([*parts, "each text is the mean of its token vectors at that place"])


def _say_scores(lines: dict[str, list[Summary]], n: int) -> str:
    ends = "; ".join(f"{style_of(arm).label} {points[0].mean:.3f} and {points[-1].mean:.3f}"
                     for arm, points in lines.items())
    text = (f"With {words.labels(n)} a linear probe after the embeddings, and one after the last "
            f"block, gets: {ends}.")
    if "layers_pretrained" in lines:
        best = max(lines["layers_pretrained"], key=lambda point: point.mean)
        text += f" On the untouched checkpoint it is best after {place_name(best.n)}."
    if {"layers_pretrained", "layers_fine_tuned"} <= lines.keys():
        gains = [(after.mean - before.mean, after.n) for before, after in zip(
            lines["layers_pretrained"], lines["layers_fine_tuned"], strict=True)]
        gain, place = max(gains)
        text += (f" Tuning adds {_points(gains[0][0])} after the embeddings and most, "
                 f"{_points(gain)}, after {place_name(place)}.")
    return text


def _say_similarity(lines: dict[str, list[Summary]], n: int) -> str:
    parts = []
    for arm, points in lines.items():
        if arm == "layers_pretrained":
            continue
        fallen = next((point.n for point in points if point.mean < FALLEN), None)
        where = (f"it never falls below {FALLEN}" if fallen is None else
                 f"it is below {FALLEN} from {place_name(fallen)} on" if all(
                     point.mean < FALLEN for point in points[fallen:]) else
                 f"it is first below {FALLEN} after {place_name(fallen)}")
        parts.append(f"{style_of(arm).label} from {points[0].mean:.2f} after the embeddings to "
                     f"{points[-1].mean:.2f} after the last block ({where})")
    if not parts:
        return "There are only runs of the untouched checkpoint, which is like itself everywhere."
    return (f"With {words.labels(n)}, similarity to the untouched checkpoint, 1 being the same up "
            f"to turning and stretching: {'; '.join(parts)}.")


def _points(gain: float) -> str:
    return f"{100 * gain:+.1f} points"


def _table(lines: dict[str, list[Summary]], live: list[dict], name: str,
           guess: list[float]) -> list[dict]:
    table = [{"weights": style_of(arm).label, "after": place_name(point.n), "mean": point.mean,
              "band": point.band, "runs": point.k}
             for arm, points in lines.items() for point in points]
    if guess:
        table.append({"weights": style_of("majority").label, "after": "any place",
                      "mean": guess[0], "band": None, "runs": len(guess)})
    return table + [{"weights": f"{style_of(row['arm']).label} ({LIVE}, seed {row['run_seed']})",
                     "after": place_name(place), "mean": value, "band": None, "runs": 1}
                    for row in live for place, value in enumerate(row[name])]


def _alt(title: str, y: str, lines: dict[str, list[Summary]], live: list[dict],
         guess: list[float]) -> str:
    courses = " ".join(f"{style_of(arm).label[:1].upper()}{style_of(arm).label[1:]}: "
                       + ", ".join(f"{point.mean:.2f}" for point in points) + "."
                       for arm, points in lines.items())
    level = f" The majority guess, a level line: {guess[0]:.2f}." if guess else ""
    stars = f" Stars: {words.runs(len(live))} made live." if live else ""
    return (f"{title}. Line chart: {y}, after the embeddings and after each block. "
            f"{courses}{level}{stars}")
