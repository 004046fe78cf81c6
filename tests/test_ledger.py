"""The ledger: whole or not at all, broken records set aside, newer schemas refused."""

import json
import multiprocessing
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import FIELDS, SCHEMA, Ledger, check, correct_flags, pack_flags, write_shipped
from llmtl_helpers.tasks import task_names
from rows import make_row

WRITTEN = task_names("written")
NO_NETWORK = ("no_model", "token_counts")  # the one repeats its text, the other writes nothing


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "shipped").mkdir()
    return dict(own=tmp_path / "own", shipped=tmp_path / "shipped")


def test_a_row_comes_back_with_its_unknown_fields(folders):
    row = make_row(colour_of_the_future="blue")
    Ledger(**folders).add(row)
    [found] = Ledger(**folders).rows()
    assert found == {**row, "shipped": False}


def test_rows_are_chosen_by_equality_and_come_in_stable_order(folders):
    ledger = Ledger(**folders)
    for n, seed in ((64, 1), (16, 0), (64, 0)):
        ledger.add(make_row(n=n, run_seed=seed, subset_seed=seed))
    assert [(r["n"], r["run_seed"]) for r in ledger.rows()] == [(16, 0), (64, 0), (64, 1)]
    assert len(ledger.rows(n=64)) == 2 and not ledger.rows(n=64, arm="nobody")


def test_shipped_rows_are_read_and_own_rows_cannot_replace_them(folders):
    row = make_row(score=0.7)
    write_shipped(folders["shipped"] / "films.jsonl", [row], ["Made by: a test"])
    ledger = Ledger(**folders)
    assert ledger.rows()[0]["shipped"] is True
    (folders["own"]).mkdir()
    (folders["own"] / f"{row['id']}.json").write_text(json.dumps({**row, "score": 0.1}))
    assert Ledger(**folders).rows()[0]["score"] == 0.7


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema": 1}'])
def test_a_broken_record_is_reported_set_aside_and_free_to_be_recomputed(folders, content):
    row = make_row()
    ledger = Ledger(**folders)
    path = ledger.add(row)
    path.write_bytes(content)
    again = Ledger(**folders)
    assert again.get(row["id"]) is None
    assert "set aside" in again.problems[0] and path.with_suffix(".broken").exists()
    again.add(row)
    assert Ledger(**folders).get(row["id"])["id"] == row["id"]


def test_a_newer_schema_is_refused_with_a_sentence_and_left_alone(folders):
    ledger = Ledger(**folders)
    path = ledger.add(make_row())
    path.write_text(json.dumps({**make_row(), "schema": SCHEMA + 1}))
    again = Ledger(**folders)
    assert not again.rows() and "update the suite" in again.problems[0].lower() and path.exists()
    with pytest.raises(LearnerError, match="newer suite"):
        check({**make_row(), "schema": SCHEMA + 1})


def test_wrong_types_and_missing_fields_are_named():
    for name, value in (("n", "64"), ("score", "high"), ("correct", 7), ("n", True)):
        with pytest.raises(LearnerError, match=name):
            check({**make_row(), name: value})
    for name, (_, required, _) in FIELDS.items():
        if required:
            with pytest.raises(LearnerError):
                check({k: v for k, v in make_row().items() if k != name})


def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_written(folders, monkeypatch):
    ledger = Ledger(**folders)
    ledger.add(make_row(n=16))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LearnerError, match="No space left"):
        ledger.add(make_row(n=64))
    monkeypatch.undo()
    assert [p.suffix for p in folders["own"].iterdir()] == [".json"]
    assert [row["n"] for row in Ledger(**folders).rows()] == [16]


def _write_many(own, shipped, start):
    ledger = Ledger(own=own, shipped=shipped)
    for i in range(40):
        ledger.add(make_row(n=16, run_seed=start + i % 20, subset_seed=start + i % 20))


def test_two_writers_at_once_lose_nothing(folders):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(folders["own"], folders["shipped"], s))
               for s in (0, 10)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    ledger = Ledger(**folders)
    assert {row["run_seed"] for row in ledger.rows()} == set(range(30)) and not ledger.problems
    assert not list(folders["own"].glob("*.tmp")) + list(folders["own"].glob(".*"))


def test_runs_of_another_process_are_seen(folders):
    one, other = Ledger(**folders), Ledger(**folders)
    row = make_row()
    other.add(row)
    assert one.get(row["id"]) is not None


@given(st.lists(st.booleans(), max_size=70))
def test_flags_survive_packing(flags):
    row = {"correct": pack_flags(flags), "test_size": len(flags)}
    if flags:
        assert np.array_equal(correct_flags(row), flags)
    else:
        with pytest.raises(ValueError):
            correct_flags(row)


def test_flags_that_do_not_fit_are_refused():
    with pytest.raises(ValueError):
        correct_flags({"id": "x", "correct": "ff", "test_size": 9})


def test_the_shipped_files_are_whole_and_come_from_committed_code():
    ledger = Ledger(own="/nonexistent")
    assert not ledger.problems
    for row in ledger.rows():
        assert row["commit"] and not row["commit"].endswith("+")
        if row["status"] == "done" and row["task"] in WRITTEN:  # no answer is just right or wrong
            assert row["test_size"] == row["test_limit"] == 200
            if row["purpose"] == "curve" and row["arm"] not in NO_NETWORK:
                assert len(row["outputs"]) == (60 if row["task"] == "write/films" else 200)
        elif row["status"] == "done" and row["metric"] == "log_likelihood":  # nor is running text
            assert row["score"] < 0 and row["test_size"] > 1000
        elif row["status"] == "done":
            assert correct_flags(row).mean() == pytest.approx(row["accuracy"], abs=1e-4)
