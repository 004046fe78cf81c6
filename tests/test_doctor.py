"""`doctor` and `test`: what they check, say and leave alone."""

import json
from argparse import Namespace
from pathlib import Path

import pytest

from llmtl_helpers import paths, rating
from llmtl_helpers.commands import doctor
from llmtl_helpers.commands import test as test_command
from llmtl_helpers.commands.doctor import FAIL, NOTE, OK, Line
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.lessons.source import Lesson


def lines(check) -> list[Line]:
    return list(doctor.guarded(check))


@pytest.fixture
def one_check(monkeypatch):
    """Run `doctor` with one check that yields the given line, and a quick rating."""
    def run(line: Line, as_json: bool = False) -> int:
        monkeypatch.setattr(doctor, "CHECKS", [lambda: iter([line])])
        monkeypatch.setattr(doctor, "matmul_rating", lambda: 90.0)
        return doctor.run(Namespace(json=as_json))

    return run


@pytest.mark.parametrize("status, code", [(OK, 0), (NOTE, 0), (FAIL, 1)])
def test_only_a_failed_check_makes_the_exit_code_1(one_check, capsys, status, code):
    assert one_check(Line(status, "the thing", "do this")) == code
    said = capsys.readouterr().out
    assert f"[{status}]" in said and "-> do this" in said
    assert ("Nothing failed." in said) == (code == 0)


def test_json_is_one_object(one_check, capsys):
    assert one_check(Line(FAIL, "the thing", "do this"), as_json=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False and report["gflops"] == 90.0
    assert report["lines"] == [{"status": FAIL, "text": "the thing", "next": "do this"}]
    assert {"notebook", "minutes", "memory_mb"} <= set(report["notebooks"][0])


@pytest.mark.parametrize("error", [LearnerError("it broke"), ZeroDivisionError("it broke")])
def test_a_check_that_breaks_is_a_line(error):
    def check():
        """Something"""
        raise error
        yield

    (line,) = lines(check)
    assert line.status == FAIL and "t broke" in line.text


def test_absent_assets_and_runs_are_named_with_the_command(monkeypatch, tmp_path):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    found = lines(doctor.assets)
    assert all("start.py assets fetch" in line.next for line in found)
    # what only some notebooks need is no failure
    status = {line.text.split()[1]: line.status for line in found}
    assert status["email:"] == status["decoder:"] == NOTE
    assert status["encoder:"] == status["sentiment:"] == FAIL
    monkeypatch.setattr(paths, "shipped", lambda: tmp_path / "nothing")
    assert lines(doctor.runs)[0].status == FAIL


def test_a_home_that_is_a_file_is_named(monkeypatch, tmp_path):
    (tmp_path / "home").touch()
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "home"))
    (line,) = lines(doctor.home_folder)
    assert line.status == FAIL and "LLMTL_HOME" in line.next


def test_differences_leave_build_labels_and_unlisted_packages_aside():
    pins = {"torch": "2.13.0", "PyYAML": "6.0.3", "absent": "1.0"}
    installed = {"torch": "2.13.0+cpu", "pyyaml": "6.0.2", "other": "5"}
    assert doctor.differences(pins, installed) == ["PyYAML 6.0.2 for 6.0.3"]


def test_a_package_outside_the_bounds_is_a_failure(monkeypatch):
    monkeypatch.setattr(doctor, "read_project", lambda: {
        "dependencies": ["numpy>=1000", "surely-not-installed"]})
    (line,) = lines(doctor.package_versions)
    assert line.status == FAIL
    assert "not >=1000" in line.text and "surely-not-installed is missing" in line.text


def test_packages_kernel_and_figures_are_fine_here():
    for check in (doctor.python_version, doctor.package_versions, doctor.kernel, doctor.figures):
        assert FAIL not in {line.status for line in lines(check)}, lines(check)


def test_minutes_follow_the_rating_only_where_something_is_trained(monkeypatch):
    from llmtl_helpers.lessons import source

    def lesson(name, tflop):
        return Lesson(Path(f"{name}.md"), "title", "question?", 6.0, 1, 2, tflop)

    monkeypatch.setattr(source, "read_lessons", lambda: [lesson("00_a", 0), lesson("01_b", 9)])
    rows = rating.notebook_minutes(rating.REFERENCE_GFLOPS / 2)
    assert [row["minutes"] for row in rows] == [6.0, 12.0]


def test_the_rating_is_a_positive_number_of_gflops():
    assert 0.1 < rating.matmul_rating(size=128, seconds=0.02) < 1e6


def test_pytest_runs_everything_unless_a_path_is_named():
    assert test_command.pytest_arguments([])[-2:] == ["tests", "notebooks"]
    assert test_command.pytest_arguments(["-k", "curve"])[-2:] == ["tests", "notebooks"]
    given = ["tests/test_doctor.py::test_json_is_one_object", "-x"]
    assert test_command.pytest_arguments(given)[-2:] == given
    assert test_command.AT_ONCE[0] in test_command.pytest_arguments([])
    assert not set(test_command.AT_ONCE) & set(test_command.pytest_arguments(given))
    assert set(test_command.NOTEBOOKS) <= set(test_command.pytest_arguments(given))


def test_tests_see_the_suite_s_cache_but_not_the_learner_s_runs(monkeypatch, tmp_path):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    paths.cache().mkdir()
    (paths.cache() / "asset").write_text("kept")
    paths.own_runs().mkdir()
    with test_command.separate_home() as home:
        env = test_command.environment(home)
        monkeypatch.setenv("LLMTL_HOME", env["LLMTL_HOME"])
        assert (paths.cache() / "asset").read_text() == "kept"
        assert not paths.own_runs().exists() and env["LLMTL_PROFILE"] == "smoke"
        paths.own_runs().mkdir()
    assert not home.exists() and (tmp_path / "cache" / "asset").exists()
