"""What a level is read from, and what it says: reading, alt text, table."""

from collections.abc import Iterable

from llmtl_helpers.curves import Multiplier, data_multiplier
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import words
from llmtl_helpers.plots.theme import style_of
from llmtl_helpers.plots.twin import PlotData, table

CONTEXT = ("probe", "tfidf", "majority")  # drawn thin, so that a score has a scale


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
        if meets.interval and meets.interval[1] < 1 and checkpoints == [True, False]:
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
            lines.append({"arm": f"{style_of(arm).label}, where it meets the level", "n": float(n),
                          "mean": meets.level, "band": None, "runs": None})
    return lines
