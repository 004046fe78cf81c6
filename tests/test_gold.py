"""The true classes that come with shipped runs agree with the texts, and are all there."""

import numpy as np
import pytest

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Gold, Ledger, shipped_gold, write_gold
from llmtl_helpers.sweep import gold_of
from llmtl_helpers.tasks import load_task


def scored_on(rows):
    """(task, fingerprint) of every test set that rows were scored on, example by example."""
    return sorted({(task, there["data_fingerprint"]) for row in rows for task, there in {
        **row.get("other_tests", {}), **row.get("other_probes", {}), row["task"]: row}.items()
        if there.get("correct")})


def test_every_test_set_of_a_shipped_run_has_its_true_classes():
    there = scored_on(Ledger().rows(shipped=True))
    assert len(there) >= 8
    for task, fingerprint in there:
        gold = shipped_gold(fingerprint)
        assert gold and gold.task == task and set(gold.labels) <= set(range(len(gold.names)))


@pytest.mark.parametrize("name", ["sentiment/films", "sentiment/tweets", "topics/news"])
def test_they_are_those_of_the_texts(name):
    try:
        task = load_task(name)
    except LearnerError as missing:
        pytest.skip(str(missing))
    gold = shipped_gold(task.fingerprint)
    assert gold.names == task.label_names and list(gold.labels) == task.test[:]["label"]


def test_what_is_written_is_read_and_what_was_there_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "shipped", lambda: tmp_path)
    assert shipped_gold("one") is None
    write_gold({"one": Gold("a/b", ("no", "yes"), (0, 1, 1))})
    write_gold({"two": Gold("a/c", ("x", "y", "z"), (2, 0))})
    assert shipped_gold("one").labels == (0, 1, 1) and shipped_gold("two").names[2] == "z"
    assert len((tmp_path / "gold-labels.json").read_text().splitlines()) == 4


def test_a_version_that_is_not_here_is_left_out(monkeypatch):
    class Task:
        fingerprint, label_names = "here", ("no", "yes")
        test = np.array([(1,), (0,)], dtype=[("label", int)])

    monkeypatch.setattr("llmtl_helpers.sweep.gold.load_task", lambda name: Task)
    rows = [{"task": "a", "data_fingerprint": version, "correct": "8"} for version in
            ("here", "earlier")]
    assert gold_of(rows) == {"here": Gold("a", ("no", "yes"), (1, 0))}
