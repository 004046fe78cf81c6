"""One server, one browser and one notebook with all families of widgets, for the tests of a file."""

import pytest
from lab import need_browser, write_notebook

from llmtl_helpers import Ledger, paths
from llmtl_helpers.benchmark.browser import jupyterlab, open_and_run, page


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    """A page on which every exhibit was run, in a JupyterLab as a learner has it."""
    need_browser()
    from gallery import NAMES, Gallery
    from made_up import KEPT, write_rows

    folder = tmp_path_factory.mktemp("gallery")
    work, home = folder / "work", folder / "home"
    work.mkdir()
    home.mkdir()
    write_rows(work, home)
    ledger = Ledger(own=work / "own" / "curve", shipped=work / "rows" / "curve")
    ledger.add(KEPT)
    write_notebook(work / "gallery.ipynb", [
        "import exhibits", *(f"exhibits.show({name!r})" for name in NAMES)])
    tests = paths.ROOT / "tests"
    found = ":".join(map(str, (paths.ROOT, tests, tests / "browser")))
    with (jupyterlab(work, home, LLMTL_PROFILE="smoke", PYTHONPATH=found) as server,
          page(height=1200) as shown):
        open_and_run(shown.sheet, server, "gallery.ipynb")
        yield Gallery(shown, server, ledger)
