"""The level and the forecast game by their values and clicks."""

import re
from html import unescape

import pytest
from rows import make_curve, make_row
from test_widgets import shipped

from llmtl_helpers import Ledger
from llmtl_helpers.arms import ARMS
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import level
from llmtl_helpers.journal import Journal
from llmtl_helpers.widgets import ForecastGame, LevelExplorer

FILMS, TWEETS = "sentiment/films", "sentiment/tweets"
FINE = {16: 0.62, 32: 0.66, 64: 0.70, 128: 0.74, 256: 0.78, 1024: 0.84}  # scores of seed 2 of 5


@pytest.fixture
def ledger(tmp_path):
    shipped(tmp_path / "shipped", [
        *make_curve(), *make_curve(budget="three-epochs", sizes=(16, 64)),
        *(make_row(n=n, run_seed=seed, subset_seed=seed, score=FINE[n] + (seed - 2) * 0.006)
          for n in (32, 128) for seed in range(5)),
        *make_curve(arms=("fine_tuned", "scratch", "tfidf"), seeds=3, task=TWEETS)])
    return Ledger(own=tmp_path / "runs", shipped=tmp_path / "shipped")


@pytest.fixture
def explore(ledger):
    return lambda **options: LevelExplorer(FILMS, "laptop", ledger, **{
        "baseline": "small_scratch", **options})


@pytest.fixture
def play(ledger, tmp_path):
    return lambda **options: ForecastGame(FILMS, "laptop", ledger, **{
        "guesses_file": tmp_path / "home" / "guesses.jsonl", **options})


def text(control) -> str:
    return unescape(control.value)


# -- the level -------------------------------------------------------------------------------

def test_level_explorer_opens_on_a_level_that_both_lines_pass(explore):
    explorer = explore()
    assert explorer.last_error is None and explorer.errors.value == ""
    assert explorer.level.value == pytest.approx(0.64)
    assert explorer.reading.startswith(f"{explorer.multiplier}. To reach accuracy 0.640")
    assert explorer.reading in text(explorer.picture) and explorer.alt in text(explorer.picture)
    assert "Table of the lines" in explorer.table.value
    assert 'download="twin-curve-sentiment-films.csv"' in explorer.table.value


def test_moving_the_level_moves_picture_alt_and_reading(explore):
    explorer = explore()
    seen = {(explorer.picture.value, explorer.alt, explorer.reading)}
    for value in (0.63, 0.65, 0.70, 0.85):
        explorer.level.value = value
        assert f"level line at {value:.3f}" in explorer.alt and f"{value:.3f}" in explorer.reading
        seen.add((explorer.picture.value, explorer.alt, explorer.reading))
    assert all(len(set(kind)) == 5 for kind in zip(*seen, strict=True))
    assert explorer.multiplier.undefined and explorer.reading.startswith("No multiplier")


def test_moving_the_level_redraws_the_marks_alone(explore, monkeypatch):
    explorer = explore()
    drawn, folded = [], []
    backdrop = level.backdrop
    monkeypatch.setattr(level, "backdrop", lambda *args: drawn.append(args) or backdrop(*args))
    explorer.table.observe(folded.append, "value")
    for value in (0.63, 0.65, 0.70):
        explorer.level.value = value
    assert drawn == [] and folded == [] and explorer.redraw_ms > 0
    explorer.metric.value = "macro_f1"
    assert len(drawn) == 1 and len(folded) == 1


def test_a_kept_picture_brings_back_its_own_words(explore):
    explorer = explore()
    first = explorer.picture.value, explorer.alt, explorer.reading
    explorer.level.value = 0.65
    explorer.level.value = 0.64
    assert (explorer.picture.value, explorer.alt, explorer.reading) == first


def test_every_choice_changes_the_picture(explore):
    explorer = explore()
    for control, value, said in (("metric", "macro_f1", "macro-F1"),
                                 ("treatment", "probe", "frozen probe"),
                                 ("baseline", "tfidf", "bag of words"),
                                 ("domain", TWEETS, TWEETS)):
        before = explorer.picture.value
        getattr(explorer, control).value = value
        assert explorer.picture.value != before and explorer.last_error is None
        assert said in explorer.alt + explorer.reading


def test_an_arm_is_never_compared_with_itself(explore):
    explorer = explore()
    explorer.treatment.value = "small_scratch"
    assert (explorer.treatment.value, explorer.baseline.value) == ("small_scratch", "fine_tuned")
    explorer.treatment.value = "scratch"
    explorer.baseline.value = "scratch"
    assert (explorer.treatment.value, explorer.baseline.value) == ("fine_tuned", "scratch")
    assert explorer.last_error is None


def test_the_slider_covers_the_lines_and_stays_where_it_can(explore):
    explorer = explore()
    assert explorer.level.min == pytest.approx(0.59) and explorer.level.max == pytest.approx(0.87)
    explorer.level.value = 0.655
    explorer.baseline.value = "tfidf"
    assert explorer.level.value == pytest.approx(0.655)
    explorer.treatment.value = "scratch"  # its scores end at 0.60
    assert explorer.level.min < 0.655
    assert explorer.level.min <= explorer.level.value <= explorer.level.max


def test_a_first_level_may_be_given(explore):
    assert explore(level=0.7).reading.startswith("At least 16x")
    assert explore(level=0.1).level.value == pytest.approx(0.59)


def test_without_runs_it_says_so_and_comes_back(explore):
    explorer = explore()
    explorer.domain.value = "sentiment/products"
    assert "There is no finished run of" in explorer.reading and explorer.multiplier is None
    assert "`python3 start.py sweep`" in text(explorer.picture)
    assert explorer.level.disabled and explorer.last_error is None and explorer.table.value == ""
    explorer.domain.value = FILMS
    assert not explorer.level.disabled and explorer.multiplier.ratio > 1
    assert "Table of the lines" in explorer.table.value


def test_rows_of_another_training_rule_stay_out(explore):
    explorer = explore()  # mixed, they would be refused
    assert explorer.last_error is None and explorer.shelf.budget == "at-least-250-updates"
    assert {row["runs"] for row in explorer.static().table} == {5, None}


def test_level_explorer_has_a_static_twin(explore):
    explorer = explore()
    explorer.level.value = 0.65
    static = explorer.static()
    assert (static.alt, static.reading) == (explorer.alt, explorer.reading)
    bundle = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "<figcaption" in bundle["text/html"]


# -- the game --------------------------------------------------------------------------------

def test_game_hides_the_larger_sizes(play):
    game = play()
    assert game.shown.value == 128 and list(game.guess) == [256, 1024] and not game.revealed
    assert "What will it get with 256 and 1,024 labels?" in game.reading
    told = text(game.picture) + text(game.table) + game.alt
    assert "0.780" not in told and "0.840" not in told and "0.740" in told
    assert [number.value for number in game.guess.values()] == [0.74, 0.74]
    assert [number.description for number in game.guess.values()] == ["256 labels", "1,024 labels"]
    assert game.reset.disabled and game.last_error is None


def test_a_guess_is_drawn_as_it_is_written(play):
    game = play()
    before = game.picture.value
    game.guess[1024].value = 0.8
    assert game.picture.value != before and "Your guess: 0.800 at 1,024." in game.alt


def test_commit_reveals_scores_and_keeps(play, tmp_path):
    game = play()
    game.guess[256].value, game.guess[1024].value = 0.77, 0.90
    game.commit.click()
    assert game.revealed and "gets 0.840, after 0.740 with 128 labels" in game.reading
    assert "You are off by 3.5 points on average, and inside the band at 1 of 2 sizes." in (
        text(game.score))
    assert "your guess is off by 3.5 points" in game.reading
    kept = Journal(tmp_path / "home" / "guesses.jsonl").entries("guess")
    assert [(g["n"], g["guess"], g["arm"], g["seen"]) for g in kept] == [
        (256, 0.77, "fine_tuned", False), (1024, 0.90, "fine_tuned", False)]
    assert kept[1]["truth"] == pytest.approx(0.84)
    assert game.commit.disabled and game.show.disabled and not game.reset.disabled
    assert all(number.disabled for number in game.guess.values())


@pytest.mark.parametrize("wrong", [80, -0.1, float("nan")])
def test_a_guess_that_is_no_score_reveals_nothing(play, wrong, tmp_path):
    game = play()
    game.guess[256].value = wrong
    game.commit.click()
    assert "write 80% as 0.80" in text(game.errors).lower() and not game.revealed
    assert isinstance(game.last_error, LearnerError)
    assert Journal(tmp_path / "home" / "guesses.jsonl").entries("guess") == []
    game.guess[256].value = 0.8
    assert game.errors.value == ""


def test_show_keeps_no_guess(play, tmp_path):
    game = play()
    game.show.click()
    assert game.revealed and "Shown without a guess." in text(game.score)
    assert "your guess" not in game.reading and "Your guess" not in game.alt
    assert Journal(tmp_path / "home" / "guesses.jsonl").entries("guess") == []


def test_after_the_reveal_the_slider_moves_the_fit_and_keeps_the_guess(play):
    game = play()
    game.guess[256].value, game.guess[1024].value = 0.77, 0.90
    game.commit.click()
    game.shown.value = 256
    assert game.revealed and list(game.guess) == [1024] and game.guess[1024].value == 0.90
    assert "At 1,024 labels your guess is off by 6.0 points" in game.reading
    game.shown.value = 64  # nobody guessed at 128 labels
    assert "At 256 and 1,024 labels your guess is off by 3.5 points on average" in game.reading


def test_before_the_reveal_the_slider_moves_what_is_hidden(play):
    game = play()
    game.shown.value = 64
    assert list(game.guess) == [128, 256, 1024] and game.guess[128].value == 0.70
    assert "0.740" not in text(game.table) + game.alt


def test_a_size_that_was_shown_before_is_no_honest_guess(play, tmp_path):
    game = play()
    usual, larger = game.shown.value, max(n for _, n in game.shown.options)
    assert larger > usual
    game.shown.value = larger
    game.shown.value = usual
    game.commit.click()
    kept = {one["n"]: one["seen"] for one in Journal(
        tmp_path / "home" / "guesses.jsonl").entries("guess")}
    assert len(kept) >= 2 and kept == {n: n <= larger for n in kept}


def test_every_line_asks_for_its_own_guess_and_reset_hides_again(play):
    game = play()
    game.show.click()
    game.arm.value = "tfidf"
    assert not game.revealed and "bag of words (TF-IDF) gets" in game.reading
    game.arm.value = "fine_tuned"
    assert game.revealed
    game.reset.click()
    assert not game.revealed and "What will it get" in game.reading and game.score.value == ""


def test_game_without_runs_says_so_and_comes_back(play):
    game = play()
    game.domain.value = "sentiment/products"
    assert "There is no finished run of the fine-tuned checkpoint" in game.reading
    assert game.commit.disabled and game.show.disabled and game.guess == {}
    assert game.shown.disabled and game.last_error is None and game.table.value == ""
    game.domain.value = TWEETS
    assert [n for _, n in game.shown.options] == [16, 64, 256] and not game.commit.disabled


def test_a_guess_that_cannot_be_kept_still_reveals_and_says_so(play, tmp_path):
    (tmp_path / "file").write_text("in the way")
    game = play(guesses_file=tmp_path / "file" / "guesses.jsonl")
    game.commit.click()
    assert "could not be kept" in text(game.errors) and game.revealed


def test_static_twin_of_the_game_hides_nothing(play):
    static = play().static()
    assert "0.840" in static.reading and [row["mean"] for row in static.table][-1] == (
        pytest.approx(0.84))
    assert "<figcaption" in play()._repr_mimebundle_()["text/html"]


def test_game_table_can_be_downloaded(play):
    game = play()
    assert 'download="forecast-sentiment-films-fine-tuned.csv"' in game.table.value


# -- both ------------------------------------------------------------------------------------

def test_controls_have_descriptions(explore, play):
    explorer, game = explore(), play()
    for control in (explorer.domain, explorer.metric, explorer.treatment, explorer.baseline,
                    explorer.level, game.domain, game.metric, game.arm, game.shown, game.commit,
                    game.show, game.reset, *game.guess.values()):
        assert control.description
    assert {value for _, value in game.arm.options} == set(ARMS) - {"majority"}


@pytest.mark.parametrize("widget", [LevelExplorer, ForecastGame])
def test_text_from_rows_is_escaped_everywhere(widget, tmp_path):
    bad = '<script>alert("1")</script>'
    shipped(tmp_path / "shipped", make_curve(task=bad))
    one = widget(bad, "laptop", Ledger(own=tmp_path / "runs", shipped=tmp_path / "shipped"))
    shown = one.picture.value + one.table.value + one.errors.value + one.static().html()
    assert bad in unescape(shown) and not re.search("<script", shown)
