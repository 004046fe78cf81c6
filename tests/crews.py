"""Stand-ins for processes that train, light enough to be imported by a notebook's kernel."""

import threading

from llmtl_helpers.sweep import Event


class Crew:
    """Instead of processes: each job reports four times; it waits for `gate` after the second."""

    def __init__(self, kind="done", reason=""):
        self.kind, self.reason, self.jobs = kind, reason, []
        self.gate = threading.Event()
        self.gate.set()

    def run(self, jobs, stop):
        self.jobs = list(jobs)
        for job in self.jobs:
            yield Event("started", job)
            for step in range(1, 5):
                yield Event("progress", job, update=step * job.updates // 4, updates=job.updates,
                            loss=8.0 - step, seconds=float(step))
                if step == 2:
                    self.gate.wait(5)
                if stop.is_set():
                    yield Event("stopped", job)
                    return
            yield Event(self.kind, job, row={}, reason=self.reason)
