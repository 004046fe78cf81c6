"""Junk or not: text messages. Taught in 07."""

from html import unescape
from pathlib import Path

from llmtl_helpers.assets import asset_path
from llmtl_helpers.assets.catalogue import get_asset
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks.base import drop_duplicates, make_task, split_rows
from llmtl_helpers.tasks.near_duplicates import drop_near_duplicates

LESSON = "07"
NAMES = ("sms/spam",)
TEST, VALIDATION = 1200, 600
LABELS = {"ham": "real", "spam": "junk"}


def load(name: str):
    """Load the messages; of nearly equal ones the first is kept.

    Raises:
        LearnerError: the asset is not here, or its file holds no messages.
    """
    path = asset_path("sms") / "spam_collection.csv"
    read, broken = _read(path)
    rows, dropped = drop_duplicates(read)
    rows, alike = drop_near_duplicates(rows)
    asset = get_asset("sms")
    note = (f"Lines in the file: {len(read) + broken:,}. Left out: {broken:,} that could not be "
            f"read, {dropped:,} duplicates (same words), {alike:,} near-duplicates.")
    return make_task(name, "Text messages: junk or real", split_rows(rows, TEST, VALIDATION),
                     tuple(LABELS.values()), source="SMS spam collection, as the package "
                     f"{asset.package} carries it", licence=asset.licence, citation=asset.citation,
                     label_rule="as its collectors labelled each message", notes=(
                         note, "In some real messages <#> stands for a number that was taken out, "
                         "in no junk one: a model may learn to look for that mark."))


def _read(path: Path) -> tuple[list[dict], int]:
    """Rows of `label <tab> text` lines, and the number of lines set aside."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError as error:
        raise LearnerError(f"the file {path.name} cannot be read", error.strerror or "",
                           "run `python3 start.py assets fetch sms`") from error
    rows, broken = [], 0
    for number, line in enumerate(filter(str.strip, lines)):
        label, _, text = line.partition("\t")
        text = _plain(text.strip())
        if label not in LABELS or not text:
            broken += 1
            continue
        rows.append({"id": f"sms-{number}", "document": f"sms-{number}", "text": text,
                     "label": list(LABELS).index(label)})
    if not rows:
        raise LearnerError(f"the file {path.name} holds no messages",
                           "no line has the form label, text",
                           "run `python3 start.py assets fetch sms`")
    return rows, broken


def _plain(text: str) -> str:
    """As it was sent: a text with quotation marks in it is quoted as a whole, signs are escaped."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('""', '"')
    return unescape(text).strip()
