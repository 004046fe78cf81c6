"""Quizzes: every file as agreed, every option with its reason, first choices kept."""

import re

import pytest

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.journal import Journal
from llmtl_helpers.lessons import Quiz
from llmtl_helpers.lessons.expand import quiz_cells
from llmtl_helpers.lessons.quizzes import LETTERS, Option, QuizQuestion, folder, read_quiz
from llmtl_helpers.lessons.source import read_lessons

NUMBERS = sorted(file.stem for file in folder().glob("*.yaml"))
BAD = "<script>alert(1)</script>"


def questions(count=2):
    return [QuizQuestion(f"q{number}", f"What? {BAD}", (
        Option(f"one {BAD}", "reason one"), Option("two", f"reason two {BAD}", right=True),
        Option("three", "reason three"))) for number in range(count)]


@pytest.fixture
def quiz(tmp_path):
    return Quiz("01", questions(), Journal(tmp_path / "journal.jsonl"))


def text(control) -> str:
    return re.sub("<[^>]*>", " ", control.value)


def test_every_lesson_has_a_quiz():
    assert NUMBERS == [lesson.number for lesson in read_lessons()]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_quiz_is_as_agreed(number):
    found = read_quiz(number)
    assert len(found) == 4
    for question in found:
        assert re.fullmatch(r"[a-z][a-z0-9-]+", question.name) and question.asks.endswith("?")
        assert len({option.text for option in question.options}) == len(question.options)
        lengths = [len(option.text) for option in question.options]
        right = next(option for option in question.options if option.right)
        assert len(right.text) < 1.8 * min(lengths), question.name  # not given away by its length
        for option in question.options:
            assert 5 <= len(option.why.split()) <= 60, option.why
    places = [[option.right for option in question.options].index(True) for question in found]
    assert len(set(places)) > 1, "the right option stands at the same place in all questions"


def test_names_are_distinct_in_the_course():
    names = [question.name for number in NUMBERS for question in read_quiz(number)]
    assert len(set(names)) == len(names)


def test_nothing_is_told_before_a_choice(quiz):
    shown = "".join(child.value for child in quiz.children if hasattr(child, "value"))
    assert "reason" not in shown and "right" not in shown


def test_each_option_gives_its_reason_and_the_first_choice_is_kept(quiz):
    quiz.buttons["q0"][0].click()
    assert "reason one" in text(quiz._reasons["q0"]) and "reason two" not in text(quiz._reasons["q0"])
    quiz.buttons["q0"][1].click()
    assert "B ✓ right." in text(quiz._reasons["q0"]) and "A ✗" in text(quiz._reasons["q0"])
    quiz.buttons["q0"][1].click()
    assert text(quiz._reasons["q0"]).count("reason two") == 1
    quiz.buttons["q1"][1].click()
    assert "1 of 2 right at once." in text(quiz.standing)
    assert [(entry["name"], entry["option"], entry["right"]) for entry in quiz.journal.entries()] == [
        ("q0", "A", False), ("q1", "B", True)]
    assert quiz.last_error is None


def test_a_journal_that_cannot_be_written_stops_no_quiz(tmp_path):
    (tmp_path / "locked").write_text("a file where a folder should be")
    quiz = Quiz("01", questions(), Journal(tmp_path / "locked" / "journal.jsonl"))
    quiz.buttons["q0"][1].click()
    assert "reason two" in text(quiz._reasons["q0"]) and "could not be kept" in text(quiz.errors)


def test_text_is_escaped_and_buttons_are_named(quiz):
    for buttons in quiz.buttons.values():
        for letter, button in zip(LETTERS, buttons, strict=False):
            assert button.description == letter and button.tooltip
            button.click()
    html = quiz.static_html() + "".join(child.value for child in quiz.children
                                        if hasattr(child, "value"))
    assert "<script" not in html and html.count("<details>") == 2


@pytest.mark.parametrize("broken, message", [
    ("- name: a\n", "not whole"), ("{", "not whole"), ("7\n", "not whole"),
    ("- {name: a, asks: 'b?', options: [{text: a, why: b}, {text: c, why: d}]}\n", "3 or 4 options"),
    ("- {name: a, asks: 'b?', options: [{text: a, why: b}, {text: c, why: d}, {text: e, why: f}]}\n",
     "0 of them right"),
])
def test_a_file_that_is_not_as_agreed_is_a_sentence(tmp_path, broken, message):
    (tmp_path / "01.yaml").write_text(broken)
    with pytest.raises(LearnerError, match=message):
        read_quiz("01", tmp_path)


def test_a_quiz_that_is_not_there_is_a_sentence():
    with pytest.raises(LearnerError, match="no quiz on lesson '77'"):
        Quiz("77")


def test_the_learners_notebook_holds_no_reason():
    number = NUMBERS[0]
    learner, teacher = (quiz_cells(number, edition) for edition in ("learner", "teacher"))
    why = " ".join(next(option for option in read_quiz(number)[0].options
                        if option.right).why.split())
    assert why in teacher and why not in learner and f'Quiz("{number}")' in learner
