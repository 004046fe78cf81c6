"""No known misspelling in anything that a person reads."""

import subprocess
import sys

import pytest

from llmtl_helpers import paths

pytest.importorskip("codespell_lib", reason="codespell is not installed")
READ = ["README.md", "CONTRIBUTING.md", "BENCHMARKS.md", "HOSTING.md", "lessons", "llmtl_helpers",
        "tests", "start.py"]
# a metric's name; words of other languages, of made-up pairs and of test data
KNOWN = "rouge,re-used,caf,bu,mot"
LEFT_OUT = "*.json,*.jsonl,*.safetensors,*.tsv,*.svg,__pycache__"


def check(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "codespell_lib", "-L", KNOWN, "-S", LEFT_OUT, *words],
                          cwd=paths.ROOT, capture_output=True, text=True, timeout=60)


def test_nothing_is_misspelt():
    done = check(*READ)
    assert done.returncode == 0, done.stdout


def test_a_misspelling_would_be_found(tmp_path):
    (tmp_path / "text.md").write_text("We " + "recie" + "ve a " + "mes" + "age.\n")
    done = check(str(tmp_path / "text.md"))
    assert done.returncode != 0 and done.stdout.count("==>") == 2
