"""The interview: every question whole, every number from the ledger, rehearsal, cards."""

import csv
import re
import sqlite3
import time
import zipfile

import pytest

from llmtl_helpers import Ledger, paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.interview import LEVELS, across_tasks, fill, read_questions
from llmtl_helpers.interview import cards, figures, measures
from llmtl_helpers.interview.across import NAMED
from llmtl_helpers.interview import rehearsal as rehearsal_module
from llmtl_helpers.interview.questions import Question
from llmtl_helpers.interview.rehearsal import MOCK, RUBRIC, Rehearsal
from llmtl_helpers.journal import Journal
from llmtl_helpers.ledger import write_shipped
from llmtl_helpers.tasks import task_names
from rows import make_row

QUESTIONS = read_questions()
FILMS = "sentiment/films"
TASKS = [*task_names(), *task_names("written")]


def words(text: str) -> int:
    return len(re.findall(r"[^\s*|`-]+", text))


# --- the texts ------------------------------------------------------------------------------


def test_all_questions_are_there_in_order():
    assert [question.number for question in QUESTIONS] == list(range(59))
    assert QUESTIONS[0].asked.startswith("What role does transfer learning play")


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_question_is_whole(question):
    assert question.level in LEVELS and question.asked[-1] in "?."
    assert re.fullmatch(r"\d\d", question.lesson)
    assert list((paths.ROOT / "lessons").glob(f"{question.lesson}_*.md")) or question.lesson == "12"
    assert question.figure == "none" or question.figure in figures.FIGURES
    assert 50 <= words(question.short) <= 95 and 200 <= words(question.long) <= 360
    assert 20 <= words(question.follow_up) <= 120 and question.wrong.startswith('"')
    assert len(question.sources) > 8 and question.measured
    text = " ".join((question.short, question.long, question.wrong, question.follow_up))
    assert not measures.PLACE.search(text)  # numbers from the ledger stand under Measured alone
    assert "{" not in measures.PLACE.sub("", question.measured)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_what_is_measured_names_runs_that_could_be_made(question):
    from llmtl_helpers.arms import EVERY_ARM

    for verb, rest in measures.PLACE.findall(question.measured):
        assert verb in measures.MEASURES
        for word in rest.split():
            assert word in EVERY_ARM or word in TASKS or word.isdigit(), word


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_year_in_an_answer_has_its_source(question):
    """Every work that is cited by author and year stands under Sources with its year."""
    cited = set(re.findall(r"\b((?:19|20)\d\d)\b", question.long + question.short))
    assert cited <= set(re.findall(r"\b((?:19|20)\d\d)\b", question.sources)), question.name


@pytest.mark.parametrize("broken, message", [
    ("## A?\n\n```{question} a\nlevel: junior\n```\n\n**30 seconds.** x\n", "not whole"),
    ("## A?\n\nno block\n", "no block"),
    ("no heading\n", "names no topic"),
])
def test_a_text_that_is_not_whole_is_a_sentence(tmp_path, broken, message):
    start = "" if "topic" in message else "# Topic\n\n"
    (tmp_path / "1.md").write_text(start + broken)
    with pytest.raises(LearnerError, match=message):
        read_questions(tmp_path)


def test_no_questions_and_two_of_one_name_are_sentences(tmp_path):
    with pytest.raises(LearnerError, match="not here"):
        read_questions(tmp_path)
    text = (paths.ROOT / "lessons" / "interview" / "0_the_question.md").read_text(encoding="utf-8")
    for name in ("1.md", "2.md"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(LearnerError, match="Two interview questions have the name"):
        read_questions(tmp_path)


# --- the numbers ----------------------------------------------------------------------------


def ledger_of(tmp_path, shipped, own=()):
    (tmp_path / "shipped").mkdir(parents=True)
    write_shipped(tmp_path / "shipped" / "runs.jsonl", shipped, ["made up"])
    ledger = Ledger(own=tmp_path / "own", shipped=tmp_path / "shipped")
    for row in own:
        ledger.add(row)
    return ledger


def curve(arm, n, mean, seeds=5, **fields):
    return [make_row(arm=arm, n=n, subset_seed=seed, run_seed=seed, task=FILMS,
                     accuracy=mean + (seed - 2) / 100, score=mean + (seed - 2) / 100,
                     budget=measures.SHIPPED, **fields) for seed in range(seeds)]


def test_a_score_has_its_interval_and_the_learners_own_beside_it(tmp_path):
    own = curve("fine_tuned", 64, 0.9, seeds=1, purpose="live")
    text = "It is {score fine_tuned 64 sentiment/films}."
    without = fill(text, ledger_of(tmp_path / "a", curve("fine_tuned", 64, 0.7)))
    assert re.fullmatch(r"It is 0\.700 \(0\.680 to 0\.720\)\.", without.text)
    assert "made none of these" in without.origin and not without.own
    beside = fill(text, ledger_of(tmp_path / "b", curve("fine_tuned", 64, 0.7), own))
    assert "0.700 (0.680 to 0.720) [yours: 0.880]" in beside.text and beside.own
    assert "Your own runs" in beside.origin


def test_the_minutes_of_own_runs_stand_beside_the_shipped_ones(tmp_path):
    shipped = curve("fine_tuned", 64, 0.7, seconds_training=60.0)
    own = curve("fine_tuned", 64, 0.9, seeds=1, purpose="live", seconds_training=600.0)
    found = fill("{minutes fine_tuned 64 sentiment/films}", ledger_of(tmp_path, shipped, own))
    assert found.text == "1.0 [yours: 10.0]" and found.own


def test_what_no_run_made_is_said(tmp_path):
    found = fill("{score fine_tuned 64 sentiment/films} and {gap fine_tuned scratch 64 "
                 "sentiment/films} and {multiplier 64 sentiment/films} and {spread scratch 64 "
                 "sentiment/films} and {perplexity causal_30M 10000} and {share own_text 256} and "
                 "{trained adapters_8} and {minutes head 64 sentiment/films} and "
                 "{written writer 512 write/films} and {worth prompted 0 write/films} and "
                 "{beside writer 512 prompted 8 write/films}",
                 ledger_of(tmp_path, curve("tfidf", 64, 0.6)))
    assert found.text.count(measures.NOTHING) == len(found.missing) == 11
    assert "11 numbers could not be given" in found.origin


def test_gap_spread_and_multiplier(tmp_path):
    rows = [row for n, tuned, start in ((16, 0.62, 0.52), (64, 0.70, 0.55), (256, 0.78, 0.62),
                                        (1024, 0.83, 0.70))
            for row in (*curve("fine_tuned", n, tuned), *curve("scratch", n, start))]
    ledger = ledger_of(tmp_path, rows)
    assert fill("{gap fine_tuned scratch 256 sentiment/films}", ledger).text.startswith(
        "+16.0 points")
    assert fill("{spread fine_tuned 256 sentiment/films}", ledger).text == "1.6 points"
    assert fill("{multiplier 64 sentiment/films}", ledger).text.startswith("16 times as many (")
    assert fill("{multiplier 256 sentiment/films}", ledger).text == "at least 4.0 times as many"


def test_shipped_numbers_of_the_main_question_are_there():
    found = fill(QUESTIONS[0].measured, Ledger())
    assert not found.missing and "times as many" in found.text


@pytest.mark.parametrize("name", figures.FIGURES)
def test_every_figure_can_be_drawn_from_shipped_runs(name):
    figure = figures.draw(name, Ledger())
    assert figure.reading and figure.alt


@pytest.mark.parametrize("name", figures.FIGURES)
def test_every_figure_says_what_is_missing_without_runs(name, tmp_path):
    (tmp_path / "shipped").mkdir()
    figure = figures.draw(name, Ledger(own=tmp_path / "own", shipped=tmp_path / "shipped"))
    assert figure.table == [] and re.search("no finished run|no run", figure.reading)


def test_a_figure_that_is_not_there_is_a_sentence():
    with pytest.raises(LearnerError, match="no figure called"):
        figures.draw("twins", Ledger())


# --- the rehearsal --------------------------------------------------------------------------


@pytest.fixture
def rehearse(tmp_path):
    ledger = ledger_of(tmp_path, curve("fine_tuned", 64, 0.7))

    def make(**options):
        return Rehearsal(QUESTIONS, ledger, Journal(tmp_path / "journal.jsonl"),
                         **{"seed": 3, **options})
    return make


def text(control) -> str:
    return re.sub("<[^>]*>", " ", control.value)


def test_the_answer_is_hidden_until_it_is_revealed(rehearse):
    box = rehearse()
    assert box.answer.value == "" and box.rating_box.layout.display == "none"
    box.ratings[0].click()
    assert box.journal.entries() == []  # no rating before the answer
    box.reveal.click()
    for part in ("In 30 seconds", "In 2 minutes", "Measured", "usual wrong answer", "What comes"):
        assert part in text(box.answer)
    assert "<img alt=" in box.answer.value or "alt=" in box.answer.value
    assert box.rating_box.layout.display == "" and box.last_error is None


def test_filters_choose_among_the_questions(rehearse):
    box = rehearse()
    assert len(box.question.options) == len(QUESTIONS)
    box.level.value = "senior"
    assert {one.level for one in QUESTIONS if (one.asked, one.name) in box.question.options} == {
        "senior"}
    box.topic.value = QUESTIONS[0].topic
    assert "No question has this level" in text(box.said)
    box.level.value = "all"
    assert [name for _, name in box.question.options] == [QUESTIONS[0].name]


def test_a_rating_is_kept_once_with_its_seconds(rehearse):
    box = rehearse()
    box.begin.click()
    time.sleep(0.2)
    box.reveal.click()
    box.ratings[3].click()
    box.ratings[0].click()
    (entry,) = box.journal.entries("rehearsal")
    assert (entry["name"], entry["rating"]) == (QUESTIONS[0].name, 4) and entry["seconds"] >= 0.1
    assert "You gave yourself 4 of 4" in text(box.said)
    box.following.click()
    assert box.current is QUESTIONS[1] and not box.revealed and box.answer.value == ""


def test_a_mock_interview_prefers_what_was_not_yet_good(rehearse):
    box = rehearse()
    known = [one.name for one in QUESTIONS[:-3]]
    for name in known:
        box.journal.add("rehearsal", name, rating=4, seconds=1.0)
    box.mock.click()
    assert len(set(box.drawn)) == MOCK and {one.name for one in QUESTIONS[-3:]} <= set(box.drawn)
    for rating in (1, 2, 3, 4, 4):
        box.reveal.click()
        box.ratings[rating - 1].click()
        box.following.click()
    assert f"14 of {MOCK * len(RUBRIC)} points" in text(box.said) and "Read again" in text(box.said)
    again = rehearse(seed=3)
    again.mock.click()
    other = rehearse(seed=4)
    other.mock.click()
    assert len(again.drawn) == MOCK and again.drawn != other.drawn


def test_a_mock_interview_without_questions_leaves_the_one_that_is_shown(rehearse):
    box = rehearse()
    box.level.value, box.topic.value = "senior", QUESTIONS[0].topic
    box.mock.click()
    assert box.last_error is None and "No question has this level" in text(box.said)
    box.reveal.click()
    assert box.last_error is None and box.answer.value


def test_the_clock_stops_with_the_answer(rehearse, monkeypatch):
    monkeypatch.setattr(rehearsal_module.time, "sleep", lambda seconds: None)
    box = rehearse()
    box.begin.click()
    assert box.begin.disabled
    box.reveal.click()
    said = box.clock.value
    time.sleep(0)
    assert box.clock.value == said or "0:0" in box.clock.value
    assert box._began is None


def test_a_journal_that_cannot_be_written_stops_no_rehearsal(rehearse, tmp_path):
    (tmp_path / "locked").write_text("a file where a folder should be")
    box = rehearse()
    box.journal = Journal(tmp_path / "locked" / "journal.jsonl")
    box.reveal.click()
    box.ratings[1].click()
    assert "could not be kept" in text(box.errors) and "You gave yourself 2" in text(box.said)


def test_controls_have_names_and_the_static_twin_folds_the_answer(rehearse):
    box = rehearse()
    for control in (box.level, box.topic, box.question, box.begin, box.reveal, box.following,
                    box.mock, *box.ratings):
        assert control.description
    html = box.static_html()
    assert "<details><summary>The answer</summary>" in html and QUESTIONS[0].asked in html


def test_text_is_escaped(rehearse, tmp_path):
    bad = "<script>alert(1)</script>"
    question = Question(bad, f"{bad}?", bad, 0, "junior", "01", "none", bad, bad, bad, bad, bad, bad)
    box = Rehearsal([question], Ledger(own=tmp_path / "own"), Journal(tmp_path / "journal.jsonl"))
    box.reveal.click()
    assert "<script" not in box.asked.value + box.answer.value + box.static_html()


# --- the tasks that the question names --------------------------------------------------------


def test_tasks_stand_against_twin_and_cheapest_rival(tmp_path):
    def mirrored(arm, mean):  # so that differences vary over seeds
        return [{**row, **dict.fromkeys(("score", "accuracy"), 2 * mean - row["score"])}
                for row in curve(arm, 64, mean)]

    rows = [*curve("fine_tuned", 64, 0.8), *mirrored("scratch", 0.6), *mirrored("tfidf", 0.8),
            *curve("fine_tuned", 256, 0.9), *curve("tfidf", 256, 0.7)]  # scratch was not run there
    (one,) = across_tasks(ledger_of(tmp_path, rows))
    assert (one.task, one.examples) == (FILMS, 64)
    assert one.twin.sign == 1 and one.twin.said.startswith("+20.0 points (95% +")
    assert one.cheapest.sign == 0 and "bag of words" in one.cheapest.rival
    assert across_tasks(ledger_of(tmp_path / "without", curve("fine_tuned", 64, 0.8))) == []


def test_all_five_tasks_have_shipped_runs():
    found = across_tasks(Ledger(own="/nonexistent"))
    assert [one.task for one in found] == list(NAMED)
    assert all(one.twin and one.cheapest for one in found)


# --- cards ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made():
    return cards.rows(QUESTIONS, Ledger(own="/nonexistent"))


def test_cards_as_csv_hold_every_question_and_its_numbers(tmp_path, made):
    file = cards.save(tmp_path / "new" / "cards.csv", QUESTIONS, made)
    with open(file, encoding="utf-8-sig", newline="") as lines:
        found = list(csv.DictReader(lines))
    assert len(found) == len(QUESTIONS) and found[0]["question"] == QUESTIONS[0].asked
    assert "{score" not in found[0]["measured"] and "0." in found[0]["measured"]


def test_cards_for_anki_keep_their_identity(tmp_path, made):
    guids = []
    for name in ("one.apkg", "two.apkg"):
        file = cards.save(tmp_path / name, QUESTIONS[:3], made[:3])
        with zipfile.ZipFile(file) as archive:
            archive.extract("collection.anki2", tmp_path / f"{name}.folder")
        with sqlite3.connect(tmp_path / f"{name}.folder" / "collection.anki2") as base:
            notes = base.execute("select guid, flds from notes").fetchall()
        guids.append({guid for guid, _ in notes})
        assert len(notes) == 3 and all("<script" not in fields for _, fields in notes)
    assert guids[0] == guids[1]


def test_cards_in_another_format_or_place_are_sentences(tmp_path, made):
    with pytest.raises(LearnerError, match="apkg"):
        cards.save(tmp_path / "cards.pdf", QUESTIONS, made)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LearnerError, match="could not be written"):
        cards.save(tmp_path / "file" / "cards.csv", QUESTIONS, made)
