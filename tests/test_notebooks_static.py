"""The committed notebooks and their sources, read without running them.

Exercises are tried here on rows of the tests' own making, so that every answer is judged
by its check and not by the digits of today's shipped runs.
"""

import ast
import importlib
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from rows import make_curve, make_row
from test_curves_domains import domain_rows
from test_plots_04 import transplants

from llmtl_helpers import paths
from llmtl_helpers.arms import ARMS
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.lessons import check, compare_guess, hint, notebook, solution
from llmtl_helpers.lessons.answers import at_hand
from llmtl_helpers.lessons.expand import function_source
from llmtl_helpers.lessons.source import read_exercises, read_lessons

# The course. A released notebook is never renamed: tools that pull updates break on it.
COURSE = (
    "00_start_here", "01_scratch_vs_fine_tuned", "02_how_much_data_does_it_save",
    "03_pretrain_your_own", "04_what_transfers", "05_how_much_to_unfreeze", "06_classify_emails",
    "07_domain_shift_and_forgetting", "08_write_like_a_critic", "09_write_headlines",
    "10_translate", "11_what_it_costs", "12_your_own_data", "13_interview",
)
BUDGET = "at-least-250-updates"
LESSONS = read_lessons()
NOTEBOOKS = {path.stem: json.loads(path.read_text(encoding="utf-8"))
             for path in sorted(notebook.notebooks_folder().glob("*.ipynb"))}
EXERCISES = [exercise for lesson in LESSONS for exercise in read_exercises(lesson.text)]
by_notebook = pytest.mark.parametrize("name", NOTEBOOKS)
by_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)


def cells(name: str, kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in NOTEBOOKS[name]["cells"]
            if cell["cell_type"] == kind]


def prose(name: str) -> str:
    return "\n\n".join(cells(name, "markdown"))


def test_notebooks_are_what_their_lessons_make():
    differing = notebook.differing(notebook.build_all(), notebook.notebooks_folder())
    assert not differing, "run `python -m llmtl_helpers build` and commit"


def test_lessons_stand_in_the_order_of_the_course_and_have_their_names():
    assert [lesson.name for lesson in LESSONS] == [
        name for name in COURSE if name in {lesson.name for lesson in LESSONS}]
    assert len(LESSONS) >= 4
    assert list(NOTEBOOKS) == [lesson.name for lesson in LESSONS]


def test_the_readme_lists_every_lesson():
    text = (paths.ROOT / "README.md").read_text(encoding="utf-8")
    for lesson in LESSONS:
        line = f"| [{lesson.heading}](notebooks/{lesson.name}.ipynb) | {lesson.question} |"
        assert line in text, f"README.md lacks the line {line}"


def test_headings_are_distinct_and_costs_are_stated():
    assert len({lesson.title for lesson in LESSONS}) == len(LESSONS)
    for lesson in LESSONS:
        assert lesson.question.endswith("?")
        assert lesson.minutes_2cores > 0 and lesson.memory_mb > 0 and lesson.tflop >= 0


@by_notebook
def test_nothing_of_a_run_is_kept(name):
    book = NOTEBOOKS[name]
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    assert "widgets" not in book["metadata"]
    for cell in book["cells"]:
        assert cell.get("outputs", []) == [] and cell.get("execution_count") is None


@by_notebook
def test_code_is_short_python_without_shell_or_magic(name):
    sizes = []
    for source in cells(name, "code"):
        ast.parse(source)  # a line with ! or % is no Python
        lines = source.splitlines()
        sizes.append(len(lines))
        assert len(lines) <= 25, source
        assert max(map(len, lines)) <= 100, source
        assert "import *" not in source
    assert np.median(sizes) <= 6


@by_notebook
def test_every_import_resolves(name):
    for source in cells(name, "code"):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    importlib.import_module(alias.name)
            elif isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module)
                for alias in node.names:
                    assert hasattr(module, alias.name), f"{node.module} has no {alias.name}"


@by_notebook
def test_every_imported_name_is_used(name):
    trees = [ast.parse(source) for source in cells(name, "code")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {(alias.asname or alias.name).partition(".")[0] for node in nodes
                if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names}
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    for_answers = {"hint", "solution", "np", "ARMS"}  # the text tells the learner to call these
    assert imported - used <= for_answers


@by_notebook
def test_a_sentence_stands_before_every_code_cell(name):
    book = NOTEBOOKS[name]["cells"]
    for before, cell in zip(book, book[1:], strict=False):
        if cell["cell_type"] == "code":
            follows_knob = before["cell_type"] == "code" and "..." in "".join(before["source"])
            assert before["cell_type"] == "markdown" or follows_knob, "".join(cell["source"])
    assert book[0]["cell_type"] == "markdown"


@by_notebook
def test_the_first_screen_says_what_it_is_good_for_in_an_interview(name):
    goals = next(cell for cell in cells(name, "markdown")
                 if "## After this notebook you will be able to" in cell)
    assert "interview" in goals


@by_notebook
def test_every_picture_has_alternative_text(name):
    assert not re.findall(r"!\[\s*\]\(", prose(name))
    for source in cells(name, "code") + cells(name, "markdown"):
        for tag in re.findall(r"<img\b[^>]*>", source):
            assert re.search(r"\balt=['\"][^'\"]+", tag), tag


@by_notebook
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(name)):
        if not re.match(r"https?://|#", target):
            assert (notebook.notebooks_folder() / target.partition("#")[0]).is_file(), target


@by_notebook
def test_folded_answers_are_closed_and_the_skeleton_is_there(name):
    text = prose(name)
    assert text.count("<details>") == text.count("</details>") == text.count("<summary>") >= 2
    for part in ("After this notebook you will be able to", "## Imports", "## All knobs",
                 "**Predict first", "### Exercise", "## We learnt", "## Interview questions",
                 "## Sources", "## Next"):
        assert part in text, part


@by_notebook
def test_solutions_and_teachers_notes_stay_with_the_teacher(name):
    everything = prose(name) + "\n".join(cells(name, "code"))
    assert "Teacher's notes" not in everything
    for exercise in EXERCISES:
        assert exercise.solution.strip() not in everything
        assert exercise.why.strip() not in everything


def test_no_own_host_or_workplace_in_the_lessons():
    for lesson in LESSONS:
        assert not re.search(r"/work/|/home/|localhost|127\.0\.0\.1", lesson.text)


def test_loop_is_explained_in_its_own_words():
    """The first column of the table `Line by line` quotes the loop as it is."""
    text = next(lesson.text for lesson in LESSONS if lesson.number == "01")
    quoted = re.findall(r"^\| `([^`]+)` \|", text.partition("### Line by line")[2], re.MULTILINE)
    source = function_source("llmtl_helpers.training.loop.train")
    assert len(quoted) >= 12
    at = [source.find(line) for line in quoted]
    assert -1 not in at, [line for line in quoted if line not in source]


# -- exercises ---------------------------------------------------------------------------


@pytest.fixture(params=["rows of the tests", "shipped rows"])
def answering(request, tmp_path, monkeypatch):
    """What a learner has at hand in an exercise's cell, over a ledger of known rows."""
    from llmtl_helpers.ledger import Ledger

    if request.param == "rows of the tests":
        rows = make_curve() + [row for row in transplants() if row["purpose"] == "transplants"]
        rows += domain_rows(arms=("fine_tuned",))
        for arm in ("fine_tuned", "scratch"):
            for place, rate in enumerate(ARMS[arm].trials):
                score = 0.6 + 0.01 * place if arm == "scratch" else 0.8 - 0.02 * abs(place - 1)
                rows += [make_row(arm=arm, learning_rate=rate, run_seed=seed, purpose="trial",
                                  validation_score=score, score=None) for seed in range(3)]
        shipped = tmp_path / "shipped"
        shipped.mkdir()
        (shipped / "films.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
        monkeypatch.setattr(paths, "shipped", lambda: shipped)
    monkeypatch.setattr(paths, "own_runs", lambda: tmp_path / "runs")
    ledger = Ledger()
    assert not ledger.problems
    asked = re.findall(r'purpose="([\w-]+)"', request.node.callspec.params["exercise"].check)
    for purpose in asked:
        if not ledger.rows(purpose=purpose):
            pytest.skip(f"the {request.param} hold no run of {purpose}")
    names = at_hand(ledger)
    if not names["rows"]:
        pytest.skip("no runs are shipped in this copy")
    return names


@by_exercise
def test_solution_is_right(exercise, answering):
    exec(exercise.solution, answering)
    found = check(exercise.name, answering["answer"])
    assert found.state == "right", found
    assert exercise.why.strip() in found.text


@by_exercise
def test_wrong_answers_are_told_why(exercise, answering):
    assert len(exercise.wrong) >= 2
    for wrong in exercise.wrong:
        found = check(exercise.name, eval(wrong, answering))
        assert found.state == "not yet" and len(found.text) > 20, (wrong, found)


@by_exercise
def test_untouched_exercise_is_not_attempted(exercise):
    scope = {"check": check}
    exec(f"{exercise.starter}\nfound = check({exercise.name!r}, answer)", scope)
    assert scope["found"].state == "not attempted"
    assert "not attempted" in scope["found"]._repr_html_()


@by_exercise
@pytest.mark.parametrize("odd", ["", [], {}, object(), float("nan"), 10**400, b"\0", lambda: 0])
def test_odd_answers_never_raise(exercise, odd):
    assert check(exercise.name, odd).state == "not yet"


def test_exercise_names_are_distinct():
    assert len({exercise.name for exercise in EXERCISES}) == len(EXERCISES) >= 4


@by_exercise
def test_hints_come_one_by_one(exercise):
    assert len(exercise.hints) >= 2
    for number in range(1, len(exercise.hints) + 1):
        assert exercise.hints[number - 1].strip() in repr(hint(exercise.name, number))
    assert "solution(" in repr(hint(exercise.name, len(exercise.hints)))
    with pytest.raises(LearnerError, match="no hint"):
        hint(exercise.name, len(exercise.hints) + 1)
    assert exercise.solution.strip() in repr(solution(exercise.name))


def test_unknown_exercise_is_a_sentence():
    with pytest.raises(LearnerError, match="no exercise called"):
        check("no-such-exercise", 1)


def test_notes_escape_what_they_show(monkeypatch):
    shown = compare_guess("<script>", 0.5, "<b>score</b>")._repr_html_()
    assert "<script>" not in shown and "<b>" not in shown


@pytest.mark.parametrize("guess, truth, said", [
    (..., 0.75, "No guess"), (0.7, 0.75, "0.05 too low"), (0.75, 0.75, "exactly that"),
    (12, 10, "2 too high"), (10, 1.0, "9 too high"), ("high", 0.75, "not a number"),
    (True, 0.75, "not a number"), (float("nan"), 0.75, "not a number"),
])
def test_guess_is_put_beside_the_result(guess, truth, said):
    assert said in repr(compare_guess(guess, truth, "score"))


def test_a_share_that_was_written_in_per_cent_is_sent_back():
    assert "75% is written 0.75" in repr(compare_guess(75, 0.75, "a share", share=True))


def test_first_cells_load_nothing_slow():
    """The first screen of a notebook is promised within 3 seconds; PyTorch alone takes two."""
    first = [cells(name, "code")[0] for name in NOTEBOOKS]
    code = "".join(f"exec({cell!r}, {{'display': print}})\n" for cell in first)
    slow = ("torch", "transformers", "peft")
    asked = f"{code}import sys\nprint('loaded:', [n for n in {slow} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.endswith("loaded: []\n"), done.stdout[-200:]
