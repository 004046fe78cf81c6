"""What a kernel freed is given back before a worker starts."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from llmtl_helpers.sweep import workers

FREED = """
import os, psutil
from llmtl_helpers.sweep.workers import give_back_memory
mib = lambda: psutil.Process().memory_info().rss / 2**20
blocks = [os.urandom(4000) for _ in range(50_000)]  # some 200 MB, in small pieces
last = blocks.pop()  # above all others: what is freed below it stays with the process
del blocks
before = mib()
give_back_memory()
print(before - mib())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's C library keeps it")
def test_freed_memory_goes_back_to_the_system():
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout) > 100


def test_it_happens_before_a_worker_is_started_and_not_without_work(monkeypatch):
    happened = []
    monkeypatch.setattr(workers, "give_back_memory", lambda: happened.append("given back"))

    def start(*_):
        happened.append("worker")
        raise workers.LearnerError("none is started here")

    monkeypatch.setattr(workers, "_Worker", start)
    assert list(workers.Workers().run([])) == [] and happened == []
    with pytest.raises(workers.LearnerError):
        list(workers.Workers().run([SimpleNamespace()]))
    assert happened == ["given back", "worker"]
