"""Train a few runs from a notebook's cell, with progress in print."""

from collections.abc import Sequence

from llmtl_helpers.ledger import Ledger
from llmtl_helpers.sweep.workers import Workers
from llmtl_helpers.training.config import RunConfig


def train_live(configs: Sequence[RunConfig], ledger: Ledger, device: str = "cpu", count: int = 1,
               every: int = 50, workers=None) -> list[dict]:
    """Train what the ledger does not hold yet, in child processes, and keep every run.

    A run that fails is named and left out; a finished one is read and not trained again.

    Args:
        device, count: as in `Workers`; two processes need twice the memory.
        every: updates between two lines of progress of a run.
        workers: anything with `run(configs)`, instead of `Workers`.

    Returns:
        rows of the runs that ended well, in the order of `configs`.

    Taught in 04.
    """
    workers = workers or Workers(count=count, device=device)
    said: dict[str, int] = {}
    for event in workers.run([config for config in configs if ledger.get(config.id) is None]):
        run, arm = event.config.id, event.config.arm
        if event.kind == "progress" and event.update >= said.get(run, 0) + every:
            said[run] = event.update
            print(f"{arm}: update {event.update} of {event.updates}, loss {event.loss:.3f}")
        elif event.kind == "done":
            ledger.add(event.row)
            print(f"{arm}: ended after {event.seconds:.0f} s")
        elif event.kind == "failed":
            print(f"{arm}: no run was made. {event.reason}")
    found = [row for config in configs if (row := ledger.get(config.id)) is not None]
    for row in found:
        if row["status"] != "done":
            print(f"{row['arm']}: the run failed. {row.get('failure') or ''}")
    return [row for row in found if row["status"] == "done"]
