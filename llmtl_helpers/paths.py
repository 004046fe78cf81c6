"""Where things are. Nothing is written outside `home()`.

`home()` is the folder `local` of the suite, or the folder named by the
environment variable LLMTL_HOME: set it where the suite itself is read-only or
shared by several people. What was fetched into `local` is then read from there.
"""

import os
from contextlib import suppress
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent


def home() -> Path:
    return Path(os.environ.get("LLMTL_HOME") or ROOT / "local").expanduser().resolve()


def cache() -> Path:
    """Fetched assets, hub snapshots and features: all of it can be made again."""
    return home() / "cache"


def shared_cache() -> Path | None:
    """The cache that was fetched for all who share this installation; None if there is none.

    It is that of the folder `local`, or the folder that LLMTL_SHARED names (empty: none). It is
    only read, never written, and is none where `cache()` is the same or it may not be read.
    """
    named = os.environ.get("LLMTL_SHARED")
    if named == "":
        return None
    shared = Path(named or ROOT / "local" / "cache").expanduser().resolve()
    return shared if shared != cache() and os.access(shared, os.R_OK | os.X_OK) else None


def find_cached(*parts: str) -> Path:
    """Where something of the cache is: one's own if it is there, else the shared one if that is.

    Where neither is, the place in `cache()` at which it is to be made.
    """
    own, shared = cache().joinpath(*parts), shared_cache()
    if shared is not None and not own.exists() and shared.joinpath(*parts).exists():
        return shared.joinpath(*parts)
    return own


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


def make_home() -> None:
    """Make `home()` readable by its owner alone: runs, guesses and keys are in it.

    A folder that is there already keeps its rights. One that cannot be made is no error yet:
    whoever writes to it says so.
    """
    with suppress(OSError):
        home().parent.mkdir(parents=True, exist_ok=True)
        home().mkdir(mode=0o700, exist_ok=True)


def keep_inside_home() -> None:
    """Make `home()`, point the libraries' own folders into it and take them off the network.

    Must run before transformers, datasets, matplotlib or IPython are imported. A choice
    that the user has made already is left alone, except that work is offline unless
    LLMTL_ONLINE=1 (set by the one command that fetches from a hub).
    """
    make_home()
    places = {
        "HF_HOME": cache() / "huggingface",
        "MPLCONFIGDIR": cache() / "matplotlib",
        "IPYTHONDIR": home() / "ipython",
        "TORCHINDUCTOR_CACHE_DIR": cache() / "torchinductor",
        "npm_config_cache": cache() / "npm",  # JupyterLab asks npm, if there is one, where it is
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
