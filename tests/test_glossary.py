"""Every word of the glossary is defined once, shortly, and stands in the lessons it names."""

import pytest

from llmtl_helpers.errors import LearnerError
from llmtl_helpers.lessons import glossary
from llmtl_helpers.lessons.glossary import read_glossary
from llmtl_helpers.lessons.source import read_lessons

TEXTS = {lesson.number: lesson.text.lower() for lesson in read_lessons()}


@pytest.mark.parametrize("term", read_glossary(), ids=lambda term: term.name)
def test_a_term_is_short_and_stands_in_its_lessons(term):
    assert 20 < len(term.says) < 220 and term.says.endswith((".", "?")) and term.lessons
    for number in term.lessons:
        assert any(word.lower() in TEXTS[number] for word in term.words), f"not in {number}"


def test_a_broken_glossary_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(glossary, "lessons_folder", lambda: tmp_path)
    for text in ("- a list", "word: {lessons: ['01']}", "word: ["):
        (tmp_path / "glossary.yaml").write_text(text)
        with pytest.raises(LearnerError, match="glossary"):
            read_glossary()
