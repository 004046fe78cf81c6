"""The journal: whole lines or none, two writers, a full disk, another version, export and erase."""

import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtl_helpers import paths
from llmtl_helpers.commands import progress
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.journal import VERSION, Journal, first_guesses, remember
from llmtl_helpers.plots import calibration_figure


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "home" / "journal.jsonl")


def test_nothing_is_there_before_the_first_entry(journal):
    assert journal.entries() == [] and not journal.file.exists()


def test_entries_come_back_in_order_and_by_field(journal):
    journal.add("exercise", "sum", state="not yet")
    journal.add("guess", "a score", guess=0.5, truth=0.7)
    journal.add("exercise", "sum", state="right")
    assert [entry["state"] for entry in journal.entries("exercise", name="sum")] == [
        "not yet", "right"]
    assert len(journal.entries()) == 3 and journal.entries("quiz") == []


@given(name=st.text(max_size=30), option=st.text(max_size=30))
def test_any_text_survives(tmp_path_factory, name, option):
    journal = Journal(tmp_path_factory.mktemp("home") / "journal.jsonl")
    kept = journal.add("quiz", name, option=option, right=False)
    assert journal.entries() == [kept]


def test_an_entry_that_lacks_a_field_or_has_no_kind_is_a_mistake_of_ours(journal):
    for kind, fields in (("quiz", {"option": "a"}), ("diary", {})):
        with pytest.raises(ValueError, match="needs"):
            journal.add(kind, "x", **fields)
    assert not journal.file.exists()


def test_a_line_that_was_cut_off_swallows_nothing(journal):
    journal.add("exercise", "a", state="right")
    with open(journal.file, "a", encoding="utf-8") as lines:
        lines.write('{"version": 1, "kind": "exer')  # killed here
    journal.add("exercise", "b", state="right")
    assert [entry["name"] for entry in journal.entries()] == ["a", "b"]


@pytest.mark.parametrize("line", ["null", "[]", "7", '{"kind": "exercise"}', "\x00\x00", "é" * 9,
                                  '{"version": 1, "kind": "exercise", "name": 3, "time": "", '
                                  '"state": "right"}'])
def test_lines_that_are_no_entry_are_passed_over_and_kept(journal, line):
    journal.add("exercise", "a", state="right")
    with open(journal.file, "a", encoding="utf-8") as lines:
        lines.write(line + "\n")
    journal.add("exercise", "b", state="right")
    assert len(journal.entries()) == 2 and line in journal.file.read_text(encoding="utf-8")


def test_entries_of_a_newer_version_stay_in_the_file(journal):
    journal.add("exercise", "a", state="right")
    newer = {**journal.entries()[0], "version": VERSION + 1}
    with open(journal.file, "a", encoding="utf-8") as lines:
        lines.write(json.dumps(newer) + "\n")
    assert len(journal.entries()) == 1
    journal.add("exercise", "b", state="right")
    assert json.dumps(newer) in journal.file.read_text(encoding="utf-8")


def _write(file: str, writer: int) -> None:
    for number in range(60):
        Journal(Path(file)).add("exercise", f"{writer} {number}", state="right")


def test_two_writers_lose_nothing(journal):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(str(journal.file), writer)) for writer in (0, 1)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    names = [entry["name"] for entry in journal.entries()]
    assert len(names) == len(set(names)) == 120


def test_a_full_disk_is_a_sentence_and_what_was_there_stays(journal, monkeypatch):
    journal.add("exercise", "a", state="right")

    def full(handle, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(LearnerError, match="could not be kept.*No space left.*LLMTL_HOME"):
        journal.add("exercise", "b", state="right")
    monkeypatch.undo()
    assert [entry["name"] for entry in journal.entries()] == ["a"]


def test_remembering_never_raises(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "file" / "home"))
    assert "could not be kept" in remember("exercise", "a", state="right")


def test_an_export_can_be_taken_over_once(journal, tmp_path):
    for name in "abc":
        journal.add("exercise", name, state="right")
    assert journal.export(tmp_path / "out.jsonl") == 3
    with pytest.raises(LearnerError, match="overwrites nothing"):
        journal.export(tmp_path / "out.jsonl")
    with pytest.raises(LearnerError, match="could not be written"):
        journal.export(tmp_path / "nowhere" / "out.jsonl")
    other = Journal(tmp_path / "other" / "journal.jsonl")
    other.add("exercise", "d", state="right")
    assert (other.take_over(tmp_path / "out.jsonl"), other.take_over(tmp_path / "out.jsonl")) == (3, 0)
    assert {entry["name"] for entry in other.entries()} == set("abcd")
    assert [entry["time"] for entry in other.entries(name="a")] == [
        entry["time"] for entry in journal.entries(name="a")]
    with pytest.raises(LearnerError, match="no entry of a journal"):
        other.take_over(tmp_path / "no such file")


def test_only_first_guesses_before_the_result_count(journal):
    journal.add("guess", "seen before", guess=0.7, truth=0.7, seen=True)
    journal.add("guess", "no runs yet", guess=0.7, truth=None)
    journal.add("guess", "twice", guess=0.5, truth=0.7)
    journal.add("guess", "twice", guess=0.7, truth=0.7)
    assert [(one.what, one.guess) for one in first_guesses(journal)] == [("twice", 0.5)]


# --- the chart ------------------------------------------------------------------------------


def test_without_guesses_the_chart_says_what_to_do():
    figure = calibration_figure([])
    assert "Predict" in figure.reading or "predict" in figure.reading
    assert figure.table == []


def test_the_chart_counts_directions_and_leaves_nothing_out_of_the_table(journal):
    pairs = [(0.8, 0.4), (0.2, 0.4), (0.4, 0.4), (0.0, 0.4), (500.0, 1.0)]
    for number, (guess, truth) in enumerate(pairs):
        journal.add("guess", f"result {number} <b>", guess=guess, truth=truth)
    figure = calibration_figure(first_guesses(journal))
    assert "Of 4 guesses 2 were more than 10% too high and 1 more than 10% too low" in figure.reading
    assert [row["multiple"] for row in figure.table] == [2.0, 0.5, 1.0, None, 500.0]
    marks = [line.get_xdata()[0] for line in figure.figure.axes[0].lines
             if line.get_label() == "_guess"]
    assert marks == [2.0, 0.5, 1.0, 8.0]  # the last one at the edge
    assert "<b>" not in figure.html()


def test_halves_are_compared_once_there_are_enough(journal):
    for number in range(8):
        journal.add("guess", str(number), guess=4.0 if number < 4 else 1.0, truth=1.0)
    assert "In the earlier half that factor is 4.00, in the later one 1.00" in calibration_figure(
        first_guesses(journal)).reading


# --- the command ----------------------------------------------------------------------------


@pytest.fixture
def at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "home"))
    return tmp_path


def command(*words: str) -> int:
    import argparse

    parser = argparse.ArgumentParser()
    progress.add_arguments(parser)
    return progress.run(parser.parse_args(words))


def test_the_command_lists_every_lesson(at_home, capsys):
    assert command() == 0
    assert "nothing yet" in capsys.readouterr().out.lower()
    Journal().add("exercise", "another-ruler", state="right")
    Journal().add("guess", "a score", guess=0.4, truth=0.8)
    assert command() == 0
    said = capsys.readouterr().out
    assert "02 How much data does it save" in said and "1 guess" in said and str(paths.home()) in said


def test_the_command_exports_takes_over_and_erases_only_when_asked_twice(at_home, capsys):
    Journal().add("exercise", "a", state="right")
    assert command("--export", str(at_home / "out.jsonl")) == 0
    assert command("--erase") == 1 and Journal().entries()
    assert "--yes" in capsys.readouterr().out
    assert command("--erase", "--yes") == 0 and not Journal().entries()
    assert command("--import", str(at_home / "out.jsonl")) == 0 and len(Journal().entries()) == 1


def test_it_is_a_command_of_the_command_line(at_home):
    said = subprocess.run([sys.executable, "-m", "llmtl_helpers", "progress"], cwd=paths.ROOT,
                          capture_output=True, text=True, timeout=120,
                          env={**os.environ, "LLMTL_HOME": str(at_home / "other")})
    assert said.returncode == 0 and "journal" in said.stdout


def test_the_first_guess_is_the_one_that_is_kept(at_home):
    from llmtl_helpers.lessons import compare_guess

    assert "0.1 too low" in repr(compare_guess(0.6, 0.7, "a score"))
    assert "Your first guess, 0.6, is the one that is kept" in repr(
        compare_guess(0.7, 0.7, "a score"))
    for no_guess in (..., "high", 75):
        compare_guess(no_guess, 0.7, "another score", share=True)
    assert [(one.what, one.guess, one.truth) for one in first_guesses()] == [("a score", 0.6, 0.7)]


def test_a_word_is_kept_beside_the_numbers_and_not_among_them(at_home, capsys):
    from llmtl_helpers.lessons import compare_guess

    def said(guess):
        return repr(compare_guess(guess, "flips", "the gap with unequal rates",
                                  words=("inflates", "shrinks", "flips", "nothing")))

    assert "No guess" in said(...) and "Write one of 'inflates'" in said("bigger")
    assert "not right" in said("shrinks") and "first guess, shrinks, is the one" in said("flips")
    assert first_guesses() == []
    assert [entry["guess"] for entry in Journal().entries("word")] == ["shrinks"]
    assert "1 outcome foretold in a word, 0 of them rightly; blind guessing gets 0.2" in (
        progress.summary(Journal()))
