"""The plan of every lesson as a browser prints it: one page of A4, asked of nobody."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # as the other tests of this folder

from lab import need_browser  # noqa: E402

from llmtl_helpers.benchmark.browser import page  # noqa: E402
from llmtl_helpers.lessons.notebook import write_files  # noqa: E402
from llmtl_helpers.lessons.plan_page import plan_pages  # noqa: E402
from llmtl_helpers.lessons.source import read_lessons  # noqa: E402


def test_every_plan_is_one_printed_page(tmp_path):
    need_browser()
    lessons = read_lessons()
    files = write_files(plan_pages(lessons, tmp_path))
    assert len(files) == len(lessons)
    with page() as shown:
        for file in files:
            shown.sheet.goto(file.as_uri())
            printed = shown.sheet.pdf(prefer_css_page_size=True)
            assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1, file.name
        assert shown.errors == [] and shown.asked == [file.as_uri() for file in files]
