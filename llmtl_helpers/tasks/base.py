"""What a task is, and how every task is split. Taught in 01."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from html import escape

from llmtl_helpers.errors import LearnerError

SPLIT_SEED = 20140601  # recorded once: the splits of every task follow from it
UNBALANCED = 0.6  # a larger majority class than this makes macro-F1 the primary metric
SHOWN = 300  # characters of an example on a card, of a text and of a target each


@dataclass(frozen=True)
class Card:
    """What a reader must know about the data before a number made from it means anything."""

    title: str
    source: str
    licence: str
    citation: str
    label_rule: str
    sizes: dict[str, int]  # split -> examples
    class_balance: dict[str, dict[str, int]]  # split -> label -> examples
    examples: tuple[tuple[str, str], ...]  # (label, text)
    notes: tuple[str, ...] = ()

    def _lines(self) -> list[tuple[str, str]]:
        balance = "; ".join(
            f"{split} {self.sizes[split]:,}" + (
                f" ({', '.join(f'{count:,} {label}' for label, count in counts.items())})"
                if counts else "") for split, counts in self.class_balance.items())
        return [("Source", self.source), ("Licence", self.licence), ("Citation", self.citation),
                ("Label rule", self.label_rule), ("Splits", balance),
                *[("Note", note) for note in self.notes],
                *[(f"Example ({label})" if label else "Example", text)
                  for label, text in self.examples]]

    def as_text(self) -> str:
        return "\n".join([self.title, *[f"  {name}: {text}" for name, text in self._lines()]])

    __str__ = as_text

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left;white-space:nowrap">{escape(name)}</th>'
            f'<td style="text-align:left">{escape(text)}</td></tr>' for name, text in self._lines())
        return (f'<table><caption style="text-align:left"><b>{escape(self.title)}</b></caption>'
                f"<tbody>{rows}</tbody></table>")


@dataclass(frozen=True)
class Writing:
    """How the target of a text is asked for, where the answer is written and not chosen.

    Attributes:
        prompt: what a model reads before it writes; `{text}` stands for the example's text.
        instruction: the same wish in words, for a model that was tuned to follow instructions.
        answer_tokens: an answer is cut there.
        baseline: the answer to a text that needs no model, such as the text itself; None: none.
        baseline_label: what that is, as legends and tables have it.
    """

    prompt: str
    instruction: str
    answer_tokens: int
    baseline: Callable[[str], str] | None = None
    baseline_label: str = ""


@dataclass(frozen=True, eq=False)
class Task:
    """Labelled texts in three fixed splits.

    `train`, `validation` and `test` are `datasets.Dataset` objects with the columns
    `id` (str), `text` (str) and `label` (int, an index into `label_names`). Where `writing` says
    how to ask for a target, the label is 0 and there is a column `target` (str).
    """

    name: str
    title: str
    train: "datasets.Dataset"  # noqa: F821 (imported where it is used: it is slow to load)
    validation: "datasets.Dataset"  # noqa: F821
    test: "datasets.Dataset"  # noqa: F821
    label_names: tuple[str, ...]
    metric: str  # "accuracy" or "macro_f1"; a name in training.metrics where there are no labels
    card: Card
    max_length: int = 128  # tokens of a text that a network reads
    harder: tuple[str, ...] = ()  # tasks with a test set alone, which every run is tried on too
    writing: Writing | None = None
    _orders: dict = field(default_factory=dict, repr=False)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over ids, labels, texts and targets of all splits, in order."""
        digest = hashlib.sha256()
        for split in (self.train, self.validation, self.test):
            rows = split[:]  # at once: a column is slow to walk through
            targets = [f"\t{target}" for target in rows.get("target", ())] or [""] * len(split)
            for id, label, text, target in zip(rows["id"], rows["label"], rows["text"], targets,
                                               strict=True):
                digest.update(f"{id}\t{label}\t{text}{target}\n".encode())
            digest.update(b"\f")
        return digest.hexdigest()

    def order(self, seed: int) -> list[int]:
        """All rows of `train` in the order that belongs to `seed`; see `subset_indices`."""
        if seed not in self._orders:
            self._orders[seed] = stratified_order(self.train[:]["label"], seed)
        return self._orders[seed]

    @cached_property
    def possible_sizes(self) -> tuple[int, int]:
        """Fewest and most examples that a classifier can be trained on: at least one for each class
        there is, and two classes among them whatever the seed."""
        labels, order = self.train[:]["label"], self.order(0)
        other = next((place for place, row in enumerate(order)
                      if labels[row] != labels[order[0]]), len(order))
        return max(len(self.label_names), other + 2), len(order)  # equal places fall by the seed

    def subset_indices(self, n: int, seed: int) -> list[int]:
        """Rows of `train` in the slice of `n` examples that belongs to `seed`.

        Slices of one seed are nested (the first 64 are the first 64 of the 256) and
        stratified: each holds every class in its share, to within one example.

        Raises:
            LearnerError: `n` is not between the number of classes and the training size.
        """
        if not self.label_names and not self.writing:
            raise LearnerError(f"{self.name} has no labelled examples to draw from",
                               "its training data are counted in tokens",
                               "use a task with labels, such as sentiment/films")
        least = len(self.label_names)
        if not least <= n <= len(self.train):
            needed = " and at least one per class is needed" if least else ""
            raise LearnerError(
                f"{n:,} training examples cannot be drawn from {self.name}",
                f"it has {len(self.train):,}{needed}",
                f"choose n between {least} and {len(self.train):,}")
        return self.order(seed)[:n]

    def subset(self, n: int, seed: int):
        """The slice itself, a `datasets.Dataset` of n rows; see `subset_indices`."""
        return self.train.select(self.subset_indices(n, seed))


def stratified_order(labels: list[int], seed: int) -> list[int]:
    """An order of all rows whose every prefix is stratified.

    The j-th of the m examples of a class, in random order, is put at (j + 1/2) / m of the
    whole; sorting by that position deals the classes out evenly.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    labels = np.asarray(labels)
    position = np.empty(len(labels))
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        position[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return np.lexsort((rng.random(len(labels)), position)).tolist()


def normalised(text: str) -> str:
    """Two texts are duplicates if they have the same words and digits in the same order."""
    words = re.findall(r"\w+", text.casefold())
    return " ".join(words) if words else text.strip()


def drop_duplicates(rows: list[dict]) -> tuple[list[dict], int]:
    """Keep the first of each set of duplicates; drop the whole set if its labels disagree.

    Doing this before the split is what keeps a test text out of the training data.

    Returns:
        the rows that are left, and how many were dropped.
    """
    labels = defaultdict(set)
    for row in rows:
        labels[normalised(row["text"])].add(row["label"])
    seen, kept = set(), []
    for row in rows:
        key = normalised(row["text"])
        if key not in seen and len(labels[key]) == 1:
            kept.append(row)
        seen.add(key)
    return kept, len(rows) - len(kept)


def split_rows(rows: list[dict], test: int, validation: int, seed: int = SPLIT_SEED) -> dict:
    """Split rows by whole documents: at least `test` and `validation` rows, the rest to train.

    Args:
        rows: dicts with `id`, `text`, `label` and `document`; rows of one document stay together.
    """
    import numpy as np

    documents = defaultdict(list)
    for row in rows:
        documents[row["document"]].append(row)
    names = sorted(documents)
    order = np.random.default_rng(seed).permutation(len(names))
    splits = {"test": [], "validation": [], "train": []}
    for index in order:
        wanted = ("test" if len(splits["test"]) < test else
                  "validation" if len(splits["validation"]) < validation else "train")
        splits[wanted].extend(documents[names[index]])
    return splits


def _begun(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} ..."


def make_task(name: str, title: str, splits: dict[str, list[dict]], label_names: tuple[str, ...],
              *, source: str, licence: str, citation: str, label_rule: str,
              notes: tuple[str, ...] = (), max_length: int = 128,
              harder: tuple[str, ...] = (), writing: Writing | None = None,
              metric: str = "") -> Task:
    """Make a task of rows (`id`, `text`, `label`) that are split already; writes the card.

    Without label names it is running text: each row's label is 0, and the metric that of language
    models. With `writing` each row has a `target` (str) too, and `metric` says how an answer is
    held against it.
    """
    from datasets import Dataset

    columns = ("id", "text", "label", *(["target"] if writing else []))
    sets = {split: Dataset.from_dict({key: [row[key] for row in rows] for key in columns})
            for split, rows in splits.items()}
    counts = {split: Counter(sets[split][:]["label"]) for split in ("train", "validation", "test")}
    shown = "train" if len(sets["train"]) else "test"
    share = max(counts[shown].values()) / len(sets[shown])
    metric = metric or (
        "log_likelihood" if not label_names else
        "macro_f1" if share > UNBALANCED or len(label_names) > 2 else "accuracy")
    examples = tuple((label, " → ".join(_begun(row[name]) for name in ("text", "target")
                                        if name in columns))
                     for number, label in enumerate(label_names or ("",))
                     for row in [r for r in splits[shown] if r["label"] == number][:2])
    card = Card(title, source, licence, citation, label_rule,
                {split: len(sets[split]) for split in counts},
                {split: {label_names[i]: count[i] for i in range(len(label_names))}
                 for split, count in counts.items()}, examples, notes)
    return Task(name, title, sets["train"], sets["validation"], sets["test"], label_names,
                metric, card, max_length, harder, writing)
