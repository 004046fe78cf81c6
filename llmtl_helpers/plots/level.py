"""The twin curve read sideways: one score, and the labels that each arm needs for it."""

from collections.abc import Iterable

from llmtl_helpers.arms import ARMS
from llmtl_helpers.curves import Multiplier, data_multiplier
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import FONT, colour_of, get_theme, new_figure, style_of, write
from llmtl_helpers.plots.twin import PlotData, table

CONTEXT = ("probe", "tfidf", "majority")  # drawn thin, so that a score has a scale


def level_curve(rows: Iterable[dict], level: float | None = None, treatment: str = "fine_tuned",
                baseline: str = "scratch", metric: str = "accuracy", title: str | None = None,
                theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw a level across the twin curve and the number of labels at which each line meets it.

    Args:
        rows: ledger rows of one task and one training rule; those with purpose "curve" count.
        level: a score from 0 to 1; default: halfway up the scores that both lines pass.
        treatment, baseline: the arms whose labels are compared, baseline divided by treatment.
        metric, title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: treatment and baseline are one arm, the level is no score, rows that must
            not share a figure, an unknown theme or scale.

    Taught in 02.
    """
    found = LevelData(rows, metric, treatment, baseline)
    if found.missing:
        return empty_figure(heading(found, title), found.missing, theme, scale)
    figure, axes = backdrop(found, title, theme, scale)
    meets = found.multiplier(found.usual if level is None else level)
    mark(axes, found, meets, theme)
    return TwinFigure(figure, level_table(found, meets), reading(found, meets),
                      alt(found, axes, title, meets), theme)


class LevelData:
    """What a level is read from, worked out once.

    Attributes:
        plot: the curves, as in a twin curve. treatment, baseline: names of arms.
        missing: None, or a sentence that says which runs are not there.
        low, high, usual: levels between which something can be read, and where to begin.
    """

    def __init__(self, rows: Iterable[dict], metric: str, treatment: str, baseline: str):
        if treatment == baseline:
            raise LearnerError("an arm cannot be compared with itself",
                               f"{style_of(treatment).label} was chosen twice",
                               "choose two different arms")
        self.treatment, self.baseline = treatment, baseline
        self.plot = PlotData(list(rows), metric, [treatment, baseline, *CONTEXT])
        self.missing = missing(self.plot.curves, (treatment, baseline))
        self._known: dict[float, Multiplier] = {}
        if not self.missing:
            means = {arm: [point.mean for point in self.plot.curves[arm]]
                     for arm in (treatment, baseline)}
            self.low = min(means[treatment])
            self.high = max(*means[treatment], *means[baseline])
            ends = max(scores[0] for scores in means.values()), min(map(max, means.values()))
            middle = sum(ends) / 2 if ends[0] < ends[1] else sum(means[treatment]) / len(
                means[treatment])
            self.usual = round(middle, 2)

    def scores(self, arm: str) -> dict[int, tuple[float, ...]]:
        return {point.n: point.scores for point in self.plot.curves[arm]}

    def multiplier(self, level: float) -> Multiplier:
        """The multiplier at a level; the same level is resampled once."""
        if not 0 <= level <= 1:
            raise LearnerError(f"{level:g} is no level", "scores go from 0 to 1",
                               "write 80% as 0.80")
        if level not in self._known:
            self._known[level] = data_multiplier(self.scores(self.baseline),
                                                 self.scores(self.treatment), level)
        return self._known[level]


def missing(curves: words.Curves, arms: Iterable[str]) -> str | None:
    """A sentence on the arms that have no finished run, or None."""
    lacking = [words.spoken(arm) for arm in arms if arm not in curves]
    if not lacking:
        return None
    return (f"There is no finished run of {' or '.join(lacking)}: `python3 start.py sweep` "
            "makes them.")


def backdrop(found: LevelData, title: str | None, theme: str, scale: float):
    """Figure and axes with everything but the level; for data of which nothing is missing."""
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    small = words.small_print(found.plot.curves, found.plot.rows, found.plot.left_out) + (
        "; labels are read on the best mean so far, straight lines on the log axis; "
        "in brackets: 95% over resampled seeds")
    draw.frame_texts(axes, heading(found, title), "training-set size in labels (log scale)",
                     f"{words.spoken_metric(found.plot.metric)} on the test set", small, look)
    curves, pair = found.plot.curves, (found.treatment, found.baseline)
    draw.size_axis(axes, found.plot.sizes)
    draw.score_axis(axes, [score for arm, points in curves.items() for point in points
                           for score in ((*point.scores, *(point.band or ()))
                                         if arm in pair else (point.mean,))])
    ends = []
    for arm, points in curves.items():
        if arm in pair:
            draw.curve(axes, style_of(arm), points, look)
            _best_so_far(axes, arm, points, look)
        else:
            axes.plot([point.n for point in points], [point.mean for point in points],
                      color=colour_of(style_of(arm), look), linestyle=style_of(arm).line,
                      linewidth=1.1, alpha=0.8, label=style_of(arm).label, zorder=1.8)
        ends.append((style_of(arm), points[-1].n, points[-1].mean))
    draw.end_labels(axes, ends, look)
    drawn = [point for arm in pair for point in curves[arm]]
    draw.key(axes, look, band=any(point.band for point in drawn),
             runs=any(point.k > 1 for point in drawn), live=None)
    return figure, axes


def mark(axes, found: LevelData, meets: Multiplier, theme: str) -> list:
    """Draw the level, where it meets both lines, and what that makes. Returns the artists."""
    look = get_theme(theme)
    artists = [axes.axhline(meets.level, color=look.ink, linewidth=1.0, alpha=0.7, zorder=2.5,
                            label="_level")]
    floor, right = axes.get_ylim()[0], axes.get_xlim()[1]
    for arm, n in ((found.treatment, meets.n_treatment), (found.baseline, meets.n_baseline)):
        if n is None or (arm == found.baseline and meets.censored == "at least"):
            continue
        colour = colour_of(style_of(arm), look)
        artists += axes.plot([n, n], [floor, meets.level], color=colour, linewidth=1.4,
                             linestyle=style_of(arm).line, zorder=2.6, label=f"_down {arm}")
        artists += axes.plot([n], [meets.level], marker="o", markersize=11, fillstyle="none",
                             markeredgewidth=1.8, color=look.ink, linestyle="", zorder=6,
                             label=f"_meets {arm}")
    artists += _numbers(axes, meets, look)
    if meets.ratio is not None and meets.n_treatment is not None:
        end = right if meets.censored == "at least" else meets.n_baseline
        artists.append(axes.annotate(
            "", (end, meets.level), xytext=(meets.n_treatment, meets.level), zorder=5,
            arrowprops=dict(arrowstyle="-|>", color=look.ink, linewidth=2.4, shrinkA=6,
                            shrinkB=0 if meets.censored else 6)))
    short = "no multiplier" if meets.undefined else str(meets)
    short = short.replace(": ", "\n") if ": " in short else short.replace(" [", "\n[")
    text = f"at {meets.level:.3f}: {short}"
    artists.append(write(axes, draw.HANDLE[0], 1.1, text, look, fontweight="bold", va="center"))
    return artists


def _numbers(axes, meets: Multiplier, look) -> list:
    """The two numbers of labels above the axis, kept apart and off its ends."""
    ends = [n for n in (meets.n_treatment,
                        None if meets.censored == "at least" else meets.n_baseline)
            if n is not None]
    if not ends:
        return []
    to_axes = axes.transData + axes.transAxes.inverted()
    places = [to_axes.transform((n, meets.level))[0] for n in ends]
    texts = [f"{round(n):,}" for n in ends]
    widths = [0.024 * len(text) + 0.03 for text in texts]
    order = sorted(range(len(ends)), key=lambda index: places[index])
    centres = draw.apart([places[index] for index in order], [widths[index] for index in order])
    return [write(axes, min(max(centre, widths[index] / 2), 1 - widths[index] / 2), 0.03,
                  texts[index], look, ha="center", va="bottom", fontsize=FONT + 1,
                  fontweight="bold", zorder=7,
                  bbox=dict(facecolor=look.paper, edgecolor="none", alpha=0.85, pad=1.5))
            for index, centre in zip(order, centres, strict=True)]


def _best_so_far(axes, arm: str, points, look) -> None:
    """The running maximum of the means as a thin line, where it leaves the line of means."""
    best, course = 0.0, []
    for point in points:
        best = max(best, point.mean)
        course.append(best)
    if course != [point.mean for point in points]:
        axes.plot([point.n for point in points], course, color=colour_of(style_of(arm), look),
                  linewidth=1.2, linestyle="-", alpha=0.9, label=f"_best {arm}")


def heading(found: LevelData, title: str | None) -> str:
    return title or (f"Labels for one score: {found.plot.task}" if found.plot.task
                     else "Labels for one score")


def reading(found: LevelData, meets: Multiplier) -> str:
    """The multiplier in short, then the same in a sentence."""
    metric, level = words.spoken_metric(found.plot.metric), f"{meets.level:.3f}"
    treatment, baseline = words.spoken(found.treatment), words.spoken(found.baseline)
    if meets.undefined:
        return f"No multiplier at {metric} {level}: {meets.undefined}."
    needs = f"{treatment} needs {words.labels(round(meets.n_treatment))}"
    if meets.censored == "at least":
        largest = max(found.scores(found.baseline))
        text = (f"To reach {metric} {level} {needs}, and {baseline} does not get there with "
                f"{words.labels(largest)}")
    elif meets.censored == "at most":
        smallest = min(found.scores(found.baseline))
        text = (f"To reach {metric} {level} {needs}, and {baseline} is above it with its "
                f"smallest number, {words.labels(smallest)}")
    else:
        text = (f"To reach {metric} {level} {baseline} needs "
                f"{words.labels(round(meets.n_baseline))} and {needs}")
        checkpoints = [style_of(arm).init == "pretrained"
                       for arm in (found.treatment, found.baseline)]
        if meets.ratio < 1 and checkpoints == [True, False]:
            text += "; transfer loses here"
    short = str(meets)
    return f"{short[:1].upper()}{short[1:]}. {text}."


def alt(found: LevelData, axes, title: str | None, meets: Multiplier) -> str:
    text = words.alt_text(heading(found, title), found.plot.metric, found.plot.curves, [],
                          axes.get_ylim(), None, [])
    return (f"{text} A level line at {meets.level:.3f}: {style_of(found.baseline).label} against "
            f"{style_of(found.treatment).label}, {meets}.")


def level_table(found: LevelData, meets: Multiplier) -> list[dict]:
    """The curves' table, and a row for each line that meets the level."""
    lines = table(found.plot)
    for arm, n in ((found.treatment, meets.n_treatment), (found.baseline, meets.n_baseline)):
        if n is not None and not (arm == found.baseline and meets.censored):
            lines.append({"arm": f"{ARMS[arm].label}, where it meets the level", "n": float(n),
                          "mean": meets.level, "band": None, "runs": None})
    return lines
