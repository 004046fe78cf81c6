"""The learner's journal: guesses, exercises, quizzes, games, rehearsals. It stays on this machine.

One file in `paths.home()` with an entry a line, in JSON; it only grows. A line that was cut off, by a
kill or a full disk, is passed over, and the next entry begins a line of its own. Two notebooks may
write at once: a short line is appended in one piece.
"""

import json
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError

VERSION = 1
KINDS = {  # kind -> what an entry holds beside kind, name, time and version; more is allowed
    "guess": ("guess", "truth"),  # truth: None where there was no result yet
    "word": ("guess", "truth", "words"),  # a guess that is no number; words: among how many
    "exercise": ("state",),  # "right" or "not yet"; "hint" or "solution": looked at
    "quiz": ("option", "right"),
    "blind": ("game", "round", "guess"),  # a round of "which one was tuned?"
    "rehearsal": ("rating", "seconds"),  # an interview question, answered aloud
}


class Journal:
    """What was done, oldest first.

    Args:
        file: default `paths.home() / "journal.jsonl"`.
    """

    def __init__(self, file: Path | None = None):
        self.file = Path(file) if file else paths.home() / "journal.jsonl"

    def entries(self, kind: str = "", **equal) -> list[dict]:
        """Entries of a kind, or all, whose fields equal the given values; none without a file.

        Entries of a newer version of the course are passed over, and stay in the file.

        Raises:
            LearnerError: the file cannot be read at all.
        """
        try:
            lines = self.file.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise LearnerError(f"your journal {self.file} cannot be read",
                               error.strerror or str(error), "check who may read it") from None
        found = [entry for entry in map(_entry, lines) if entry and kind in ("", entry["kind"])
                 and all(entry.get(name) == value for name, value in equal.items())]
        return sorted(found, key=lambda entry: entry["time"])

    def add(self, kind: str, name: str, **fields) -> dict:
        """Keep an entry and return it.

        Raises:
            LearnerError: it could not be written; what was there before still is.
        """
        entry = {"version": VERSION, "kind": kind, "name": name,
                 "time": datetime.now(UTC).isoformat(timespec="seconds"), **fields}
        if not _whole(entry):
            raise ValueError(f"an entry of kind {kind!r} needs {KINDS.get(kind)}, not {fields}")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            # one write call with a line break before and after: no cut line swallows this one
            handle = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(handle, f"\n{json.dumps(entry)}\n".encode())
            finally:
                os.close(handle)
        except OSError as error:
            raise LearnerError(f"this could not be kept in {self.file}",
                               error.strerror or str(error), "make room or set LLMTL_HOME to a "
                               "folder that you can write to; all else goes on") from error
        return entry

    def export(self, target: Path) -> int:
        """Write all entries to a new file, whole or not at all; how many.

        Raises:
            LearnerError: `target` is there already, or cannot be written.
        """
        target, found = Path(target), self.entries()
        if target.exists():
            raise LearnerError(f"{target} is there already", "an export overwrites nothing",
                               "choose another name")
        try:
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".journal-") as folder:
                whole = Path(folder) / "journal"
                whole.write_text("".join(f"{json.dumps(entry)}\n" for entry in found),
                                 encoding="utf-8")
                os.replace(whole, target)
        except OSError as error:
            raise LearnerError(f"{target} could not be written", error.strerror or str(error),
                               "choose a folder that is there and has room") from None
        return len(found)

    def take_over(self, other: Path) -> int:
        """Append the entries of an exported journal that are not here yet; how many.

        Raises:
            LearnerError: there is no such file, it holds no entry, or this one cannot be written.
        """
        found = Journal(other).entries()
        if not found:
            raise LearnerError(f"{other} holds no entry of a journal",
                               next="name a file that `progress --export` has written")
        here = self.entries()
        new = [entry for entry in found if entry not in here]
        for entry in new:
            self.add(**{key: value for key, value in entry.items() if key != "version"})
        return len(new)

    def erase(self) -> int:
        """Delete the journal; how many entries it had."""
        count = len(self.entries())
        self.file.unlink(missing_ok=True)
        return count


def _entry(line: str) -> dict | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if _whole(found) else None


def _whole(entry: object) -> bool:
    return (isinstance(entry, dict) and entry.get("version") == VERSION
            and isinstance(entry.get("name"), str) and isinstance(entry.get("time"), str)
            and set(KINDS.get(entry.get("kind"), ("no such kind",))) <= set(entry))


def remember(kind: str, name: str, **fields) -> str:
    """Keep an entry in the usual journal; where that fails a sentence instead of an error, since no
    exercise should break for it. "" if all is well."""
    try:
        Journal().add(kind, name, **fields)
    except LearnerError as error:
        return str(error)
    return ""


@dataclass(frozen=True)
class Guess:
    """A first guess and the result that it was held against, in the same unit."""

    what: str
    guess: float
    truth: float
    time: str


def first_guesses(journal: Journal | None = None) -> list[Guess]:
    """The first guess at each result, in the order in which they were made; one that came after
    the result was seen does not count.

    Raises:
        LearnerError: the journal cannot be read.
    """
    found: dict[str, Guess] = {}
    for entry in (journal or Journal()).entries("guess"):
        if not entry.get("seen") and entry["truth"] is not None:
            found.setdefault(entry["name"], Guess(entry["name"], entry["guess"], entry["truth"],
                                                  entry["time"]))
    return list(found.values())
