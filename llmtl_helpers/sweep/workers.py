"""Worker processes that carry out runs: progress, stop, and what to say when one dies."""

import ctypes
import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from queue import Empty, Queue

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.training.config import RunConfig

PATIENCE = 2.0  # seconds that a worker has to end by itself after a stop


def usable_cores() -> int:
    """Cores that this process may use: fewer than the machine has in a container or a job."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def give_back_memory() -> None:
    """Let the system have what this process has freed.

    Before a run in a process of its own begins, a notebook's kernel has often trained a network
    itself. What that took is free, but the C library of Linux keeps it: some 170 MiB after a dozen
    updates of the course's encoder, beside all that a worker needs.
    """
    gc.collect()
    if sys.platform.startswith("linux"):
        with suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL(None).malloc_trim(0)


@dataclass(frozen=True)
class Event:
    """What happened to a run: started, progress, done, failed or stopped."""

    kind: str
    config: RunConfig
    update: int = 0
    updates: int = 0
    loss: float | None = None
    row: dict | None = None  # of "done"; a run whose loss exploded is done, with status "failed"
    reason: str = ""  # of "failed", in a sentence
    seconds: float = 0.0  # since the run was started


class Workers:
    """Carries out runs in child processes; nothing is trained in the caller's process.

    Args:
        count: processes at work at once; where only the processor works, never more than cores: one
            more would wait for the others and hold up to a gigabyte meanwhile.
        threads: torch threads of each; by default the cores are shared out.
        device: "cpu", or "auto" for the accelerator that `accelerate` finds, if any.
        runner: module whose `run` carries out what its `CONFIG` describes; pre-training and the
            benchmark have others.
    """

    def __init__(self, count: int = 1, threads: int | None = None, device: str = "cpu",
                 runner: str = "llmtl_helpers.training.run"):
        most = usable_cores() if device == "cpu" else count
        self.count, self.device, self.runner = max(1, min(count, most)), device, runner
        self.threads = threads or max(1, usable_cores() // self.count)

    def run(self, configs: Iterable[RunConfig],
            stop: threading.Event | None = None) -> Iterator[Event]:
        """Carry out `configs` in order and yield what happens, as it happens.

        After `stop.set()` runs in flight end within about two seconds as "stopped" and the
        rest is not begun. A worker that dies is reported as "failed" with the reason, and
        another takes its place. Closing the iterator ends the workers.

        Raises:
            LearnerError: a worker cannot be started at all.
        """
        stop = stop or threading.Event()
        waiting = list(configs)[::-1]
        if waiting:
            give_back_memory()
        messages: Queue = Queue()
        crew = [_Worker(self.threads, self.device, self.runner, messages)
                for _ in range(min(self.count, len(waiting)))]
        deaths = 0  # in a row: a machine on which no run survives must not try for ever
        try:
            while True:
                for worker in crew:
                    if worker.config is None and waiting and not stop.is_set():
                        worker.begin(waiting.pop())
                        yield worker.event("started")
                busy = [worker for worker in crew if worker.config is not None]
                if not busy:
                    return
                if stop.is_set():
                    for worker in busy:
                        worker.ask_to_stop()
                try:
                    worker, message = messages.get(timeout=0.1)
                except Empty:
                    for worker in busy:
                        if worker.overdue():
                            worker.kill()
                    continue
                if worker.config is None or worker not in crew:
                    continue
                kind = message.pop("kind")
                if kind == "ready":
                    continue
                if kind == "died":
                    deaths += 1
                    if not stop.is_set():
                        crew[crew.index(worker)] = _Worker(self.threads, self.device,
                                                           self.runner, messages)
                    kind = "stopped" if stop.is_set() else "failed"
                elif kind in ("done", "failed"):
                    deaths = 0
                yield worker.event(kind, **message)
                if kind in ("done", "failed", "stopped"):
                    worker.config = None
                if deaths >= 3 * self.count:
                    raise LearnerError(f"{deaths} runs in a row died", message.get("reason", ""),
                                       "close other programs or use fewer workers, then run the "
                                       "same command again: finished runs are kept")
        finally:
            for worker in crew:
                worker.end()


class _Worker:
    """One child process and the thread that listens to it."""

    def __init__(self, threads: int, device: str, runner: str, messages: Queue):
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONUNBUFFERED": "1",
                       "PYTHONPATH": os.pathsep.join(
                           [str(paths.ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
        self.config: RunConfig | None = None
        self.asked: float | None = None
        self.began = 0.0
        self.last_words: list[str] = []
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "llmtl_helpers.sweep.worker", str(threads), device, runner],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, encoding="utf-8", errors="replace", env=environment)
        except OSError as error:
            raise LearnerError("a worker process could not be started", error.strerror or "",
                               "close other programs and try again") from error
        self.errors = threading.Thread(target=self._keep_last_words, daemon=True)
        self.errors.start()
        threading.Thread(target=self._listen, args=(messages,), daemon=True).start()

    def begin(self, config: RunConfig) -> None:
        self.config, self.began = config, time.monotonic()
        self._say(config=asdict(config))

    def event(self, kind: str, **fields) -> Event:
        return Event(kind, self.config, seconds=round(time.monotonic() - self.began, 2), **fields)

    def ask_to_stop(self) -> None:
        if self.asked is None:
            self.asked = time.monotonic()
            self._say(stop=True)

    def overdue(self) -> bool:
        return self.asked is not None and time.monotonic() - self.asked > PATIENCE

    def kill(self) -> None:
        self.process.kill()

    def end(self) -> None:
        """End it at once: it keeps nothing, and every file it writes is renamed into place."""
        self.process.kill()
        self.process.wait()
        try:
            self.process.stdin.close()
        except OSError:
            pass  # an order that it never read

    def _say(self, **message) -> None:
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it is dead: the listener will say so

    def _listen(self, messages: Queue) -> None:
        for line in self.process.stdout:
            try:
                messages.put((self, json.loads(line)))
            except ValueError:
                continue
        code = self.process.wait()
        self.errors.join(1)
        messages.put((self, {"kind": "died", "reason": self._reason(code)}))

    def _keep_last_words(self) -> None:
        for line in self.process.stderr:
            self.last_words = [*self.last_words, line.rstrip()][-20:]

    def _reason(self, code: int) -> str:
        if code in (-9, 137):
            return ("The worker was killed, most likely since memory ran out. Close other "
                    "programs, or use fewer workers, and run the same command again.")
        said = next((line for line in reversed(self.last_words) if line.strip()), "no message")
        return f"The worker ended with code {code} ({said})."
