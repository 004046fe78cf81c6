"""Film reviews to be written on from their first three words. Taught in 08.

The texts and the splits are those of `language/films`: no review that is held out there is read
in training here.
"""

import re

from llmtl_helpers.tasks.base import Writing, make_task

LESSON = "08"
NAMES = ("write/films",)
KIND = "written"
GIVEN = 3  # words that stand in the prompt
LEAST = 6  # words of a review: of a shorter one too little is left to be written
READ = 96  # tokens of a review
WRITING = Writing(
    prompt="Film review: {text}",
    instruction="A film critic's one-line review begins with the words below. Write on from there, "
                "in the critic's manner. Answer with nothing but the rest of the review.",
    answer_tokens=48)


def load(name: str):
    """Load the reviews, each cut into its first words and the rest.

    Raises:
        LearnerError: the asset is not here, or its file holds no reviews.
    """
    from llmtl_helpers.tasks import load_task

    films = load_task("language/films")
    whole = {split: getattr(films, split) for split in ("train", "validation", "test")}
    splits = {split: [row for id, text in zip(rows[:]["id"], rows[:]["text"], strict=True)
                      if (row := _row(id, text))] for split, rows in whole.items()}
    short = sum(map(len, whole.values())) - sum(map(len, splits.values()))
    card = films.card
    return make_task(
        name, "Writing on: film reviews", splits, (), source=card.source, licence=card.licence,
        citation=card.citation, label_rule=f"the target is all that follows the first {GIVEN} "
        "words of a review", max_length=READ, writing=WRITING, metric="log_likelihood",
        notes=("Held out are the texts that sentiment/films holds out.",
               f"Left out: {short:,} texts with fewer than {LEAST} words.",
               "The file has lost its dashes: where three spaces or four stand in a row there is a "
               "dash again. Hyphens were lost too, and cannot be told from spaces (\"well made\"). "
               "Two apostrophes became a quotation mark."))


def _row(id: str, text: str) -> dict | None:
    words = _plain(text).split()
    if len(words) < LEAST:
        return None
    return {"id": id, "text": " ".join(words[:GIVEN]), "label": 0,
            "target": " ".join(words[GIVEN:])}


def _plain(text: str) -> str:
    """With the dashes and quotation marks that the file has lost."""
    return re.sub(r"\s{3,}", " – ", text.strip().replace("''", '"'))
