"""Samples to read, a game to play and a prompt to write, by their values and clicks."""

import json
import re
import threading
import time

import pytest
import torch
from test_plots_writing import ARABIC, FILMS, NEWS, ROWS, TASKS, only
from test_widgets import shipped, text
from tiny import tiny_causal, tiny_task
from written import TEXTS

from llmtl_helpers import Ledger, paths
from llmtl_helpers import tasks as tasks_module
from llmtl_helpers.assets.store import absent
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.journal import Journal
from llmtl_helpers.models import build_language_model
from llmtl_helpers.models import generate as generate_module
from llmtl_helpers.widgets import writers
from llmtl_helpers.widgets.blind_game import ROUNDS, BlindGame, chance_of
from llmtl_helpers.widgets.prompt_box import PromptBox
from llmtl_helpers.widgets.sample_explorer import SampleExplorer
from llmtl_helpers.widgets.writers import LONGEST


@pytest.fixture(autouse=True)
def at_hand(monkeypatch):
    """The made-up texts are on this machine."""
    monkeypatch.setattr(tasks_module, "load_task", lambda name: TASKS[name])


@pytest.fixture
def ledger(tmp_path):
    shipped(tmp_path / "shipped", [row for rows in ROWS.values() for row in rows])
    return Ledger(own=tmp_path / "runs", shipped=tmp_path / "shipped")


@pytest.fixture
def nothing(tmp_path):
    return Ledger(own=tmp_path / "none", shipped=tmp_path / "neither")


# -- samples ---------------------------------------------------------------------------------

def answer_of(task, arm, n, seed, number):
    (row,) = [row for row in ROWS[task.name] if (row["arm"], row["n"], row["run_seed"]) == (
        arm, n, seed)]
    return row["outputs"][number - 1]


def test_every_control_chooses_among_the_runs_answers(ledger):
    explorer = SampleExplorer(NEWS.name, ledger=ledger)
    assert (explorer.text.value, explorer.size.value, explorer.shown.value) == (1, 512, 0)
    assert explorer.text.max == TEXTS
    assert [n for _, n in explorer.size.options] == [32, 128, 512]
    assert [n for _, n in explorer.shown.options] == [0, 1, 2, 4, 8]
    for control, value, arm, n, seed, number in (
            ("text", 7, "writer", 512, 0, 7), ("size", 32, "writer_scratch", 32, 0, 7),
            ("seed", 2, "writer", 32, 2, 7), ("shown", 4, "prompted", 4, 2, 7)):
        before = explorer.picture.value
        getattr(explorer, control).value = value
        assert explorer.wait(10) and explorer.picture.value != before
        assert f">{answer_of(NEWS, arm, n, seed, number)}</div>" in explorer.picture.value
    assert "Text 7 of 40, tuned on 32 examples, seed 2" in explorer.reading
    assert NEWS.test[6]["target"] in explorer.picture.value  # and what was to be answered
    assert NEWS.test[6]["text"] in explorer.picture.value and explorer.last_error is None


def test_next_and_before_walk_from_end_to_end(ledger):
    explorer = SampleExplorer(NEWS.name, ledger=ledger)
    assert explorer.before.disabled and not explorer.following.disabled
    explorer.following.click()
    assert explorer.text.value == 2 and not explorer.before.disabled
    explorer.before.click()
    explorer.before.click()
    assert explorer.text.value == 1
    explorer.text.value = TEXTS
    explorer.following.click()
    assert explorer.text.value == TEXTS and explorer.following.disabled


def test_drawn_answers_say_how_they_were_drawn(ledger):
    explorer = SampleExplorer(FILMS.name, ledger=ledger)
    assert explorer.text.max == 12  # so many were written
    assert "drawn with temperature 0.8 and top-p 0.95" in explorer.reading
    assert "perplexity of what the person wrote" in explorer.picture.value


def test_the_static_twin_and_a_right_to_left_script(ledger):
    explorer = SampleExplorer(ARABIC.name, ledger=ledger, text=3, size=128, seed=1, shown=8)
    assert explorer.static().reading == explorer.reading
    html = explorer._repr_mimebundle_()["text/html"]
    assert 'dir="auto" lang="ar"' in html and "<table" in html
    for control in (explorer.text, explorer.size, explorer.seed, explorer.shown,
                    explorer.before, explorer.following):
        assert control.description


def test_a_choice_without_a_run_is_a_sentence(tmp_path):
    rows = [row for row in ROWS[NEWS.name] if row["arm"] == "writer" and not (
        row["n"] == 32 and row["run_seed"] == 1)]
    shipped(tmp_path / "shipped", rows)
    explorer = SampleExplorer(NEWS.name, ledger=Ledger(own=tmp_path / "runs",
                                                       shipped=tmp_path / "shipped"))
    explorer.size.value, explorer.seed.value = 32, 1
    assert "no answer to text 1 with seed 1" in explorer.reading and explorer.last_error is None
    explorer.seed.value = 0
    assert "Text 1 of 40" in explorer.reading and "Not there yet" in explorer.reading


# -- the game --------------------------------------------------------------------------------

@pytest.fixture
def play(ledger, tmp_path):
    def make(task=NEWS.name, **options):
        journal = Journal(tmp_path / "games" / "journal.jsonl")
        return BlindGame(task, **{"ledger": ledger, "journal": journal,
                                  **options})
    return make


def answer(game, right: bool) -> None:
    (game.first if game.pair.first_tuned == right else game.second).click()


def test_a_round_hides_who_wrote_until_it_is_answered(play):
    game = play()
    assert "Round 1 of 10, game 0" in text(game.question) and game.pair.answers[0] in text(
        game.picture)
    for told in ("fine-tuned", "scratch", "ROUGE-L", "#0072B2", "#D55E00"):
        assert told not in game.picture.value
    assert game.following.disabled and game.lesson.value == ""
    answer(game, True)
    assert text(game.lesson).count("Right: ") == 1 and game.right == [True]
    assert "fine-tuned decoder, 512 examples" in game.picture.value
    assert "A person" not in game.lesson.value and ">a person<" in game.picture.value
    assert "By the metric: A ROUGE-L" in text(game.lesson)
    assert game.first.disabled and game.second.disabled and not game.following.disabled
    assert "1 of 1 right so far" in text(game.score) and "guessing would do" in text(game.score)
    game.following.click()
    answer(game, False)
    assert "No: " in text(game.lesson) and "1 of 2 right so far" in text(game.score)
    assert game.last_error is None


def test_a_second_answer_to_the_same_round_counts_nothing(play):
    game = play()
    answer(game, True)
    game.first.click()
    game.second.click()
    assert game.right == [True] and len(game.journal.entries("blind")) == 1


def finish(game, right: int) -> None:
    for number in range(ROUNDS):
        answer(game, number < right)
        game.following.click()


def test_the_score_at_the_end_is_held_against_guessing(play):
    game = play()
    finish(game, 7)
    said = text(game.score)
    assert "The game is over: 7 of 10. Guessing does that or better in 17% of games." in said
    assert "Guessing ends between 2 and 8 in at least 95 of 100 games" in said
    assert game.over and game.following.disabled and game.last_error is None


@pytest.mark.parametrize(("right", "said"), [(10, "fewer than 1 of 100 games"), (5, "62% of games"),
                                             (1, "more than 99 of 100 games"),
                                             (0, "100% of games")])
def test_chance_in_words(right, said):
    assert chance_of(right, 10) == f"Guessing does that or better in {said}."


def test_every_round_is_kept_at_once_and_the_next_game_is_another(play):
    game = play()
    first = [pair.text for pair in game._pairs]
    answer(game, True)
    (record,) = game.journal.entries("blind")
    assert record["right"] is True and record["guess"] == record["tuned"]
    assert (record["name"], record["opponent"], record["n"], record["game"], record["round"],
            record["text"], record["run_seed"]) == (
        NEWS.name, "scratch", 512, 0, 1, game.pair.text, game.pair.seed)
    again = play()  # as after a restart of the kernel
    assert again.number == 1 and [pair.text for pair in again._pairs] != first
    assert "ever played here: 1 of 1" in text(again.score)
    same = play(number=0)
    assert [pair.text for pair in same._pairs] == first
    game.new.click()
    assert game.number == 1 and game.right == [] and "Round 1 of 10, game 1" in text(game.question)
    game.new.click()
    assert game.number == 2 and len(game.journal.entries("blind")) == 1


def test_another_opponent_or_size_is_another_game_and_keeps_what_was_played(play):
    game = play()
    answer(game, True)
    game.other.value = "prompt"
    assert game.right == [] and "the untuned decoder without examples" in text(game.question)
    assert game.pair.other["arm"] == "prompted" and "1 of 1" not in text(game.score)
    answer(game, False)
    game.size.value = 32
    assert game.pair.tuned["n"] == 32 and game.pair.other["n"] == 0
    game.other.value, game.size.value = "scratch", 512
    assert "ever played here: 1 of 1" in text(game.score)
    assert len(game.journal.entries("blind")) == 2 and game.last_error is None


def test_a_line_that_was_cut_off_swallows_no_round(play):
    game = play()
    answer(game, True)
    with open(game.journal.file, "a") as lines:
        lines.write('{"game": 0, "gue')  # the disk was full
    game.following.click()
    answer(game, True)
    assert [record["round"] for record in game.journal.entries("blind")] == [1, 2]


def test_a_file_that_cannot_be_written_stops_no_game(play, tmp_path):
    (tmp_path / "locked").write_text("a file where a folder should be")
    game = play(journal=Journal(tmp_path / "locked" / "blind.jsonl"))
    answer(game, True)
    assert isinstance(game.last_error, LearnerError) and "could not be kept" in text(game.errors)
    assert game.right == [True] and "Right: " in text(game.lesson)
    game.following.click()
    answer(game, True)
    assert "2 of 2 right so far" in text(game.score)


def test_films_are_played_by_the_perplexity_of_the_target(play):
    game = play(FILMS.name)
    assert len(game._pairs) == 10
    answer(game, True)
    assert "perplexity of what the person wrote" in text(game.lesson)
    scores = [one.score for one in game._answers()]
    chosen = "AB"[scores.index(min(scores))]
    assert f"it would have chosen {chosen}." in text(game.lesson)


def test_every_control_of_the_game_has_a_name_and_there_is_a_static_twin(play):
    game = play(ARABIC.name)
    for control in (game.other, game.size, game.first, game.second, game.following, game.new):
        assert control.description
    html = game._repr_mimebundle_()["text/html"]
    assert "<details><summary>Which one was tuned?</summary>" in html and 'lang="ar"' in html


@pytest.mark.parametrize("widget", [SampleExplorer, BlindGame])
def test_without_runs_they_say_what_makes_them(widget, nothing, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "home", lambda: tmp_path)
    shown = widget(NEWS.name, ledger=nothing)
    assert "python3 start.py sweep --task headlines/news" in shown.reading
    assert "sweep --task" in shown._repr_mimebundle_()["text/html"] and shown.last_error is None
    if widget is BlindGame:
        shown.first.click()
        shown.following.click()
        shown.new.click()
        assert shown.right == [] and shown.last_error is None
        assert not list(tmp_path.glob("*.jsonl"))


@pytest.mark.parametrize("widget", [SampleExplorer, BlindGame])
def test_without_the_texts_they_go_on_and_say_why(widget, ledger, tmp_path, monkeypatch):
    def not_here(name):
        raise absent("news")

    monkeypatch.setattr(paths, "home", lambda: tmp_path)
    monkeypatch.setattr(tasks_module, "load_task", not_here)
    shown = widget(NEWS.name, ledger=ledger)
    assert "cannot be shown" in shown.picture.value and "assets fetch news" in shown.picture.value
    assert shown.last_error is None
    if widget is BlindGame:
        answer(shown, True)
        assert "Right" in text(shown.lesson) and "By the metric" not in text(shown.lesson)


def test_own_runs_of_smoke_are_shown_where_there_are_no_others(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "home", lambda: tmp_path)
    own = Ledger(own=tmp_path / "runs", shipped=tmp_path / "none")
    for row in only(NEWS, ("writer", "writer_scratch"), (32,), budget="smoke"):
        own.add(row)
    assert "Text 1 of 40" in SampleExplorer(NEWS.name, "smoke", own).reading
    assert BlindGame(NEWS.name, "smoke", own).pair is not None
    assert "no finished runs" in SampleExplorer(NEWS.name, "laptop", own).reading


# -- the prompt box --------------------------------------------------------------------------

@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return build_language_model(tiny_causal(tmp_path_factory.mktemp("causal")))


@pytest.fixture
def box(model):
    made = []

    def make(models=None, task=NEWS, prompt="the film was"):
        made.append(PromptBox({"one": model, "<i>two</i>": model} if models is None else models,
                              task, prompt))
        return made[-1]

    yield make
    for one in made:  # no thread of one test may reach into the next
        one.stop.click()
        assert one.wait(10)


def written(one) -> dict:
    one.write.click()
    assert one.wait(20)
    return one.found


def test_models_write_side_by_side_and_the_same_seed_writes_the_same(box):
    one = box()
    first = written(one)
    assert set(first) == {"one", "<i>two</i>"} and len({*first.values()}) == 1
    assert written(one) == first
    one.another.click()
    assert one.wait(20) and one.seed.value == 1 and one.found != first
    one.seed.value = 0
    assert written(one) == first and one.last_error is None
    assert "Seed 0, temperature 0.8, top-p 0.95, at most 12 tokens: the same" in text(one.answers)
    assert "Text: the film was\nAnswer:" in text(one.answers)  # what was read
    assert "Done." in text(one.status) and one.progress.value == 2


def test_settings_reach_the_models(box, monkeypatch):
    seen = []

    def watched(model, prompts, most, **settings):
        seen.append((prompts, most, settings))
        return ["good"]

    monkeypatch.setattr(generate_module, "generate", watched)
    one = box()
    one.temperature.value, one.top_p.value, one.seed.value, one.most_tokens.value = 1.5, 0.5, 7, 3
    one.asked.value, one.text.value = "bare", "so it is"
    written(one)
    (prompts, most, settings), _ = seen
    assert (prompts, most) == (["so it is"], 3)
    assert {key: settings[key] for key in ("temperature", "top_p", "seed")} == {
        "temperature": pytest.approx(1.5), "top_p": pytest.approx(0.5), "seed": 7}


def test_greedy_says_that_the_seed_changes_nothing(box):
    one = box()
    one.temperature.value = 0
    first = dict(written(one))
    one.another.click()
    assert one.wait(20) and one.found == first and "the seed changes nothing" in text(one.answers)


def test_what_is_typed_and_labels_are_escaped(box):
    one = box(prompt="<img src=x onerror=alert(1)>")
    written(one)
    for html in (one.answers.value, one.static(), one._repr_mimebundle_()["text/html"]):
        assert "<img" not in html and "<i>" not in html and "&lt;i&gt;two" in html


@pytest.mark.parametrize(("prompt", "asked", "said"), [
    ("", "plain", "The box is empty"), ("  \n", "bare", "The box is empty"),
    ("film " * (LONGEST + 1), "bare", f"this box reads {LONGEST:,}. Shorten it"),
    ("film " * 70, "bare", "is too long.*Shorten it"),  # this model has room for 64 tokens
    ("film", "chat", "cannot be asked in a chat")])
def test_what_cannot_be_written_on_is_a_sentence_and_the_next_wish_is_carried_out(
        box, prompt, asked, said):
    one = box(prompt=prompt)
    one.asked.value = asked
    written(one)
    assert isinstance(one.last_error, LearnerError) and re.search(said, text(one.errors))
    assert not one.found and not one.write.disabled and one.stop.disabled
    one.text.value, one.asked.value = "the film", "plain"
    assert len(written(one)) == 2 and one.errors.value == ""


@pytest.mark.parametrize("odd", ["\ud800 half", "\U0001f600 \u0639\u0631\u0628\u064a", "\x00\x01 a",
                                 "a\r\nb\tc", "<pad> <end>", "{text} {0}"])
def test_whatever_a_browser_can_send_is_read(box, odd):
    one = box(prompt=odd)
    assert len(written(one)) == 2 and one.last_error is None
    one.answers.value.encode()  # no half character is sent back


def test_without_models_it_says_so(box):
    one = box(models={})
    one.write.click()
    assert "no model to ask" in text(one.errors) and one.wait(1)


def test_a_task_without_a_prompt_is_refused(model):
    with pytest.raises(LearnerError, match="has no prompt"):
        PromptBox({"one": model}, tiny_task())


def test_a_task_can_be_named(model):
    assert PromptBox({"one": model}, "translate/ar").task is ARABIC


def test_stop_ends_it_between_two_tokens_and_keeps_who_had_written(box, monkeypatch):
    begun, real = threading.Event(), generate_module.generate

    def slow(model, prompts, most, **settings):
        begun.set()
        if settings["stop"].wait(10 if slow.calls else 0):
            return real(model, prompts, most, **settings)
        slow.calls += 1
        return ["good film"]

    slow.calls = 0
    monkeypatch.setattr(generate_module, "generate", slow)
    one = box()
    one.write.click()
    assert begun.wait(5)
    while not one.found:  # the first has written, the second hangs
        time.sleep(0.01)
    began = time.monotonic()
    one.stop.click()
    assert one.wait(5) and time.monotonic() - began < 2
    assert "Stopped. 1 of 2 models had written." in text(one.status)
    assert one.found == {"one": "good film"} and not one.write.disabled


def test_stop_ends_the_reading_of_a_long_prompt_too(model):
    """Of `generate` that is one step, in which it does not look at the flag."""
    stop, read = threading.Event(), []

    def reading(*_):
        read.append(True)
        stop.set()

    first = next(layer for layer in model.modules() if isinstance(layer, torch.nn.Embedding))
    hook = first.register_forward_pre_hook(reading)
    try:
        wish = writers.Wish("one", "the film was", "bare", NEWS.writing, 5, 0.0, 1.0, 0)
        events = list(writers.Here({"one": model}).run([wish, wish], stop))
    finally:
        hook.remove()
    assert [event.kind for event in events] == ["begun", "stopped"] and len(read) <= 2
    assert not any(layer._forward_pre_hooks for layer in model.modules())


def test_a_click_while_it_writes_begins_nothing(box, monkeypatch):
    go, calls = threading.Event(), []

    def slow(model, prompts, most, **settings):
        calls.append(settings["seed"])
        go.wait(10)
        return ["good"]

    monkeypatch.setattr(generate_module, "generate", slow)
    one = box()
    one.write.click()
    assert one.write.disabled and one.another.disabled and not one.stop.disabled
    one.another.click()
    one.write.click()
    assert "already" in text(one.errors) and one.seed.value == 0
    go.set()
    assert one.wait(10) and calls == [0, 0]


def test_two_boxes_draw_one_after_the_other(box):
    """There is one random state; two at once would take each other's draws."""
    one, other = box(), box()
    alone = dict(written(one))
    for each in (one, other):
        each.write.click()
    assert one.wait(20) and other.wait(20) and one.found == other.found == alone


def test_a_model_whose_weights_exploded_says_so(box, tmp_path):
    broken = build_language_model(tiny_causal(tmp_path))
    with torch.no_grad():
        for weights in broken.parameters():
            weights.fill_(float("nan"))
    one = box(models={"tuned too hard": broken})
    written(one)
    assert "“tuned too hard” cannot write" in text(one.errors) and "lower one" in text(one.errors)


def test_another_fault_of_a_model_is_shown(box, monkeypatch):
    def broken(*args, **settings):
        raise RuntimeError("no <memory> left")

    monkeypatch.setattr(generate_module, "generate", broken)
    one = box()
    written(one)
    assert "no <memory> left" in text(one.errors) and "<memory" not in one.errors.value
    assert isinstance(one.last_error, RuntimeError)


def test_how_long_it_takes_is_said_as_soon_as_it_is_known(box):
    one = box()
    assert "known here after the first time" in text(one.status)
    written(one)
    one.most_tokens.value = 40
    assert "At most 40 tokens from each of 2 models: at" in text(one.status)


def test_every_control_of_the_box_has_a_name_and_nothing_is_stored(box, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "home", lambda: tmp_path)
    one = box(prompt="my secret")
    for control in (one.text, one.asked, one.temperature, one.top_p, one.most_tokens, one.seed,
                    one.write, one.another, one.stop, one.progress):
        assert control.description
    written(one)
    assert not list(tmp_path.rglob("*"))


def test_rounds_are_json_lines(play):
    game = play()
    answer(game, False)
    lines = [line for line in game.journal.file.read_text().splitlines() if line]
    assert json.loads(lines[0])["right"] is False
