"""Say whether everything needed is here, and how long the notebooks will take.

Each line is [OK], [NOTE] (works, but read it) or [FAIL], with the next thing to do. The
exit code is 1 if a line says FAIL.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from llmtl_helpers import paths
from llmtl_helpers.environment import normalise, read_pins, read_project
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.rating import REFERENCE_GFLOPS, matmul_rating, notebook_minutes

OK, NOTE, FAIL = "OK", "NOTE", "FAIL"

KERNEL_SECONDS = 60

SET_UP = "run `python3 start.py`, which completes the set-up"


@dataclass(frozen=True)
class Line:
    """One line of the report: `next` is what to do, where there is something to do."""

    status: str
    text: str
    next: str = ""

    def __str__(self) -> str:
        tag = f"[{self.status}]".ljust(7)
        return f"{tag} {self.text}" + (f"\n{'':8}-> {self.next}" if self.next else "")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")


def run(args: Namespace) -> int:
    lines = []
    for check in CHECKS:
        for line in guarded(check):
            lines.append(line)
            if not args.json:
                print(line, flush=True)
    gflops = None
    try:
        gflops = matmul_rating()
    except Exception as error:
        lines.append(Line(FAIL, f"PyTorch does not work ({error})", SET_UP))
        if not args.json:
            print(lines[-1])
    minutes = notebook_minutes(gflops) if gflops else []
    failed, notes = (sum(line.status == status for line in lines) for status in (FAIL, NOTE))
    if args.json:
        print(json.dumps({"ok": not failed, "lines": [asdict(line) for line in lines],
                          "gflops": gflops, "notebooks": minutes}, indent=1))
    else:
        print_minutes(gflops, minutes)
        print(f"\n{failed} of {len(lines)} checks failed." if failed else
              "\nNothing failed." + f" {notes} note{'s' * (notes > 1)} to read." * (notes > 0))
    return 1 if failed else 0


def guarded(check: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    """The check's lines; an error of the check itself is a line too, never the end."""
    try:
        yield from check()
    except LearnerError as error:
        yield Line(FAIL, str(error))
    except Exception as error:
        yield Line(FAIL, f"{check.__doc__} could not be checked ({type(error).__name__}: {error})",
                   SET_UP)


# --- checks: each yields lines; its docstring names what it is about ------------------------


def python_version() -> Iterator[Line]:
    """Python"""
    from packaging.specifiers import SpecifierSet

    wanted = read_project()["requires-python"]
    here = platform.python_version()
    if here in SpecifierSet(wanted, prereleases=True):
        yield Line(OK, f"Python {here} ({sys.prefix})")
    else:
        yield Line(FAIL, f"Python {here}, but {wanted} is needed",
                   "start with a newer Python: python3.11 start.py")


def package_versions() -> Iterator[Line]:
    """Packages"""
    from importlib.metadata import PackageNotFoundError, version

    from packaging.requirements import Requirement

    bad = []
    for requirement in map(Requirement, read_project()["dependencies"]):
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            bad.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            bad.append(f"{requirement.name} is {found}, not {requirement.specifier}")
    if bad:
        yield Line(FAIL, "packages: " + "; ".join(bad), SET_UP)
        return
    other = differences(read_pins(), installed_versions())
    if other:
        yield Line(NOTE, f"{len(other)} packages are not the tested versions: "
                         + ", ".join(other[:5]) + (", ..." if len(other) > 5 else ""),
                   "nothing, unless something misbehaves: then delete .venv and "
                   "run `python3 start.py`")
    else:
        yield Line(OK, "packages are the tested versions")


def installed_versions() -> dict[str, str]:
    """Normalised name -> version of every package that this Python finds."""
    from importlib.metadata import distributions

    return {normalise(found.metadata["Name"]): found.version for found in distributions()}


def differences(pins: dict[str, str], installed: dict[str, str]) -> list[str]:
    """Installed packages whose version is not the pinned one, a build label left aside."""
    return [f"{name} {installed[normalise(name)]} for {pin}" for name, pin in pins.items()
            if installed.get(normalise(name), pin).partition("+")[0] != pin]


def machine() -> Iterator[Line]:
    """Cores and memory"""
    import psutil

    from llmtl_helpers.sweep.workers import usable_cores

    cores = usable_cores()
    yield Line(OK if cores > 1 else NOTE, f"{cores} processor core{'s' * (cores > 1)}",
               "" if cores > 1 else "expect twice the minutes named in the lessons")
    total, free = (n / 1e9 for n in (psutil.virtual_memory().total,
                                     psutil.virtual_memory().available))
    text = f"{total:.1f} GB of memory, {free:.1f} GB of it free"
    if total < 3:
        yield Line(FAIL, text, "use a machine with 4 GB or more")
    elif free < 2:
        yield Line(NOTE, text, "close other programs before you train")
    else:
        yield Line(OK, text)


def home_folder() -> Iterator[Line]:
    """The folder that is written to"""
    home = paths.home()
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / f"doctor-{os.getpid()}"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        yield Line(FAIL, f"cannot write in {home} ({error.strerror})",
                   "set LLMTL_HOME to a folder of your own")
        return
    free = shutil.disk_usage(home).free / 1e9
    yield Line(OK if free > 1 else FAIL, f"{home} is writable, {free:.1f} GB free on its disk",
               "" if free > 1 else "free at least 1 GB")
    # the folder `local` is left to whoever owns the clone: others may be meant to read its cache
    if os.environ.get("LLMTL_HOME") and os.name != "nt" and home.stat().st_mode & 0o077:
        yield Line(NOTE, f"other users of this machine may look into {home}",
                   f"run `chmod 700 {home}`, unless you share it on purpose")


def assets() -> Iterator[Line]:
    """Assets"""
    from llmtl_helpers.assets import CATALOGUE, state
    from llmtl_helpers.models import gguf

    shared = paths.shared_cache()
    if shared:
        yield Line(OK, f"what was fetched for all is read from {shared}")
    elif (local := paths.ROOT / "local").exists() and not os.access(local, os.R_OK | os.X_OK):
        yield Line(NOTE, f"{local} is closed to you: what it holds has to be fetched again for you",
                   "ask whoever looks after this installation to run `chmod -R a+rX local` there")
    for name, asset in CATALOGUE.items():
        found = state(name)
        missed = NOTE if asset.optional and found == "absent" else FAIL
        yield Line(OK if found == "ready" else missed, f"asset {name}: {found}",
                   "" if found == "ready" else f"run `python3 start.py assets fetch {name}`")
    if state(gguf.ASSET) == "ready" and not gguf.is_converted():
        yield Line(NOTE, f"asset {gguf.ASSET}: its weights are not converted yet",
                   f"run `python3 start.py assets fetch {gguf.ASSET}`; else the first cell that "
                   "needs them does it")


def runs() -> Iterator[Line]:
    """Runs"""
    from llmtl_helpers.ledger import Ledger

    ledger = Ledger()
    rows = ledger.rows()
    shipped = sum(bool(row.get("shipped")) for row in rows)
    yield Line(OK if shipped else FAIL,
               f"{shipped} shipped runs, {len(rows) - shipped} of your own",
               "" if shipped else "fetch the suite's files again: the folder "
                                  "llmtl_helpers/shipped should hold them")
    for problem in ledger.problems:
        yield Line(NOTE, problem)


def figures() -> Iterator[Line]:
    """Figures"""
    import io
    import warnings

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1, 1))
    figure.text(0, 0, "labelled examples, log scale")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        FigureCanvasAgg(figure).print_png(io.BytesIO())
    if told:
        yield Line(NOTE, f"figures are drawn, but matplotlib says: {told[0].message}")
    else:
        yield Line(OK, "figures can be drawn")


def kernel() -> Iterator[Line]:
    """The notebooks' kernel"""
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    said = []
    start = time.monotonic()
    try:
        manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = manager.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=KERNEL_SECONDS)
        client.execute_interactive(
            "import sys, llmtl_helpers; print(sys.prefix)", timeout=KERNEL_SECONDS,
            output_hook=lambda message: said.append(message["content"]))
        client.stop_channels()
    finally:
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)
    text = "".join(content.get("text", "") for content in said).strip()
    if text == sys.prefix:
        yield Line(OK, f"the notebooks' kernel runs in this environment "
                       f"({time.monotonic() - start:.0f} s to start and import)")
    else:
        wrong = next((content["evalue"] for content in said if "evalue" in content), text)
        yield Line(FAIL, f"the notebooks' kernel is not this environment ({wrong})", SET_UP)


CHECKS = (python_version, package_versions, machine, home_folder, assets, runs, figures, kernel)


def print_minutes(gflops: float | None, rows: list[dict]) -> None:
    if not rows:
        return
    print(f"\nThis machine multiplies matrices at {gflops:.0f} GFLOP/s; the lessons' minutes were "
          f"measured at {REFERENCE_GFLOPS}.\nSo expect, for each notebook from top to bottom:\n")
    width = max(len(row["title"]) for row in rows)
    for row in rows:
        print(f"  {row['title']:<{width}}  {row['minutes']:5.1f} min   "
              f"{row['memory_mb']:5.0f} MB of memory")
