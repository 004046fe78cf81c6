"""Takes wanted members out of an archive, and nothing else.

An archive is refused as a whole if any of its members, wanted or not, could be written
outside the target folder or is bigger than expected. Nothing in it is ever run.
"""

import gzip
import hashlib
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, NamedTuple

from llmtl_helpers.assets.catalogue import Take
from llmtl_helpers.errors import LearnerError

CHUNK = 1 << 20  # bytes
MOST_MEMBERS = 50_000
_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile,
            zlib.error, EOFError, RuntimeError)


class Entry(NamedTuple):
    """An unpacked file, as it was written."""

    sha256: str
    bytes: int


class _Member(NamedTuple):
    name: str
    size: int  # bytes, as declared: neither reader below ever gives more than that
    kind: str  # "file", "folder" or "other": a link, a device, a pipe
    stream: IO[bytes] | None  # of a file


class _Refused(Exception):
    """Why an archive is not unpacked."""


def unpack(archive: Path, takes: tuple[Take, ...], target: Path,
           limit_megabytes: float) -> dict[str, Entry]:
    """Unpack the wanted members of a zip or tar archive into the new folder `target`.

    Each file is flushed to disk before this returns.

    Returns:
        What was written: name relative to `target`, with `/` -> hash and size.

    Raises:
        LearnerError: the archive is damaged, unsafe, too big, or lacks a wanted member.
        OSError: a file cannot be written.
    """
    target.mkdir()
    budget = [int(limit_megabytes * 1e6), MOST_MEMBERS]
    try:
        written = _take(archive, takes, "", target, budget)
    except _Refused as reason:
        raise LearnerError(f"the archive {archive.name} was not unpacked", str(reason),
                           "nothing was kept; please report this to the authors of the suite"
                           ) from None
    except _DAMAGED as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(":.")
        raise LearnerError(f"the archive {archive.name} cannot be read", reason,
                           "run `python3 start.py assets fetch` again") from error
    return written


def _take(archive: Path, takes: tuple[Take, ...], inner: str, target: Path,
          budget: list[int]) -> dict[str, Entry]:
    """Unpack from one level: the archive itself (`inner` is ""), or one inside it."""
    written: dict[str, Entry] = {}
    wanted = [take for take in takes if take.inner == inner]
    deeper = {take.inner for take in takes} - {inner} if not inner else set()
    missing = {take.pattern for take in wanted} | deeper
    for member in _members(archive):
        _check(member, budget)
        if member.kind != "file":
            continue
        if member.name in deeper:
            # the file's ending tells how to read it, so its last part is kept
            nested = target.with_name("inner-" + member.name.rpartition("/")[2])
            _write(member.stream, nested)
            written |= _take(nested, takes, member.name, target, budget)
            nested.unlink()
            missing.discard(member.name)
        for take in wanted:
            if fnmatchcase(member.name, take.pattern):
                missing.discard(take.pattern)
                name = member.name.removeprefix(take.strip)
                written[name] = _write(member.stream, target / name)
                break
    if missing:
        raise _Refused(f"it has no member {', '.join(sorted(missing))}")
    return written


def _check(member: _Member, budget: list[int]) -> None:
    name = member.name
    parts = name.rstrip("/").split("/")
    # a colon is a drive letter or a hidden stream on Windows, a backslash a folder there
    if (any(part in ("", "..") for part in parts) or any(sign in name for sign in "\\:\0")
            or (member.kind == "file" and parts[-1] == ".")):
        raise _Refused(f"its member {name!r} points outside the folder it belongs in")
    if member.kind == "other":
        raise _Refused(f"its member {name!r} is a link or a device")
    budget[0] -= member.size
    budget[1] -= 1
    if min(budget) < 0:
        raise _Refused("its members add up to more than this asset may take")


def _write(stream: IO[bytes], file: Path) -> Entry:
    digest, size = hashlib.sha256(), 0
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        out = open(file, "xb")  # never over another member of the same name
    except (FileExistsError, NotADirectoryError):
        raise _Refused(f"it holds {file.name!r} twice, or as file and as folder") from None
    with out:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            size += out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return Entry(digest.hexdigest(), size)


def _members(archive: Path) -> Iterator[_Member]:
    return _zip_members(archive) if archive.suffix in (".whl", ".zip") else _tar_members(archive)


def _zip_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            mode = stat.S_IFMT(info.external_attr >> 16)
            if info.filename.endswith("/"):  # is_dir() fails on an empty name
                yield _Member(info.filename, 0, "folder", None)
            elif mode not in (0, stat.S_IFREG):
                yield _Member(info.filename, info.file_size, "other", None)
            else:
                with opened.open(info) as stream:
                    yield _Member(info.filename, info.file_size, "file", stream)


def _tar_members(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive) as opened:
        for info in opened:
            kind = "file" if info.isreg() else "folder" if info.isdir() else "other"
            stream = opened.extractfile(info) if kind == "file" else None
            yield _Member(info.name, info.size, kind, stream)
