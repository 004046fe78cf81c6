"""Sentiment of short texts in four domains, rated by people. Taught in 01.

Hutto & Gilbert (2014) had every text rated by 20 people from -4 to 4. Texts whose mean
rating lies between -0.5 and 0.5 are left out: people do not agree that they have a side.
"""

from html import unescape

from llmtl_helpers.assets import asset_path
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks.base import drop_duplicates, make_task, split_rows

THRESHOLD = 0.5

# name: (file, title, what a text is, test size, validation size)
DOMAINS = {
    "sentiment/films": ("movieReviewSnippets", "Film reviews", "sentence of a review", 1200, 600),
    "sentiment/products": ("amazonReviewSnippets", "Product reviews", "sentence of a review",
                           1000, 400),
    "sentiment/editorials": ("nytEditorialSnippets", "News editorials",
                             "sentence of an editorial", 1000, 400),
    "sentiment/tweets": ("tweets", "Tweets", "tweet", 1000, 400),
}
LESSON = "01"
NAMES = tuple(DOMAINS)


def load(name: str):
    """Load one domain; sentences of one review or editorial never straddle a split."""
    _, title, unit, test, validation = DOMAINS[name]
    path = ratings_file(name)
    rated, broken = read_ratings(path)
    rows = [{**row, "label": int(row["rating"] > 0)}
            for row in rated if abs(row["rating"]) >= THRESHOLD]
    rows, dropped = drop_duplicates(rows)
    notes = [f"Of {len(rated):,} rated texts, those with a mean rating between -{THRESHOLD} and "
             f"{THRESHOLD} are left out, then {dropped:,} duplicates (same words)."]
    if any(row["document"] != row["id"] for row in rows):
        notes.append("Sentences of one document are all in one split.")
    if broken:
        notes.append(f"{broken:,} lines could not be read and were set aside.")
    return make_task(
        name, f"Sentiment: {title.lower()}", split_rows(rows, test, validation),
        ("negative", "positive"),
        source=f"VADER data sets, file {path.name}; one {unit} per row, rated by 20 people",
        licence="MIT (as the package that carries them)",
        citation="Hutto & Gilbert (2014): VADER: A Parsimonious Rule-based Model for Sentiment "
                 "Analysis of Social Media Text. ICWSM-14",
        label_rule=f"positive if the mean rating is at least {THRESHOLD}, "
                   f"negative if it is at most -{THRESHOLD}",
        notes=tuple(notes))


def ratings_file(name: str):
    """The file that holds a domain's texts, rated or not."""
    return asset_path("sentiment") / f"{DOMAINS[name][0]}_GroundTruth.txt"


def read_ratings(path) -> tuple[list[dict], int]:
    """Read `id <tab> mean rating <tab> text` lines.

    Returns:
        rows with `id`, `document` (the id before its last `_`), `rating` and `text`
        (HTML entities such as `&amp;` decoded), and the number of lines set aside.

    Raises:
        LearnerError: the file cannot be read, or no line of it has that form.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError as error:
        raise LearnerError(f"the ratings file {path.name} cannot be read", error.strerror or "",
                           "run `python3 start.py assets verify`") from error
    rows, broken = [], 0
    for line in filter(str.strip, lines):
        parts = line.rstrip("\r").split("\t")
        try:
            id, rating, text = parts[0], float(parts[1]), unescape(parts[2]).strip()
        except (IndexError, ValueError):
            broken += 1
            continue
        if not text or not -4 <= rating <= 4:
            broken += 1
            continue
        rows.append({"id": id, "document": id.rpartition("_")[0] or id,
                     "rating": rating, "text": text})
    if not rows:
        raise LearnerError(f"the ratings file {path.name} holds no ratings",
                           "no line has the form id, rating, text",
                           "run `python3 start.py assets fetch sentiment`")
    return rows, broken
