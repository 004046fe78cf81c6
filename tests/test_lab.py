"""JupyterLab as `lab` starts it: own folders, quiet settings, a token, the learner's copies."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import jsonschema
import pytest

from llmtl_helpers import jupyter, paths
from llmtl_helpers.commands import lab
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.lessons.hand_out import hand_out


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "00_a.ipynb").write_text("zero")
    (folder / "01_b.ipynb").write_text("one")
    return folder


def handed(source, own):
    return hand_out({file.name: file.read_bytes() for file in source.glob("*.ipynb")}, own)


def test_copies_that_are_untouched_follow_the_suite(source, tmp_path):
    own = tmp_path / "own"
    assert handed(source, own) == []
    (source / "01_b.ipynb").write_text("one, second edition")
    (source / "02_c.ipynb").write_text("two")
    assert handed(source, own) == []
    assert [file.read_text() for file in sorted(own.glob("*.ipynb"))] == [
        "zero", "one, second edition", "two"]


def test_copies_that_hold_work_are_kept_and_said(source, tmp_path):
    own = tmp_path / "own"
    handed(source, own)
    (own / "01_b.ipynb").write_text("my answers")
    assert handed(source, own) == []
    (source / "01_b.ipynb").write_text("one, second edition")
    (sentence,) = handed(source, own)
    assert "new edition of 01_b.ipynb" in sentence and "rename" in sentence
    assert (own / "01_b.ipynb").read_text() == "my answers"
    (own / "01_b.ipynb").rename(own / "01_b_mine.ipynb")
    assert handed(source, own) == []
    assert (own / "01_b.ipynb").read_text() == "one, second edition"


def test_a_damaged_record_loses_no_work(source, tmp_path):
    own = tmp_path / "own"
    handed(source, own)
    (own / "00_a.ipynb").write_text("my answers")
    (own / ".handed_out.json").write_text("{")
    handed(source, own)
    assert (own / "00_a.ipynb").read_text() == "my answers"


def test_a_notebook_is_found_by_number_or_name(source):
    assert lab.find_notebook(source, "01").name == "01_b.ipynb"
    assert lab.find_notebook(source, "00_a.ipynb").name == "00_a.ipynb"
    with pytest.raises(LearnerError, match="there are: 00_a, 01_b"):
        lab.find_notebook(source, "07")


def test_the_settings_are_ones_that_this_jupyterlab_knows():
    schemas = Path(sys.prefix) / "share" / "jupyter" / "lab" / "schemas"
    for plugin, values in {**jupyter.SETTINGS, **jupyter.STAGE}.items():
        package, _, name = plugin.partition(":")
        schema = json.loads((schemas / package / f"{name}.json").read_text(encoding="utf-8"))
        assert set(values) <= set(schema["properties"])
        jsonschema.validate(values, schema)


def test_every_jupyter_folder_is_inside_the_home(tmp_path):
    for value in jupyter.jupyter_environment(tmp_path).values():
        assert Path(value).is_relative_to(tmp_path)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url: str) -> int:
    """Status of the answer; the server says its address shortly before it listens."""
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_a_real_server_asks_for_its_token_and_has_one_kernel(tmp_path):
    env = {**os.environ, "LLMTL_HOME": str(tmp_path), "JUPYTER_TOKEN": ""}
    command = [sys.executable, "-m", "llmtl_helpers", "lab", "--no-browser",
               "--port", str(free_port())]
    with subprocess.Popen(command, env=env, cwd=paths.ROOT, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as server:
        try:
            for line in server.stdout:
                found = re.search(r"(http://127\.0\.0\.1:\d+)/lab/tree/(\S+)\?token=(\w+)", line)
                if found:
                    break
            base, notebook, token = found.groups()
            assert notebook == "00_start_here.ipynb"
            assert get(f"{base}/api/kernelspecs") == 403
            with urllib.request.urlopen(f"{base}/api/kernelspecs?token={token}") as answer:
                assert list(json.load(answer)["kernelspecs"]) == ["python3"]
            with urllib.request.urlopen(
                    f"{base}/lab/api/settings/@jupyterlab/apputils-extension:kernels-settings"
                    f"?token={token}") as answer:
                setting = json.load(answer)["schema"]["properties"]["commsOverSubshells"]
            assert setting["default"] == "disabled"
        finally:
            server.terminate()
    assert (tmp_path / "notebooks" / "00_start_here.ipynb").exists()
