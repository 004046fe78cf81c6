"""Live runs: child processes, watched from a thread, that can be stopped."""

import threading
from collections.abc import Callable

from llmtl_helpers.curves import Summary, in_band
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots.words import labels, spoken


class LiveRun:
    """Trains what was asked for last through `sweep.Workers`; nothing is trained in this process.

    Args:
        on_event: called from the watching thread with every event of the run.
        on_end: called from it once, last, with the exception that ended the run, or None.
        workers: anything with `run(configs, stop)`; default: one worker process.
        device: of that process, as in `Workers`.
    """

    def __init__(self, on_event: Callable, on_end: Callable, workers=None, device: str = "cpu"):
        self.on_event, self.on_end, self.workers = on_event, on_end, workers
        self.device = device
        self.busy = False
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._start = threading.Lock()

    def start(self, plan: Callable, ready: Callable[[], None]) -> None:
        """Train the run, or the list of runs, that `plan()` returns.

        `plan()` is called in the thread, for it reads the data.

        `ready()` is called before the thread starts, so what it shows never comes too late.

        Raises:
            LearnerError: a run is being trained.
        """
        with self._start:
            if self.busy:
                raise LearnerError("a run is being trained already",
                                   next="wait until it is done, or press Stop first")
            ready()
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._watch, args=(plan, self._stop),
                                            name="live-run", daemon=True)
            self.busy = True
            self._thread.start()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask the run to end: a worker process has two seconds to go by itself."""
        self._stop.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run has ended; False if it has not within `timeout` seconds."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self._thread is None or not self._thread.is_alive()

    def _watch(self, plan: Callable, stop: threading.Event) -> None:
        try:
            workers = self.workers
            if workers is None:
                from llmtl_helpers.sweep import Workers

                workers = Workers(count=1, device=self.device)
            planned = plan()
            if not stop.is_set():
                for event in workers.run(planned if isinstance(planned, list) else [planned], stop):
                    self.on_event(event)
        except Exception as error:
            self.on_end(error)
        else:
            self.on_end(None)
        finally:
            self.busy = False


def progress_text(update: int, updates: int, loss: float | None, seconds: float,
                  first: tuple[int, float]) -> str:
    """Where a run is and how long it will take.

    Args:
        first: update and seconds of the first report. The pace is measured from there, since
            the seconds before it went into loading data and weights.
    """
    text = f"update {update:,} of {updates:,}"
    if loss is not None:
        text += f", loss {loss:.2f}"
    left = seconds_left(update, updates, seconds, first)
    return f"{text}, " + ("time left not known yet" if left is None else f"about {left:.0f} s left")


def seconds_left(update: int, updates: int, seconds: float,
                 first: tuple[int, float]) -> float | None:
    """How long a run still takes at its pace since `first`; None: there is no pace yet."""
    done, spent = update - first[0], seconds - first[1]
    return spent * (updates - update) / done if done > 0 and spent >= 0 else None


def verdict(row: dict, score: float | None, summary: Summary | None, budget: str) -> str:
    """What a finished live run says about the band, in a few sentences.

    Args:
        summary: the runs that the learner compares with, of the training rule `budget`.
    """
    if score is None:
        return f"The run failed: {row.get('failure') or 'it gave no score'}"
    what = (f"Seed {row['run_seed']} of {spoken(row['arm'])} with {labels(row['n'])} "
            f"got {score:.3f}")
    if row["budget"] != budget:
        return (f"{what}. It was trained by the rule “{row['budget']}” and the lines by "
                f"“{budget}”, so it is kept and not compared with them.")
    inside = in_band(score, summary) if summary else None
    if inside is None:
        return f"{what}. There is no band to compare it with: three runs that differ are needed."
    low, high = summary.band
    if inside:
        return f"{what}: inside the 95% band ({low:.3f} to {high:.3f})."
    return (f"{what}: outside the 95% band ({low:.3f} to {high:.3f}). One new run in 20 falls "
            "outside even when all is well. Train again, which takes another seed; if that one is "
            "out too, compare the fields versions and machine of the rows.")
