"""What an article is about: BBC News of 2004 and 2005 in five topics. Taught in 07."""

from pathlib import Path

from llmtl_helpers.assets import asset_path
from llmtl_helpers.assets.catalogue import get_asset
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks.base import drop_duplicates, make_task, split_rows
from llmtl_helpers.tasks.near_duplicates import drop_near_duplicates

LESSON = "07"
NAMES = ("topics/news",)
READ = 64  # tokens of an article: twice as many would cost a network twice the time
TEST, VALIDATION = 800, 300  # of some 2,100 articles: a test set of 1,000 would leave too few


def load(name: str):
    """Load headline and text of each article; of nearly equal ones the first is kept.

    Raises:
        LearnerError: the asset is not here, or a file of it cannot be read.
    """
    folder, asset = asset_path("news"), get_asset("news")
    read, empty = _read(folder)
    names = sorted({row["topic"] for row in read})
    rows, dropped = drop_duplicates([{**row, "label": names.index(row["topic"])} for row in read])
    rows, alike = drop_near_duplicates(rows)
    return make_task(
        name, "Topics of news articles", split_rows(rows, TEST, VALIDATION), tuple(names),
        source=f"BBC News, as the package {asset.package} carries it", licence=asset.licence,
        citation=asset.citation, label_rule="the section of the site that carried the article",
        notes=(f"Articles in the archive: {len(read) + empty:,}. Left out: {empty:,} without text, "
               f"{dropped:,} duplicates (same words), {alike:,} near-duplicates.",
               f"A text is the headline and the article. A network reads its first {READ} tokens, "
               "a bag of words all of it."), max_length=READ)


def _read(folder: Path) -> tuple[list[dict], int]:
    """A row for each file of each topic's folder, and the number of empty files."""
    rows, empty = [], 0
    for file in sorted(folder.glob("*/*.txt")):
        try:
            text = file.read_text(encoding="utf-8", errors="replace").strip()
        except OSError as error:
            raise LearnerError(f"the article {file.name} cannot be read", error.strerror or "",
                               "run `python3 start.py assets fetch news`") from error
        topic, id = file.parent.name, f"{file.parent.name}/{file.stem}"
        empty += not text
        if text:
            rows.append({"id": id, "document": id, "topic": topic, "text": text})
    if len({row["topic"] for row in rows}) < 2:
        raise LearnerError("no articles are found", f"{folder} does not hold two topics",
                           "run `python3 start.py assets fetch news`")
    return rows, empty
