"""Splits, slices and cards; tasks from Parquet folders, text messages, articles; the real data."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtl_helpers.assets import state
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.tasks import load_task, sentiment, sms, task_names, topics
from llmtl_helpers.tasks.base import (drop_duplicates, make_task, normalised, split_rows,
                                      stratified_order)
from tiny import parquet_folder, tiny_rows, tiny_task

needs_assets = pytest.mark.skipif(state("sentiment") != "ready",
                                  reason="the sentiment data has not been fetched")
ASSETS = {"topics": "news"}  # a family's asset, where it has another name


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


def published(folder, splits, names=None):
    """Parquet files of the given rows; `names` as a hub's ClassLabel has them."""
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    about = {"info": {"features": {"label": {"names": names}}}} if names else {}
    for split, columns in splits.items():
        table = pa.table(columns).replace_schema_metadata({"huggingface": json.dumps(about)})
        pq.write_table(table, folder / f"{split}.parquet")
    return f"folder:{folder}"


def texts(count, of=""):
    return [f"{of} number {n}" for n in range(count)]


def test_names_of_classes_that_are_digits_do_not_change_the_classes(tmp_path):
    labels = [n % 2 for n in range(80)]
    name = published(tmp_path, {split: {"text": texts(80, split), "label": labels}
                                for split in ("train", "test")}, names=["1", "2"])
    task = load_task(name)
    assert task.label_names == ("1", "2") and sorted(set(task.train["label"])) == [0, 1]


def test_an_unlabelled_test_set_is_not_used_and_no_test_text_is_chosen_by(tmp_path):
    shared = texts(30, "shared")
    name = published(tmp_path / "a", {
        "train": {"text": texts(200, "train") + shared, "label": [n % 2 for n in range(230)]},
        "validation": {"text": texts(50, "validation") + shared, "label": [n % 2 for n in range(80)]},
        "test": {"text": texts(40, "test") + shared, "label": [n % 2 for n in range(70)]}})
    task = load_task(name)
    assert len(task.test) == 70 and len(task.validation) == 50 and len(task.train) == 200
    name = published(tmp_path / "b", {
        "test": {"text": texts(40, "test")},
        "train": {"text": texts(200, "train"), "label": [n % 2 for n in range(200)]}})
    assert "No test split" in " ".join(load_task(name).card.notes)


def test_the_columns_that_were_named_are_a_part_of_the_name(tmp_path):
    name = f"folder:{parquet_folder(tmp_path, columns=('body', 'stars'))}?text=body&label=stars"
    assert load_task(load_task(name).name).fingerprint == load_task(name).fingerprint


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(60, 300), st.integers(0, 50))
def test_the_smallest_slice_holds_two_classes_whatever_the_seed(rare, common, seed):
    rows = [{"id": str(n), "document": str(n), "text": str(n), "label": int(n < rare)}
            for n in range(rare + common)]
    task = make_task("uneven", "Uneven", {"train": rows, "validation": rows[:1], "test": rows[:1]},
                     ("often", "rare"), source="", licence="", citation="", label_rule="")
    least, most = task.possible_sizes
    assert most == rare + common
    if least <= most:
        assert len(set(task.subset(least, seed)["label"])) == 2


# --- text messages and articles ------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The folder that stands for the assets of both tasks; their splits are small."""
    for module in (sms, topics):
        monkeypatch.setattr(module, "asset_path", lambda name: tmp_path)
        monkeypatch.setattr(module, "TEST", 10)
        monkeypatch.setattr(module, "VALIDATION", 5)
    return tmp_path


def words(number: int) -> str:
    return " ".join(f"word{number}x{place}" for place in range(8))


def test_text_messages_are_read_as_they_were_sent(elsewhere):
    lines = [f"{'spam' if i % 4 == 0 else 'ham'}\t{words(i)}" for i in range(40)]
    lines += ['ham\t"She said ""no"", twice"', "ham\tfish &amp; chips &lt;#&gt;\r", 'spam\t"', "",
              f"ham\tNew: {words(1)}", f"ham\t{words(2).upper()}!", f"ham\t{words(4)}",
              "no tab", "eggs\tno such label", "ham\t  ", "ham\t&nbsp;"]
    (elsewhere / "spam_collection.csv").write_bytes("\n".join(lines).encode() + b"\nham\t\xff\xfe")
    task = sms.load("sms/spam")
    found = {row["text"]: row["label"] for split in (task.train, task.validation, task.test)
             for row in split}
    assert found['She said "no", twice'] == 0 and found["fish & chips <#>"] == 0
    assert found['"'] == 1 and found[words(8)] == 1 and found[words(1)] == 0
    assert words(4) not in found  # it stood there as real and as junk
    assert len(found) == 39 + 4 and task.label_names == ("real", "junk")
    note = task.card.notes[0]
    assert "file: 51" in note and "4 that could not be read" in note
    assert "3 duplicates" in note and "1 near-duplicates" in note


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00\x01", b"ham no tab\n"])
def test_a_file_without_messages_is_a_sentence(elsewhere, content):
    (elsewhere / "spam_collection.csv").write_bytes(content)
    with pytest.raises(LearnerError, match="holds no messages.*assets fetch sms"):
        sms.load("sms/spam")


def fill_topics(folder, names=("sports", "tech", "arts")):
    for number, topic in enumerate(names):
        (folder / topic).mkdir()
        for i in range(12):
            text = f"Headline {topic} {i}\n\n{words(100 * number + i)}"
            (folder / topic / f"{i:03}.txt").write_text(text)


def test_articles_take_their_topic_from_their_folder(elsewhere):
    fill_topics(elsewhere)
    (elsewhere / "empty").mkdir()
    (elsewhere / "arts" / "900.txt").write_bytes(b" \n")
    (elsewhere / "arts" / "901.txt").write_bytes(b"caf\xe9 \xff")
    (elsewhere / "tech" / "902.txt").write_bytes((elsewhere / "tech" / "001.txt").read_bytes())
    task = topics.load("topics/news")
    assert task.label_names == ("arts", "sports", "tech") and task.metric == "macro_f1"
    rows = [row for split in (task.train, task.validation, task.test) for row in split]
    assert len(rows) == 37
    assert all(row["id"].startswith(task.label_names[row["label"]]) for row in rows)
    note = task.card.notes[0]
    assert "archive: 39" in note and "1 without text" in note and "1 duplicates" in note


@pytest.mark.parametrize("names", [(), ("sports",)])
def test_fewer_than_two_topics_are_a_sentence(elsewhere, names):
    fill_topics(elsewhere, names)
    (elsewhere / "empty").mkdir()
    with pytest.raises(LearnerError, match="No articles are found.*assets fetch news"):
        topics.load("topics/news")


def test_files_that_cannot_be_read_are_sentences(elsewhere):
    fill_topics(elsewhere)
    with pytest.raises(LearnerError, match="spam_collection.csv cannot be read.*assets fetch sms"):
        sms.load("sms/spam")
    (elsewhere / "tech" / "a.txt").mkdir()
    with pytest.raises(LearnerError, match="a.txt cannot be read.*assets fetch news"):
        topics.load("topics/news")


@pytest.mark.parametrize("load, name", [(sms.load, "sms"), (topics.load, "news")])
def test_data_that_are_not_here_are_named(load, name, tmp_path, monkeypatch):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    with pytest.raises(LearnerError, match=f"'{name}' is not on this machine.*fetch {name}"):
        load(name)


# --- the real data -------------------------------------------------------------------------


@pytest.mark.parametrize("name", task_names())
def test_no_text_is_in_two_splits(name):
    family = name.partition("/")[0]
    if state(ASSETS.get(family, family)) != "ready":
        pytest.skip(f"the data of {name} has not been fetched")
    task = load_task(name)
    texts = [{normalised(text) for text in split["text"]}
             for split in (task.train, task.validation, task.test)]
    assert len(set.union(*texts)) == sum(map(len, texts)) > 1500
    assert len(task.test) >= (800 if family == "topics" else 1000)  # the articles are few
    balance = Counter(task.test["label"])
    assert len(balance) == len(task.label_names) and min(balance.values()) >= 100
    assert task.metric == "macro_f1" or family == "sentiment"


@pytest.mark.skipif(state("sms") != "ready", reason="the text messages have not been fetched")
def test_one_real_text_message_in_eight_is_junk():
    task = load_task("sms")
    assert 4200 < len(task.train) + len(task.validation) + len(task.test) < 4600
    for split in (task.train, task.validation, task.test):
        assert 0.07 < np.mean(split["label"]) < 0.17
    assert not any("&lt;" in text or text.startswith('"') and text.endswith('""')
                   for text in task.train["text"])
    assert "none stated" in task.card.licence


@pytest.mark.skipif(state("news") != "ready", reason="the articles have not been fetched")
def test_the_real_topics_are_five_and_of_like_size():
    task = load_task("topics")
    assert len(task.label_names) == 5 and 1950 < 800 + 300 + len(task.train) < 2200
    shares = np.bincount(task.train["label"]) / len(task.train)
    assert 0.1 < shares.min() and shares.max() < 0.35
    assert "research" in task.card.licence


@needs_assets
@pytest.mark.parametrize("name", sentiment.NAMES)
def test_the_domains_follow_the_protocol(name):
    task = load_task(name)
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
