"""Unlabelled text to pre-train on. Taught in 03.

No text that a sentiment task, or one made of film reviews, is tested with is in it. The articles of
`topics/news` and `headlines/news` are, so no checkpoint that read them is compared on those tasks.

Adding a corpus is adding an entry to `CORPORA`.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from llmtl_helpers.assets import asset_path
from llmtl_helpers.corpora.overlap import Overlap, overlap
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks import load_task
from llmtl_helpers.tasks.base import normalised
from llmtl_helpers.tasks.sentiment import DOMAINS, ratings_file, read_ratings

__all__ = ["CORPORA", "Corpus", "Overlap", "load_corpus", "overlap"]


@dataclass(frozen=True)
class Corpus:
    """Documents in a fixed order.

    Attributes:
        documents: one text each: an article, or the sentences of one review or editorial.
        excluded: texts left out since a task validates or tests with them, or with another
            sentence of the same document.
    """

    name: str
    title: str
    documents: tuple[str, ...]
    excluded: int
    source: str
    licence: str

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the documents, in order."""
        digest = hashlib.sha256()
        for document in self.documents:
            digest.update(document.encode() + b"\f")
        return digest.hexdigest()

    @property
    def words(self) -> int:
        return sum(len(document.split()) for document in self.documents)


def load_corpus(name: str) -> Corpus:
    """The corpus called `name`, or the text files below a folder, as `folder:PATH`.

    Raises:
        LearnerError: there is none, what it is made of has not been fetched, or the folder
            holds no text.
    """
    if name.startswith("folder:"):  # read anew each time: its files may have changed
        return _folder(name)
    return _known(name)


@lru_cache(maxsize=4)
def _known(name: str) -> Corpus:
    if name not in CORPORA:
        raise LearnerError(f"there is no corpus called {name!r}",
                           next=f"choose one of {', '.join(CORPORA)}, or folder:PATH")
    return CORPORA[name](name)


def _folder(name: str) -> Corpus:
    folder = Path(name.partition(":")[2]).expanduser()
    files = sorted(folder.rglob("*.txt"))
    try:
        texts = [(file.read_text(encoding="utf-8", errors="replace").strip(), str(file))
                 for file in files]
    except OSError as error:
        raise LearnerError(f"the text files of {folder} cannot be read", error.strerror or "",
                           "make them readable, or name another folder") from error
    kept, excluded = _without_held_out(pair for pair in texts if pair[0])
    if not kept:
        raise LearnerError(f"there is no text in {folder}",
                           f"{len(files):,} files there end in .txt, and none has a word",
                           "put plain text files there, one document each")
    return Corpus(name, f"Text files of {folder.name}", tuple(kept), excluded, str(folder),
                  "as you know it")


def _news(name: str) -> Corpus:
    folder = asset_path("news")
    articles = [file.read_text(encoding="latin-1").strip()
                for file in sorted(folder.glob("*/*.txt"))]
    kept, excluded = _without_held_out((article, article) for article in articles)
    return Corpus(name, "News articles", tuple(kept), excluded, "BBC News, 2004 and 2005",
                  "the BBC's; non-commercial research only")


def _rated(name: str) -> Corpus:
    """All sentences of one sentiment domain whose document is not held out, rated or not."""
    _, title, _, _, _ = DOMAINS[f"sentiment/{name}"]
    rows, _ = read_ratings(ratings_file(f"sentiment/{name}"))
    task = load_task(f"sentiment/{name}")
    documents = {row["id"]: row["document"] for row in rows}
    held_out = {documents[id] for split in (task.validation, task.test) for id in split[:]["id"]}
    kept, excluded = _without_held_out((row["text"], row["document"]) for row in rows
                                       if row["document"] not in held_out)
    return Corpus(name, title, tuple(kept),
                  excluded + sum(row["document"] in held_out for row in rows),
                  f"VADER data sets, file {ratings_file(f'sentiment/{name}').name}", "MIT")


def _together(title: str, *names: str) -> Callable[[str], Corpus]:
    def load(name: str) -> Corpus:
        parts = [load_corpus(part) for part in names]
        return Corpus(name, title, tuple(document for part in parts for document in part.documents),
                      sum(part.excluded for part in parts),
                      "; ".join(dict.fromkeys(part.source for part in parts)),
                      "; ".join(dict.fromkeys(part.licence for part in parts)))
    return load


CORPORA: dict[str, Callable[[str], Corpus]] = {
    "news": _news,
    "editorials": _rated,
    "general": _together("News articles and editorials", "news", "editorials"),
    "films": _rated,
    "products": _rated,
    "general-films": _together("News articles, editorials and film reviews", "general", "films"),
}


def _without_held_out(texts: Iterable[tuple[str, str]]) -> tuple[list[str], int]:
    """(text, document) pairs -> one text per document, duplicates and held-out texts left out.

    Returns:
        the documents, and how many texts were left out since a task holds them out.
    """
    kept: dict[str, list[str]] = {}
    seen, held_out, excluded = set(), _held_out(), 0
    for text, document in texts:
        key = normalised(text)
        if key in held_out:
            excluded += 1
        elif key not in seen:
            seen.add(key)
            kept.setdefault(document, []).append(text)
    return [" ".join(sentences) for sentences in kept.values()], excluded


@lru_cache(maxsize=1)
def _held_out() -> frozenset[str]:
    """Validation and test texts of every sentiment domain."""
    tasks = [load_task(name) for name in DOMAINS]
    return frozenset(normalised(text) for task in tasks for split in (task.validation, task.test)
                     for text in split[:]["text"])
