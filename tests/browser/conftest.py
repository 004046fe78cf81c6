"""One server, one browser and one notebook with all families of widgets, for a file of tests."""

import os
from concurrent.futures import ThreadPoolExecutor

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
    write_notebook(work / "gallery.ipynb", [
        "import exhibits", *(f"exhibits.show({name!r})" for name in NAMES)])
    tests = paths.ROOT / "tests"
    found = os.pathsep.join(map(str, (paths.ROOT, tests, tests / "browser")))
    with ThreadPoolExecutor(1) as meanwhile:  # the toy checkpoint takes as long as the server
        written = meanwhile.submit(write_rows, work, home)
        with (jupyterlab(work, home, LLMTL_PROFILE="smoke", PYTHONPATH=found) as server,
              page(height=1200) as shown):
            written.result()
            ledger = Ledger(own=work / "own" / "curve", shipped=work / "rows" / "curve")
            ledger.add(KEPT)
            open_and_run(shown.sheet, server, "gallery.ipynb")
            yield Gallery(shown, server, ledger)
