"""Target languages side by side: picture, table and words agree, on made-up runs."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from test_plots import texts
from test_plots_11 import look
from written import TEXTS, written_rows, written_task

from llmtl_helpers import tasks as tasks_module
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots.languages import language_figure
from llmtl_helpers.plots.writing_data import Written
from llmtl_helpers.tasks.translation import LANGUAGES, NAMES

MADE = written_task("translate/fr")
TASKS = {name: replace(MADE, name=name, _orders={}) for name in NAMES}
# what an answer has of its target: the tuned one, the better of two prompts, the English
SHARES = {name: (0.75 - 0.05 * place, 0.30, 0.1) for place, name in enumerate(NAMES)}
TOKENS = 3  # tokens of a character, before the end of a target is counted


@pytest.fixture(autouse=True)
def at_hand(monkeypatch):
    """The texts of all languages are on this machine."""
    monkeypatch.setattr(tasks_module, "load_task", lambda name: TASKS[name])


def language_rows(names=NAMES, arms=("writer", "prompted", "prompted_chat", "no_model"), seeds=3,
                  n=512, **fields) -> list[dict]:
    counts = [TOKENS * len(target) + 1 for target in MADE.test["target"]]
    rows = []
    for name in names:
        tuned, prompt, copy = SHARES[name]
        shares = {"writer": {n: tuned}, "prompted": {0: prompt / 2, 4: prompt},
                  "prompted_chat": {8: prompt / 2}, "no_model": {0: copy}}
        rows += written_rows(TASKS[name], arms, shares, seeds, text_targets=counts, **fields)
    return rows


ROWS = language_rows()
READABLE = {
    "every language": ROWS,
    "two": [row for row in ROWS if row["task"] in NAMES[:2]],
    "no copy": [row for row in ROWS if row["arm"] != "no_model"],
    "no tokens": [{**row, "text_targets": []} for row in ROWS],
    "one run": language_rows(NAMES[:3], seeds=1),
}


@cache
def whole():
    """The figure of all languages."""
    return language_figure(ROWS)


@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
@pytest.mark.parametrize("name", READABLE)
def test_the_figure_is_readable(name, theme, scale):
    look(lambda **options: language_figure(READABLE[name], **options), theme, scale)


def test_gains_are_the_paired_differences_and_sorted():
    twin = whole()
    assert [row["language"] for row in twin.table] == [LANGUAGES[name[10:]][0] for name in NAMES]
    for name, row in zip(NAMES, twin.table, strict=True):
        found = Written([one for one in ROWS if one["task"] == name])
        for rival, point in (("prompt", ("prompted", 4)), ("copy", ("no_model", 0))):
            gain = found.difference(("writer", 512), point)
            assert row[f"ahead of {rival}"] == pytest.approx(100 * gain.difference)
            assert row[f"{rival} interval"] == pytest.approx([100 * end for end in gain.interval])
            assert row["tuned"] - row[rival] == pytest.approx(row[f"ahead of {rival}"], abs=0.01)
    drawn = [mark for mark in twin.figure.axes[0].lines if mark.get_label() == "_gain prompt"]
    assert [mark.get_xdata()[0] for mark in drawn] == pytest.approx(
        [row["ahead of prompt"] for row in twin.table])
    assert {row["best prompt"] for row in twin.table} == {
        "the untuned decoder with 4 examples in its prompt"}


def test_a_hollow_mark_and_the_words_say_the_same():
    twin = whole()
    ends = [row["prompt interval"] for row in twin.table]
    sure = [low > 0 for low, _ in ends]
    assert 0 < sum(sure) < len(sure)  # both kinds are there, else nothing is tested
    marks = [mark for mark in twin.figure.axes[0].lines if mark.get_label() == "_gain prompt"]
    paper = twin.figure.get_facecolor()[:3]
    hollow = [np.allclose(to_rgb(mark.get_markerfacecolor()), paper) for mark in marks]
    assert hollow == [not one for one in sure]
    reading = twin.reading.partition("copying")[0]
    assert f"best untuned prompt in {sum(sure)} of {len(NAMES)} languages" in reading
    unsure = reading.partition("not surely different in")[2].partition("Largest")[0]
    for row, one in zip(twin.table, sure, strict=True):
        if row["prompt interval"][1] > 0:
            assert (row["language"] in unsure) == (not one)


def test_where_tuning_loses_it_is_said():
    shares = {"writer": {512: 0.1}, "prompted": {0: 0.8}, "no_model": {0: 0.1}}
    rows = [row for name in NAMES[:2]
            for row in written_rows(TASKS[name], tuple(shares), shares, 3)]
    reading = language_figure(rows).reading
    assert "best untuned prompt in 0 of 2 languages; surely behind it in" in reading
    assert "tokens" not in reading  # no run recorded any


def test_tokens_of_a_character_leave_out_the_end_of_a_target():
    found = [row["tokens a character"] for row in whole().table]
    assert found == pytest.approx([TOKENS] * len(NAMES))
    bars = whole().figure.axes[-1].patches
    assert [bar.get_width() for bar in bars] == pytest.approx(found)


def test_without_the_texts_seeds_alone_are_left(monkeypatch):
    def nothing(name):
        raise LearnerError("the asset is not on this machine yet")

    monkeypatch.setattr(tasks_module, "load_task", nothing)
    twin = language_figure(ROWS)
    assert all(row["tokens a character"] is None for row in twin.table)
    assert len(twin.figure.axes) == 2 and "over seeds, the test texts as given" in " ".join(
        texts(twin))
    assert all(row["prompt interval"] for row in twin.table)


def test_what_is_missing_is_named_with_its_command():
    empty = language_figure([])
    assert "sweep --task TASK`, once for each TASK of translate/fr, " in empty.reading
    assert empty.table == [] and "Empty axes" in empty.alt
    assert "512 examples: 11 languages" in empty.reading
    part = language_figure(language_rows(NAMES[:-1]))
    assert f"Not there yet with 512 examples: {NAMES[-1]}. `python3 start.py sweep --task " \
           f"{NAMES[-1]}` makes it" in part.reading
    assert len(part.table) == len(NAMES) - 1
    assert language_figure(ROWS, n=128).table == []  # nothing was tuned on so many
    assert "Not there yet" not in whole().reading


def test_a_language_without_a_prompt_comes_last():
    rows = [row for row in ROWS if row["task"] != NAMES[0] or not row["arm"].startswith("prompted")]
    table = language_figure(rows).table
    assert table[-1]["language"] == LANGUAGES[NAMES[0][10:]][0]
    assert table[-1]["prompt"] is None and table[-1]["ahead of copy"] > 0
    assert table[-1]["best prompt"] is None


def test_runs_that_do_not_belong_together_are_refused():
    with pytest.raises(LearnerError, match="several training rules"):
        language_figure([*ROWS, {**ROWS[0], "id": "x", "budget": "smoke"}])
    with pytest.raises(LearnerError, match="several versions"):
        language_figure([*ROWS, {**ROWS[0], "id": "x", "data_fingerprint": "1" * 64}])


def test_the_small_print_says_by_which_rule():
    said = " ".join(texts(whole()))
    assert f"3 runs, 80 updates, {TEXTS} test texts, rate tuned at one size" in said
    assert "the best prompt is chosen on these texts" in said
