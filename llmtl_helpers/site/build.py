"""From lessons to a folder of pages: execute, then let Sphinx and MyST-NB make HTML.

Nothing is fetched while it builds, and the pages ask no other host for anything: formulas are set by
a MathJax that lies in the folder, search is Sphinx's own.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.lessons.glossary import read_glossary
from llmtl_helpers.lessons.notebook import build_notebook
from llmtl_helpers.lessons.source import Lesson, read_lessons
from llmtl_helpers.site import kept
from llmtl_helpers.site.execute import run_cells

TITLE = "Transfer learning in language models, measured"
PAGES = Path(__file__).parent / "pages"  # style, script and first page
LINK = re.compile(r"\[([^\[\]]+)\]\((\d\d_\w+)\.ipynb\)")
MATHJAX = "tex-chtml.js"
NEEDED = ("sphinx", "myst-nb", "furo", "sphinx-mathjax-offline", "nbclient")

SETTINGS = {
    "project": TITLE, "html_title": TITLE, "language": "en", "copyright": "its authors; MIT licence",
    "extensions": ["myst_nb", "sphinx.ext.mathjax"],
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "nb_ipywidgets_js": {},  # else pages would ask a content network for widgets
    "nb_mime_priority_overrides": [("html", "text/html", 0)],
    "myst_enable_extensions": ["dollarmath", "deflist"],
    "myst_heading_anchors": 3,
    "mathjax_path": f"mathjax/{MATHJAX}",
    "html_theme": "furo",
    "html_static_path": ["_static"],
    "html_favicon": "_static/icon.svg",
    "html_css_files": ["pages.css"],
    "html_js_files": ["chooser.js"],
    "html_show_sphinx": False,
    "html_copy_source": False,
    "suppress_warnings": ["myst.header", "mystnb.unknown_mime_type"],
}


def build_site(folder: Path, say: Callable[[str], None], lessons: Sequence[Lesson] | None = None,
               workers: int = 2, anew: bool = False) -> Path:
    """Build the site into `folder`; what was there is replaced when all went well.

    Args:
        say: told what is being done.
        lessons: default: all.
        workers: lessons executed at once.
        anew: run all cells, even where outputs of an earlier build still hold.

    Returns:
        the first page.

    Raises:
        LearnerError: packages are missing, the folder holds something else, a cell failed, or a
            page has a dead link.
    """
    check_packages()
    if folder.exists() and not (folder.is_dir() and (
            (folder / "searchindex.js").is_file() or not any(folder.iterdir()))):
        raise LearnerError(f"{folder} holds something else than pages of this course",
                           "building them there would delete it", "name a new or an empty folder")
    import nbformat

    from llmtl_helpers.site.forked import forked_kernels

    lessons = read_lessons() if lessons is None else list(lessons)
    names = {lesson.name for lesson in lessons}
    with tempfile.TemporaryDirectory(prefix="llmtl-site-") as temporary:
        source, made = Path(temporary) / "source", Path(temporary) / "made"
        pictures = source / "_static" / "states"
        pictures.mkdir(parents=True)

        def page(lesson: Lesson) -> None:
            text = only_links_to(names, build_notebook(lesson, lessons, "reader"))
            notebook = nbformat.reads(text, as_version=4)
            if not anew and kept.bring_back(lesson.name, notebook, pictures):
                say(f"{lesson.heading}: outputs of the last build hold")
            else:
                run_cells(notebook, pictures)
                kept.keep(lesson.name, notebook, pictures)
                say(f"{lesson.heading}: cells are run")
            nbformat.write(notebook, source / f"{lesson.name}.ipynb")

        with forked_kernels(threads=1), ThreadPoolExecutor(workers) as pool:
            for done in [pool.submit(page, lesson) for lesson in lessons]:
                done.result()
        for file in ("pages.css", "chooser.js", "icon.svg"):
            shutil.copy(PAGES / file, source / "_static" / file)
        copy_mathjax(source / "_static" / "mathjax")
        (source / "index.md").write_text(first_page(lessons), encoding="utf-8")
        (source / "glossary.md").write_text(glossary_page(lessons), encoding="utf-8")
        say("pages are made")
        render(source, made, workers)
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists():
            shutil.rmtree(folder)
        shutil.move(made, folder)
    return folder / "index.html"


def only_links_to(names: set[str], text: str) -> str:
    """A notebook's text without links to lessons that are not built: their titles stay."""
    return LINK.sub(lambda link: link.group() if link.group(2) in names else link.group(1), text)


def check_packages() -> None:
    """Raises LearnerError where the packages that make pages are not installed."""
    missing = []
    for name in NEEDED:
        try:
            distribution(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        raise LearnerError("the packages that make web pages are not installed",
                           f"there is no {', no '.join(missing)}",
                           "run `python3 start.py site`, which adds them")


def copy_mathjax(folder: Path) -> None:
    """MathJax from the package that carries it: one set of input and output, with what it loads."""
    files = distribution("sphinx-mathjax-offline").files or []
    found = next((Path(file.locate()) for file in files if file.name == MATHJAX), None)
    if found is None:
        raise LearnerError("MathJax was not found in the package sphinx-mathjax-offline",
                           next="install the packages of the extra `site` anew")
    folder.mkdir()
    shutil.copy(found, folder)
    for part in ("input", "output", "ui", "a11y", "sre"):
        shutil.copytree(found.parent / part, folder / part)


def first_page(lessons: Sequence[Lesson]) -> str:
    table = "\n".join(f"| [{lesson.heading}]({lesson.name}.ipynb) | {lesson.question} |"
                      for lesson in lessons)
    names = "\n".join(lesson.name for lesson in lessons)
    return ((PAGES / "index.md").read_text(encoding="utf-8").replace("{title}", TITLE)
            .replace("{table}", table).replace("{names}", names))


def glossary_page(lessons: Sequence[Lesson]) -> str:
    """Every term with its definition and links to the lessons that teach it."""
    built = {lesson.number: f"[{lesson.heading}]({lesson.name}.ipynb)" for lesson in lessons}
    lines = ["# Glossary", ""]
    for term in read_glossary():
        links = ", ".join(built[number] for number in term.lessons if number in built)
        lines += ["", f"({anchor(term.name)})=", f"**{term.name}**", "",
                  f": {term.says}" + (f" {links}" if links else "")]
    return "\n".join(lines) + "\n"


def anchor(name: str) -> str:
    return "term-" + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def render(source: Path, made: Path, workers: int = 1) -> None:
    """Sphinx in a process of its own, with warnings as faults: a dead link is one."""
    (source / "conf.py").write_text(f"from {__name__} import SETTINGS\nglobals().update(SETTINGS)\n",
                                    encoding="utf-8")
    warnings = source / "warnings.txt"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "sphinx", "-q", "--no-color", "-w", str(warnings),
         "-j", str(workers), "-d", str(source.parent / "doctrees"), str(source), str(made)],
        capture_output=True, text=True, check=False, timeout=600,
        env={**os.environ, "PYTHONPATH": str(paths.ROOT)})
    found = warnings.read_text(encoding="utf-8").splitlines() if warnings.is_file() else []
    found = [line.replace(f"{source}{os.sep}", "") for line in found if line.strip()]
    if done.returncode or found:
        raise LearnerError(f"the pages have {max(1, len(found))} faults",
                           "; ".join(found[:5]) or done.stderr[-500:],
                           "mend the lesson that is named")
