"""Own tables: what is read, what is refused in a sentence, what is kept, what is advised."""

import csv
import json
import os
import random
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtl_helpers.commands import own as own_command
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.own_data import OwnData, advise, examine, guess_columns, keep, read_table
from llmtl_helpers.own_data import reading
from llmtl_helpers.own_data.columns import suggested_name
from llmtl_helpers.profiles import PROFILES
from llmtl_helpers.tasks import load_task
from llmtl_helpers.tasks.own import own_names
from rows import make_row

WORDS = "red blue green film music garden river stone paper window letter bread winter train".split()


def pairs(count=400, classes=("good", "bad"), seed=0):
    rng = random.Random(seed)
    return [(f"{' '.join(rng.choices(WORDS, k=9))} no {number}", classes[number % len(classes)])
            for number in range(count)]


def write_csv(path, rows, header=("text", "label"), delimiter=",", encoding="utf-8"):
    with open(path, "w", newline="", encoding=encoding, errors="replace") as stream:
        csv.writer(stream, delimiter=delimiter).writerows([header, *rows])
    return path


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


# --- reading --------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_delimiter_and_encoding_are_guessed(tmp_path, delimiter, encoding):
    rows = [(f"café, naïve; {text}", label) for text, label in pairs(60)]
    table = read_table(write_csv(tmp_path / "a.csv", rows, delimiter=delimiter, encoding=encoding))
    assert (table.columns, table.delimiter) == (("text", "label"), delimiter)
    assert table.column("text") == [text for text, _ in rows]


def test_json_lines_and_parquet_give_the_same_rows(tmp_path):
    rows = pairs(50)
    (tmp_path / "a.jsonl").write_text("\n".join(
        json.dumps({"text": text, "label": label}) for text, label in rows) + "\nbroken\n")
    (tmp_path / "a.json").write_text(json.dumps([{"text": t, "label": l} for t, l in rows]))
    pq.write_table(pa.table({"text": [t for t, _ in rows], "label": [l for _, l in rows]}),
                   tmp_path / "a.parquet")
    for name, kind in (("a.jsonl", "JSON lines"), ("a.json", "JSON lines"), ("a.parquet", "Parquet")):
        table = read_table(tmp_path / name)
        assert table.kind == kind and table.rows == tuple(rows)
    assert "1 lines are no JSON" in read_table(tmp_path / "a.jsonl").notes[0]


def test_json_may_hold_other_line_ends_and_halves_of_characters(tmp_path):
    rows = [{"wor\ud83dds": f"one\u2028two\x85three {n} \ud83d", "label": "ab"[n % 2]}
            for n in range(40)]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False).replace(
        "\ud83d", "\\ud83d") for row in rows), encoding="utf-8")
    table = read_table(tmp_path / "a.jsonl")
    assert table.aside == 0 and table.columns == ("wor?ds", "label")
    assert table.rows[0][0] == "one\u2028two\x85three 0 ?"
    "".join(cell for row in table.rows for cell in row).encode()


@pytest.mark.parametrize("name, content, said", [
    ("a.jsonl", b'{"text": "alone"}\n' * 9, "no two columns"), ("a.jsonl", b"{}\n{}\n", "no two columns"),
    ("a.csv", b"", "is empty"), ("a.csv", b"\n \n", "is empty"),
    ("a.csv", b"text,label\n", "nothing to learn from"),
    ("a.csv", b"only one column\nx\ny\n", "has one column"),
    ("a.xlsx", b"PK\x03\x04rest", "Excel"), ("a.gz", b"\x1f\x8brest", "gzip"),
    ("a.pdf", b"%PDF-1.4", "PDF"), ("a.parquet", b"PAR1 and no more", "damaged Parquet"),
    ("a.json", b"[{\"text\": 1", "no whole list"), ("a.csv", bytes(5000), "is no text"),
    ("a.csv", b'text,label\n"never closed,' + b"x" * 1_100_000, "quotation mark"),
])
def test_a_file_that_cannot_be_used_is_a_sentence(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LearnerError, match=said):
        read_table(tmp_path / name)


def test_no_file_a_folder_and_random_bytes_are_sentences(tmp_path):
    (tmp_path / "random.csv").write_bytes(random.Random(1).randbytes(40_000))
    for place in (tmp_path / "nowhere.csv", tmp_path, tmp_path / "random.csv"):
        with pytest.raises(LearnerError):
            read_table(place)
    write_csv(tmp_path / "a.csv", pairs(5))
    with pytest.raises(LearnerError, match="no encoding called"):
        read_table(tmp_path / "a.csv", encoding="klingon")
    with pytest.raises(LearnerError, match="no delimiter"):
        read_table(tmp_path / "a.csv", delimiter="x")


def test_nuls_mixed_encodings_and_ragged_rows_are_counted(tmp_path):
    lines = [b"text,label"]
    for number in range(300):
        word = "caf\u00e9".encode("latin-1" if number % 50 == 0 else "utf-8")
        lines.append(b"%s number %d\0,%s" % (word, number, b"a" if number % 2 else b"b"))
    lines += [b"too,many,cells", b"one"]
    (tmp_path / "a.csv").write_bytes(b"\n".join(lines))
    table = read_table(tmp_path / "a.csv")
    notes = " ".join(table.notes)
    assert "300 NUL" in notes and "6 characters could not be read" in notes
    assert "2 lines have another number of cells" in notes and len(table.rows) == 300


def test_of_a_large_file_only_the_beginning_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_ROWS", 100)
    table = read_table(write_csv(tmp_path / "a.csv", pairs(300)))
    assert len(table.rows) == 100 and "first 100 rows" in table.notes[0]
    monkeypatch.setattr(reading, "MOST_BYTES", 4000)
    table = read_table(tmp_path / "a.csv")
    assert len(table.rows) < 100 and "GB; only its first" in table.notes[0]


def test_a_sparse_file_of_two_gigabytes_is_a_sentence_at_once(tmp_path):
    with open(tmp_path / "huge.csv", "wb") as stream:
        stream.write(b"text,label\n")
        stream.seek(2 * 10**9)
        stream.write(b"x")
    began = time.perf_counter()
    with pytest.raises(LearnerError, match="is no text"):
        read_table(tmp_path / "huge.csv")
    assert time.perf_counter() - began < 20


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=400))
def test_no_bytes_end_in_a_traceback(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("any") / "a.csv"
    file.write_bytes(content)
    try:
        table = read_table(file)
        examine(table, *guess_columns(table))
    except LearnerError as error:
        assert str(error)


def test_columns_without_names_or_with_equal_ones_get_names_of_their_own(tmp_path):
    table = read_table(write_csv(tmp_path / "a.csv", [("a", "b", "c")] * 3, ("x", "", "x")))
    assert len(set(table.columns)) == 3 and "column 2" in table.columns


# --- checks ---------------------------------------------------------------------------------


def table_of(tmp_path, rows):
    return read_table(write_csv(tmp_path / "a.csv", rows))


@pytest.mark.parametrize("rows, said", [
    ([(text, "same") for text, _ in pairs(200)], "one class alone"),
    ([(text, f"{number / 7:.3f}") for number, (text, _) in enumerate(pairs(200))], "numbers, not"),
    ([(text, f"c{number}") for number, (text, _) in enumerate(pairs(10_000))], "10,000 different"),
    (pairs(40), "fewer than 100"),
    ([*pairs(300), *((text, "rare") for text, _ in pairs(4, seed=9))], "the class 'rare' has"),
    ([("", "a"), ("b", "")] * 200, "no row with a text and a label"),
])
def test_labels_that_teach_nothing_are_a_sentence(tmp_path, rows, said):
    with pytest.raises(LearnerError, match=f"(?i){said}"):
        examine(table_of(tmp_path, rows), "text", "label")


def test_the_same_column_twice_and_one_that_is_not_there_are_sentences(tmp_path):
    table = table_of(tmp_path, pairs())
    with pytest.raises(LearnerError, match="same column"):
        examine(table, "text", "text")
    with pytest.raises(LearnerError, match="no column 'verdict'"):
        examine(table, "text", "verdict")


def said(tmp_path, rows) -> str:
    return "\n".join(map(str, examine(table_of(tmp_path, rows), "text", "label").findings))


def test_duplicates_uneven_classes_and_giveaways_are_found(tmp_path):
    rows = [(f"{text} {'ticketclosed' if label == 'good' else ''}", label)
            for text, label in pairs(300)]
    rows += [(text.upper() + "!", label) for text, label in rows[:20]]
    found = said(tmp_path, rows)
    assert "20 duplicates" in found and "'ticketclosed' alone gives the class 'good' away" in found
    uneven = said(tmp_path, [*pairs(60), *((text, "good") for text, _ in pairs(300, seed=5))])
    assert "Classes are uneven" in uneven and "macro-F1" in uneven
    assert "left out" in said(tmp_path, [*pairs(300), ("x y", ""), ("", "good")])


def test_formulas_and_foreign_letters_are_noted_and_markup_stays_text(tmp_path):
    found = said(tmp_path, [(f"=SUM(A1) {text}", label) for text, label in pairs()])
    assert "begin like a spreadsheet's formula" in found
    found = said(tmp_path, [(f"хороший фильм {text}", label) for text, label in pairs()])
    assert "letters are not Latin" in found


def test_a_hundred_thousand_rows_are_checked_quickly(tmp_path):
    rows = pairs(100_000)
    file = write_csv(tmp_path / "a.csv", rows)
    began = time.perf_counter()
    found = examine(read_table(file), "text", "label")
    assert len(found.rows) > 90_000 and time.perf_counter() - began < 40  # 10 s on an idle machine
    assert any("nearly equal texts were not looked for" in str(one) for one in found.findings)


# --- a task of one's own --------------------------------------------------------------------


def test_kept_rows_are_a_task_and_other_rows_another_one(tmp_path):
    examined = examine(table_of(tmp_path, pairs()), "text", "label")
    name = keep(examined, "mine", "a.csv")
    task = load_task(name)
    assert name in own_names() and task.label_names == ("bad", "good")
    assert len(task.train) + len(task.validation) + len(task.test) == len(examined.rows)
    assert 0.25 < len(task.test) / len(examined.rows) < 0.35
    assert not set(task.train["text"]) & set(task.test["text"])
    assert keep(examined, "mine", "a.csv") == name
    other = examine(table_of(tmp_path, pairs(seed=3)), "text", "label")
    assert keep(other, "mine", "a.csv") != name


@pytest.mark.parametrize("name", ["", "../up", "With Space", "ä", "x" * 40])
def test_a_name_that_is_no_file_name_is_a_sentence(tmp_path, name):
    examined = examine(table_of(tmp_path, pairs()), "text", "label")
    with pytest.raises(LearnerError, match="cannot be a task's name"):
        keep(examined, name, "a.csv")


def test_a_task_that_is_not_there_or_damaged_is_a_sentence(home):
    with pytest.raises(LearnerError, match="python3 start.py own FILE"):
        load_task("own:nothing-00000000")
    (home / "data").mkdir(parents=True)
    (home / "data" / "bad-12345678.json").write_text('{"rows": [[1')
    with pytest.raises(LearnerError, match="is damaged"):
        load_task("own:bad-12345678")


def test_a_full_disk_is_a_sentence(tmp_path, monkeypatch):
    examined = examine(table_of(tmp_path, pairs()), "text", "label")

    def full(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(LearnerError, match="No space left"):
        keep(examined, "mine", "a.csv")


@pytest.mark.parametrize("file, name", [("Tickets 2024.csv", "tickets-2024"), ("日本.csv", "data"),
                                        ("a" * 60 + ".csv", "a" * 30)])
def test_a_name_is_suggested(file, name):
    assert suggested_name(file) == name


# --- advice ---------------------------------------------------------------------------------


def curve(arm, means, seeds=3, task="own:mine-1"):
    flags = "accuracy"
    return [make_row(arm=arm, n=n, subset_seed=seed, run_seed=seed, task=task, metric=flags,
                     accuracy=mean + (seed - 1) / 200, score=mean + (seed - 1) / 200)
            for n, mean in means.items() for seed in range(seeds)]


def test_advice_names_gaps_worth_and_what_it_cannot_say():
    rows = (curve("fine_tuned", {16: 0.60, 64: 0.70, 256: 0.80})
            + curve("scratch", {16: 0.52, 64: 0.56, 256: 0.64})
            + curve("tfidf", {16: 0.52, 64: 0.60, 256: 0.70}))
    found = " ".join(advise(rows))
    assert "16.0 points of accuracy ahead of the same network from scratch" in found
    assert "nothing cheaper does as well" in found and "at least" in found
    assert "cannot be foretold: 3 sizes are too few" in found


def test_advice_prefers_what_is_cheap_and_not_surely_worse():
    rows = curve("fine_tuned", {64: 0.70, 256: 0.80})
    for row in curve("tfidf", {64: 0.69, 256: 0.79}):
        luck = 0.02 * (row["run_seed"] - 1)  # as good, but for luck that goes both ways
        rows.append({**row, "score": row["score"] + luck, "accuracy": row["accuracy"] + luck})
    assert "is cheaper and not surely worse" in " ".join(advise(rows))
    assert "nothing to advise" in advise(curve("tfidf", {64: 0.7}))[0]


def test_advice_does_not_say_what_too_few_runs_leave_open():
    rows = curve("fine_tuned", {64: 0.70, 256: 0.80}) + curve("tfidf", {64: 0.69, 256: 0.79}, seeds=2)
    found = " ".join(advise(rows))
    assert "too few runs to say that nothing cheaper does as well" in found


# --- the command and the panel --------------------------------------------------------------


def command(*words):
    import argparse

    parser = argparse.ArgumentParser()
    own_command.add_arguments(parser)
    return own_command.run(parser.parse_args([str(word) for word in words]))


def test_check_alone_trains_and_keeps_nothing(tmp_path, home, capsys):
    rows = [(number, text, label) for number, (text, label) in enumerate(pairs())]
    file = write_csv(tmp_path / "a.csv", rows, ("id", "what was said", "verdict"), ";")
    assert command(file, "--check") == 0
    said = capsys.readouterr().out
    assert "texts: column 'what was said'; labels: column 'verdict'" in said
    assert "divided by semicolon" in said and not (home / "data").exists()


def test_the_whole_command_ends_in_advice(tmp_path, capsys, monkeypatch):
    from llmtl_helpers.commands import sweep

    asked = []
    monkeypatch.setattr(sweep, "run", lambda args: asked.append(args.task) or 0)
    monkeypatch.setattr("llmtl_helpers.rating.matmul_rating", lambda: 100.0)
    runs = [{**row, "purpose": purpose} for purpose in ("curve", "trial")
            for arm, score in (("fine_tuned", 0.8), ("scratch", 0.6))
            for row in curve(arm, {64: score})]
    monkeypatch.setattr("llmtl_helpers.sweep.planned_rows", lambda *_: runs)
    assert command(write_csv(tmp_path / "mine.csv", pairs()), "--name", "mine") == 0
    said = capsys.readouterr().out
    assert asked[0].startswith("own:mine-") and "minutes on this machine" in said
    assert "20.0 points of accuracy ahead" in said
    assert PROFILES["own"].seeds == 3


def test_the_panel_goes_step_by_step(tmp_path):
    file = write_csv(tmp_path / "a.csv", [(f"<script>{text}</script>", label)
                                          for text, label in pairs()])
    panel = OwnData(file)
    assert panel.check.disabled and panel.keep.disabled
    panel.check.click()
    assert panel.examined is None
    panel.read.click()
    assert panel.text.value == "text" and panel.label.value == "label" and not panel.check.disabled
    assert "<script" not in panel.rows.value and "&lt;script" in panel.rows.value
    panel.check.click()
    panel.keep.click()
    assert load_task(panel.task).label_names == ("bad", "good") and panel.last_error is None
    panel.label.value = "text"
    assert panel.examined is None and panel.keep.disabled
    panel.check.click()
    assert "same column" in panel.errors.value
    for control in (panel.path, panel.delimiter, panel.encoding, panel.text, panel.label, panel.name,
                    panel.read, panel.check, panel.keep):
        assert control.description
    assert "was read" in panel.static_html()


def test_the_panel_shows_what_cannot_be_read(tmp_path):
    panel = OwnData(tmp_path / "nowhere.csv")
    panel.read.click()
    assert "cannot be read" in panel.errors.value and panel.table is None
