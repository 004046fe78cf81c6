"""The headline of a news article, to be written from its first sentences. Taught in 09.

Articles and splits are those of `topics/news`: one that is held out there is held out here.
"""

import re
from html import unescape

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks.base import Writing, make_task, normalised
from llmtl_helpers.tasks.near_duplicates import near_duplicates

LESSON = "09"
NAMES = ("headlines/news",)
KIND = "written"
LONGEST = 60  # words of an article that are read: a slow processor is to train on them
READ = 144  # tokens of such a text and its headline
LEAD = 11  # words; of 3 to 15 the lead that scores best on the training articles, so no straw man
SENTENCE_END = re.compile(r"[.!?][\"')]*(?=\s|$)")


def lead(text: str) -> str:
    """The first words of a text: the headline that needs no model. Taught in 09."""
    return " ".join(text.split()[:LEAD])


WRITING = Writing(
    prompt="Article: {text}\nHeadline:",
    instruction="Write the headline of this news article, in about five words. Answer with nothing "
                "but the headline.",
    answer_tokens=20, baseline=lead, baseline_label=f"lead (first {LEAD} words)")


def load(name: str):
    """Load the beginning and the headline of each article.

    Raises:
        LearnerError: the asset is not here, a file of it cannot be read, or no file has a headline
            and a text.
    """
    from llmtl_helpers.tasks import load_task

    topics = load_task("topics/news")
    read = {split: getattr(topics, split)[:] for split in ("train", "validation", "test")}
    rows = {split: [_row(id, text) for id, text in zip(found["id"], found["text"], strict=True)]
            for split, found in read.items()}
    whole = {split: [row for row in found if row["text"] and row["target"]]
             for split, found in rows.items()}
    if not all(whole.values()):
        raise LearnerError("no headlines are found", "the articles are not a headline, an empty "
                           "line and a text", "run `python3 start.py assets fetch news`")
    empty = sum(map(len, rows.values())) - sum(map(len, whole.values()))
    splits = {**whole, "train": _apart(whole)}
    known = sum(normalised(row["target"]) in normalised(row["text"])
                for found in splits.values() for row in found)
    card = topics.card
    return make_task(
        name, "Headlines of news articles", splits, (), source=card.source, licence=card.licence,
        citation=card.citation, label_rule="the target is the first line of the article's file",
        max_length=READ, writing=WRITING, metric="rouge_l", notes=(
            "Held out are the articles that topics/news holds out.",
            f"A text is the article's first whole sentences, at most {LONGEST} words.",
            f"Left out: {empty:,} without a headline or a text; from training, "
            f"{len(whole['train']) - len(splits['train']):,} whose headline is held out or whose "
            "text is nearly that of another article.",
            f"Headlines that stand word for word in their text: {known:,}.",
            f"The baseline is the lead: the first {LEAD} words of the text. No other length from 3 "
            "to 15 words has a better ROUGE-L on the training articles."))


def _row(id: str, article: str) -> dict:
    headline, _, body = unescape(article).partition("\n")
    return {"id": id, "text": beginning(body), "label": 0, "target": " ".join(headline.split())}


def beginning(body: str, longest: int = LONGEST) -> str:
    """As many whole sentences as have at most `longest` words; a longer one is cut there."""
    first = " ".join(body.split()[:longest])
    ends = [end.end() for end in SENTENCE_END.finditer(first)]
    return first[:ends[-1]] if ends else first


def _apart(whole: dict[str, list[dict]]) -> list[dict]:
    """Training rows that say something else than every held-out row and every earlier one."""
    held_out = [*whole["validation"], *whole["test"]]
    headlines = {normalised(row["target"]) for row in held_out}
    group = near_duplicates([row["text"] for row in [*held_out, *whole["train"]]])
    return [row for place, row in enumerate(whole["train"], len(held_out))
            if group[place] == place and normalised(row["target"]) not in headlines]
