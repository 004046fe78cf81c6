"""Unpacking: nothing in an archive gets outside its folder or grows beyond its limit."""

import stat
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from archives import make_tar, make_zip, special
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtl_helpers.assets.catalogue import Take
from llmtl_helpers.assets.unpack import unpack
from llmtl_helpers.errors import LearnerError

EVERYTHING = (Take("*"),)
UNSAFE = ["/absolute.txt", "../up.txt", "a/../../up.txt", "a/..", "C:/drive.txt", "C:drive.txt",
          "..\\up.txt", "\\\\server\\share.txt", "a//b.txt", "stream.txt:hidden"]


def refused(archive: Path, target: Path, takes=EVERYTHING, limit: float = 1.0) -> str:
    before = sorted(target.parent.rglob("*"))
    with pytest.raises(LearnerError) as caught:
        unpack(archive, takes, target, limit)
    outside = [path for path in sorted(target.parent.rglob("*"))
               if path != target and target not in path.parents]
    assert outside == before
    assert caught.value.next and "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("make, suffix", [(make_zip, ".zip"), (make_tar, ".tar.gz")])
@pytest.mark.parametrize("name", UNSAFE)
def test_names_that_point_outside_are_refused(tmp_path, make, suffix, name):
    archive = make(tmp_path / f"bad{suffix}", {"good.txt": b"1", name: b"2"})
    assert "outside" in refused(archive, tmp_path / "target")


@pytest.mark.parametrize("name", UNSAFE)
def test_a_bad_member_spoils_the_archive_even_if_it_is_not_wanted(tmp_path, name):
    archive = make_tar(tmp_path / "bad.tar.gz", {"good.txt": b"1", name: b"2"})
    refused(archive, tmp_path / "target", takes=(Take("good.txt"),))


@pytest.mark.parametrize("kind, points_to", [
    (tarfile.SYMTYPE, "/etc/passwd"), (tarfile.SYMTYPE, "../up.txt"), (tarfile.SYMTYPE, "good.txt"),
    (tarfile.LNKTYPE, "/etc/passwd"), (tarfile.LNKTYPE, "good.txt"),
    (tarfile.CHRTYPE, ""), (tarfile.BLKTYPE, ""), (tarfile.FIFOTYPE, "")])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind, points_to):
    archive = make_tar(tmp_path / "bad.tar.gz", {"good.txt": b"1",
                                                 "link.txt": special(kind, points_to)})
    assert "link or a device" in refused(archive, tmp_path / "target")


def test_a_link_in_a_zip_is_refused(tmp_path):
    archive = tmp_path / "bad.zip"
    with zipfile.ZipFile(archive, "w") as out:
        info = zipfile.ZipInfo("link.txt")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        out.writestr(info, "/etc/passwd")
    assert "link or a device" in refused(archive, tmp_path / "target")


def test_a_file_written_through_a_link_stays_inside(tmp_path):
    archive = make_tar(tmp_path / "bad.tar.gz", {"folder": special(tarfile.SYMTYPE, ".."),
                                                 "folder/up.txt": b"out"})
    refused(archive, tmp_path / "target")
    assert not (tmp_path / "up.txt").exists()


@pytest.mark.parametrize("make, suffix", [(make_zip, ".whl"), (make_tar, ".tar.gz")])
def test_a_bomb_is_refused_by_its_declared_size(tmp_path, make, suffix):
    archive = make(tmp_path / f"bomb{suffix}", {"small.txt": b"1", "zeros.txt": bytes(3_000_000)})
    assert archive.stat().st_size < 10_000
    assert "add up to more" in refused(archive, tmp_path / "target")
    assert not (tmp_path / "target" / "zeros.txt").exists()


def test_many_small_members_count_together(tmp_path):
    members = {f"{number}.txt": bytes(300_000) for number in range(4)}
    assert "add up to more" in refused(make_zip(tmp_path / "a.zip", members), tmp_path / "target")


def test_a_bomb_inside_an_inner_archive_counts_too(tmp_path):
    inner = make_tar(tmp_path / "inner.tar.gz", {"zeros.txt": bytes(3_000_000)})
    archive = make_tar(tmp_path / "outer.tar.gz", {"inner.tar.gz": inner.read_bytes()})
    inner.unlink()
    with pytest.raises(LearnerError, match="add up to more"):
        unpack(archive, (Take("*", inner="inner.tar.gz"),), tmp_path / "target", 1.0)


def test_a_traversal_inside_an_inner_archive_is_refused(tmp_path):
    inner = make_tar(tmp_path / "inner.tar.gz", {"../up.txt": b"out"})
    archive = make_tar(tmp_path / "outer.tar.gz", {"inner.tar.gz": inner.read_bytes()})
    inner.unlink()
    with pytest.raises(LearnerError, match="outside"):
        unpack(archive, (Take("*", inner="inner.tar.gz"),), tmp_path / "target", 1.0)
    assert not (tmp_path / "up.txt").exists()


def test_a_wanted_member_that_is_missing_is_told(tmp_path):
    archive = make_zip(tmp_path / "a.whl", {"a.txt": b"1"})
    assert "no member b.txt" in refused(archive, tmp_path / "target", (Take("a.txt"),
                                                                       Take("b.txt")))


def test_two_members_of_one_name_are_refused(tmp_path):
    archive = make_zip(tmp_path / "a.whl", {"one/a.txt": b"1", "one/x/a.txt": b"2"})
    takes = (Take("one/a.txt", strip="one/"), Take("one/x/*", strip="one/x/"))
    assert "twice" in refused(archive, tmp_path / "target", takes)


def test_one_name_for_a_file_and_a_folder_is_refused(tmp_path):
    archive = make_zip(tmp_path / "a.zip", {"a": b"1", "a/b.txt": b"2"})
    assert "as file and as folder" in refused(archive, tmp_path / "target")


@pytest.mark.parametrize("make, suffix", [(make_zip, ".zip"), (make_tar, ".tar.gz")])
@pytest.mark.parametrize("keep", [0.0, 0.5, 0.9])
def test_a_cut_off_archive_is_one_sentence(tmp_path, make, suffix, keep):
    content = bytes(range(256)) * 1000
    archive = make(tmp_path / f"cut{suffix}", {"a.txt": content, "b.txt": content[::-1]})
    whole = archive.read_bytes()
    archive.write_bytes(whole[:int(len(whole) * keep)])
    assert "cannot be read" in refused(archive, tmp_path / "target")


part = st.sampled_from(["a", "b", "..", ".", "", "C:", "x\\y", " ", "ü"])
name = st.lists(part, min_size=1, max_size=4).map("/".join)


@settings(max_examples=60, deadline=None)
@given(names=st.lists(name, min_size=1, max_size=4, unique=True), tar=st.booleans())
def test_whatever_the_names_nothing_is_written_outside(names, tar):
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        make, suffix = (make_tar, "x.tar.gz") if tar else (make_zip, "x.zip")
        archive = make(top / suffix, {name: b"content" for name in names})
        deep = top / "one" / "two"
        deep.mkdir(parents=True)
        try:
            unpack(archive, EVERYTHING, deep / "target", 1.0)
        except LearnerError:
            pass
        written = {path for path in top.rglob("*") if path.is_file()}
        assert all(path == archive or deep / "target" in path.parents for path in written)
