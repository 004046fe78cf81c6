"""One read-only installation, several users: each writes to a folder of their own, only there."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from rows import make_row
from users import ASSET, User, content, installation, needs_other_users, set_rights

from llmtl_helpers import cli, paths
from llmtl_helpers.assets import CATALOGUE, asset_path
from llmtl_helpers.assets.store import MANIFEST, _recipe, state
from llmtl_helpers.commands import doctor, hub, lab
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models import gguf

ALICE, BOB = 61_001, 61_002  # numbers suffice, no account is made
WORK = """
import json, os
from llmtl_helpers import Ledger, paths
from llmtl_helpers.assets import asset_path
from llmtl_helpers.commands import lab
from llmtl_helpers.journal import Journal
Journal().add("guess", "what", guess=0.5, truth=0.7)
Ledger().add(json.loads(os.environ["ROW"]))
folder = lab.prepare()
print(json.dumps(dict(
    asset=str(asset_path("news")), notebooks=len(list(folder.glob("*.ipynb"))),
    runs=[row["id"] for row in Ledger().rows() if not row["shipped"]],
    guesses=len(Journal().entries()),
    libraries=[os.environ[name] for name in ("HF_HOME", "MPLCONFIGDIR", "IPYTHONDIR",
                                             "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")])))
"""


def lay_out(folder: Path, name: str = ASSET, text: str = "a text") -> Path:
    """An asset as `assets fetch` would leave it in this cache."""
    asset = CATALOGUE[name]
    place = folder / "assets" / asset.own_folder.name
    place.mkdir(parents=True)
    (place / "text.txt").write_text(text)
    (place / MANIFEST).write_text(json.dumps({
        "asset": name, "sha256": asset.sha256, "recipe": _recipe(asset),
        "files": {"text.txt": {"sha256": "0" * 64, "bytes": len(text)}}}))
    return place


@pytest.fixture(scope="module")
def suite():
    with installation() as folder:
        set_rights(folder / "local", writable=True)
        lay_out(folder / "local" / "cache")
        set_rights(folder / "local", writable=False)
        yield folder


def work(user: User, **fields) -> dict:
    return json.loads(user.python_says(WORK, ROW=json.dumps(make_row(**fields))))


def test_a_read_only_installation_is_read_and_not_written(suite):
    before = content(suite)
    someone = User(suite, "someone", None if os.geteuid() else ALICE)
    found = work(someone)
    assert Path(found["asset"]).is_relative_to(suite / "local" / "cache")
    assert found["notebooks"] == len(list((suite / "notebooks").glob("*.ipynb"))) > 0
    assert all(Path(place).is_relative_to(someone.own) for place in found["libraries"])
    assert content(suite) == before
    assert {path.name for path in someone.home.iterdir()} == {"llmtl"}


def test_two_users_see_nothing_of_each_other(suite):
    needs_other_users()
    alice, bob = User(suite, "alice", ALICE), User(suite, "bob", BOB)
    of_alice, of_bob = work(alice, run_seed=1), work(bob, run_seed=2)
    assert len(of_alice["runs"]) == len(of_bob["runs"]) == of_alice["guesses"] == 1
    assert of_alice["runs"] != of_bob["runs"]
    assert alice.own.stat().st_mode & 0o777 == 0o700
    for name in ("", "journal.jsonl", "notebooks", "runs", "jupyter"):
        assert (alice.own / name).exists()
        denied = bob.run("ls", alice.own / name)
        assert denied.returncode != 0 and "denied" in denied.stderr.lower()


def test_without_a_folder_to_write_to_one_sentence_names_the_variable(suite):
    someone = User(suite, "nobody", None if os.geteuid() else BOB)
    done = someone.run(someone.python, "-m", "llmtl_helpers", "lab", "--no-browser", LLMTL_HOME="")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "LLMTL_HOME" in done.stderr and str(suite) in done.stderr


def test_the_script_for_hubs_prepares_the_folder_and_becomes_the_server(suite):
    someone = User(suite, "of_a_hub", None if os.geteuid() else ALICE)
    shims = someone.home / "bin"  # `python` is that of the image's environment
    shims.mkdir()
    (shims / "python").symlink_to(someone.python)
    code = "import os; print(os.getpid(), os.environ['JUPYTER_DATA_DIR'], os.environ['LLMTL_HOME'])"
    done = someone.run(suite / "start", "python", "-c", code, LLMTL_HOME="",
                       PATH=f"{shims}{os.pathsep}{os.defpath}")
    assert done.returncode == 0, done.stderr[-2000:]
    _, data, home = done.stdout.splitlines()[-1].split()
    assert home == str(someone.own) and Path(data).is_relative_to(someone.own)
    assert (someone.own / "notebooks" / "00_start_here.ipynb").exists()


def test_a_server_that_is_not_there_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    for words in ([], ["no-such-server", "--port=1"]):
        with pytest.raises(LearnerError, match="HOSTING"):
            hub.run(parsed(hub, words))


def parsed(command, words):
    from argparse import ArgumentParser

    parser = ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


# --- where fetched things are looked for ----------------------------------------------------


@pytest.fixture
def shared(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("LLMTL_SHARED", str(tmp_path / "shared"))
    (tmp_path / "shared").mkdir()
    return tmp_path / "shared"


def test_ones_own_copy_comes_before_the_shared_one(shared):
    assert state(ASSET) == "absent" and CATALOGUE[ASSET].folder == CATALOGUE[ASSET].own_folder
    lay_out(shared)
    assert asset_path(ASSET).is_relative_to(shared)
    lay_out(paths.cache())
    assert asset_path(ASSET).is_relative_to(paths.cache())


def test_what_is_damaged_for_all_is_fetched_for_oneself(shared, monkeypatch):
    from llmtl_helpers.assets import fetch

    (lay_out(shared) / "text.txt").write_text("another length")
    assert state(ASSET) == "damaged"

    def fetched(temporary, asset, progress):
        return lay_out(temporary).rename(temporary / "files")

    monkeypatch.setattr(fetch, "_fetch_into", fetched)
    assert fetch.fetch_asset(ASSET).is_relative_to(paths.cache()) and state(ASSET) == "ready"


def test_a_converted_decoder_is_shared_too(shared):
    from safetensors.numpy import save_file

    folder = shared / "converted" / gguf._own_folder().name
    folder.mkdir(parents=True)
    save_file({}, folder / "model.safetensors")
    (folder / "config.json").write_text("{}")
    assert gguf.is_converted() and gguf.decoder_folder() == folder


def test_nothing_is_shared_where_it_is_switched_off_or_is_ones_own(shared, monkeypatch):
    assert paths.shared_cache() == shared
    monkeypatch.setenv("LLMTL_SHARED", str(paths.cache()))
    assert paths.shared_cache() is None
    monkeypatch.setenv("LLMTL_SHARED", "")
    assert paths.shared_cache() is None


def test_doctor_says_when_others_may_look_in(shared):
    paths.make_home()
    assert [line.status for line in doctor.home_folder()] == ["OK"]
    paths.home().chmod(0o755)
    (note,) = [line for line in doctor.home_folder() if line.status == "NOTE"]
    assert "chmod 700" in note.next


# --- the files that hubs and images read ----------------------------------------------------


@pytest.mark.parametrize("name", ["start", "postBuild"])
def test_the_scripts_are_such_and_name_commands_that_exist(name):
    file = paths.ROOT / name
    text = file.read_text(encoding="utf-8")
    assert text.startswith("#!/bin/bash\n") and os.access(file, os.X_OK)
    assert subprocess.run(["bash", "-n", str(file)]).returncode == 0
    words = [line.partition("-m llmtl_helpers ")[2].split() for line in text.splitlines()
             if "-m llmtl_helpers " in line]
    assert words and all(word[0] in cli.commands() for word in words)


def test_no_folder_hides_environment_yml_from_repo2docker():
    assert not (paths.ROOT / "binder").exists() and not (paths.ROOT / ".binder").exists()
    assert (paths.ROOT / "environment.yml").exists()


def test_users_of_a_machine_ask_for_different_ports(monkeypatch):
    ports = []
    for number in (0, 1000, 1001, 1002, 1999):
        monkeypatch.setattr(lab.os, "getuid", lambda number=number: number, raising=False)
        ports.append(lab.usual_port())
    assert ports[:2] == [8888, 8888] and len(set(ports[1:])) == 4
    assert all(8888 <= port < 9888 for port in ports)
