"""Flash cards of the interview questions, for Anki and as CSV. Used in 13."""

import csv
import io
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from markdown_it import MarkdownIt

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.interview.measures import fill
from llmtl_helpers.interview.questions import Question
from llmtl_helpers.ledger import Ledger

MODEL, DECK = 1_730_114_905, 1_730_114_906  # drawn once: Anki knows our cards again by them
COLUMNS = ("question", "level", "topic", "30 seconds", "measured", "the usual wrong answer",
           "what comes next", "notebook", "sources")
STYLE = ".card {font-family: sans-serif; text-align: left; max-width: 40em; margin: auto}"
_markdown = MarkdownIt("commonmark", {"html": False})


def rows(questions: Sequence[Question], ledger: Ledger) -> list[tuple[str, ...]]:
    """One tuple a question, in the order of COLUMNS, as Markdown; numbers from the ledger."""
    return [(one.asked, one.level, one.topic, one.short, fill(one.measured, ledger).text, one.wrong,
             one.follow_up, one.lesson, one.sources) for one in questions]


def save(path: str | os.PathLike, questions: Sequence[Question],
         made: Sequence[tuple[str, ...]]) -> Path:
    """Write the cards as .apkg, which Anki imports, or as .csv; whole or not at all.

    Importing a newer file into Anki updates the cards and keeps what Anki knows of you.

    Args:
        made: what `rows` makes of the questions. That takes seconds, and serves both endings.

    Raises:
        LearnerError: another ending, or the file cannot be written.
    """
    path = Path(path).expanduser()
    makers = {".apkg": _anki, ".csv": _csv}
    if path.suffix.lower() not in makers:
        raise LearnerError(f"{path.name} cannot be written", "its ending is no format of cards",
                           "end the name in .apkg (Anki) or .csv")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".cards-") as folder:
            whole = Path(folder) / path.name
            makers[path.suffix.lower()](whole, questions, made)
            os.replace(whole, path)
    except OSError as error:
        raise LearnerError(f"{path} could not be written", error.strerror or str(error),
                           "choose a folder that is there and has room") from None
    return path


def _csv(target: Path, questions: Sequence[Question], found: list[tuple[str, ...]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *found])
    target.write_text(text.getvalue(), encoding="utf-8-sig")  # so that spreadsheets read it right


def _anki(target: Path, questions: Sequence[Question], found: list[tuple[str, ...]]) -> None:
    import genanki

    back = "".join(f"<h4>{name}</h4>{{{{{name}}}}}" for name in COLUMNS[3:7])
    model = genanki.Model(
        MODEL, "Transfer learning, interview", fields=[{"name": name} for name in COLUMNS],
        templates=[{"name": "Card", "qfmt": "<small>{{topic}} · {{level}}</small><h3>{{question}}"
                    "</h3>", "afmt": f"{{{{FrontSide}}}}<hr id=answer>{back}<small>notebook "
                    "{{notebook}}; {{sources}}</small>"}], css=STYLE)
    deck = genanki.Deck(DECK, "Transfer learning in language models")
    for question, row in zip(questions, found, strict=True):
        deck.add_note(genanki.Note(model=model, fields=[_html(text) for text in row],
                                   guid=genanki.guid_for("llmtl", question.name)))
    genanki.Package(deck).write_to_file(str(target))


def _html(text: str) -> str:
    """Markdown as HTML, everything else escaped; one paragraph without its tags."""
    html = _markdown.render(text).strip()
    return html[3:-4] if html.startswith("<p>") and html.count("<p>") == 1 else html
