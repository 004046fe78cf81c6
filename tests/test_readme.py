"""README's front door: its figure shows today's shipped runs, its table today's lessons."""

import re

import pytest

from llmtl_helpers import __version__, paths
from llmtl_helpers.commands import build
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.lessons import notebook, readme
from llmtl_helpers.lessons.source import read_lessons

README = (paths.ROOT / "README.md").read_text(encoding="utf-8")
PICTURE = paths.ROOT / readme.PICTURE


@pytest.fixture
def figure():
    from rows import make_curve

    from llmtl_helpers.plots import twin_curve

    return twin_curve(make_curve())


def test_readme_and_its_figure_are_what_the_shipped_runs_and_lessons_make():
    differing = notebook.differing(build.readme_files())
    assert not differing, "run `python3 start.py build` and commit"


def test_the_figure_is_small_opaque_and_said_in_words():
    assert 10_000 < PICTURE.stat().st_size < 200_000
    assert "fill: #ffffff" in PICTURE.read_text(encoding="utf-8").lower()  # paper on dark pages too
    (alt,) = re.findall(rf"!\[([^\]]+)\]\({re.escape(readme.PICTURE)}\)", README)
    assert len(alt) > 100 and "Line chart" in alt


def test_a_figure_of_other_numbers_is_drawn_anew(figure):
    drawn = readme.picture(figure, "")
    assert readme.DIGEST.search(drawn).group(1) == readme.digest(figure)
    elsewhere = drawn.replace("<svg", "<!-- other bytes, same numbers --><svg", 1)
    assert readme.picture(figure, elsewhere) == elsewhere
    figure.table[0]["mean"] += 0.01
    assert readme.picture(figure, drawn) != drawn
    assert readme.picture(figure, PICTURE.read_text(encoding="utf-8")).count("<svg") == 1


def test_rounding_in_the_last_digits_is_no_other_figure(figure):
    before = readme.digest(figure)
    figure.table[0]["mean"] += 1e-12
    assert readme.digest(figure) == before


def test_the_table_says_each_lessons_minutes():
    table = readme.lessons_table(read_lessons())
    for lesson in read_lessons():
        (line,) = [line for line in table.splitlines() if lesson.heading in line]
        assert line.endswith(f"| {lesson.minutes_2cores:g} |")


def test_only_what_stands_between_the_comments_changes():
    text = "above\n<!-- a: made by `build` -->\nold\n<!-- end of a -->\nbelow\n"
    assert readme.render(text, {"a": "new"}) == text.replace("old", "new")
    with pytest.raises(LearnerError, match="no place for its part 'b'"):
        readme.render(text, {"b": "new"})


def test_the_citation_names_this_version_and_title():
    import yaml

    cited = yaml.safe_load((paths.ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == __version__ and README.startswith(f"# {cited['title']}\n")
    authors = cited["authors"][0]["name"]
    assert authors in (paths.ROOT / "LICENSE").read_text(encoding="utf-8")


def test_links_of_the_page_lead_to_files():
    for target in re.findall(r"\]\(([^)\s]+)\)", README):
        if not target.startswith("http"):
            assert (paths.ROOT / target.partition("#")[0]).is_file(), target
