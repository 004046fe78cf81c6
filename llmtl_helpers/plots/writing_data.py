"""What the figures of a written task are drawn from, worked out once. Taught in 08."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property

import numpy as np

from llmtl_helpers.arms import PROMPTED, WRITERS, Arm
from llmtl_helpers.curves import (PairedDifference, Scored, Summary, check_comparable,
                                  paired_difference, score_of, summarise, summarise_perplexity)
from llmtl_helpers.curves.writing import (Worth, examples_worth, paired_written, score_of_parts,
                                          text_parts)
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import shipped_or_own
from llmtl_helpers.profiles import WRITING

TUNED = ("writer", "writer_adapters")
SCRATCH, NO_MODEL, COUNTS = "writer_scratch", "no_model", "token_counts"
PROMPTS = ("prompted", "prompted_chat")
LIKELIHOOD = "log_likelihood"  # is shown as perplexity
NAMES = {LIKELIHOOD: "perplexity", "rouge_1": "ROUGE-1", "rouge_2": "ROUGE-2",
         "rouge_l": "ROUGE-L", "chrf": "chrF", "bleu": "BLEU", "exact_match": "exact match"}
Point = tuple[str, int]  # arm, examples


class Written:
    """The finished runs of one written task, by arm and number of examples.

    Args:
        rows: ledger rows of one task and one training rule; of each point the shipped runs count,
            and own ones where none are shipped. Trials and live runs are left out.

    Attributes:
        task, metric: "" without rows.
        rows: the runs. curves: arm -> summaries ascending in examples, 0 for none; in perplexity
            where the metric is the likelihood, else from 0 to 1; arms in the order of `WRITERS`.
        left_out: how many runs failed.

    Raises:
        LearnerError: rows of several tasks, training rules, versions of the data or checkpoints.
    """

    def __init__(self, rows: Iterable[dict]):
        self.rows = [row for row in shipped_or_own(rows)
                     if row["purpose"] == "curve" and row["arm"] in WRITERS]
        check_comparable(self.rows)
        _check_tokenizer(self.rows)
        first = self.rows[0] if self.rows else {}
        self.task, self.metric = first.get("task", ""), first.get("metric", "")
        found: dict[str, list[Summary]] = {}
        if self.metric == LIKELIHOOD:
            found = summarise_perplexity(self.rows, ("curve",))
        else:
            for summary in summarise(self.rows, self.metric):
                if summary.mean is not None:
                    found.setdefault(summary.arm, []).append(summary)
        self.curves = {arm: found[arm] for arm in WRITERS if arm in found}
        self.left_out = sum(score_of(row, self.metric) is None for row in self.rows)
        self._parts: dict[str, np.ndarray] = {}
        self._known: dict[tuple[Point, Point], PairedDifference | None] = {}

    def mean(self, point: Point) -> float | None:
        summary = self.at(point)
        return summary.mean if summary else None

    def perplexity_of_targets(self, point: Point) -> float | None:
        """Perplexity of the right answers, of what was trained: over all runs of the point.

        It is no score of what was written, so an answer that ends at once does not hide what the
        network knows. The token that ends an answer is among the targets, but where the metric is
        the likelihood itself.
        """
        known = [row["log_likelihood"] for row in self.rows if (row["arm"], row["n"]) == point
                 and row["status"] == "done" and row.get("log_likelihood") is not None]
        return float(np.exp(-np.mean(known))) if known else None

    def at(self, point: Point) -> Summary | None:
        return next((one for one in self.curves.get(point[0], ()) if one.n == point[1]), None)

    def sizes(self, *arms: str) -> list[int]:
        """Numbers of examples, ascending, at which any of the arms has runs."""
        return sorted({point.n for arm in arms for point in self.curves.get(arm, ())})

    @property
    def most(self) -> int | None:
        """The largest number of examples that anything was tuned on."""
        return max(self.sizes(*TUNED, SCRATCH), default=None)

    def best(self, points: Iterable[Point]) -> Point | None:
        """The point with the best mean; of equal ones the first."""
        there = [point for point in points if self.at(point)]
        sign = -1 if self.metric == LIKELIHOOD else 1
        return max(there, key=lambda point: sign * self.mean(point), default=None)

    @cached_property
    def prompts(self) -> list[Point]:
        """Every prompt that has runs, the wording by wording, fewest examples first."""
        return [(arm, n) for arm in PROMPTS for n in PROMPTED if self.at((arm, n))]

    def difference(self, one: Point, other: Point) -> PairedDifference | None:
        """Mean of the one minus mean of the other, more is better, with a 95% interval.

        Paired by seed and by test text (`paired_written`); of an empty prompt, or without a model,
        one run stands for every seed. Where the right answers are not on this machine it is paired
        by seed alone, and `examples` is 0. None without a common seed.
        """
        if (one, other) not in self._known:
            self._known[one, other] = self._difference(one, other)
        return self._known[one, other]

    def worth(self, prompt: Point, tuned: str = TUNED[0]) -> Worth | None:
        """How many examples the tuned arm needs to score as the prompt does."""
        runs = {n: [*self._scores((tuned, n)).values()] for n in self.sizes(tuned)}
        return examples_worth(runs, [*self._scores(prompt).values()], prompt[1] == 0)

    def _scores(self, point: Point) -> dict[tuple[int, int], float]:
        """Seeds -> score, more is better, for one point."""
        return {(row["subset_seed"], row["run_seed"]): score for row in self.rows
                if (row["arm"], row["n"]) == point
                and (score := score_of(row, self.metric)) is not None}

    def _difference(self, one: Point, other: Point) -> PairedDifference | None:
        sides = [self._scores(point) for point in (one, other)]
        settled = [point[1] == 0 for point in (one, other)]
        for place in (0, 1):  # nothing is drawn there, so another seed would have the same score
            if settled[place] and len(sides[place]) == 1 and not settled[1 - place]:
                sides[place] = dict.fromkeys(sides[1 - place], *sides[place].values())
        common = sorted(sides[0].keys() & sides[1].keys())
        if not common:
            return None
        try:
            ours, theirs = (self._tables(point, common) for point in (one, other))
        except (LearnerError, ValueError):  # texts or answers are not here: seeds alone
            return paired_difference(*(Scored(self.task, scores) for scores in sides))
        return paired_written(self.metric, ours, theirs, settled=all(settled))

    def _tables(self, point: Point, seeds: list[tuple[int, int]]) -> np.ndarray:
        """Parts of the point's runs, (runs, texts, ...); a single one if nothing varies."""
        there = {(row["subset_seed"], row["run_seed"]): row for row in self.rows
                 if (row["arm"], row["n"]) == point and row["status"] == "done"}
        chosen = [*there.values()][:1] if point[1] == 0 else [there[key] for key in seeds]
        return np.stack([self.parts_of(row) for row in chosen])

    def parts_of(self, row: dict) -> np.ndarray:
        """What the score of a run is made of, text by text (`curves.writing.text_parts`).

        Raises:
            LearnerError, ValueError: the right answers are not here, or the run's are not.
        """
        if row["id"] not in self._parts:
            targets = () if self.metric == LIKELIHOOD else self.targets
            parts = text_parts(self.metric, {**row, "outputs": self.outputs_of(row)}, targets)
            # answers to other texts would make an interval that is not that of the mean
            if abs(score_of_parts(self.metric, parts.sum(0)) - score_of(row, self.metric)) > 0.01:
                raise ValueError(f"run {row['id']} does not have the score of its answers")
            self._parts[row["id"]] = parts
        return self._parts[row["id"]]

    def outputs_of(self, row: dict) -> list[str]:
        """What a run wrote. Answers that need no model follow from the texts, so no run keeps them.

        Raises:
            LearnerError: they are of that kind, and the texts are not here.
        """
        if row.get("outputs") or row["arm"] != NO_MODEL:
            return row.get("outputs") or []
        return [self.data.writing.baseline(text)
                for text in self.data.test[:row["test_size"]]["text"]]

    @cached_property
    def data(self):
        """The task itself, in the version of the runs.

        Raises:
            LearnerError: its texts are not on this machine, or in another version.
        """
        from llmtl_helpers.tasks import load_task

        task = load_task(self.task)
        if task.fingerprint != self.rows[0]["data_fingerprint"]:
            raise LearnerError(f"the runs on {self.task} wrote to other texts than those here",
                               "the data's fingerprint differs",
                               "run `python3 start.py assets verify`, or sweep anew")
        return task

    @cached_property
    def targets(self) -> list[str]:
        """The right answer to each test text. Raises as `data`."""
        size = max(row.get("test_size") or 0 for row in self.rows)
        return self.data.test[:size]["target"]

    def style(self, arm: str) -> Arm:
        """The arm's style; what needs no model is named as the task names it."""
        style = WRITERS[arm]
        if arm != NO_MODEL:
            return style
        try:
            label = self.data.writing.baseline_label
        except LearnerError:
            return style
        return replace(style, label=f"no model: {label}") if label else style


def rows_of(ledger, task: str, budget: str = WRITING.budget) -> list[dict]:
    """The task's rows of one training rule: the usual one, or another where only that has runs.

    Live runs of that rule are among them.
    """
    every = [row for row in ledger.rows(task=task) if row["purpose"] in ("curve", "live")]
    rules = {row["budget"] for row in every if row["purpose"] == "curve"}
    chosen = WRITING.budget if WRITING.budget in rules or budget not in rules else budget
    return [row for row in every if row["budget"] == chosen]


def _check_tokenizer(rows: list[dict]) -> None:
    names = sorted({row["checkpoint"] for row in rows} - {"none"})
    if len(names) > 1:
        raise LearnerError("runs of several checkpoints cannot share this figure",
                           f"{', '.join(names)}: each counts the tokens of its own tokenizer",
                           f"choose rows of one checkpoint, such as checkpoint={names[0]!r}, and "
                           "compare checkpoints in bits per byte")
