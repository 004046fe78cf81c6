"""The run through all notebooks: it sees what a learner would see, faults included."""

import pytest
from lab import need_browser, write_notebook

from llmtl_helpers import paths
from llmtl_helpers.benchmark.notebooks import Through, markdown, run_through
from llmtl_helpers.errors import LearnerError


def test_seconds_memory_and_faults_are_those_of_each_notebook(tmp_path):
    need_browser()
    if not (paths.cache() / "assets").is_dir():
        pytest.skip("the assets have not been fetched: python3 start.py assets fetch")
    write_notebook(tmp_path / "00_calm.ipynb", [
        "import time\ntime.sleep(0.5)", "from llmtl_helpers import paths",
        "assert not paths.own_runs().exists() and (paths.cache() / 'assets').is_dir()",
        "paths.own_runs().mkdir()", "held = bytearray(200 << 20)", "time.sleep(1)"])
    write_notebook(tmp_path / "01_faulty.ipynb", [
        "from llmtl_helpers import paths\nassert paths.own_runs().exists()  # of the one before",
        "from IPython.display import HTML\n"
        "HTML('<img alt=\"\" src=\"http://127.0.0.2:9/picture.png\">')", "1 / 0"])
    said = []
    calm, faulty = run_through(sorted(tmp_path.glob("*.ipynb")), "smoke", said.append,
                               tmp_path / "kept")
    assert calm.errors == calm.complaints == calm.outside == ()
    assert 0.5 <= calm.first < calm.seconds and calm.seconds >= 1.5
    assert 200 < calm.memory_mb < 1000
    assert faulty.errors == ("ZeroDivisionError: division by zero",)
    assert faulty.outside == ("127.0.0.2:9",) and faulty.complaints
    assert "division by zero" in said[1] and "127.0.0.2" in said[1]
    assert "division by zero" in (tmp_path / "kept" / "01_faulty.ipynb").read_text()


def test_the_table_has_a_line_for_each_notebook():
    table = markdown([Through("00_a", 0.4, 30.0, 500.0, (), (), ()),
                      Through("01_b", 0.5, 90.0, 2500.0, ("E: e",), (), ())], "laptop", "a machine")
    assert "| 00_a | 30 s | 0.4 s | 500 MiB | 0 | 0 | 0 |" in table
    assert "| 01_b | 90 s | 0.5 s | 2,500 MiB | 1 | 0 | 0 |" in table
    assert table.endswith("All 2 one after the other: 2 minutes.")


def test_without_the_data_there_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    with pytest.raises(LearnerError, match="assets fetch"):
        run_through([], "smoke", print)
