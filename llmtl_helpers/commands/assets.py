"""List, fetch and verify what the suite needs from elsewhere.

`assets` lists, `assets fetch [NAME...]` downloads what is missing or damaged and converts the
decoder's weights, and `assets verify [NAME...]` hashes every file again. A NAME is one of the
list or, for `fetch`, org/name@REVISION of a hub repository. Without names `fetch` goes on where
one cannot be fetched, and ends with exit code 1 if the suite cannot do without it.
"""

import argparse
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.assets import CATALOGUE, fetch_asset, fetch_hub_snapshot, state, verify
from llmtl_helpers.assets.catalogue import Asset, assets_folder, get_asset
from llmtl_helpers.assets.fetch import Progress
from llmtl_helpers.assets.hub import KINDS, is_hub_name
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.models import gguf

_INDENT = 11  # columns: the longest name and a gap


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "With no action the assets are listed."
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    actions.add_parser("list", help="show name, state, size, licence and citation")
    fetch = actions.add_parser("fetch", help="download what is missing or damaged")
    fetch.add_argument("names", nargs="*", metavar="NAME",
                       help=f"{', '.join(CATALOGUE)}, or org/name@REVISION of a hub repository "
                            "(default: every asset of the list)")
    fetch.add_argument("--kind", choices=KINDS, default="model",
                       help="what a hub repository holds (default: model)")
    check = actions.add_parser("verify", help="hash every file again; exit code 1 if one differs")
    check.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CATALOGUE))


def run(args: argparse.Namespace) -> int:
    if args.action == "fetch":
        return _fetch(args.names, args.kind)
    if args.action == "verify":
        return _verify(args.names)
    print(listing(shutil.get_terminal_size((80, 24)).columns))
    return 0


def listing(columns: int) -> str:
    """The catalogue as text, wrapped to a terminal of so many columns."""
    shared = paths.shared_cache()
    blocks = [f"Assets in {assets_folder()}"
              + (f", and shared ones in {shared / 'assets'}" if shared else "")]
    for asset in CATALOGUE.values():
        first = f"{asset.name:<{_INDENT}}{state(asset.name):<10}{_size(asset):>7}   {asset.licence}"
        rest = [_wrap(asset.what, columns), _wrap(f"Cite: {asset.citation}.", columns)]
        blocks.append("\n".join([first, *rest]))
    if any(state(name) != "ready" for name in CATALOGUE):
        blocks.append("To fetch what is not ready: python3 start.py assets fetch")
    return "\n\n".join(blocks)


def _wrap(text: str, columns: int) -> str:
    indent = " " * _INDENT
    width = max(40, min(columns, 100))  # longer lines are hard to read
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)


def _size(asset: Asset) -> str:
    return f"{asset.megabytes:.0f} MB" if asset.megabytes >= 10 else f"{asset.megabytes:.1f} MB"


def _fetch(names: list[str], kind: str) -> int:
    for name in names:  # a typing error is told before anything is downloaded
        if not is_hub_name(name):
            get_asset(name)
    for name in names:
        folder = fetch_hub_snapshot(name, kind) if is_hub_name(name) else _fetch_one(name)
        print(f"{name}: ready in {folder}", flush=True)
    return 0 if names else _fetch_all()


def _fetch_all() -> int:
    failed, left_out = 0, []
    for name, asset in CATALOGUE.items():
        try:
            print(f"{name}: ready in {_fetch_one(name)}", flush=True)
        except LearnerError as error:  # the others are fetched all the same
            print(error, file=sys.stderr, flush=True)
            if asset.optional:
                left_out.append(name)
                print(f"What does not need {name!r} works without it.", file=sys.stderr, flush=True)
            else:
                failed += 1
    _note(left_out)
    return 1 if failed else 0


def _fetch_one(name: str) -> Path:
    with progress_bar(get_asset(name)) as progress:
        folder = fetch_asset(name, progress)
    if name == gguf.ASSET:
        with _steps(name) as say:
            folder = gguf.decoder_folder(say)
    return folder


def _note(left_out: list[str]) -> None:
    """Leave word for start.py, which asks again at the next start for what is left out."""
    note = paths.cache() / "left_out.txt"
    with suppress(OSError):  # then start.py cannot write there either, and says so
        if left_out:
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text("\n".join(left_out), encoding="utf-8")
        else:
            note.unlink(missing_ok=True)


@contextmanager
def progress_bar(asset: Asset) -> Iterator[Progress]:
    """A bar with bytes and time left on a terminal; a line where there is none."""
    if not sys.stderr.isatty():
        started = []

        def announce(done: int, total: int) -> None:
            if not started:
                started.append(True)
                print(f"{asset.name}: fetching {total / 1e6:.1f} MB ...", file=sys.stderr,
                      flush=True)

        yield announce
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    with Bar(TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
             TextColumn("time left"), TimeRemainingColumn(), console=Console(stderr=True),
             transient=True) as bar:
        task = bar.add_task(asset.name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _steps(name: str) -> Iterator[gguf.Say]:
    """A line for each step, on a terminal with the time that it has taken so far."""
    if not sys.stderr.isatty():
        yield gguf.print_step
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with Progress(SpinnerColumn(), TimeElapsedColumn(), console=console, transient=True) as bar:
        bar.add_task("", total=None)
        yield lambda text: console.print(f"{name}: {text} ...", markup=False)


def _verify(names: list[str]) -> int:
    names = [get_asset(name).name for name in names or CATALOGUE]
    damaged = 0
    for name in names:
        if state(name) == "absent":
            print(f"{name}: absent; fetch it with `python3 start.py assets fetch {name}`")
            continue
        bad = verify(name)
        damaged += bool(bad)
        print(f"{name}: damaged ({', '.join(bad)}); repair it with "
              f"`python3 start.py assets fetch {name}`" if bad
              else f"{name}: every file is as it was unpacked")
    return 1 if damaged else 0
