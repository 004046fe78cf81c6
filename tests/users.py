"""A read-only installation, and other users of this machine, for tests of what they may do."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmtl_helpers import paths

NAMES = ("llmtl_helpers", "notebooks", "start.py", "start", "pyproject.toml", "constraints.txt")
ASSET = "news"  # stands for what was fetched for all


@contextmanager
def installation():
    """A copy of the suite that nobody may write to, with a shared cache, in a place open to all."""
    with tempfile.TemporaryDirectory(prefix="llmtl-users-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        place.chmod(0o755)
        suite = place / "suite"
        suite.mkdir()
        for name in NAMES:
            source = paths.ROOT / name
            if source.is_dir():
                shutil.copytree(source, suite / name,
                                ignore=shutil.ignore_patterns("__pycache__", "checkpoints"))
            else:
                shutil.copy2(source, suite / name)
        (suite / "local" / "cache" / "assets").mkdir(parents=True)
        set_rights(suite, writable=False)
        try:
            yield suite
        finally:
            set_rights(suite, writable=True)


def set_rights(top: Path, writable: bool) -> None:
    for path in [top, *top.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode) | 0o444 | (0o111 if path.is_dir() else 0)
        path.chmod(mode | 0o200 if writable else mode & ~0o222)


def content(top: Path) -> dict[str, tuple[int, int]]:
    """What is in a folder: name -> size and time of the last change."""
    return {str(path.relative_to(top)): (path.stat().st_size, path.stat().st_mtime_ns)
            for path in top.rglob("*") if path.is_file()}


class User:
    """Somebody who runs Python on the suite in `suite`, with a home of their own.

    Args:
        number: of the user; None: whoever runs the tests.
    """

    def __init__(self, suite: Path, name: str, number: int | None = None):
        self.suite, self.number = suite, number
        self.home = suite.parent / name
        self.home.mkdir(mode=0o755)  # as systems make it: others may look in
        if number is not None:
            os.chown(self.home, number, number)
        self.python = reachable_python(self)

    @property
    def own(self) -> Path:
        return self.home / "llmtl"

    def run(self, *command, **variables) -> subprocess.CompletedProcess:
        """A command, in an environment that names nothing but the folder that is written to."""
        env = {"PATH": os.defpath, "HOME": str(self.home), "LLMTL_HOME": "~/llmtl",
               "PYTHONPATH": os.pathsep.join([str(self.suite), *site_packages()]), **variables}
        rights = {} if self.number is None else dict(user=self.number, group=self.number,
                                                     extra_groups=[])
        return subprocess.run(list(map(str, command)), cwd=self.home, env=env, text=True,
                              capture_output=True, timeout=120, **rights)

    def python_says(self, code: str, **variables) -> str:
        done = self.run(self.python, "-c", code, **variables)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip()


def site_packages() -> list[str]:
    return [path for path in sys.path if path.endswith("site-packages")]


def reachable_python(user: User) -> str:
    """A Python that this user may start and that finds the packages of the tests.

    The tests' own one may lie in a folder that is closed to others, such as root's home.
    """
    same = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for python in filter(None, (sys.executable, shutil.which(same, path=os.defpath))):
        try:
            if user.run(python, "-c", "import numpy, yaml, filelock").returncode == 0:
                return python
        except OSError:
            continue
    pytest.skip("another user of this machine can start no Python that has the packages")


def needs_other_users() -> None:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can start a process as another user")
