"""The rounds of blind games: one line each in a file, and what guessing would have done."""

import json
from datetime import UTC, datetime
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.curves.writing import guessing_does_that
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.widgets import guesses


def file() -> Path:
    return paths.home() / "blind_game.jsonl"


def kept_rounds(path: Path, **equal) -> list[dict]:
    """All rounds kept so far whose fields equal the given values, oldest first.

    None where the file cannot be read: that it cannot be written either is said by `keep_round`.
    """
    try:
        records = guesses.load(path)
    except OSError:
        return []
    return [record for record in records if isinstance(record.get("game"), int)
            and all(record.get(key) == value for key, value in equal.items())]


def keep_round(path: Path, record: dict) -> None:
    """Append a round; `record` has a `guess` and the number of its `game`.

    Raises:
        LearnerError: the file cannot be written.
    """
    line = json.dumps({"created": datetime.now(UTC).isoformat(timespec="seconds"), **record})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8") as lines:
            lines.write(f"\n{line}\n")  # a line that a full disk cut off must not swallow this one
    except OSError as error:
        raise LearnerError(f"the round could not be kept in {path}", error.strerror or str(error),
                           "make room or set LLMTL_HOME to a folder that you can write to; this "
                           "game goes on") from error


def chance_of(right: int, rounds: int) -> str:
    """'Guessing does that or better in 17% of games.'"""
    share = guessing_does_that(right, rounds)
    said = ("fewer than 1 of 100" if share < 0.01 else "more than 99 of 100"
            if 0.99 < share < 1 else f"{100 * share:.0f}% of")
    return f"Guessing does that or better in {said} games."
