"""Run every test, notebooks included, away from the learner's own runs.

All of it takes about a quarter of an hour on two cores. Everything runs a file per core at once. A
file or folder that is named is tested instead, alone, and what follows `--` goes to pytest:
`test tests/test_curves.py`, `test -- -x -k curve`.
"""

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError

# Lax: committed notebooks hold no outputs to compare with; a cell fails by raising. The limit tells a
# hang: with several notebooks at once on two cores a cell that trains took up to 103 s.
NOTEBOOKS = ("--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=300")
MOST_AT_ONCE = 4  # each takes up to a gigabyte
AT_ONCE = ("--dist=loadfile",)  # the cells of a notebook need one kernel


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("pytest", nargs="*", metavar="PATH",
                        help="test file, folder or notebook; after --, options of pytest")


def run(args: Namespace) -> int:
    if find_spec("pytest") is None or find_spec("nbval") is None:
        raise LearnerError("the packages for testing are not installed",
                           next="run `python3 start.py test`, which adds them")
    arguments = pytest_arguments(args.pytest)
    with separate_home() as home:
        variables = environment(home)
        if AT_ONCE[-1] in arguments:  # several at once: one thread each
            variables["OMP_NUM_THREADS"] = "1"
        return subprocess.call([sys.executable, "-m", "pytest", *arguments], cwd=paths.ROOT,
                               env=variables)


def pytest_arguments(given: list[str]) -> list[str]:
    """`given` completed: notebooks are always run as such; all tests if no path is named."""
    from llmtl_helpers.sweep.workers import usable_cores

    named = any((paths.ROOT / word.partition("::")[0]).exists()
                for word in given if not word.startswith("-"))
    several = [] if named else [f"--numprocesses={min(MOST_AT_ONCE, usable_cores())}", *AT_ONCE]
    return [*NOTEBOOKS, *several, "--durations=5", *given,
            *([] if named else ["tests", "notebooks"])]


def environment(home: Path) -> dict[str, str]:
    """The variables under which the tests and the notebooks' kernels run."""
    from llmtl_helpers.jupyter import jupyter_environment

    return {
        **os.environ,
        **jupyter_environment(home / "jupyter"),
        "IPYTHONDIR": str(home / "ipython"),
        "LLMTL_HOME": str(home),
        "LLMTL_PROFILE": "smoke",
    }


@contextmanager
def separate_home():
    """A temporary home whose cache is the suite's own, so that nothing is fetched twice."""
    paths.cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="llmtl-test-", ignore_cleanup_errors=True) as folder:
        paths.link(paths.cache(), Path(folder) / "cache")
        yield Path(folder)
