"""Build the notebooks from the lessons, and environment.yml from pyproject.toml.

`--check` writes nothing: it names the files that differ and ends with exit code 1.
`--edition teacher` writes notebooks with notes and solutions, and each lesson's plan for 30, 60 and
90 minutes as a page to print, into the folder `teacher` of the learner's own files; they are never
committed.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true",
                        help="write nothing; exit with 1 and name the files that differ")
    parser.add_argument("--edition", choices=("learner", "teacher"), default="learner",
                        help="learner (default): the committed notebooks; teacher: with solutions, "
                             "and plans to print")


def run(args: Namespace) -> int:
    from llmtl_helpers.lessons import notebook

    files = notebook.build_all(args.edition)
    if args.edition == "learner":
        files |= environment_file()
    else:
        from llmtl_helpers.lessons.plan_page import plan_pages
        from llmtl_helpers.lessons.source import read_lessons

        files |= plan_pages(read_lessons(), notebook.teacher_folder())
    if args.check:
        folder = notebook.notebooks_folder() if args.edition == "learner" else None
        differing = notebook.differing(files, folder)
        for path in differing:
            print(f"{shown(path)} is not what its source makes; run `build`")
        return 1 if differing else 0
    changed = notebook.write_files(files)
    for path in changed:
        print(f"wrote {shown(path)}")
    print(f"{len(files)} files, {len(changed)} of them changed")
    return 0


def environment_file() -> dict[Path, str]:
    from llmtl_helpers import paths
    from llmtl_helpers.environment import render_environment

    return {paths.ROOT / "environment.yml": render_environment()}


def shown(path: Path) -> str:
    from llmtl_helpers import paths

    return str(path.relative_to(paths.ROOT)) if paths.ROOT in path.parents else str(path)
