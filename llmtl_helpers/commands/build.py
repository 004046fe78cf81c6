"""Build the notebooks, environment.yml, and README's table and figure from their sources.

`--check` writes nothing: it names the files that differ and ends with exit code 1.
`--edition teacher` writes notebooks with notes and solutions, and each lesson's plan for 30, 60 and
90 minutes as a page to print, into the folder `teacher` of the learner's own files; they are never
committed.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

# README's figure: both arms and what needs no network; the other arms come with the lessons
FRONT_ARMS = ("fine_tuned", "scratch", "tfidf", "majority")
FRONT_TITLE = "What the checkpoint buys: sentiment of film reviews"


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
        files |= environment_file() | readme_files()
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
    if args.edition == "teacher":  # what a teacher changed is kept
        from llmtl_helpers.lessons.hand_out import hand_out

        books = {path for path in files if path.suffix == ".ipynb"}
        for sentence in hand_out({path.name: files.pop(path).encode() for path in books},
                                 notebook.teacher_folder()):
            print(sentence)
        print(f"{len(books)} notebooks are in {shown(notebook.teacher_folder())}")
    changed = notebook.write_files(files)
    for path in changed:
        print(f"wrote {shown(path)}")
    print(f"{len(files)} files, {len(changed)} of them changed")
    return 0


def environment_file() -> dict[Path, str]:
    from llmtl_helpers import paths
    from llmtl_helpers.environment import render_environment

    return {paths.ROOT / "environment.yml": render_environment()}


def readme_files() -> dict[Path, str]:
    """README.md with its table of lessons and its figure renewed, and the figure's file."""
    from llmtl_helpers import paths
    from llmtl_helpers.commands.demo import shown_rows
    from llmtl_helpers.ledger import Ledger
    from llmtl_helpers.lessons import readme
    from llmtl_helpers.lessons.source import read_lessons
    from llmtl_helpers.plots import twin_curve
    from llmtl_helpers.profiles import get_profile

    figure = twin_curve(shown_rows(Ledger(), get_profile()), arms=FRONT_ARMS, title=FRONT_TITLE)
    page, picture = paths.ROOT / "README.md", paths.ROOT / readme.PICTURE
    there = picture.read_text(encoding="utf-8") if picture.is_file() else ""
    parts = {"picture": readme.picture_link(figure),
             "lessons": readme.lessons_table(read_lessons())}
    return {page: readme.render(page.read_text(encoding="utf-8"), parts),
            picture: readme.picture(figure, there)}


def shown(path: Path) -> str:
    from llmtl_helpers import paths

    return str(path.relative_to(paths.ROOT)) if paths.ROOT in path.parents else str(path)
