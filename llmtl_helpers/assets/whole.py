"""Makes a folder of the cache: it is there whole or not at all.

Everything happens in a temporary folder beside the final one, under a lock. A making that is
killed leaves only such a folder, which the next one removes.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from llmtl_helpers.errors import LearnerError


def make_whole(folder: Path, what: str, megabytes: float, again: str, is_whole: Callable[[], bool],
               make: Callable[[Path], Path], waiting: Callable[[list[Path]], None]) -> None:
    """Let `make` make `folder`, unless it is whole once the lock is held.

    Args:
        what: what the errors call it, such as "'encoder'".
        megabytes: room on the disk that must be free before `make` is called, in 10**6 bytes.
        again: the errors' advice on how to try again.
        is_whole: whether there is nothing to do; a folder that is not whole is replaced.
        make: called with an empty temporary folder; returns the folder in it that is to take the
            name `folder`. It flushes its files to disk; folders are flushed here.
        waiting: called twice a second while another process is at it, with that one's temporary
            folders.

    Raises:
        LearnerError: the disk is full, or refuses to be written; and what `make` raises.
    """
    with _explained(what, folder.parent, again):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(folder, waiting):
            if is_whole():  # another process may have made it meanwhile
                return
            for left in _temporary_folders(folder):
                shutil.rmtree(left, ignore_errors=True)
            _check_room(what, folder.parent, megabytes, again)
            with tempfile.TemporaryDirectory(prefix=_prefix(folder), dir=folder.parent,
                                             ignore_cleanup_errors=True) as temporary:
                made = make(Path(temporary))
                _sync_folders(made)
                if folder.exists():
                    folder.rename(Path(temporary) / "damaged")
                made.rename(folder)
                _sync_folders(folder.parent, deep=False)


def _prefix(folder: Path) -> str:
    return f".{folder.name}."


def _temporary_folders(folder: Path) -> list[Path]:
    return [path for path in folder.parent.glob(f"{_prefix(folder)}*") if path.is_dir()]


@contextmanager
def _only_one(folder: Path, waiting: Callable[[list[Path]], None]) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(folder.parent / f"{_prefix(folder)}lock")
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except Timeout:
            waiting(_temporary_folders(folder))
    try:
        yield
    finally:
        lock.release()


def _check_room(what: str, place: Path, megabytes: float, again: str) -> None:
    free = shutil.disk_usage(place).free / 1e6
    if free < megabytes:
        raise LearnerError(f"the disk is too full for {what}",
                           f"{megabytes:.0f} MB are needed and {free:.0f} MB are free",
                           f"make room, or point LLMTL_HOME to another disk, then {again}")


@contextmanager
def _explained(what: str, place: Path, again: str) -> Iterator[None]:
    """Turn what the file system refuses into a sentence."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise LearnerError(
            f"the disk is full, so {what} was not kept" if full
            else f"{what} cannot be written to {place}",
            "" if full else error.strerror or str(error),
            ("make room, or " if full else "") + "point the environment variable LLMTL_HOME to a "
            f"folder {'on another disk' if full else 'that you may write to'}, then {again}"
        ) from error


def _sync_folders(top: Path, deep: bool = True) -> None:
    """Flush folder entries to disk, so that a power cut cannot leave a half-named folder."""
    if os.name == "nt":  # Windows has no such call for folders
        return
    for folder in [top, *(path for path in top.rglob("*") if deep and path.is_dir())]:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
