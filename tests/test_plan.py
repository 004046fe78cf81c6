"""Plans of 30, 60 and 90 minutes: they add up, their states open widgets, and they print."""

import ast
import json
import re
from dataclasses import replace

import pytest

from llmtl_helpers import widgets
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.lessons import notebook
from llmtl_helpers.lessons.answers import short_answer, spelled
from llmtl_helpers.lessons.plan import MINUTES, parse_plan, read_plan
from llmtl_helpers.lessons.plan_page import plan_html, plan_pages
from llmtl_helpers.lessons.source import read_exercises, read_lessons
from llmtl_helpers.lessons.teacher import Cell, for_teacher, makes
from llmtl_helpers.widgets.view import View

NOTES = """**Teacher's notes** · A remark.

| what | 30 | 60 | 90 | open | say |
|---|--:|--:|--:|---|---|
| the claim | 10 | 20 | 30 |  | Ask *who* believes it. |
| <b>drag</b> | – | 40 | 50 | `explorer` `n=64;seed=all` | "5 < 6" |
| the end | 20 | – | 10 | `game` | Stop. |

What goes wrong:

- <script>alert(1)</script>
"""
LESSONS = read_lessons()
PLANS = {lesson.number: read_plan(lesson) for lesson in LESSONS}
CELL = re.compile(r"^```\{code-cell\} ipython3\n(?::tags:[^\n]*\n)?(.*?)^```$",
                  re.MULTILINE | re.DOTALL)
by_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)


def test_a_plan_is_read_from_its_table():
    plan = parse_plan(NOTES, "01_a")
    assert [row.what for row in plan.rows] == ["the claim", "<b>drag</b>", "the end"]
    assert plan.rows[1].minutes == {60: 40, 90: 50}
    assert (plan.rows[1].widget, plan.rows[1].state) == ("explorer", "n=64;seed=all")
    assert (plan.rows[2].widget, plan.rows[2].state) == ("game", "")
    assert plan.intro.startswith("**Teacher's") and "|" not in plan.intro + plan.notes
    assert plan.notes.strip().startswith("What goes wrong")


@pytest.mark.parametrize("old, new, said", [
    ("| 10 | 20 |", "| 10 | 25 |", "for 60 minutes takes 65"),
    ("| 10 | 20 |", "| ten | 20 |", "no whole number"),
    ("| open |", "| widget |", "its columns are other ones"),
    ("`game`", "the game", "each in backticks"),
])
def test_a_table_that_is_not_as_agreed_is_told_why(old, new, said):
    with pytest.raises(LearnerError, match=said):
        parse_plan(NOTES.replace(old, new, 1), "01_a")


def test_notes_without_a_table_have_no_plan():
    assert parse_plan("Say this slowly.", "01_a") is None


@by_lesson
def test_every_lesson_has_plans_that_add_up(lesson):
    plan = PLANS[lesson.number]
    for length in MINUTES:
        assert sum(row.minutes.get(length, 0) for row in plan.rows) == length
    assert all(row.minutes and row.say for row in plan.rows)
    assert "What goes wrong" in plan.notes


def codes(lesson) -> list[str]:
    return CELL.findall(lesson.text)


def test_the_widgets_that_plans_open_are_in_their_lessons():
    for lesson in LESSONS:
        for row in PLANS[lesson.number].rows:
            assert not row.widget or any(makes(code, row.widget) for code in codes(lesson)), row


OPENED = [(lesson, row) for lesson in LESSONS for row in PLANS[lesson.number].rows
          if row.state]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    ledger = Ledger(own=tmp_path_factory.mktemp("runs"))
    if not ledger.rows(task="sentiment/films"):
        pytest.skip("no runs are shipped in this copy")
    return ledger


@pytest.mark.parametrize("lesson, row", OPENED, ids=[f"{one.number} {row.what}"
                                                     for one, row in OPENED])
def test_states_are_accepted_by_their_widgets(lesson, row, shipped, monkeypatch):
    monkeypatch.setattr(View, "_draw", lambda self: None)  # what a state does, not how it looks
    widget = as_in_lesson(lesson, row.widget, shipped)
    widget.open_at(row.state)
    assert widget.last_error is None
    for part in row.state.split(";"):
        with pytest.raises(LearnerError, match="not there|no value"):
            widget.open_at(part.partition("=")[0] + "=no such value")
    assert widget.last_error is None


def as_in_lesson(lesson, variable: str, ledger):
    """The widget as the lesson makes it, from the literals that it assigns to its knobs."""
    names, call = {"ledger": ledger}, None
    for node in (node for code in codes(lesson) for node in ast.parse(code).body):
        if not isinstance(node, ast.Assign):
            continue
        target, value = node.targets[0], node.value
        for name, one in (zip(target.elts, value.elts, strict=True)
                          if isinstance(value, ast.Tuple) and isinstance(target, ast.Tuple)
                          else [(target, value)]):
            if isinstance(name, ast.Name) and isinstance(one, ast.Constant):
                names.setdefault(name.id, one.value)
            elif isinstance(name, ast.Name) and name.id == variable:
                call = call or one
    kind = getattr(widgets, call.func.id)
    values = [eval(ast.unparse(argument), names) for argument in call.args]
    options = {word.arg: eval(ast.unparse(word.value), names) for word in call.keywords}
    return kind(*values, **{"ledger": ledger, **options})


def test_a_state_is_set_as_a_whole_or_not_at_all(shipped, monkeypatch):
    monkeypatch.setattr(View, "_draw", lambda self: None)
    explorer = widgets.LevelExplorer(ledger=shipped)
    before = explorer.level.value, explorer.baseline.value
    for wrong in ("baseline=tfidf;level=2", "baseline=tfidf;baseline=probe", "height=1", "", "n"):
        with pytest.raises(LearnerError):
            explorer.open_at(wrong)
    assert (explorer.level.value, explorer.baseline.value) == before
    explorer.open_at("level=0.72;baseline=bag of words (TF-IDF)")  # a value of its own, a label
    assert (explorer.level.value, explorer.baseline.value) == (0.72, "tfidf")


def test_a_page_is_escaped_light_and_asks_for_nothing():
    lesson = replace(LESSONS[0], title="<i>First</i>")
    exercise = replace(read_exercises(lesson.text)[0], title="a < b", why="<script>no</script>")
    page = plan_html(lesson, parse_plan(NOTES, "01_a"), [(exercise, "<7>")])
    assert "<script" not in page and "<b>drag" not in page and "<i>" not in page
    for said in ("&lt;script&gt;", "5 &lt; 6", "<em>who</em>", "a &lt; b", "&lt;7&gt;"):
        assert said in page
    assert re.findall(r'class="at(?: out)?">([^<]*)<', page) == [
        "0–10", "0–20", "0–30", "–", "20–60", "30–80", "10–30", "–", "80–90"]
    assert "size: A4" in page and "color-scheme: light" in page
    assert "default-src 'none'" in page and not re.search(r"\b(src|href)=|https?:|url\(", page)


def test_every_lesson_gets_a_page_with_its_exercises(shipped, tmp_path):
    pages = plan_pages(LESSONS[:2], tmp_path, shipped)
    assert [path.name for path in pages] == [f"{one.name}.plan.html" for one in LESSONS[:2]]
    for lesson, page in zip(LESSONS, pages.values(), strict=False):
        assert page.count("<li><b>") == len(read_exercises(lesson.text))
    assert re.search(r"<b>[^<]*</b>: <code>[\d.,]+</code>", pages[tmp_path / f"{LESSONS[1].name}"
                                                                  ".plan.html"])


def test_answers_are_short_or_left_out():
    exercise = read_exercises(LESSONS[0].text)[0]
    assert short_answer(replace(exercise, solution="answer = ('at least', 4.968)"), {}) == (
        "at least, 4.97")
    for solution in ("answer = nowhere", "answer = print", f"answer = {list(range(100))}"):
        assert short_answer(replace(exercise, solution=solution), {}) == ""
    assert [spelled(one) for one in (1234.0, True, {"a": 0.12345})] == [
        "1,234", "True", "a: 0.123"]


# -- the teacher's notebooks ---------------------------------------------------------------


def test_teachers_cells_have_states_slides_and_folded_notes():
    cells = for_teacher([
        Cell("markdown", "# Title"), Cell("markdown", NOTES, {"tags": ["teacher"]}),
        Cell("markdown", "## Choose"), Cell("code", "explorer = TwinExplorer(TASK)\nexplorer"),
        Cell("markdown", "Look."), Cell("code", "answer = 3", {"tags": ["solution"]}),
    ], parse_plan(NOTES, "01_a"))
    assert [cell.metadata["slideshow"]["slide_type"] for cell in cells] == [
        "slide", "notes", "slide", "-", "-", "subslide", "skip"]
    assert cells[4].source == 'explorer.open_at("n=64;seed=all")  # plan: <b>drag</b>'
    assert cells[1].source.startswith("<details>") and "<details>" not in cells[2].source
    folded = [cell.metadata.get("jupyter", {}).get("source_hidden") for cell in cells]
    assert folded == [None, None, None, None, None, None, True]


def test_states_and_slides_stay_with_the_teacher():
    lesson = next(lesson for lesson in LESSONS if lesson.number == "02")
    learner, teacher = (json.loads(notebook.build_notebook(lesson, LESSONS, edition))
                        for edition in ("learner", "teacher"))
    assert "open_at" not in json.dumps(learner) and "slideshow" not in json.dumps(learner)
    assert json.dumps(teacher).count(".open_at(") == sum(
        bool(row.state) for row in PLANS["02"].rows)
    assert all("slide_type" in cell["metadata"]["slideshow"] for cell in teacher["cells"])
