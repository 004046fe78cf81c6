"""Where several files are tested at once, each keeps to one core, and so do its child processes.

Otherwise every notebook's workers would take all cores, and two of them wait for each other.
"""

import os

# a home of a test's own is empty: it must not find what the suite's own folder holds
os.environ.setdefault("LLMTL_SHARED", "")

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")

if WORKER and hasattr(os, "sched_setaffinity"):
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(WORKER.removeprefix("gw")) % len(cores)]})
