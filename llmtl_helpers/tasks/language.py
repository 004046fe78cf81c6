"""Running text that a language model is to continue: sentences of film reviews. Taught in 03.

The held-out sentences are those of the sentiment task, so no corpus holds them. All others are
training text, the ones without a clear sentiment too.
"""

from llmtl_helpers.tasks import sentiment
from llmtl_helpers.tasks.base import make_task, normalised

LESSON = "03"
NAMES = ("language/films",)
KIND = "text"


def load(name: str):
    from llmtl_helpers.tasks import load_task

    labelled = load_task("sentiment/films")
    rows, _ = sentiment.read_ratings(sentiment.ratings_file("sentiment/films"))
    splits = {split: [{"id": row["id"], "text": row["text"], "label": 0} for row in held]
              for split, held in (("validation", labelled.validation), ("test", labelled.test))}
    seen = {normalised(row["text"]) for held in splits.values() for row in held}
    splits["train"] = []
    for row in rows:
        if (key := normalised(row["text"])) not in seen:
            seen.add(key)
            splits["train"].append({"id": row["id"], "text": row["text"], "label": 0})
    card = labelled.card
    return make_task(name, "Running text: film reviews", splits, (), source=card.source,
                     licence=card.licence, citation=card.citation,
                     label_rule="none: each token but the first of a text is to be guessed",
                     notes=("Held out are the texts that sentiment/films holds out.",))
