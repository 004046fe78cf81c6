"""What should be known about a table of texts and labels before anything is trained. Taught in 12."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from llmtl_helpers.arms import ENCODER
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.own_data.reading import Table
from llmtl_helpers.tasks.base import drop_duplicates
from llmtl_helpers.tasks.near_duplicates import drop_near_duplicates

MOST_CLASSES = 50
LEAST_OF_A_CLASS = 10
LEAST = 100  # rows, for three splits
FEW = 400  # rows: below, intervals are wide
READ = 128  # tokens of a text that the network reads
SAMPLED = 2000  # texts whose tokens are counted
COMPARED = 20_000  # rows up to which all pairs are compared for near-duplicates
GIVEAWAY = 0.9  # share of a class that one word finds, and of what it finds that is right
NUMERIC = re.compile(r"-?\d+[.,]\d+")
FORMULA = re.compile(r"[=+@]\S")


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: level "ok", "note" or "warning", and a sentence."""

    level: str
    sentence: str

    def __str__(self) -> str:
        return f"[{self.level.upper()}] {self.sentence}"


@dataclass(frozen=True)
class Examined:
    """Rows that can be used, and what there is to say about them.

    Attributes:
        rows: dicts with id, document, text and label, a number. labels: names of the classes.
    """

    rows: tuple[dict, ...]
    labels: tuple[str, ...]
    findings: tuple[Finding, ...]


def examine(table: Table, text: str, label: str) -> Examined:
    """Check a table whose column `text` is to be told apart by the column `label`.

    Raises:
        LearnerError: the column is the same, or nothing can be learnt: no texts, one class,
            numbers instead of classes, too many classes, too few rows.
    """
    if text == label:
        raise LearnerError("text and label are the same column", f"both are {text!r}",
                           "choose two columns")
    pairs = [(one.strip(), " ".join(other.split()))
             for one, other in zip(table.column(text), table.column(label), strict=True)]
    whole = [(one, other) for one, other in pairs if one and other]
    findings = [Finding("note", sentence) for sentence in table.notes]
    if missing := len(pairs) - len(whole):
        findings.append(Finding("note", f"{missing:,} rows lack a text or a label and were left "
                                        "out."))
    labels = _classes(table, label, [other for _, other in whole])
    number = {name: place for place, name in enumerate(labels)}
    rows = [{"id": f"own-{place}", "document": f"own-{place}", "text": one,
             "label": number[other]} for place, (one, other) in enumerate(whole)]
    rows, dropped = drop_duplicates(rows)
    findings.append(_counted("duplicates (same words)", dropped))
    rows, findings = _alike(rows, findings)
    counts = Counter(row["label"] for row in rows)
    _enough(table, rows, counts, labels)
    findings += [_balance(rows, counts, labels), _size(rows), *_texts(rows),
                 *_giveaways(rows, labels)]
    return Examined(tuple(rows), labels, tuple(findings))


def _classes(table: Table, label: str, values: list[str]) -> tuple[str, ...]:
    counts = Counter(values)
    if not counts:
        raise LearnerError(f"the file {table.name} has no row with a text and a label",
                           next="choose other columns")
    if len(counts) == 1:
        raise LearnerError(f"the column {label!r} holds one class alone",
                           f"every row says {_cut(values[0])!r}", "choose another column")
    numbers = sum(bool(NUMERIC.fullmatch(value)) for value in counts)
    if len(counts) > 12 and numbers > len(counts) / 2:
        raise LearnerError(f"the column {label!r} holds numbers, not classes",
                           f"{len(counts):,} different values such as {next(iter(counts))!r}",
                           "make classes of them first, for instance low and high")
    if len(counts) > MOST_CLASSES:
        rare = sum(count == 1 for count in counts.values())
        raise LearnerError(f"the column {label!r} holds {len(counts):,} different labels, "
                           f"{rare:,} of them once", f"at most {MOST_CLASSES} can be told apart here",
                           "choose another column, or put rare labels together")
    return tuple(sorted(counts))


def _alike(rows: list[dict], findings: list[Finding]) -> tuple[list[dict], list[Finding]]:
    if len(rows) > COMPARED:
        return rows, [*findings, Finding("note", f"With more than {COMPARED:,} rows nearly equal texts "
                                                 "were not looked for: some may stand in two "
                                                 "splits.")]
    rows, dropped = drop_near_duplicates(rows)
    return rows, [*findings, _counted("nearly equal texts (half of their runs of five words)",
                                      dropped)]


def _counted(what: str, dropped: int) -> Finding:
    if dropped:
        return Finding("note", f"{dropped:,} {what} were left out: one in training and one in the "
                               "test would look like skill.")
    return Finding("ok", f"No {what}.")


def _enough(table: Table, rows: list[dict], counts: Counter, labels: tuple[str, ...]) -> None:
    if len(rows) < LEAST:
        raise LearnerError(f"the file {table.name} has {len(rows)} different texts with a label",
                           f"fewer than {LEAST} cannot be divided into training, validation and "
                           "test", "label more")
    rare = {labels[place]: count for place, count in counts.items() if count < LEAST_OF_A_CLASS}
    if rare or len(counts) < len(labels):
        rare |= {name: 0 for place, name in enumerate(labels) if place not in counts}
        name = min(rare, key=rare.get)
        raise LearnerError(f"the class {_cut(name)!r} has {rare[name]} texts",
                           f"fewer than {LEAST_OF_A_CLASS} of a class teach and test nothing",
                           "label more of it, or leave that class out")


def _balance(rows: list[dict], counts: Counter, labels: tuple[str, ...]) -> Finding:
    (place, most), share = counts.most_common(1)[0], counts.most_common(1)[0][1] / len(rows)
    listed = ", ".join(f"{counts[at]:,} {_cut(name)}" for at, name in enumerate(labels[:8]))
    more = f" and {len(labels) - 8} more classes" if len(labels) > 8 else ""
    if share > 0.6:
        return Finding("warning", f"Classes are uneven ({listed}{more}): always saying "
                                  f"{_cut(labels[place])!r} is right in {share:.0%}. Scores are "
                                  "macro-F1, which that does not impress.")
    return Finding("ok", f"Classes: {listed}{more}.")


def _size(rows: list[dict]) -> Finding:
    if len(rows) < FEW:
        return Finding("warning", f"{len(rows):,} rows are few: the test set is small, so intervals "
                                  "will be wide and small differences cannot be seen.")
    return Finding("ok", f"{len(rows):,} rows can be used.")


def _texts(rows: list[dict]) -> list[Finding]:
    """Length in tokens, words that the tokenizer does not know, script, signs of formulas."""
    from llmtl_helpers.models import load_tokenizer

    some = [row["text"] for row in rows[:: max(1, len(rows) // SAMPLED)]][:SAMPLED]
    findings = []
    try:
        tokenizer = load_tokenizer(ENCODER)
        tokens = tokenizer([text[:20_000] for text in some], add_special_tokens=False)["input_ids"]
        longer = sum(len(ids) > READ - 2 for ids in tokens) / len(tokens)
        unknown = (sum(ids.count(tokenizer.unk_token_id) for ids in tokens)
                   / max(1, sum(map(len, tokens))))
        findings.append(Finding(
            "warning" if longer > 0.3 else "ok",
            f"{longer:.0%} of the texts are longer than the {READ} tokens that the network reads"
            + ("; the rest of them is cut off. The bag of words reads all of it."
               if longer >= 0.005 else ".")))
        if unknown > 0.02:
            findings.append(Finding("warning", f"{unknown:.0%} of all tokens are unknown to the "
                                               "checkpoint: it was trained on other text."))
    except LearnerError as missing:
        findings.append(Finding("note", f"Lengths were not counted. {missing}"))
    letters = Counter("latin" if "LATIN" in unicodedata.name(sign, "") else "other"
                      for text in some for sign in text[:500] if sign.isalpha())
    other = letters["other"] / max(1, letters.total())
    if other > 0.05:
        findings.append(Finding("warning", f"{other:.0%} of the letters are not Latin. The checkpoint "
                                           "read English: expect little of it here."))
    if formulas := sum(bool(FORMULA.match(text)) for text in some):
        findings.append(Finding("note", f"{formulas:,} of {len(some):,} texts begin like a "
                                        "spreadsheet's formula. They are text here; nothing "
                                        "evaluates them."))
    return findings


def _giveaways(rows: list[dict], labels: tuple[str, ...]) -> list[Finding]:
    """Words that by themselves give a class away, such as the label's name in the text."""
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    some = rows[:: max(1, len(rows) // SAMPLED)][:SAMPLED]
    try:
        counter = CountVectorizer(binary=True, max_features=5000, min_df=3)
        words = counter.fit_transform([row["text"] for row in some]).tocsc()
    except ValueError:  # no words at all
        return [Finding("warning", "The texts hold hardly any words that occur twice.")]
    truth, names = np.array([row["label"] for row in some]), counter.get_feature_names_out()
    holding = np.asarray(words.sum(0)).ravel()
    found = []
    for place, label in enumerate(labels):
        mine = truth == place
        right = np.asarray(words[mine].sum(0)).ravel()
        telling = (right >= GIVEAWAY * mine.sum()) & (right >= GIVEAWAY * holding) & (mine.sum() > 4)
        found += [(names[at], label) for at in np.flatnonzero(telling)]
    return [Finding("warning", f"The word {word!r} alone gives the class {_cut(label)!r} away: in nearly "
                               "all of its texts and hardly in any other. Is it there when you "
                               "need the answer?") for word, label in found[:3]]


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
