"""The true classes of the test texts that runs were scored on."""

from collections.abc import Iterable

from llmtl_helpers.ledger import Gold
from llmtl_helpers.tasks import load_task


def gold_of(rows: Iterable[dict]) -> dict[str, Gold]:
    """Fingerprint of the data -> true classes, of every task that rows were tested on, their own or
    another; a version that is not on this machine is left out.

    Raises:
        LearnerError: the data of such a task have not been fetched.
    """
    tried = {(task, there["data_fingerprint"]) for row in rows for task, there in {
        **row.get("other_tests", {}), **row.get("other_probes", {}), row["task"]: row}.items()
        if there.get("correct")}
    tasks = {name: load_task(name) for name, _ in sorted(tried)}
    return {version: Gold(name, task.label_names, tuple(task.test[:]["label"]))
            for name, version in sorted(tried)
            if (task := tasks[name]).fingerprint == version and task.label_names}
