"""Names, numbers, small print and alt text of the figures of a written task. Taught in 08."""

from collections.abc import Sequence

from llmtl_helpers.plots import words
from llmtl_helpers.plots.study_runs import capital
from llmtl_helpers.plots.writing_data import (COUNTS, LIKELIHOOD, NAMES, NO_MODEL, Point,
                                              Written)
from llmtl_helpers.profiles import WRITING

SPOKEN = {"writer": "the fine-tuned decoder", "writer_scratch": "the same decoder from scratch",
          "writer_adapters": "the decoder with adapters (LoRA)",
          "token_counts": "counting tokens without a network"}
MARKERS = words.MARKERS | {"v": " with triangles that point down"}


def examples(n: int) -> str:
    return "no example" if n == 0 else f"{n:,} example{'' if n == 1 else 's'}"


def spoken(point: Point, style_label: str = "") -> str:
    """An arm with its examples, inside a sentence; of a tuned one the examples are said before."""
    arm, n = point
    if arm == NO_MODEL:
        return style_label or "no model"
    if arm in SPOKEN:
        return SPOKEN[arm]
    shown = "without examples" if n == 0 else f"with {examples(n)} in its prompt"
    return f"the untuned decoder{' asked in a chat,' if arm == 'prompted_chat' else ''} {shown}"


def value(metric: str, mean: float) -> str:
    """A mean as it is quoted: perplexity 23.4, or ROUGE-L 33.1 of 100."""
    return perplexity(mean) if metric == LIKELIHOOD else f"{100 * mean:.1f}"


def perplexity(mean: float) -> str:
    return f"{mean:.1f}" if mean < 100 else f"{mean:,.0f}"


def name(found: Written, point: Point) -> str:
    return spoken(point, found.style(NO_MODEL).label if point[0] == NO_MODEL else "")


def missing(found: Written, task: str = "") -> str:
    """What the figure lacks, with the command that makes it; "" if it is whole."""
    from llmtl_helpers.sweep import STUDIES

    study, task = STUDIES["writing"], found.task or task
    lacking = []
    for arm in study.arms:
        sizes = study.sizes_of.get(arm, study.sizes)
        absent = [n for n in sizes if not found.at((arm, n))]
        if arm == NO_MODEL and found.metric in (LIKELIHOOD, ""):
            continue  # what is not written by a model has no likelihood
        if arm == COUNTS and found.metric != LIKELIHOOD:
            continue  # and what only has a likelihood writes nothing
        if absent:
            where = "" if absent == [*sizes] else f" with {listed(absent)} examples"
            lacking.append(f"{found.style(arm).label}{where}")
    if not lacking:
        return ""
    command = f"`python3 start.py sweep --task {task or study.task}`"
    if not found.curves:
        return (f"There are no finished runs to draw yet: {command} makes them, which takes "
                "hours.")
    return (f"Not there yet: {'; '.join(lacking)}. {command} makes what is missing, which takes "
            "hours.")


def small_print(found: Written) -> str:
    """Seeds, updates, test texts, how the learning rate was chosen, what the thin lines are."""
    trained = [row for row in found.rows if row["updates"]]
    counts = [point.k for points in found.curves.values() for point in points if point.n]
    parts = []
    if counts:
        parts.append(f"{_span(counts)} seed{'' if max(counts) == 1 else 's'}"
                     + (", so bands are wide" if max(counts) == 3 else ""))
    if trained:
        parts.append(f"{_span(row['updates'] for row in trained)} updates of "
                     f"{_span(row['batch_size'] for row in trained)}")
    parts.append(f"{_span(row['test_size'] for row in found.rows if row.get('test_size'))} "
                 "test texts")
    if trained:
        rule = WRITING if trained[0]["budget"] == WRITING.budget else None
        parts.append("one learning rate an arm" + (
            f", tuned at {rule.trial_sizes[0]} examples with one seed" if rule else ", not tuned"))
    if any(point.n == 0 for points in found.curves.values() for point in points):
        parts.append("thin lines from 0: no example")
    if found.left_out:
        parts.append(f"{words.runs(found.left_out)} failed or without this metric, left out")
    return "; ".join(parts)


def alt(title: str, found: Written) -> str:
    better = "lower is better" if found.metric == LIKELIHOOD else "0 to 100"
    lines = []
    for arm, points in found.curves.items():
        style = found.style(arm)
        look = f"{words.LINES.get(style.line, '')} line{MARKERS.get(style.marker, '')}"
        said = ", ".join(f"{value(found.metric, point.mean)} with {examples(point.n)}"
                         for point in points)
        lines.append(f"{capital(style.label)}, {look.strip()}: {said}.")
    return (f"{title}. Line chart: {NAMES[found.metric]} on the test set, {better}, over examples "
            f"on a log scale, trained on or shown in the prompt. {' '.join(lines)}")


def _span(values) -> str:
    known = sorted(set(values))
    return "–".join(f"{each:,}" for each in dict.fromkeys(known[:1] + known[-1:]))


def listed(sizes: Sequence[int]) -> str:
    first, last = [f"{n:,}" for n in sizes[:-1]], f"{sizes[-1]:,}"
    return f"{', '.join(first)} and {last}" if first else last
