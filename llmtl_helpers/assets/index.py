"""Finds an archive where the user's own package client would, and streams it.

The library `unearth` reads the index; it never runs a package. Where to look (mirrors,
proxies, offline folders, certificates) comes from the configuration of pip.
"""

import ast
import logging
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import getproxies, proxy_bypass

from llmtl_helpers.assets.catalogue import Asset
from llmtl_helpers.errors import LearnerError

if TYPE_CHECKING:
    from unearth import Link
    from unearth.fetchers.sync import PyPIClient

_ALIASES = {"default-timeout": "timeout"}
_SECTIONS = ("global", "install", "download", ":env:")  # later ones win, as in pip


def _ask_pip(*arguments: str) -> str:
    """What `pip config` prints; nothing where there is no pip or it cannot be run."""
    try:
        done = subprocess.run([sys.executable, "-m", "pip", "config", *arguments],
                              capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def pip_settings() -> dict[str, str]:
    """The user's settings of pip: option -> value, from its files and PIP_* variables.

    Within a section pip ranks environment over site over user over global file. Newer
    versions list an option once for each file that sets it, in no useful order: then pip
    is asked for the one that counts.
    """
    listed: dict[str, list[str]] = {}
    for line in _ask_pip("list").splitlines():
        key, _, value = line.partition("=")
        try:
            listed.setdefault(key, []).append(str(ast.literal_eval(value)))
        except (SyntaxError, ValueError):
            continue  # not a setting but a remark of pip
    settings: dict[str, str] = {}
    for section in _SECTIONS:
        for key, values in listed.items():
            if key.startswith(section + "."):
                option = key.removeprefix(section + ".")
                value = values[0] if len(set(values)) == 1 else _ask_pip("get", key).strip()
                if value:  # pip ignores empty ones
                    settings[_ALIASES.get(option, option)] = value
    return settings


class Source(NamedTuple):
    """One place to look in: an index, or a folder or page of links."""

    kind: str  # "index_urls" or "find_links", as PackageFinder calls them
    where: str


class Problem(NamedTuple):
    """Why the archive did not come from one place."""

    text: str
    passing: bool = False  # it may be gone when asked again


def sources(settings: dict[str, str]) -> list[Source]:
    """Where pip would look. Folders come first: one that has the file saves the network."""
    from unearth import PackageFinder

    def several(option: str) -> list[str]:
        return settings.get(option, "").split()

    found = [Source("find_links", os.path.expanduser(where)) for where in several("find-links")]
    if settings.get("no-index", "").lower() not in ("y", "yes", "t", "true", "on", "1"):
        # a finder that is told nothing knows the default index
        first = settings.get("index-url") or PackageFinder().sources[0]["url"]
        found += [Source("index_urls", where) for where in [first, *several("extra-index-url")]]
    return found


@contextmanager
def open_session(settings: dict[str, str]) -> Iterator["PyPIClient"]:
    """An HTTP client with the user's proxy, certificates, trusted hosts and time limit.

    Raises:
        LearnerError: the proxy, time limit or certificates of pip cannot be used.
    """
    import httpx2
    from unearth.auth import MultiDomainBasicAuth
    from unearth.fetchers.sync import PyPIClient

    proxy = settings.get("proxy")
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    trusted = settings.get("trusted-host", "").split()
    verify = _certificates(settings)
    try:
        mounts = {f"all://{host}": httpx2.HTTPTransport(verify=False,
                                                        proxy=proxy or _proxy_to(host))
                  for host in trusted}
        client = PyPIClient(trusted_hosts=trusted, mounts=mounts, proxy=proxy, verify=verify,
                            follow_redirects=True, timeout=float(settings.get("timeout", 15)))
    except (ValueError, ImportError, httpx2.InvalidURL) as error:
        raise LearnerError("the network settings of pip or of this system cannot be used",
                           str(error), "correct proxy, trusted-host and timeout: `pip config "
                           "list` and the environment variables *_PROXY show them") from error
    indexes = [source.where for source in sources(settings) if source.kind == "index_urls"]
    client.auth = MultiDomainBasicAuth(prompting=False, index_urls=indexes)
    with client:
        yield client


def _proxy_to(host: str) -> str | None:
    return None if proxy_bypass(host) else getproxies().get("https")


def _certificates(settings: dict[str, str]) -> ssl.SSLContext | bool:
    bundle = (settings.get("cert") or os.environ.get("REQUESTS_CA_BUNDLE")
              or os.environ.get("CURL_CA_BUNDLE"))
    own = settings.get("client-cert")
    if not bundle and not own:
        return True  # the system's own
    try:
        where = {"capath" if os.path.isdir(bundle) else "cafile": bundle} if bundle else {}
        context = ssl.create_default_context(**where)
        if own:
            context.load_cert_chain(own)
    except OSError as error:  # an ssl.SSLError is one too
        raise LearnerError(f"the certificates that pip is told to use ({bundle or own}) cannot "
                           "be read", str(error), "correct `cert` with `pip config edit`"
                           ) from error
    return context


def find_links(asset: Asset, settings: dict[str, str], session: "PyPIClient",
               problems: list[Problem]) -> Iterator["Link"]:
    """Links to the archive, from each source in turn.

    A link counts if the index states the pinned SHA-256 for it or, where an index states
    none, if it has the archive's file name. `problems` gets an entry for each source
    that could not be read or keeps something else under that name.
    """
    import httpx2
    from unearth import PackageFinder

    for source in sources(settings):
        try:
            with _remarks_of_unearth() as remarks:
                finder = PackageFinder(session=session, ignore_compatibility=True,
                                       **{source.kind: [source.where]})
                packages = list(finder.find_matches(f"{asset.package}=={asset.version}",
                                                    allow_yanked=True))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            problems.append(Problem(f"{_shown(source.where)}: {error}",
                                    passing=isinstance(error, httpx2.HTTPError)))
            continue
        problems += [Problem(text, passing="Server Error" in text) for text in remarks]
        for package in packages:
            stated = _stated_sha256(package.link)
            if stated == asset.sha256 or (stated is None
                                          and package.link.filename == asset.filename):
                yield package.link
            elif package.link.filename == asset.filename:
                problems.append(Problem(f"{_shown(source.where)} has another file under the name "
                                        f"{asset.filename}"))


def _stated_sha256(link: "Link") -> str | None:
    if link.hashes and "sha256" in link.hashes:
        return link.hashes["sha256"]
    return link.hash if link.hash_name == "sha256" else None


def _shown(where: str) -> str:
    """An address without user name and password."""
    from unearth import Link

    return Link(where).redacted if "://" in where else where


@contextmanager
def _remarks_of_unearth() -> Iterator[list[str]]:
    """Collects what unearth would log: why a page of an index was not read."""
    remarks: list[str] = []
    logger, handler = logging.getLogger("unearth.collector"), logging.Handler()
    handler.emit = lambda record: remarks.append(record.getMessage())
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield remarks
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def stream(link: "Link", session: "PyPIClient") -> Iterator[tuple[bytes, int | None]]:
    """The bytes of a link as they are stored, chunk by chunk, each with the total if known.

    Raises:
        httpx2.HTTPError: no connection, or an answer that is not the file.
    """
    with session.get_stream(link.normalized, headers={"Accept-Encoding": "identity"}) as answer:
        answer.raise_for_status()
        length = answer.headers.get("Content-Length", "")
        for chunk in answer.iter_raw(1 << 16):
            yield chunk, int(length) if length.isdigit() else None
