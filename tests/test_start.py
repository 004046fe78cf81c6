"""start.py: one sentence for each thing that can be missing, and nothing half-made counts."""

import ast
import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start.py as a module that believes to stand in a folder of its own."""
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("pyproject.toml", "constraints.txt", "llmtl_helpers/assets/catalogue.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# stands for {name}\n")
    (tmp_path / "llmtl_helpers" / "commands").mkdir()
    for command in ("assets", "demo", "doctor", "lab", "test"):
        (tmp_path / "llmtl_helpers" / "commands" / f"{command}.py").touch()
    monkeypatch.setattr(module, "ROOT", str(tmp_path))
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "local"))
    return module


@pytest.fixture
def steps(start, monkeypatch):
    """Set-up's steps are noted instead of run; making .venv leaves a Python there."""
    noted = []

    def run(step, command, log):
        noted.append((step, command))
        if "venv" in command:
            python = Path(start.python())
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()

    monkeypatch.setattr(start, "run", run)
    monkeypatch.setattr(start, "fetch_assets", lambda command: 0)
    monkeypatch.setattr(start, "hand_over", lambda command: 0)
    return noted


def names(steps):
    return [step for step, _ in steps]


WHOLE = ["making .venv", "packages", "compiling"]


def asked_for(steps):
    """What pip was last asked to install."""
    return [command[-1] for step, command in steps if step == "packages"][-1]


def test_an_old_python_can_read_the_file():
    source = (ROOT / "start.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 6))
    imported = {alias.name for node in tree.body if isinstance(node, ast.Import)
                for alias in node.names}
    assert imported <= {"hashlib", "os", "re", "shutil", "subprocess", "sys", "threading", "time"}
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))


def refused(start, capsys, *words):
    """`main` ends with 2 and one line that holds `words`, and no environment is begun."""
    assert start.main(["demo"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "Traceback" not in said
    for word in words:
        assert word in said
    assert not os.path.exists(start.venv())


def test_an_old_python_is_named_with_what_to_do(start, steps, capsys, monkeypatch):
    monkeypatch.setattr(start.sys, "version_info", (3, 9, 2))
    refused(start, capsys, "Python 3.9", "3.11 or newer", "python3.11 start.py")


def test_a_python_without_venv_is_told_what_to_install(start, steps, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    refused(start, capsys, "ensurepip", "sudo apt install python3.")


def test_a_small_disk_is_refused_before_anything_is_made(start, steps, capsys, monkeypatch):
    monkeypatch.setattr(start.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1.2e9}))
    refused(start, capsys, "1.2 GB", "needs 4 GB")


def test_a_folder_that_cannot_be_written_is_one_sentence(start, steps, capsys, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", "local")

    monkeypatch.setattr(start.os, "makedirs", refuse)
    refused(start, capsys, "Permission denied", "may write in")


def test_the_environment_is_made_once(start, steps):
    assert start.main(["demo"]) == 0 and names(steps) == WHOLE
    assert start.main(["demo"]) == 0 and names(steps) == WHOLE


def test_an_interrupted_set_up_is_not_taken_for_whole(start, steps, monkeypatch, capsys):
    good = start.run

    def interrupted(step, command, log):
        good(step, command, log)
        if step == "packages":
            raise KeyboardInterrupt

    monkeypatch.setattr(start, "run", interrupted)
    assert start.main(["demo"]) == 130
    assert "same command" in capsys.readouterr().err
    assert not start.is_whole("")
    monkeypatch.setattr(start, "run", good)
    assert start.main(["demo"]) == 0
    assert names(steps) == ["making .venv", "packages", *WHOLE]
    assert "--clear" in steps[2][1] and start.is_whole("")


@pytest.mark.parametrize("file", ["pyproject.toml", "constraints.txt"])
def test_new_pins_are_installed_over_the_old_environment(start, steps, file):
    start.main(["test"])
    Path(start.ROOT, file).write_text("# changed\n")
    assert not start.is_whole("")
    start.main(["demo"])
    assert names(steps) == [*WHOLE, *WHOLE[1:]]
    assert asked_for(steps) == ".[test]"  # what was there stays up to date


def test_another_python_or_a_moved_folder_gets_a_new_environment(start, steps, monkeypatch):
    start.main(["demo"])
    monkeypatch.setattr(start.sys, "version_info", (3, 99, 0))
    assert not start.is_whole("")
    start.main(["demo"])
    assert names(steps) == WHOLE * 2


def test_a_vanished_python_gets_a_new_environment(start, steps):
    start.main(["demo"])
    os.remove(start.python())
    start.main(["demo"])
    assert names(steps) == WHOLE * 2


def test_only_testing_installs_what_tests_need(start, steps, capsys):
    start.main(["demo"])
    assert asked_for(steps) == "." and "2.1 GB" in capsys.readouterr().out
    start.main(["test"])
    assert asked_for(steps) == ".[test]" and "up to date" in capsys.readouterr().out
    start.main(["demo"])
    assert names(steps) == [*WHOLE, *WHOLE[1:]]


@pytest.mark.parametrize("given", [["--torch-index", "https://example.org/cpu"],
                                   ["--torch-index=https://example.org/cpu"]])
def test_torch_comes_from_the_index_that_is_named(start, steps, given):
    handed = []
    start.hand_over = handed.append
    start.main([*given, "demo", "--json"])
    assert names(steps) == ["making .venv", "PyTorch", "packages", "compiling"]
    command = steps[1][1]
    assert command[-4:] == ["--no-deps", "--index-url", "https://example.org/cpu", "torch"]
    assert handed[0][1:] == ["-P", "-m", "llmtl_helpers", "demo", "--json"]


def test_an_update_takes_torch_from_where_it_came(start, steps):
    start.main(["--torch-index", "https://example.org/cpu", "demo"])
    Path(start.ROOT, "constraints.txt").write_text("# newer\n")
    start.main(["demo"])
    again = names(steps)[4:]
    assert again == ["PyTorch", "packages", "compiling"]
    assert "https://example.org/cpu" in steps[4][1]


@pytest.mark.parametrize("words, said", [
    (["demoo"], "no command demoo. Choose one of: assets, demo"),
    (["demo", "--torch-index", "https://example.org/cpu"], "comes before the command"),
    (["demo", "--torch-index=https://example.org/cpu"], "comes before the command")])
def test_a_typing_error_costs_no_download(start, steps, capsys, words, said):
    assert start.main(words) == 2 and not steps
    assert said in capsys.readouterr().err


def test_an_update_needs_little_room(start, steps, capsys, monkeypatch):
    start.main(["demo"])
    monkeypatch.setattr(start.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 3e9}))
    assert start.main(["test"]) == 0 and names(steps) == [*WHOLE, *WHOLE[1:]]


def test_every_command_is_named_by_the_help():
    from llmtl_helpers.cli import commands

    said = ast.get_docstring(ast.parse((ROOT / "start.py").read_text(encoding="utf-8")))
    assert set(commands()) <= set(said.replace("\n", " ").split())


def test_torch_index_without_an_address_is_refused(start, steps, capsys):
    assert start.main(["--torch-index", "demo"]) == 2
    assert "address" in capsys.readouterr().err and not steps


def test_two_set_ups_at_once_are_kept_apart(start, tmp_path):
    with open(tmp_path / "lock", "w") as first, open(tmp_path / "lock", "w") as second:
        start.hold(first)
        with pytest.raises(start.SetupError, match="at work"):
            start.hold(second)


@pytest.mark.parametrize("options", [
    ["--no-index"],
    ["--index-url", "http://127.0.0.1:9/simple", "--retries", "0"],
])
def test_no_network_is_one_sentence(start, tmp_path, options, monkeypatch):
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    command = [sys.executable, "-m", "pip", "install", "--dry-run", *options, "no-such-thing"]
    with open(tmp_path / "setup.log", "w", encoding="utf-8") as log:
        with pytest.raises(start.SetupError, match="could not be reached.*setup.log"):
            start.run("packages", command, log)
    assert "no-such-thing" in (tmp_path / "setup.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("output, words", [
    ("ERROR: Could not install packages: [Errno 28] No space left on device", "disk is full"),
    ("Max retries exceeded with url: /simple/torch", "network"),
    ("ERROR: ResolutionImpossible: two versions", "ResolutionImpossible: two versions. Then"),
    ("", "no reason given"),
])
def test_failures_are_explained_from_the_output(start, output, words):
    assert words in start.explain("packages", output, "setup.log")


@pytest.mark.parametrize("line, shown", [
    ("Collecting torch==2.13.0\n", "looking for torch"),
    ("  Downloading torch-2.13.0-cp311-cp311-win_amd64.whl (191.8 MB)\n",
     "downloading torch-2.13.0 (191.8 MB)"),
    ("Installing collected packages: a, b, c\n", "installing 3 packages"),
])
def test_what_pip_is_at_is_shown(start, line, shown):
    assert start.doing(["Looking in indexes\n", line]) == shown


@pytest.mark.parametrize("command, code, result, marked", [
    ("demo", 0, 0, True), ("demo", 2, 2, False), ("doctor", 2, 0, False)])
def test_data_are_fetched_until_it_worked(start, monkeypatch, command, code, result, marked):
    calls = []
    Path(start.home(), "cache").mkdir(parents=True)
    monkeypatch.setattr(start.subprocess, "call", lambda words: calls.append(words) or code)
    assert start.fetch_assets(command) == result
    start.fetch_assets(command)
    assert len(calls) == (1 if marked else 2)
    assert calls[0][1:] == ["-P", "-m", "llmtl_helpers", "assets", "fetch"]


def test_data_that_were_left_out_are_asked_for_at_the_next_start(start, monkeypatch):
    left_out, calls = Path(start.home(), "cache", "left_out.txt"), []
    left_out.parent.mkdir(parents=True)
    left_out.write_text("email")
    monkeypatch.setattr(start.subprocess, "call", lambda words: calls.append(words) or 0)
    assert [start.fetch_assets("demo") for _ in range(2)] == [0, 0] and len(calls) == 2
    left_out.unlink()
    assert [start.fetch_assets("demo") for _ in range(2)] == [0, 0] and len(calls) == 3


def test_managing_the_data_does_not_fetch_them_first(start, monkeypatch):
    monkeypatch.setattr(start.subprocess, "call", lambda words: pytest.fail("fetched"))
    assert start.fetch_assets("assets") == 0


# A package that pip can install without a network: its build waits until a file `go` is there.
BACKEND = """
    import os, time, zipfile

    def build_editable(folder, config_settings=None, metadata_directory=None):
        open("building", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.05)
        info = "llmtl_helpers-0.dist-info/"
        with zipfile.ZipFile(os.path.join(folder, "llmtl_helpers-0-py3-none-any.whl"), "w") as file:
            file.writestr("llmtl_helpers.pth", os.getcwd())
            file.writestr("installed.py", "")
            file.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: llmtl_helpers\\n"
                                             "Version: 0\\n")
            file.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n"
                                          "Tag: py3-none-any\\n")
            file.writestr(info + "RECORD", "".join(name + ",,\\n" for name in (
                "llmtl_helpers.pth", "installed.py", info + "METADATA", info + "WHEEL",
                info + "RECORD")))
        return "llmtl_helpers-0-py3-none-any.whl"
"""
PROJECT = """
    [build-system]
    requires = []
    build-backend = "backend"
    backend-path = ["."]

    [project]
    name = "llmtl_helpers"
    version = "0"
"""
MAIN = """
    import os, sys

    os.makedirs(os.environ["LLMTL_HOME"] + "/cache", exist_ok=True)
    print("handed over", *sys.argv[1:])
    sys.exit(0 if sys.argv[1] == "assets" else 7)
"""


@pytest.mark.skipif(os.name == "nt", reason="kills a process group")
def test_killed_half_way_then_completed_then_quick(start, tmp_path, monkeypatch):
    """The real thing: a real environment, the real pip, killed without a chance to tidy up."""
    for name, text in {"backend.py": BACKEND, "llmtl_helpers/commands/demo.py": "", "pyproject.toml": PROJECT, "constraints.txt": "",
                       "llmtl_helpers/__init__.py": "", "llmtl_helpers/__main__.py": MAIN}.items():
        (tmp_path / name).write_text(textwrap.dedent(text))
    (tmp_path / "start.py").write_bytes((ROOT / "start.py").read_bytes())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PYTHONPATH", raising=False)  # it would come before what is installed here
    command = [sys.executable, str(tmp_path / "start.py"), "demo", "--json"]

    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 240
    while not (tmp_path / "building").exists():
        assert first.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert os.path.exists(start.python()) and not start.is_whole("")

    (tmp_path / "go").touch()
    second = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert second.returncode == 7, second.stdout + second.stderr
    assert "Setting up, once" in second.stdout
    assert second.stdout.rstrip().endswith("handed over demo --json")

    assert list(Path(start.venv()).rglob("installed.*.pyc"))  # compiled, though not by pip

    third = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (third.returncode, third.stdout) == (7, "handed over demo --json\n")
