"""Where things are. Nothing is written outside `home()`.

`home()` is the folder `local` of the suite, or the folder named by the
environment variable LLMTL_HOME: set it where the suite itself is read-only or
shared by several people.
"""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent


def home() -> Path:
    return Path(os.environ.get("LLMTL_HOME") or ROOT / "local").expanduser().resolve()


def cache() -> Path:
    """Fetched assets, hub snapshots and features: all of it can be made again."""
    return home() / "cache"


def own_runs() -> Path:
    """The learner's own runs, one small file each: the only thing here worth a backup."""
    return home() / "runs"


def own_checkpoints() -> Path:
    """Checkpoints that were pre-trained here, a folder each."""
    return home() / "checkpoints"


def figures() -> Path:
    return home() / "figures"


def shipped() -> Path:
    """Runs that come with the suite, read-only: one JSON line per run."""
    return PACKAGE / "shipped"


def shipped_checkpoints() -> Path:
    """Checkpoints that come with the suite, a folder each."""
    return shipped() / "checkpoints"


def keep_inside_home() -> None:
    """Point the libraries' own folders into `home()` and take them off the network.

    Must run before transformers, datasets, matplotlib or IPython are imported. A choice
    that the user has made already is left alone, except that work is offline unless
    LLMTL_ONLINE=1 (set by the one command that fetches from a hub).
    """
    places = {
        "HF_HOME": cache() / "huggingface",
        "MPLCONFIGDIR": cache() / "matplotlib",
        "IPYTHONDIR": home() / "ipython",
    }
    for name, place in places.items():
        os.environ.setdefault(name, str(place))
    if os.environ.get("LLMTL_ONLINE") != "1":
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"):
            os.environ[name] = "1"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # its reports of unused tensors would bury a cell's own output; `Report` says the same
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")


def link(target: Path, place: Path) -> None:
    """Make `place` stand for the folder `target`."""
    if os.name == "nt":  # a symbolic link needs rights there that a learner may not have
        import _winapi

        _winapi.CreateJunction(str(target), str(place))
    else:
        place.symlink_to(target, target_is_directory=True)
