"""Splits, slices and cards; tasks from Parquet folders; the four sentiment domains."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtl_helpers.assets import state
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks import load_task, sentiment, task_names
from llmtl_helpers.tasks.base import drop_duplicates, normalised, split_rows, stratified_order
from tiny import tiny_rows, tiny_task

needs_assets = pytest.mark.skipif(state("sentiment") != "ready",
                                  reason="the sentiment data has not been fetched")


@given(st.lists(st.integers(0, 3), min_size=8, max_size=300), st.integers(0, 9))
@settings(max_examples=80, deadline=None)
def test_every_prefix_is_stratified_to_within_one(labels, seed):
    order = stratified_order(labels, seed)
    assert sorted(order) == list(range(len(labels)))
    counts = Counter(labels)
    for n in (len(labels) // 4, len(labels) // 2, len(labels)):
        got = Counter(labels[i] for i in order[:n])
        for label, count in counts.items():
            assert abs(got[label] - n * count / len(labels)) <= 1 + 1e-9


def test_slices_are_nested_and_differ_by_seed():
    task = tiny_task()
    assert task.subset_indices(16, 3) == task.subset_indices(64, 3)[:16]
    assert task.subset_indices(64, 3) != task.subset_indices(64, 4)
    assert task.subset(16, 3)["text"] == [task.train[i]["text"] for i in task.subset_indices(16, 3)]


@pytest.mark.parametrize("n", [0, 1, -4, 10**6])
def test_a_slice_that_cannot_be_drawn_is_a_sentence(n):
    with pytest.raises(LearnerError, match="choose n between|Choose n between"):
        tiny_task().subset(n, 0)


def test_documents_stay_together():
    splits = split_rows(tiny_rows(300), test=60, validation=40)
    documents = {split: {row["document"] for row in rows} for split, rows in splits.items()}
    assert not documents["train"] & documents["test"]
    assert not documents["train"] & documents["validation"]
    assert not documents["test"] & documents["validation"]
    assert len(splits["test"]) >= 60 and sum(map(len, splits.values())) == 300


def test_duplicates_go_and_contradictions_go_altogether():
    rows = [{"text": t, "label": y} for t, y in
            [("Good film!", 1), ("good   FILM", 1), ("So so.", 0), ("so so", 1), ("!!", 0)]]
    kept, dropped = drop_duplicates(rows)
    assert [row["text"] for row in kept] == ["Good film!", "!!"] and dropped == 3


def test_ratings_are_read_and_broken_lines_are_counted(tmp_path):
    file = tmp_path / "x.txt"
    file.write_bytes("1_1\t-0.9\ttroubleshooting\r\n1_2\tx\tno number\n2_1\t9\tout of range\n"
                     "3_1\t1.5\tfish &amp; chips \x96\n4_1\t1.0\t  \nshort\n".encode("latin-1"))
    rows, broken = sentiment.read_ratings(file)
    assert [(r["document"], r["rating"]) for r in rows] == [("1", -0.9), ("3", 1.5)]
    assert rows[1]["text"].startswith("fish & chips") and broken == 4


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"no tabs here\n"])
def test_a_file_without_ratings_is_a_sentence(tmp_path, content):
    (tmp_path / "x.txt").write_bytes(content)
    with pytest.raises(LearnerError, match="holds no ratings"):
        sentiment.read_ratings(tmp_path / "x.txt")


def test_the_card_escapes_its_text():
    rows = tiny_rows(60)
    for row in rows:
        row["text"] += " <script>alert(1)</script>"
    from llmtl_helpers.tasks.base import make_task

    task = make_task("t", "<b>t</b>", split_rows(rows, 20, 10), ("bad", "good"), source="s",
                     licence="l", citation="c", label_rule="r")
    html = task.card._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html and "<b>t</b>" not in html


def test_unknown_tasks_name_the_known_ones():
    with pytest.raises(LearnerError, match="sentiment/films"):
        load_task("sentimental")


# --- data from elsewhere -------------------------------------------------------------------


def parquet_folder(folder, columns=("sentence", "label"), splits=("train", "test"), count=120):
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder / "data").mkdir(parents=True, exist_ok=True)
    for number, split in enumerate(splits):
        rows = tiny_rows(count, seed=number)
        pq.write_table(pa.table({columns[0]: [f"{r['text']} {split}" for r in rows],
                                 columns[1]: [r["label"] for r in rows]}),
                       folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


def test_a_folder_laid_out_like_a_hub_snapshot_is_a_task(tmp_path):
    task = load_task(f"folder:{parquet_folder(tmp_path)}")
    assert len(task.test) == 120 and task.label_names == ("0", "1")
    assert set(task.train.column_names) == {"id", "text", "label"}
    held = {normalised(t) for t in [*task.test["text"], *task.validation["text"]]}
    assert not held & {normalised(t) for t in task.train["text"]}


def test_a_hub_name_reads_the_same_folder_from_the_hub_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    revision = "0123456789" * 4
    repository = tmp_path / "cache/huggingface/hub/datasets--some--films"
    snapshot = parquet_folder(repository / "snapshots" / revision)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    task = load_task(f"hub:some/films@{revision}")
    again = load_task(f"folder:{snapshot}")
    assert task.fingerprint == again.fingerprint


def test_missing_columns_and_files_are_sentences(tmp_path):
    parquet_folder(tmp_path / "a", columns=("body", "stars"))
    with pytest.raises(LearnerError, match="body, stars"):
        load_task(f"folder:{tmp_path / 'a'}")
    load_task(f"folder:{tmp_path / 'a'}?text=body&label=stars")
    (tmp_path / "b").mkdir()
    with pytest.raises(LearnerError, match="Parquet"):
        load_task(f"folder:{tmp_path / 'b'}")
    (tmp_path / "b" / "train.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(LearnerError, match="cannot be read"):
        load_task(f"folder:{tmp_path / 'b'}")


# --- the real data -------------------------------------------------------------------------


@needs_assets
@pytest.mark.parametrize("name", task_names())
def test_the_domains_follow_the_protocol(name):
    task = load_task(name)
    assert len(task.test) >= 1000
    texts = {s: {normalised(t) for t in getattr(task, s)["text"]}
             for s in ("train", "validation", "test")}
    assert not texts["train"] & texts["test"] and not texts["train"] & texts["validation"]
    assert not texts["validation"] & texts["test"]
    documents = {s: {i.rpartition("_")[0] for i in getattr(task, s)["id"] if "_" in i}
                 for s in ("train", "test")}
    assert not documents["train"] & documents["test"]
    share = np.mean(task.test["label"])
    assert 0.3 < share < 0.75
    assert "Hutto" in task.card.citation and "0.5" in task.card.label_rule


@needs_assets
def test_the_family_name_means_films():
    assert load_task("sentiment").name == "sentiment/films"
    assert len(load_task("sentiment").train) >= 8192
