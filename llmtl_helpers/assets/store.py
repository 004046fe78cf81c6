"""Which assets are on this machine, and whether they are whole.

An unpacked asset is a folder with a manifest: the archive it came from, and hash and size
of every file. The folder appears by one rename after the manifest was written, so a
folder is there whole or not at all.
"""

import hashlib
import json
import os
from pathlib import Path

from llmtl_helpers.assets.catalogue import Asset, get_asset
from llmtl_helpers.assets.unpack import CHUNK, Entry
from llmtl_helpers.errors import LearnerError

MANIFEST = "manifest.json"


def write_manifest(folder: Path, asset: Asset, files: dict[str, Entry]) -> None:
    record = {"asset": asset.name, "sha256": asset.sha256, "recipe": _recipe(asset),
              "files": {name: entry._asdict() for name, entry in sorted(files.items())}}
    with open(folder / MANIFEST, "x", encoding="utf-8") as out:
        json.dump(record, out, indent=1)
        out.flush()
        os.fsync(out.fileno())


def _recipe(asset: Asset) -> list[list[str]]:
    """What was to be unpacked: a folder made by another recipe is not this asset."""
    return [[take.pattern, take.strip, take.inner] for take in asset.takes]


def _read_manifest(asset: Asset) -> dict[str, Entry] | None:
    try:
        record = json.loads((asset.folder / MANIFEST).read_text(encoding="utf-8"))
        if record["sha256"] != asset.sha256 or record["recipe"] != _recipe(asset):
            return None
        return {name: Entry(**entry) for name, entry in record["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.is_file() else None


def state(name: str) -> str:
    """ "ready", "absent" or "damaged", judged by manifest and file sizes: quick, no hashing."""
    asset = get_asset(name)
    folder = asset.folder  # asked once: an asset can have thousands of files
    if not folder.exists():
        return "absent"
    files = _read_manifest(asset)
    whole = files and all(_size(folder / file) == entry.bytes for file, entry in files.items())
    return "ready" if whole else "damaged"


def verify(name: str) -> list[str]:
    """Hash every unpacked file again.

    A damaged asset is marked, so that it is not used and the next fetch replaces it.

    Returns:
        The names of the files that are missing or changed; empty if all is well.

    Raises:
        LearnerError: the asset is not on this machine.
    """
    asset = get_asset(name)
    if state(name) == "absent":
        raise absent(name)
    files = _read_manifest(asset)
    if not files:
        return [MANIFEST]
    folder = asset.folder  # worked out anew at each call, and there are thousands of files
    bad = [file for file, entry in files.items()
           if _size(folder / file) != entry.bytes or _sha256(folder / file) != entry.sha256]
    if bad:
        try:
            os.replace(asset.folder / MANIFEST, asset.folder / f"{MANIFEST}.damaged")
        except OSError:
            pass  # a shared, read-only cache: its owner must repair it
    return bad


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as opened:
        while chunk := opened.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def absent(name: str) -> LearnerError:
    return LearnerError(f"the asset {name!r} is not on this machine yet",
                        next=f"run `python3 start.py assets fetch {name}`")
