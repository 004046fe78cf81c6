"""Every notebook in a real JupyterLab, Run All one after the other, as a learner goes through them.

The home is new: fetched assets are in place and nothing else, so what one notebook computes is
there for the next, and the learner's runs, guesses and checkpoints come as they would come.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from urllib.parse import urlparse

from llmtl_helpers import paths
from llmtl_helpers.benchmark.browser import Server, jupyterlab, open_notebook, page
from llmtl_helpers.errors import LearnerError

LONGEST = 1800  # seconds for one notebook
RUN_ALL = """() => {
    window.finished = false;
    const began = performance.now(), box = window.jupyterapp.shell.currentWidget.content;
    window.first = null;
    const code = box.widgets.find(cell => cell.model.type === 'code');
    const watch = setInterval(() => {
        if (window.first === null && code.model.executionCount)
            window.first = (performance.now() - began) / 1000;
    }, 20);
    window.jupyterapp.commands.execute('notebook:run-all-cells').finally(() => {
        clearInterval(watch);
        window.seconds = (performance.now() - began) / 1000;
        window.first ??= window.seconds;
        window.finished = true;
    });
}"""
ERRORS = """() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells.flatMap(
    cell => (cell.outputs || []).filter(output => output.output_type === 'error')
        .map(output => `${output.ename}: ${output.evalue}`))"""
CLOSE = """async () => {
    const shown = window.jupyterapp.shell.currentWidget;
    await shown.context.save();
    await shown.context.sessionContext.shutdown();
    shown.close();
}"""


@dataclass(frozen=True)
class Through:
    """One notebook, run from top to bottom.

    Attributes:
        first: seconds from Run All to the end of the first code cell.
        seconds: to the end of the last one.
        memory_mb: highest memory of its kernel and of the processes it started, MiB: resident, and
            where the system tells, a page that several share is counted once, as a hub's limit
            counts it.
        errors: cells that raised. complaints: errors in the browser's console.
        outside: hosts other than this one that the page asked.
    """

    name: str
    first: float
    seconds: float
    memory_mb: float
    errors: tuple[str, ...]
    complaints: tuple[str, ...]
    outside: tuple[str, ...]


def run_through(notebooks: Sequence[Path], profile: str, say: Callable[[str], None],
                keep: Path | None = None) -> list[Through]:
    """Run these notebooks in order in one new home.

    Args:
        profile: LLMTL_PROFILE of their kernels.
        say: told a line after each notebook.
        keep: a folder for the notebooks as they are afterwards, outputs included.

    Raises:
        LearnerError: there is no browser, the assets are not in place, or a notebook did not end.
    """
    if not (paths.cache() / "assets").is_dir():
        raise LearnerError("the course's data are not in place",
                           next="run `python3 start.py assets fetch` first")
    found = []
    with TemporaryDirectory(prefix="llmtl-through-", ignore_cleanup_errors=True) as folder:
        home, work = Path(folder) / "home", Path(folder) / "work"
        work.mkdir()
        (home / "cache").mkdir(parents=True)
        for kept in ("assets", "converted", "fetched.txt"):  # what a set-up leaves
            if (paths.cache() / kept).is_dir():
                paths.link(paths.cache() / kept, home / "cache" / kept)
            elif (paths.cache() / kept).is_file():
                (home / "cache" / kept).write_bytes((paths.cache() / kept).read_bytes())
        for notebook in notebooks:
            (work / notebook.name).write_bytes(notebook.read_bytes())
        with jupyterlab(work, home, LLMTL_PROFILE=profile) as server:
            for notebook in notebooks:
                found.append(_one(server, notebook.name))
                say(line(found[-1]))
                if keep:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / notebook.name).write_bytes((work / notebook.name).read_bytes())
    return found


def _one(server: Server, name: str) -> Through:
    with page() as shown, _Memory(server.pid) as memory:
        sheet = shown.sheet
        open_notebook(sheet, server, name)
        sheet.evaluate(RUN_ALL)
        try:
            sheet.wait_for_function("() => window.finished", timeout=1000 * LONGEST, polling=200)
        except Exception as error:  # Playwright's time-out, or the page died
            raise LearnerError(f"{name} did not come to an end within {LONGEST / 60:.0f} minutes",
                               str(error).splitlines()[0], "open it and look where it stands"
                               ) from None
        here = urlparse(server.address).netloc
        hosts = {urlparse(url).netloc for url in shown.asked
                 if urlparse(url).scheme in ("http", "https", "ws", "wss")}
        sheet.wait_for_timeout(1000)  # what the last cell shows is on its way
        first, seconds, errors = (sheet.evaluate("() => window.first"),
                                  sheet.evaluate("() => window.seconds"), sheet.evaluate(ERRORS))
        complaints = tuple(shown.errors)
        sheet.evaluate(CLOSE)
    return Through(name.removesuffix(".ipynb"), first, seconds, memory.peak / 2**20,
                   tuple(errors), complaints, tuple(sorted(hosts - {here})))


class _Memory:
    """Watches the server's child processes: the kernel and what it starts."""

    def __init__(self, pid: int):
        self.pid, self.peak, self._end = pid, 0, Event()

    def __enter__(self):
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        import psutil

        server = psutil.Process(self.pid)
        while not self._end.wait(0.2):
            now = 0
            for process in server.children(recursive=True):
                try:
                    now += _memory(process)
                except psutil.NoSuchProcess:
                    pass  # it ended between the listing and the look
            self.peak = max(self.peak, now)


def _memory(process) -> int:
    """Bytes in memory; of pages shared with others the process's part, where Linux tells it."""
    import psutil

    try:
        return process.memory_full_info().pss
    except (AttributeError, psutil.AccessDenied):
        return process.memory_info().rss


def line(one: Through) -> str:
    """What there is to say while the others run."""
    faults = [*one.errors, *one.complaints, *(f"asked {host}" for host in one.outside)]
    return (f"{one.name:<32} {one.seconds:6.1f} s, first cell {one.first:4.1f} s, "
            f"{one.memory_mb:6,.0f} MiB" + "".join(f"\n    {fault}" for fault in faults))


def markdown(all_of: Sequence[Through], profile: str, machine: str) -> str:
    lines = [f"Machine: {machine}; profile `{profile}`. Memory is that of the kernel and of the "
             "processes it starts; pages that they share are counted once.", "",
             "| notebook | Run All | first cell | peak memory | cells that raised | errors in the "
             "console | other hosts asked |", "|---|---|---|---|---|---|---|"]
    lines += [f"| {one.name} | {one.seconds:.0f} s | {one.first:.1f} s | {one.memory_mb:,.0f} MiB | "
              f"{len(one.errors)} | {len(one.complaints)} | {len(one.outside)} |" for one in all_of]
    total = sum(one.seconds for one in all_of)
    lines += ["", f"All {len(all_of)} one after the other: {total / 60:.0f} minutes."]
    return "\n".join(lines)
