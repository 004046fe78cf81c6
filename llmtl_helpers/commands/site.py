"""Build the lessons as a web site that needs neither a kernel nor a network.

The pages are made from shipped runs alone: cells that train are shown and not run. They lie in the
folder `site` of your own files and can be opened from there or put on any file server. Outputs of
cells are kept in the folder `pages` beside it, and used again while nothing has changed that they
depend on. The first time takes some three minutes on two cores.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("lessons", nargs="*", metavar="NN",
                        help="numbers of the lessons to build (default: all)")
    parser.add_argument("--folder", type=Path, help="where to (default: local/site)")
    parser.add_argument("--anew", action="store_true",
                        help="run all cells, even those whose outputs of the last build still hold")


def run(args: Namespace) -> int:
    import time

    from llmtl_helpers import paths
    from llmtl_helpers.errors import LearnerError
    from llmtl_helpers.lessons.source import read_lessons
    from llmtl_helpers.site.build import build_site
    from llmtl_helpers.sweep.workers import usable_cores

    lessons = [lesson for lesson in read_lessons() if not args.lessons
               or lesson.number in args.lessons]
    if not lessons:
        raise LearnerError("there is no such lesson", next="name numbers such as 01 02")
    began = time.monotonic()
    page = build_site(args.folder or paths.home() / "site",
                      lambda text: print(f"{time.monotonic() - began:4.0f} s  {text}", flush=True),
                      lessons, usable_cores(), args.anew)
    print(f"Open {page}; the whole folder can be put on a file server.")
    return 0
