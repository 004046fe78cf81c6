"""The builder: from a lesson's text to a notebook, always the same one."""

import json
import subprocess
import sys
from argparse import Namespace

import pytest

from llmtl_helpers import paths
from llmtl_helpers.commands import build as command
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.lessons import notebook
from llmtl_helpers.lessons.expand import function_source
from llmtl_helpers.lessons.source import read_exercises, read_lessons

HEADER = """---
jupytext:
  text_representation: {{extension: .md, format_name: myst}}
llmtl:
  title: {title}
  question: Does it build?
  minutes_2cores: 3.5
  download_mb: 86
  memory_mb: 1200
  tflop: 2
---

"""
BODY = '''Some text.

{source} llmtl_helpers.curves.summary.in_band

```{code-cell} ipython3
:tags: [knobs]

x = 1
```

+++ {"tags": ["teacher"]}

Say this slowly.

+++

More text.

```{code-cell} ipython3
x = 1
```

```{exercise} sum-of-two
title: adding
task: What is 1 + 2?
starter: answer = ...
hints: [Use your fingers., Three of them.]
check: |
  def check(answer):
      return None if answer == 3 else "count again."
solution: answer = 1 + 2
why: One and two are three.
wrong: ["4", "'three'"]
```

The end.
'''


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two lessons in a folder of its own; the package is the real one."""
    for name, title in (("00_first", "First"), ("01_second", "Second")):
        (tmp_path / f"{name}.md").write_text(HEADER.format(title=title) + BODY, encoding="utf-8")
    monkeypatch.setattr("llmtl_helpers.lessons.source.lessons_folder", lambda: tmp_path)
    return tmp_path


def built(course, edition="learner", number=0):
    return json.loads(list(notebook.build_all(edition, course).values())[number])


def text_of(book) -> str:
    return "\n".join("".join(cell["source"]) for cell in book["cells"])


def test_same_bytes_every_time_and_in_another_process(course):
    first = notebook.build_all("learner", course)
    assert first == notebook.build_all("learner", course)
    code = ("import sys; from pathlib import Path; from llmtl_helpers.lessons import notebook; "
            f"sys.stdout.buffer.write(list(notebook.build_all('learner', Path({str(course)!r}))"
            ".values())[0].encode())")
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True,
                           cwd=paths.ROOT, timeout=60)
    assert other.stdout.decode() == list(first.values())[0]


def test_cells_have_distinct_ids_that_follow_from_their_content(course):
    book = built(course)
    ids = [cell["id"] for cell in book["cells"]]
    assert len(set(ids)) == len(ids)  # although `x = 1` stands in it twice
    (course / "00_first.md").write_text(
        (course / "00_first.md").read_text().replace("Some text.", "Other text."))
    changed = [cell["id"] for cell in built(course)["cells"]]
    assert sum(a != b for a, b in zip(ids, changed, strict=True)) == 1


def test_no_outputs_counts_or_widget_state(course):
    book = built(course)
    assert set(book["metadata"]) == {"kernelspec", "language_info"}
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None


def test_first_cell_gives_title_question_neighbours_and_cost(course):
    first, second = (text_of(built(course, number=i)) for i in (0, 1))
    assert first.startswith("# 00 First") and "*Does it build?*" in first
    assert "(01_second.ipynb) →" in first and "00_first.ipynb" not in first
    assert "← [00 First](00_first.ipynb)" in second and "last notebook" in second
    assert "about 4 min" in first and "1,200 MB" in first and "86 MB" in first


def test_learners_edition_lacks_what_the_teachers_has(course):
    learner, teacher = text_of(built(course)), text_of(built(course, "teacher"))
    for secret in ("Say this slowly", "answer = 1 + 2", "Use your fingers", "are three"):
        assert secret in teacher and secret not in learner
    for shared in ("More text.", "What is 1 + 2?", 'check("sum-of-two", answer)', "The end."):
        assert shared in teacher and shared in learner


def test_source_line_shows_the_functions_own_text(course):
    with open(paths.PACKAGE / "curves" / "summary.py", encoding="utf-8") as file:
        original = file.read()
    shown = function_source("llmtl_helpers.curves.summary.in_band")
    assert shown.startswith("def in_band(") and shown in original
    assert f"```python\n{shown}\n```" in text_of(built(course))
    assert "{source}" not in text_of(built(course))


@pytest.mark.parametrize("name", ["llmtl_helpers.curves.no_such", "llmtl_helpers.nowhere.f",
                                  "os.path.join", "in_band"])
def test_source_line_that_names_nothing_is_refused(name):
    with pytest.raises(LearnerError, match="names"):
        function_source(name)


def test_source_line_finds_decorators():
    assert function_source("llmtl_helpers.arms.arm.Arm").startswith("@dataclass")


@pytest.mark.parametrize("broken, message", [
    ("no front matter", "no front matter"),
    ("---\nllmtl: [1]\n---\n", "no front matter"),
    ("---\nllmtl: {title: A\n---\n", "no front matter"),
    (HEADER.format(title="A").replace("  memory_mb: 1200\n", ""), "memory_mb"),
    (HEADER.format(title="A").replace("1200", "much"), "memory_mb"),
])
def test_front_matter_that_is_not_whole_is_refused(course, broken, message):
    (course / "00_first.md").write_text(broken)
    with pytest.raises(LearnerError, match=message):
        read_lessons(course)


def test_lesson_without_number_is_refused(course):
    (course / "notes.md").write_text(HEADER.format(title="A"))
    with pytest.raises(LearnerError, match="cannot be ordered"):
        read_lessons(course)


def test_unknown_edition_is_refused(course):
    with pytest.raises(LearnerError, match="no edition"):
        notebook.build_all("pupil", course)


def test_exercise_that_lacks_a_part_is_refused():
    with pytest.raises(LearnerError, match="not whole"):
        read_exercises("```{exercise} a-b\ntitle: only this\n```\n")


def test_check_names_missing_changed_and_stray_files(tmp_path):
    good, changed, missing = (tmp_path / f"0{i}_a.ipynb" for i in range(3))
    stray = tmp_path / "09_old.ipynb"
    files = {good: "1\n", changed: "2\n", missing: "3\n"}
    good.write_bytes(b"1\r\n")  # as a checkout on Windows writes it
    changed.write_text("other\n")
    stray.write_text("{}")
    assert notebook.differing(files, tmp_path) == [changed, missing, stray]
    assert notebook.write_files(files) == [changed, missing]
    assert notebook.differing(files, tmp_path) == [stray]


def test_build_command_writes_once_and_names_what_differs(course, tmp_path, monkeypatch, capsys):
    place = tmp_path / "out"
    monkeypatch.setattr(notebook, "notebooks_folder", lambda: place)
    monkeypatch.setattr(command, "environment_file", lambda: {place / "environment.yml": "x\n"})
    monkeypatch.setattr(command, "readme_files", dict)  # else these two lessons were README's
    learner = Namespace(check=False, edition="learner")
    check = Namespace(check=True, edition="learner")
    assert command.run(check) == 1 and not place.exists()
    assert "00_first.ipynb is not what its source makes" in capsys.readouterr().out
    assert command.run(learner) == 0 and "3 of them changed" in capsys.readouterr().out
    assert command.run(check) == 0 and not capsys.readouterr().out
    assert command.run(learner) == 0 and " 0 of them changed" in capsys.readouterr().out
    (place / "environment.yml").write_text("by hand")
    (place / "05_left_over.ipynb").write_text("{}")
    assert command.run(check) == 1
    said = capsys.readouterr().out
    assert "environment.yml" in said and "05_left_over.ipynb" in said and "00_first" not in said


def test_build_command_writes_the_teachers_edition_among_the_learners_own_files(
        course, tmp_path, monkeypatch):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "home"))
    assert command.run(Namespace(check=False, edition="teacher")) == 0
    made = sorted((tmp_path / "home" / "teacher").glob("*.ipynb"))
    assert [path.name for path in made] == ["00_first.ipynb", "01_second.ipynb"]
    assert "Say this slowly" in made[0].read_text()
