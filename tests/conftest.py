"""A core for each file that is tested at once, and a summary of what the browser tests took.

Without a core of its own every notebook's workers would take all cores, and two of them would wait
for each other.
"""

import os

# a home of a test's own is empty: it must not find what the suite's own folder holds
os.environ.setdefault("LLMTL_SHARED", "")

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")

if WORKER and hasattr(os, "sched_setaffinity"):
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(WORKER.removeprefix("gw")) % len(cores)]})


def pytest_terminal_summary(terminalreporter):
    """Seconds of all browser tests, and what they measured."""
    reports = [report for found in terminalreporter.stats.values() for report in found
               if "browser/" in getattr(report, "nodeid", "") and hasattr(report, "duration")]
    if not reports:
        return
    terminalreporter.section("browser")
    seconds = sum(report.duration for report in reports)
    terminalreporter.line(f"all browser tests: {seconds:.0f} s")
    for report in reports:
        if report.when == "call":
            for name, value in report.user_properties:
                terminalreporter.line(f"{name}: {value}")
