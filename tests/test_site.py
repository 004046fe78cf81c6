"""Pages without a kernel: what a widget offers there, what is run for them, what stands on them."""

import io
import json
import multiprocessing
import re
import sys
from html import unescape
from itertools import product
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image
from rows import make_curve

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.lessons.glossary import read_glossary
from llmtl_helpers.lessons.notebook import build_notebook
from llmtl_helpers.lessons.source import read_exercises, read_lessons
from llmtl_helpers.site import build, execute, kept
from llmtl_helpers.site.build import build_site, only_links_to
from llmtl_helpers.site.forked import forked_kernels
from llmtl_helpers.widgets import (CostExplorer, LevelExplorer, TwinExplorer, chooser,
                                   static_twin)
from llmtl_helpers.widgets.chooser import choosable_html
from llmtl_helpers.widgets.static_twin import StaticTwin

LESSON = """\
---
llmtl:
  title: {title}
  question: What does a page show?
  minutes_2cores: 1
  download_mb: 0
  memory_mb: 100
  tflop: 0
---

## A figure and a formula

An inline formula, $a^2 + b^2$, and a result.

```{{code-cell}} ipython3
{first}
```

```{{code-cell}} ipython3
:tags: [live]

trained = "this cell must not be run"
```

```{{code-cell}} ipython3
print(trained)
```

```{{code-cell}} ipython3
{last}
```

```{{exercise}} sums
title: add
task: What is 1 + 1?
starter: answer = ...
hints: [count]
check: |
  def check(answer):
      return None if answer == 2 else "no"
solution: answer = 2
why: Because **one** and one.
wrong: ["3", "11"]
```

## We learnt

Nothing.
"""
WIDGET = ("from llmtl_helpers import Ledger, TwinExplorer\n"
          "TwinExplorer(ledger=Ledger(shipped='none', own={runs!r}))")


def made_up(folder: Path) -> Ledger:
    ledger = Ledger(own=folder / "runs", shipped=folder / "none")
    for row in make_curve():
        ledger.add(row)
    return ledger


def write_lesson(folder: Path, first: str = "1 + 1", last: str = "print('the end')") -> list:
    """The lessons of a folder with one lesson."""
    folder.mkdir(exist_ok=True)
    (folder / "90_page.md").write_text(LESSON.format(title="page", first=first, last=last),
                                       encoding="utf-8")
    return read_lessons(folder)


@pytest.fixture(scope="module", autouse=True)
def pages(tmp_path_factory):
    """Where outputs are kept from build to build: not beside those of real lessons."""
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "_folder", lambda name: folder / name)
        yield folder


@pytest.fixture
def ledger(tmp_path):
    return made_up(tmp_path)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site of one lesson, with a widget that has made-up runs."""
    folder = tmp_path_factory.mktemp("site")
    made_up(folder)
    lessons = write_lesson(folder / "lessons", WIDGET.format(runs=str(folder / "runs")))
    return build_site(folder / "made", lambda text: None, lessons).parent


def states_of(html: str) -> dict:
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', html,
                                re.DOTALL).group(1))


def test_every_choice_is_drawn_with_its_own_words(tmp_path, ledger):
    explorer = TwinExplorer(ledger=ledger, profile="laptop")
    before = explorer.size.value, explorer.seed.value, explorer.arms.value
    html = choosable_html(explorer, tmp_path / "states")
    found, offers = states_of(html), explorer.page_offers()
    sizes = [size for _, size in offers["size"]]
    assert len(found["states"]) == len(sizes) * len(offers["seed"]) * 2
    for (size, (seed, _), (arms, _)), state in zip(product(
            sizes, offers["seed"], offers["arms"]), found["states"], strict=True):
        src, alt, reading, table = state
        assert (tmp_path / "states" / Path(src).name).is_file() and reading
        assert f"{size:,}" in alt and ("rings around" in alt) == (seed != "all seeds")
        assert ("bag of words" in found["tables"][table]) == (arms == "all")
    assert (explorer.size.value, explorer.seed.value, explorer.arms.value) == before
    assert len({state[0] for state in found["states"]}) > len(sizes)
    assert explorer.last_error is None


def test_the_first_picture_is_that_of_the_widget_as_it_stands(monkeypatch, tmp_path, ledger):
    monkeypatch.setattr(LevelExplorer, "page_offers", lambda self: {
        "level": static_twin.some_of(self.level, 3), "metric": static_twin.all_of(self.metric)})
    explorer = LevelExplorer(ledger=ledger, baseline="small_scratch", level=0.64)
    html = choosable_html(explorer, tmp_path / "states")
    assert unescape(re.search(r'<img[^>]* alt="([^"]*)"', html).group(1)) == explorer.static().alt
    assert html.count(" selected") == len(explorer.page_offers())


@pytest.mark.parametrize("widget", [TwinExplorer, LevelExplorer, CostExplorer])
def test_what_is_drawn_quickly_for_a_page_is_the_static_twin(widget, ledger):
    explorer = widget(ledger=ledger)
    if widget is TwinExplorer:
        assert explorer.hidden  # from who has not guessed yet; a page hides nothing
    for _ in range(2):  # the second picture is drawn on kept pixels
        quick, whole = explorer.page_state(), StaticTwin.page_state(explorer)
        assert (quick.alt, quick.reading) == (whole.alt, whole.reading)
        one, two = (np.asarray(Image.open(io.BytesIO(shown.png)), dtype=int)
                    for shown in (quick, whole))
        assert (np.abs(one - two).max(axis=2) > 8).mean() < 0.005  # what overlaps, and no more
        chooser.put(explorer, *(("size", 256) if widget is TwinExplorer else ("level", 0.66)))
    if widget is TwinExplorer:
        assert explorer.hidden


def test_a_widget_offers_a_page_no_more_than_it_can_carry(monkeypatch, tmp_path, ledger):
    monkeypatch.setattr(chooser, "MOST", 3)
    with pytest.raises(LearnerError, match="the most is 3"):
        choosable_html(TwinExplorer(ledger=ledger), tmp_path)


def test_text_in_a_state_can_neither_end_the_script_nor_become_html(tmp_path):
    class Odd(StaticTwin):
        def page_offers(self):
            return {"place": [("<b>", "</script><b>")]}

        def page_names(self):
            return {"place": "<i>"}

        place = "</script><b>"

        def hold(self):
            from contextlib import nullcontext

            return nullcontext()

        def static(self):
            raise LearnerError("the place </script><img src=x> has no runs")

    html = choosable_html(Odd(), tmp_path)
    assert html.count("</script>") == 1 and "<img" not in html.replace("<\\/", "").partition(
        "<script")[0] and "<b>" not in html.partition("<script")[0]
    assert states_of(html)["states"][0][2] == "The place </script><img src=x> has no runs."


def test_a_widget_is_choosable_only_where_pages_are_built(monkeypatch, tmp_path, ledger):
    monkeypatch.setattr(TwinExplorer, "page_offers", lambda self: {
        "size": static_twin.all_of(self.size)[:2]})
    explorer = TwinExplorer(ledger=ledger)
    assert "llmtl-chooser" not in explorer.static_html()
    monkeypatch.setenv(static_twin.PICTURES, str(tmp_path / "states"))
    assert "llmtl-chooser" in explorer.static_html()


def test_a_reader_gets_hints_and_solutions_folded_and_no_notes(tmp_path):
    (lesson,) = write_lesson(tmp_path)
    text = build_notebook(lesson, [lesson], "reader")
    assert "check(" not in text and "<details><summary>Solution" in text and "Because" in text
    real = read_lessons()[1]
    page = json.loads(build_notebook(real, read_lessons(), "reader"))
    said = "\n".join("".join(cell["source"]) for cell in page["cells"])
    assert "Teacher's notes" not in said
    for exercise in read_exercises(real.text):
        assert exercise.why.strip().splitlines()[0] in said


def test_a_page_has_links_only_to_what_is_built():
    text = "see [01 One](01_one.ipynb), [02 Two](02_two.ipynb) and [far](https://x.example)"
    assert only_links_to({"02_two"}, text) == (
        "see 01 One, [02 Two](02_two.ipynb) and [far](https://x.example)")


def test_a_small_site_is_built_and_shows_what_was_not_run(site):
    page = (site / "90_page.html").read_text(encoding="utf-8")
    assert (site / "index.html").read_text(encoding="utf-8").count("90_page.html") >= 2
    assert "glossary.html" in (site / "index.html").read_text(encoding="utf-8")
    words = (site / "glossary.html").read_text(encoding="utf-8")
    assert words.count("<dt>") == len(read_glossary()) and 'id="term-macro-f1"' in words
    assert "must not be run" in page and execute.NOTE in unescape(page)
    assert execute.NEEDS in unescape(page) and "the end" in page
    assert "llmtl-chooser" in page and "widget-view" not in page and "Traceback" not in page
    for source in set(re.findall(r'_static/states/\w+\.png', page)):
        assert (site / source).is_file()
    assert (site / "_static" / "mathjax" / build.MATHJAX).is_file()
    for host in re.findall(r'(?:src|<link[^>]* href)="(https?:)?//', page):
        raise AssertionError(f"the page asks another host: {host}")


def test_a_fault_in_a_cell_or_a_dead_link_leaves_the_old_site(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old.html").write_text("old")
    (tmp_path / "site" / "searchindex.js").write_text("of an earlier build")
    with pytest.raises(LearnerError, match="ZeroDivisionError"):
        build_site(tmp_path / "site", lambda text: None,
                   write_lesson(tmp_path / "lessons", last="1 / 0"))
    (lesson,) = write_lesson(tmp_path / "lessons")
    lesson.path.write_text(lesson.text + "\nAnd a [dead link](nowhere.md).\n", encoding="utf-8")
    said = []
    with pytest.raises(LearnerError, match="nowhere"):
        build_site(tmp_path / "site", said.append, [lesson])
    assert (tmp_path / "site" / "old.html").read_text() == "old"
    assert "page: cells are run" in said[0]
    lessons = write_lesson(tmp_path / "lessons")  # without the link: only the prose is another
    page = build_site(tmp_path / "site", said.append, lessons).parent / "90_page.html"
    assert "page: outputs of the last build hold" in said[-2] and "the end" in page.read_text()
    assert not (tmp_path / "site" / "old.html").exists()


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(LearnerError, match="something else"):
        build_site(tmp_path, lambda text: None, [])
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def a_notebook(code: str = "1 + 1", prose: str = "Look."):
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    return new_notebook(cells=[new_markdown_cell(prose), new_code_cell(code)])


def test_outputs_are_kept_until_something_they_depend_on_has_changed(tmp_path, pages, monkeypatch):
    from nbformat.v4 import new_output

    states, later = tmp_path / "states", tmp_path / "later"
    states.mkdir()
    later.mkdir()
    (states / "ab12.png").write_bytes(b"picture")
    done = a_notebook()
    done.cells[1].outputs = [new_output("display_data", {
        "text/html": '<img src="_static/states/ab12.png">'})]
    assert not kept.bring_back("lesson", a_notebook(), later)  # never built
    kept.keep("lesson", done, states)
    again = a_notebook(prose="Look again.")
    assert kept.bring_back("lesson", again, later)
    assert again.cells[1].outputs == done.cells[1].outputs
    assert (later / "ab12.png").read_bytes() == b"picture"
    other = a_notebook("1 + 2")
    assert not kept.bring_back("lesson", other, later) and other.cells[1].outputs == []
    with monkeypatch.context() as patch:
        patch.setattr(kept, "_suite", lambda: "another file of the package")
        assert not kept.bring_back("lesson", a_notebook(), later)
    with monkeypatch.context() as patch:
        patch.setattr(kept, "state", lambda name: "absent")  # an asset was removed
        assert not kept.bring_back("lesson", a_notebook(), later)
    (pages / "lesson" / "ab12.png").unlink()  # damaged
    assert not kept.bring_back("lesson", a_notebook(), later)


def test_a_full_disk_keeps_no_outputs_and_stops_no_build(tmp_path, pages, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    kept.keep("full", a_notebook(), tmp_path)
    assert not (pages / "full").exists()


def test_the_suite_is_more_than_its_code(monkeypatch, tmp_path):
    kept._suite.cache_clear()
    before = kept._suite()
    monkeypatch.setattr(kept, "lessons_folder", lambda: tmp_path)
    kept._suite.cache_clear()
    assert kept._suite() != before  # the quizzes and the glossary are gone
    kept._suite.cache_clear()


def test_without_the_packages_there_is_a_sentence(monkeypatch):
    monkeypatch.setattr(build, "NEEDED", ("sphinx", "no-such-package"))
    with pytest.raises(LearnerError, match="no-such-package.*start.py site"):
        build.check_packages()


def test_a_reader_chooses_by_keyboard_in_a_browser_without_a_network(site):
    sys.path.insert(0, str(Path(__file__).parent / "browser"))
    from lab import need_browser, serious_faults, serve

    from llmtl_helpers.benchmark.browser import page

    need_browser()
    with serve(site) as address:
        for width, scheme in ((390, "dark"), (1280, "light")):
            with page(width, 720) as shown:
                sheet = shown.sheet
                sheet.emulate_media(color_scheme=scheme)
                sheet.goto(f"{address}/90_page.html")
                sheet.wait_for_selector("mjx-container")  # the formula is set
                picture = sheet.locator(".llmtl-chooser img")
                before = picture.get_attribute("src"), picture.get_attribute("alt")
                sheet.locator(".llmtl-chooser select").first.focus()
                sheet.keyboard.press("Home")
                sheet.keyboard.press("ArrowDown")
                sheet.wait_for_function(
                    "seen => document.querySelector('.llmtl-chooser img').alt !== seen",
                    arg=before[1])
                assert picture.get_attribute("src") != before[0]
                assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)"
                                        ) == 800
                assert sheet.evaluate("document.documentElement.scrollWidth") <= width
                assert serious_faults(sheet) == []
                assert shown.errors == []
                assert {url for url in shown.asked if not url.startswith((address, "data:"))} == set()


def cells(*sources: str):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in sources])


def printed(notebook) -> list[str]:
    return ["".join(output.text for output in cell.outputs) for cell in notebook.cells]


def test_kernels_are_forked_with_packages_loaded_and_share_nothing(tmp_path):
    states = tmp_path / "_static" / "states"
    states.mkdir(parents=True)
    ask = ("import builtins, os, sys\n"
           "print('torch' in sys.modules, hasattr(builtins, 'left'), os.environ.get('LEFT'))")
    with forked_kernels(threads=1):
        for _ in range(2):
            notebook = execute.run_cells(
                cells(ask, "builtins.left = os.environ['LEFT'] = 'behind'"), states)
            forked = "forkserver" in multiprocessing.get_all_start_methods()
            assert printed(notebook)[0].split() == [str(forked), "False", "None"]
        told = execute.run_cells(
            cells("import os\nprint(os.getcwd(), os.environ['OMP_NUM_THREADS'])"), states)
        assert printed(told)[0].split() == [str(states.parent), "1"]
    afterwards = execute.run_cells(cells("import sys\nprint('torch' in sys.modules)"), states)
    assert printed(afterwards)[0].split() == ["False"]  # such kernels are a matter of pages alone


def test_a_forked_kernel_that_dies_ends_the_build_with_a_sentence(tmp_path):
    (tmp_path / "_static").mkdir()
    with forked_kernels(threads=1), pytest.raises(LearnerError, match="Cell 0 of a page did not"):
        execute.run_cells(cells("import os\nos._exit(3)"), tmp_path / "_static")
