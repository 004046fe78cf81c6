"""Snapshots of a hub repository at a pinned revision, in the hub client's own cache layout.

A revision is the 40-digit hash of a commit: what it names can never change. Code files are
never fetched, and weights only as safetensors, which hold numbers and cannot run anything.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError

FILES = ["*.safetensors", "*.json", "*.txt", "*.model", "*.parquet"]
KINDS = ("model", "dataset")

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_NAME = re.compile(rf"(?:hub:)?({_PART}(?:/{_PART})?)@([0-9a-f]{{40}})")


def is_hub_name(name: str) -> bool:
    """Whether `name` means a hub repository and not an asset of the catalogue."""
    return "@" in name or "/" in name or name.startswith("hub:")


def hub_cache() -> Path:
    return paths.cache() / "huggingface" / "hub"


def _cache_with(repository: str, revision: str, kind: str) -> Path:
    """The hub cache that holds this snapshot: one's own, or the one that all share."""
    snapshot = Path(f"{kind}s--{repository.replace('/', '--')}", "snapshots", revision)
    found = paths.find_cached("huggingface", "hub", *snapshot.parts)
    return found.parents[len(snapshot.parts) - 1]


def hub_snapshot(name_at_revision: str, kind: str = "model") -> Path:
    """The folder of a snapshot that was fetched before. Never touches the network.

    Args:
        name_at_revision: "org/name@" and the 40 digits of a commit; "hub:" before it is fine.
        kind: "model" or "dataset".

    Raises:
        LearnerError: the name has no pinned revision, the snapshot is absent or was fetched
            in part, or a model has no safetensors weights.
    """
    repository, revision = _parse(name_at_revision, kind)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    command = (f"`python3 start.py assets fetch {repository}@{revision}"
               + (f" --kind {kind}`" if kind != "model" else "`"))
    try:
        folder = Path(snapshot_download(repository, revision=revision, repo_type=kind,
                                        cache_dir=_cache_with(repository, revision, kind),
                                        allow_patterns=FILES, local_files_only=True))
    except LocalEntryNotFoundError as error:  # the one for a part of a snapshot is one too
        part = "is incomplete" in str(error)
        raise LearnerError(
            f"the {kind} {repository} at revision {revision[:8]} is not on this machine"
            + (" in full" if part else " yet"), next=f"run {command}") from error
    if kind == "model" and not any(folder.rglob("*.safetensors")):
        raise LearnerError(f"the model {repository} at revision {revision[:8]} has no weights "
                           "as safetensors", "other formats can hold code and are not read",
                           "choose a model or a revision that has them")
    return folder


def fetch_hub_snapshot(name_at_revision: str, kind: str = "model") -> Path:
    """Download a snapshot; what is here already is not downloaded again.

    The work is done in a child process: the hub client decides when it is imported whether
    it may use the network, and in this process it may not. It shows its own progress.

    Raises:
        LearnerError: as `hub_snapshot`, or the download failed.
    """
    repository, revision = _parse(name_at_revision, kind)
    offline = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")
    env = {key: value for key, value in os.environ.items() if key not in offline}
    env |= {"LLMTL_ONLINE": "1", "LLMTL_HOME": str(paths.home()),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(paths.ROOT),
                                                        env.get("PYTHONPATH")]))}
    code = "import sys; from llmtl_helpers.assets.hub import _child; _child(*sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", code, repository, revision, kind], env=env,
                          stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise LearnerError(f"the {kind} {repository} at revision {revision[:8]} could not be "
                           "fetched", " ".join(done.stdout.split()),
                           "check name, revision and network, then run the same command again")
    return hub_snapshot(name_at_revision, kind)


def _parse(name_at_revision: str, kind: str) -> tuple[str, str]:
    if kind not in KINDS:
        raise LearnerError(f"there is no kind of hub repository called {kind!r}",
                           next=f"choose one of {', '.join(KINDS)}")
    match = _NAME.fullmatch(name_at_revision)
    if not match or ".." in match[1]:
        raise LearnerError(f"{name_at_revision!r} does not name a hub repository with a pinned "
                           "revision", "only a commit is sure to stay what it is",
                           "write org/name@ and the 40 digits of a commit, as the repository's "
                           "page lists them under its files' history")
    return match[1], match[2]


def _child(repository: str, revision: str, kind: str) -> None:
    """Runs in the child process; a failure leaves its reason on the standard output."""
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(repository, revision=revision, repo_type=kind, cache_dir=hub_cache(),
                          allow_patterns=FILES)
    except KeyboardInterrupt:
        sys.exit(130)  # the parent process got the same signal and says what is to be said
    except Exception as error:  # whatever the client raises, the learner gets one sentence
        text = str(error).strip() or type(error).__name__
        print(text.splitlines()[0].rstrip("."))
        sys.exit(1)
