"""What a forecast figure is made from, and what it says: reading, alt text, table."""

from collections.abc import Iterable, Mapping, Sequence

from llmtl_helpers.curves import Forecast, forecast
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import words
from llmtl_helpers.plots.level_data import missing
from llmtl_helpers.plots.theme import style_of
from llmtl_helpers.plots.twin import PlotData

ENOUGH = 4  # sizes from which a power law can be fitted and tested


class ForecastData:
    """What is shown, what is hidden, and what a power law makes of the former.

    Attributes:
        shown, hidden: summaries of the arm, ascending in n. missing: None, or why there is
            nothing to forecast.
    """

    def __init__(self, rows: Iterable[dict], arm: str, shown_sizes: Sequence[int] | None,
                 metric: str):
        self.arm = arm
        self.plot = PlotData(list(rows), metric, [arm, "majority"])
        points = self.plot.curves.get(arm, [])
        if shown_sizes is None:
            count = max(-(-len(points) // 2), min(ENOUGH, len(points) - 1))
            shown_sizes = [point.n for point in points[:count]]
        self.shown = [point for point in points if point.n in set(shown_sizes)]
        last = self.shown[-1].n if self.shown else 0
        self.hidden = [point for point in points if point.n > last]
        self.missing = missing(self.plot.curves, [arm])
        if not self.missing and not (self.shown and self.hidden):
            self.missing = (f"There are runs of {words.spoken(arm)} at {len(points)} size"
                            f"{'' if len(points) == 1 else 's'}, and a forecast needs some to "
                            "show and larger ones to hide.")
        self._fits: dict[int, Forecast] | None = None

    @property
    def fits(self) -> dict[int, Forecast]:
        """Hidden size -> what the power law says there, or why it does not."""
        if self._fits is None:
            seen = {point.n: point.scores for point in self.shown}
            self._fits = {point.n: forecast(seen, point.n) for point in self.hidden}
        return self._fits

    def checked(self, guess: Mapping[int, float]) -> dict[int, float]:
        sizes = [point.n for point in self.hidden]
        for n, score in guess.items():
            if n not in sizes:
                raise LearnerError(f"there is nothing to guess at {words.labels(n)}",
                                   next="the hidden sizes are "
                                        f"{', '.join(f'{size:,}' for size in sizes) or 'none'}")
            if not 0 <= score <= 1:
                raise LearnerError(f"{score:g} is no guess for a score", "scores go from 0 to 1",
                                   "write 80% as 0.80")
        return {n: guess[n] for n in sorted(guess)}

    def errors(self, guess: Mapping[int, float]) -> dict[str, dict[int, float]]:
        """Points by which each way of forecasting is too high, at each size where it spoke.

        Returns:
            "guess", "fit" and "flat" (no change from the largest size shown) -> n -> points.
        """
        said = {"guess": guess, "flat": {p.n: self.shown[-1].mean for p in self.hidden},
                "fit": {n: fit.value for n, fit in self.fits.items() if not fit.refused}}
        return {way: {p.n: 100 * (values[p.n] - p.mean) for p in self.hidden if p.n in values}
                for way, values in said.items()}


def small_print(found: ForecastData, revealed: bool) -> str:
    curves = {found.arm: [*found.shown, *(found.hidden if revealed else ())]}
    return words.small_print(curves, found.plot.rows, found.plot.left_out).partition(
        "; not drawn")[0] + "; grey: sizes that are to be forecast"


def reading(found: ForecastData, guess: Mapping[int, float], revealed: bool) -> str:
    """Before the reveal the question, afterwards who was off by how much."""
    last = found.shown[-1]
    if not revealed:
        hidden = _sizes([point.n for point in found.hidden])
        return (f"{_capital(words.spoken(found.arm))} gets {last.mean:.3f} with "
                f"{words.labels(last.n)}. What will it get with {hidden}?")
    end = found.hidden[-1]
    sentences = [f"With {words.labels(end.n)} {words.spoken(found.arm)} gets {end.mean:.3f}, "
                 f"after {last.mean:.3f} with {words.labels(last.n)}"]
    for ways in (("guess", "flat"), ("fit", "guess")):  # each pair at the sizes that both name
        if text := _compared(found, found.errors(guess), ways):
            sentences.append(text)
    refused = [n for n, fit in found.fits.items() if fit.refused]
    if refused:  # the reason that holds for the smallest of them holds for the others too
        sentences.append(f"At {_sizes(refused)} the power law is refused: "
                         + found.fits[refused[0]].refused.rstrip("."))
    return ". ".join(sentences) + "."


def _compared(found: ForecastData, errors: dict, ways: tuple[str, str]) -> str | None:
    """'On average over 2 sizes your guess is off by 1.0 points and ... by 2.0 points.'"""
    names = {"guess": "your guess", "fit": "the power law",
             "flat": f"saying that nothing changes after {words.labels(found.shown[-1].n)}"}
    there = [way for way in ways if errors[way]]
    if not there or ways[0] == "fit" and "fit" not in there:
        return None
    sizes = sorted(set.intersection(*(set(errors[way]) for way in there)))
    if not sizes:
        there = there[:1]
        sizes = sorted(errors[there[0]])
    off = {way: sum(abs(errors[way][n]) for n in sizes) / len(sizes) for way in there}
    text = f"At {_sizes(sizes)} {names[there[0]]} is off by {off[there[0]]:.1f} points"
    if len(sizes) > 1:
        text += " on average"
    return text + "".join(f", {names[way]} by {off[way]:.1f}" for way in there[1:])


def _sizes(sizes: Iterable[int]) -> str:
    """'256, 1,024 and 4,096 labels'."""
    texts = [f"{n:,}" for n in sizes]
    joined = texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
    return f"{joined} labels"


def table(found: ForecastData, guess: Mapping[int, float], revealed: bool) -> list[dict]:
    """One row per size; of hidden ones, before the reveal, the guess alone."""
    nothing = {"guess": None, "power_law": None, "power_law_interval": None, "note": None}
    lines = [{"arm": style_of(found.arm).label, "n": point.n, "mean": point.mean,
              "band": point.band, "runs": point.k, **nothing} for point in found.shown]
    for point in found.hidden:
        line = {"arm": style_of(found.arm).label, "n": point.n, "mean": None, "band": None,
                "runs": None, **nothing, "guess": guess.get(point.n), "note": "hidden"}
        if revealed:
            fit = found.fits[point.n]
            line |= {"mean": point.mean, "band": point.band, "runs": point.k,
                     "power_law": None if fit.refused else fit.value,
                     "power_law_interval": None if fit.refused else fit.interval,
                     "note": fit.refused}
        lines.append(line)
    return lines


def alt(title: str, found: ForecastData, guess: Mapping[int, float], revealed: bool,
         limits) -> str:
    points = [*found.shown, *(found.hidden if revealed else ())]
    text = words.alt_text(title, found.plot.metric, {found.arm: points}, [], limits, None, [])
    if revealed:
        text += f" Shaded beyond {words.labels(found.shown[-1].n)}, which was to be forecast."
    else:
        text += f" To be forecast: {_sizes(point.n for point in found.hidden)}."
    if guess:
        text += " Your guess: " + ", ".join(f"{score:.3f} at {n:,}"
                                            for n, score in guess.items()) + "."
    fits = [(n, fit) for n, fit in found.fits.items() if not fit.refused] if revealed else []
    if fits:
        text += " Power law: " + ", ".join(f"{fit.value:.3f} at {n:,}" for n, fit in fits) + "."
    return text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
