"""Test sets on a slider, the price of a lost letter, a box for one's own message."""

import ast
import builtins
import re
import threading

import numpy as np
import pytest
from test_plots import texts
from test_plots_06 import GOLD, ROWS, mail
from test_widgets import shipped, text
from test_without_shipped_runs import RESULT, code_cells
from tiny import PLAIN, tiny_checkpoint

from llmtl_helpers import Ledger, MessageBox, PriceExplorer, TestSetExplorer, paths, tasks
from llmtl_helpers.assets import state
from llmtl_helpers.assets.store import absent
from llmtl_helpers.explain import Judge, network_judge
from llmtl_helpers.models import build
from llmtl_helpers.plots.test_sets import MESSAGES, RUNS_TOO, SIZES
from llmtl_helpers.tasks.base import make_task, split_rows
from llmtl_helpers.widgets.message_box import CHARACTERS


@pytest.fixture
def ledger(tmp_path):
    shipped(tmp_path / "shipped", ROWS)
    return Ledger(own=tmp_path / "runs", shipped=tmp_path / "shipped")


@pytest.fixture
def nothing(tmp_path):
    return Ledger(own=tmp_path / "none", shipped=tmp_path / "neither")


# -- test sets --------------------------------------------------------------------------------

def test_the_slider_changes_the_test_sets(ledger):
    explorer = TestSetExplorer(ledger=ledger)
    assert (explorer.size.value, explorer.labels.value) == (300, 1024)
    assert "test sets of 300" in explorer.reading
    pictures = set()
    for size in SIZES:
        explorer.size.value = size
        assert explorer.wait(10) and f"test sets of {size:,} " in explorer.reading
        pictures.add(explorer.picture.value)
    assert len(pictures) == len(SIZES) and explorer.last_error is None


def test_draw_again_draws_others_and_the_same_ones_come_back(ledger):
    explorer = TestSetExplorer(ledger=ledger)
    first = explorer.picture.value
    explorer.again.click()
    assert explorer.wait(10) and explorer.draws == 1 and explorer.picture.value != first
    explorer.draws = 0
    explorer.size.value = 100
    explorer.size.value = 300
    assert explorer.picture.value == first and explorer.last_error is None


def test_the_luck_of_the_runs_can_be_drawn_too(ledger):
    explorer = TestSetExplorer(ledger=ledger)
    assert explorer.luck.value == MESSAGES
    explorer.luck.value = RUNS_TOO
    assert "as a mean over the runs" in explorer.reading and explorer.last_error is None


def test_an_arm_is_not_compared_with_itself(ledger):
    explorer = TestSetExplorer(ledger=ledger)
    explorer.first.value = "tfidf"
    assert (explorer.first.value, explorer.second.value) == ("tfidf", "fine_tuned")
    explorer.second.value = "probe"
    assert "frozen probe" in explorer.reading and explorer.last_error is None


def test_sizes_are_those_that_both_arms_have(tmp_path):
    rows = [row for row in ROWS if (row["arm"], row["n"]) != ("probe", 1024)]
    shipped(tmp_path / "shipped", rows)
    explorer = TestSetExplorer(ledger=Ledger(own=tmp_path / "runs", shipped=tmp_path / "shipped"))
    explorer.second.value = "probe"
    assert [n for _, n in explorer.labels.options] == [64] and explorer.labels.value == 64
    assert explorer.wait(10) and explorer.last_error is None
    assert "64 labels; one run of each" in " ".join(texts(explorer.static()))


# -- prices -----------------------------------------------------------------------------------

def test_the_price_is_read_at_the_slider(ledger):
    explorer = PriceExplorer(ledger=ledger, gold=GOLD)
    for price in (1, 10, 1000):
        explorer.price.value = price
        assert explorer.wait(10) and f"as bad as {price:,} missed junk" in explorer.reading
    explorer.labels.value = 64
    assert explorer.wait(10) and explorer.last_error is None
    assert "64 labels; means over the runs" in " ".join(texts(explorer.static()))


@pytest.mark.parametrize("widget", [TestSetExplorer, PriceExplorer])
def test_without_runs_they_say_what_makes_them(widget, nothing):
    explorer = widget(ledger=nothing)
    assert "start.py sweep --task email/spam" in explorer.reading
    assert explorer.last_error is None
    assert "start.py sweep" in explorer._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("make", [
    lambda ledger: TestSetExplorer(ledger=ledger),
    lambda ledger: PriceExplorer(ledger=ledger, gold=GOLD)])
def test_every_control_has_a_description_and_the_static_twin_stands_for_it(ledger, make):
    explorer = make(ledger)
    names = ("first", "second", "labels", "size", "luck", "again", "price")
    for control in filter(None, (getattr(explorer, name, None) for name in names)):
        assert control.description
    assert "<figure" in explorer._repr_mimebundle_()["text/html"]
    assert explorer.static().reading == explorer.reading


# -- the message box --------------------------------------------------------------------------

def judge(name="counter", reads=str):
    return Judge(name, lambda texts: np.array([2.0 * text.count("free") - 1 for text in texts]),
                 reads)


def test_a_message_is_judged_and_its_words_are_marked():
    box = MessageBox([judge(), judge("short", lambda text: text[:4])], "free offer, free entry")
    assert box.wait(10) and box.found == {"counter": 3.0, "short": 1.0}
    assert "0.95" in box.verdicts.value and "junk" in box.verdicts.value
    assert "4 of 22" in box.verdicts.value and "+2.0" in box.words.value
    box.text.value = "the printer is out of paper"
    box.judge.click()
    assert box.wait(10) and box.found == {"counter": -1.0, "short": -1.0}
    assert "real" in box.verdicts.value and box.last_error is None


def test_what_is_written_is_escaped():
    box = MessageBox([judge("<i>")], "<script>alert(1)</script> & free")
    assert box.wait(10)
    for shown in (box.verdicts.value, box.words.value, box.static()):
        assert "<script" not in shown and "<i>" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in box.words.value


def test_an_empty_box_is_a_sentence():
    box = MessageBox([judge()])
    assert box.verdicts.value == "" and box.found == {}
    for empty in ("", "  \n "):
        box.text.value = empty
        box.judge.click()
        assert box.wait(10) and "empty" in text(box.verdicts) and box.last_error is None
    box.text.value = "free"
    box.judge.click()
    box.clear.click()
    assert box.wait(10) and box.text.value == "" and box.words.value == "" and not box.found


def test_a_long_message_is_cut_and_that_is_said():
    seen = []

    def logits(texts):
        seen.extend(texts)
        return np.zeros(len(texts))

    box = MessageBox([Judge("all", logits)], "word " * CHARACTERS)
    assert box.wait(30) and f"first {CHARACTERS:,} characters" in text(box.verdicts)
    assert max(map(len, seen)) <= CHARACTERS and len(seen) < 100 and box.last_error is None


def test_a_judge_that_finds_nothing_to_read_says_so_and_the_others_go_on():
    box = MessageBox([judge("blind", lambda message: ""), judge()], "free")
    assert box.wait(10) and "blind finds no word" in text(box.verdicts)
    assert box.found == {"counter": 1.0} and box.last_error is None
    box.judges = box.judges[:1]
    box.judge.click()
    assert box.wait(10) and box.found == {} and "<table" not in box.verdicts.value


def test_an_error_of_a_judge_is_shown():
    def broken(texts):
        raise RuntimeError("no <memory> left")

    box = MessageBox([Judge("broken", broken)], "free")
    assert box.wait(10) and "no <memory> left" in text(box.errors)
    assert "<memory" not in box.errors.value
    assert isinstance(box.last_error, RuntimeError)


@pytest.mark.skipif(state("encoder") != "ready", reason="the encoder has not been fetched")
def test_the_network_reads_whatever_a_browser_can_send():
    box = MessageBox([network_judge(build(), 64)])
    for odd in ("\x00\x01", "\ud800 half", "\U0001f600 \u0639\u0631\u0628\u064a", "x" * 20_000,
                "\u200b", "a\r\nb\tc", "[CLS] [MASK] [SEP]", "<img src=x onerror=alert(1)>"):
        box.text.value = odd
        box.judge.click()
        assert box.wait(60) and box.last_error is None, odd
        assert "<img" not in box.static()


def test_without_judges_it_says_so():
    box = MessageBox([], "a letter")
    assert box.wait(10) and "no trained classifier" in text(box.verdicts)


def test_two_clicks_at_once_end_with_the_last_text():
    """JupyterLab calls handlers from another thread; the text may change meanwhile."""
    entered, go = threading.Event(), threading.Event()

    def slow(texts):
        entered.set()
        go.wait(5)
        return np.array([2.0 * message.count("free") - 1 for message in texts])

    box = MessageBox([Judge("slow", slow)])
    box.text.value = "paper"
    first = threading.Thread(target=box.judge.click)
    first.start()
    assert entered.wait(5)
    box.text.value = "free"
    box.judge.click()
    go.set()
    first.join(5)
    assert box.wait(5) and box.found == {"slow": 1.0}


def test_nothing_is_written_anywhere(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "home", lambda: tmp_path)
    box = MessageBox([judge()], "my secret letter, free")
    assert box.wait(10) and not list(tmp_path.rglob("*"))


# -- the lesson where things are missing ------------------------------------------------------

OBSCENE = "zzobscene"


def run_lesson(monkeypatch, capsys, change=None) -> tuple[dict, str]:
    """Run every cell; `change(scope)` after the imports.

    Returns:
        the cells' names, and all that was printed and displayed, on one line.
    """
    shown: list = []
    monkeypatch.setattr(builtins, "display", lambda *things: shown.extend(things), raising=False)
    tasks.load_task.cache_clear()
    scope: dict = {}
    try:
        for number, source in enumerate(code_cells("06_classify_emails")):
            *_, last = ast.parse(source).body
            exec(compile(source, f"lesson 06, cell {number}", "exec"), scope)
            if isinstance(last, ast.Expr):  # what a notebook displays by itself
                shown.append(eval(compile(ast.Expression(last.value), "its last line", "eval"),
                                  scope))
            if "import numpy as np" in source and change:
                change(scope)
    finally:
        tasks.load_task.cache_clear()
    said = capsys.readouterr().out + " ".join(
        re.sub("<[^>]*>", " ", thing._repr_html_() if hasattr(thing, "_repr_html_") else
               thing._repr_mimebundle_()["text/html"]) for thing in shown
        if hasattr(thing, "_repr_html_") or hasattr(thing, "_repr_mimebundle_"))
    return scope, " ".join(said.split())


@pytest.fixture
def no_asset(tmp_path, monkeypatch):
    def not_here(name, *rest):
        raise absent(name)

    monkeypatch.setenv("LLMTL_PROFILE", "smoke")
    monkeypatch.setattr("llmtl_helpers.tasks.emails.asset_path", not_here)
    monkeypatch.setattr(paths, "shipped", lambda: tmp_path / "shipped")
    monkeypatch.setattr(paths, "own_runs", lambda: tmp_path / "runs")
    return tmp_path


def test_the_lesson_runs_without_messages_and_without_runs(no_asset, monkeypatch, capsys):
    """No asset, no shipped runs: every cell goes on, and says what would bring them."""
    scope, said = run_lesson(monkeypatch, capsys)
    assert "python3 start.py assets fetch email" in said
    assert "python3 start.py sweep --task email/spam" in said
    by_hand = re.compile(r"(everything through|a careful filter) *: accuracy [\d.]+")
    found = RESULT.search(by_hand.sub("", said))  # made-up counts, and said to be
    assert not found, found
    assert scope["task"] is None and scope["judges"] == []


def test_the_lesson_reads_shipped_runs_without_messages(no_asset, monkeypatch, capsys):
    """Runs, but no asset: what needs no labels is shown, in accuracy, and the rest is named."""
    shipped(no_asset / "shipped", mail())
    scope, said = run_lesson(monkeypatch, capsys)
    assert "points of accuracy" in said and "assets fetch email" in said
    assert scope["most"] == 1024 and scope["chance"].last_error is None
    assert "the worse model is ahead" in said
    assert scope["alarms"].table and all(row["mail"] == "hard" for row in scope["alarms"].table)


def made_up_mail(test_only: bool):
    """Letters whose junk can be told by one word, which nobody should have to read."""
    rng = np.random.default_rng(0)
    words = [*PLAIN, "printer", "list", "letter", "kernel"]

    def letter(junk):
        return " ".join([*rng.choice(words, 30), *([OBSCENE, "good"] if junk else ["bad"])])

    rows = [{"id": str(number), "document": str(number), "label": int(junk), "text": letter(junk)}
            for number in range(700) for junk in [number % 4 == 0 and not test_only]]
    splits = ({"train": [], "validation": [], "test": rows[:40]} if test_only else
              split_rows(rows, 200, 200))
    return make_task("email/spam", "Made up", splits, ("real", "junk"), source="the test",
                     licence="none", citation="none", label_rule="one word", max_length=64)


def test_junk_is_never_shown_as_it_came(no_asset, monkeypatch, capsys):
    """The whole lesson on made-up mail and a tiny network: no cell prints the word of the junk."""
    def change(scope):
        checkpoint = tiny_checkpoint(no_asset / "tiny")
        scope["load_task"] = lambda name: made_up_mail(test_only=name.endswith("hard-ham"))
        scope["build"] = lambda name, seed: build(checkpoint, seed=seed)

    scope, said = run_lesson(monkeypatch, capsys, change)
    assert len(scope["judges"]) == 2 and scope["scores"][256].macro_f1 > 0.9
    assert "z········" in said and OBSCENE not in said
    assert set(scope["box"].found) == {"bag of words", "network"}
