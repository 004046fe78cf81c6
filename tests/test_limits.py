"""What a learner wrote runs for a limited time and cannot end the notebook."""

import time

import pytest

from llmtl_helpers import Ledger  # noqa: F401  the package's folders are set up
from llmtl_helpers.lessons import exercises
from llmtl_helpers.lessons.exercises import Exercise, check
from llmtl_helpers.lessons.limits import NeverEnds, limited


def forever():
    while True:
        pass


def stubborn():
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            pass


def no_end(n=0):
    return no_end(n + 1)


def test_a_result_and_an_error_come_through():
    assert limited(lambda: 6 * 7) == 42
    with pytest.raises(ZeroDivisionError):
        limited(lambda: 1 / 0)
    with pytest.raises(RuntimeError, match="whole notebook"):
        limited(exit)


@pytest.mark.parametrize("endless", [forever, stubborn])
def test_what_never_ends_is_interrupted(endless):
    began = time.perf_counter()
    with pytest.raises(NeverEnds, match="0.2 seconds") as found:
        limited(endless, 0.2)
    assert time.perf_counter() - began < 3 and not found.value.still_there


def test_what_cannot_be_interrupted_is_said():
    with pytest.raises(NeverEnds) as found:  # no Python code runs in it that could be interrupted
        limited(lambda: time.sleep(8), 0.1)
    assert found.value.still_there


@pytest.mark.parametrize("answer, said", [
    (forever, "never ends"), (no_end, "calls itself"), (exit, "whole notebook"),
    (lambda: 1 / 0, "division by zero"), (lambda: "x" + 1, "cannot be read"), (3, "cannot be read")])
def test_a_check_survives_what_it_is_given(monkeypatch, tmp_path, answer, said):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    exercise = Exercise("call-it", "t", "t", "answer = ...", ("a", "b"),
                        "def check(answer):\n    return None if answer() == 1 else 'not 1'\n",
                        "answer = lambda: 1", "why", ())
    monkeypatch.setattr(exercises, "find", lambda name: exercise)
    monkeypatch.setattr(exercises, "limited", lambda call: limited(call, 0.3))
    found = check("call-it", answer)
    assert found.state == "not yet" and said in found.text
    assert check("call-it", lambda: 1).state == "right"
