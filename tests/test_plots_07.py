"""Figures on other domains, forgetting, replay and every task: picture, table and words agree."""

import numpy as np
import pytest
from rows import make_curve, make_row
from test_curves_domains import DOMAINS, domain_rows, entry, guess_rows
from test_plots import line, texts
from test_plots_11 import look
from tiny import tiny_task

from llmtl_helpers.arms import EVERY_ARM
from llmtl_helpers.curves import PairedDifference
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import pack_flags
from llmtl_helpers.plots import true_classes as true_classes_module
from llmtl_helpers.plots.against_slogan import against_the_slogan
from llmtl_helpers.plots.domains import ARMS_OF_IT, domain_matrix
from llmtl_helpers.plots.every_task import every_task_figure
from llmtl_helpers.plots.forgetting import AFTER, BEFORE, forgetting_figure
from llmtl_helpers.plots.related import related_figure
from llmtl_helpers.plots.replay import replay_figure
from llmtl_helpers.plots.replay_data import ALONE, FIRST, LOOKS, SECOND, SHARES
from llmtl_helpers.plots.study_runs import points, study_command, with_interval
from llmtl_helpers.plots.true_classes import luck_in, true_classes
from llmtl_helpers.sweep import STUDIES
from llmtl_helpers.tasks import task_names

FILMS, PRODUCTS, EDITORIALS, TWEETS = DOMAINS
SQUARE = [*domain_rows(), *guess_rows()]

# untouched score of a probe on each other task, and what each way of tuning adds: own task first
PROBED = {PRODUCTS: 0.79, "topics/news": 0.93, "sms/spam": 0.94}
ADDED = {BEFORE: (0.0, 0.0, 0.0, 0.0), ("fine_tuned", "forgetting"): (0.055, 0.03, -0.06, -0.012),
         ("probe_first", "forgetting"): (0.052, 0.03, -0.04, 0.0),
         ("adapters_8", "forgetting"): (0.05, 0.025, -0.02, 0.0),
         ("fine_tuned", "too-high"): (-0.2, -0.1, -0.45, -0.3)}
# scores on tweets and on films after the second training
SEQUELS = {"films_first": (0.93, 0.74), "replay_10": (0.929, 0.80), "replay_25": (0.925, 0.82),
           "replay_50": (0.91, 0.83)}


def seeded(seed: int, *salt: int) -> float:
    """A little of its own for each run, so that no two arms differ by a constant."""
    return 0.006 * float(np.sin(5 * seed + sum((i + 2) * s for i, s in enumerate(salt))))


def forget_rows(ways=tuple(ADDED), seeds=5, **fields) -> list[dict]:
    rows = []
    for place, way in enumerate(ways):
        for seed in range(seeds):
            own = round(0.776 + ADDED[way][0] + seeded(seed, place), 5)
            rows.append(make_row(**{
                "arm": way[0], "purpose": way[1], "n": 1024, "subset_seed": seed, "run_seed": seed,
                "score": own, "accuracy": own, "macro_f1": own,
                "learning_rate": 1e-3 if way[1] == "too-high" else 1e-4,
                "other_probes": {task: entry(before + ADDED[way][i + 1] + 0.01 * (seed - 2)
                                             + seeded(seed, place, i))
                                 for i, (task, before) in enumerate(PROBED.items())}, **fields}))
    return rows


def sequel_rows(arms=tuple(SEQUELS), seeds=5, **fields) -> list[dict]:
    rows = []
    for place, arm in enumerate(arms):
        tweets, films = SEQUELS[arm]
        for seed in range(seeds):
            off = 0.008 * (seed - 2) + seeded(seed, place)
            rows.append(make_row(**{
                "arm": arm, "task": SECOND, "purpose": "sequel", "n": 1024, "subset_seed": seed,
                "run_seed": seed, "score": round(tweets + off, 5), "metric": "macro_f1",
                "macro_f1": round(tweets + off, 5), "accuracy": round(tweets + off, 5),
                "other_tests": {FIRST: entry(films + off)}, **fields}))
    return rows


def related_rows() -> list[dict]:
    rows = make_curve(task=PRODUCTS, arms=("fine_tuned", "scratch"))
    for n, level in ((16, 0.74), (64, 0.75), (256, 0.77)):
        for seed in range(5):
            score = round(level + 0.006 * (seed - 2) + seeded(seed, n), 5)
            rows.append(make_row(arm="films_first", task=PRODUCTS, n=n, purpose="sequel",
                                 subset_seed=seed, run_seed=seed, score=score, macro_f1=score))
    return rows


def task_rows() -> list[dict]:
    """Curves of two tasks: on one scratch reaches the tuned network, on the other it never does."""
    rows = [{**row, "macro_f1": row["macro_f1"] + seeded(row["run_seed"], len(row["arm"]))}
            for row in make_curve(task=FILMS, sizes=(16, 64, 256))]
    for row in make_curve(task="sms/spam", arms=("fine_tuned", "scratch"), sizes=(16, 64, 256)):
        near = 0.9 + 0.02 * (row["n"] == 256) + seeded(row["run_seed"], row["n"], len(row["arm"]))
        rows.append({**row, "macro_f1": round(near, 5), "accuracy": round(near, 5)})
    return rows


READABLE = {
    "scores": lambda **options: domain_matrix(SQUARE, **options),
    "longest names": lambda **options: domain_matrix(SQUARE, "probe_first", "probe", **options),
    "against the guess": lambda **options: domain_matrix(SQUARE, minus="majority", **options),
    "accuracy": lambda **options: domain_matrix(SQUARE, minus="scratch", metric="accuracy",
                                                **options),
    "forgetting": lambda **options: forgetting_figure(forget_rows(), **options),
    "replay": lambda **options: replay_figure([*sequel_rows(), *SQUARE], **options),
    "replay, marked": lambda **options: replay_figure(
        [*sequel_rows(), *SQUARE], 25, live_rows=sequel_rows(("replay_25",), 1, purpose="live"),
        **options),
    "replay, hidden": lambda **options: replay_figure([*sequel_rows(), *SQUARE], 10, hidden=True,
                                                      **options),
    "related": lambda **options: related_figure([*related_rows(), *SQUARE], **options),
    "every task": lambda **options: every_task_figure(
        [{**row, "task": task, "id": task + row["id"]} for task in task_names()
         for row in task_rows() if row["task"] == "sms/spam"], **options),
}
EMPTY = {
    "scores": (domain_matrix, "--study domains --task TASK --arms fine_tuned`"),
    "forgetting": (forgetting_figure, "--study forgetting --task sentiment/films`"),
    "replay": (replay_figure, "--study replay`"),
    "related": (related_figure, "--study related --task sentiment/products`"),
    "every task": (every_task_figure, "sweep --task TASK --arms fine_tuned scratch"),
}


@pytest.mark.parametrize("theme, scale", [("light", 1.0), ("dark", 1.6)])
@pytest.mark.parametrize("name", READABLE)
def test_every_figure_is_readable(name, theme, scale):
    look(READABLE[name], theme, scale)


@pytest.mark.parametrize("name", EMPTY)
def test_without_runs_it_says_which_command_makes_them(name):
    make, command = EMPTY[name]
    twin = make([])
    assert command in twin.reading and twin.table == [] and "Empty axes" in twin.alt


# -- the square of domains ---------------------------------------------------------------------

def cell(table, train, test):
    (row,) = [row for row in table if (row["trained on"], row["tested on"]) == (train, test)]
    return row


def test_the_square_holds_every_domain_by_every_domain():
    twin = domain_matrix(SQUARE)
    assert len(twin.table) == 16
    assert cell(twin.table, FILMS, TWEETS)["mean"] == pytest.approx(0.52, abs=0.005)
    assert cell(twin.table, TWEETS, TWEETS)["mean"] == pytest.approx(0.86, abs=0.005)
    assert cell(twin.table, TWEETS, TWEETS)["majority guess"] == pytest.approx(0.38)
    drawn = [text for text in texts(twin) if text.startswith("0.")]
    assert sorted(drawn) == sorted([f"{row['mean']:.3f}" for row in twin.table] + ["0.380"] * 4)


def test_its_reading_names_the_largest_drop_and_where_transfer_was_negative():
    said = domain_matrix(SQUARE).reading
    assert "0.860 there on average" in said and "falls from films to tweets by 33." in said
    assert "on tweets, those of films instead of its own cost" in said
    below = said.partition("Negative transfer")[2]
    assert "scratch: 1 of 12 moves (films to tweets -3." in below
    assert "frozen probe on the checkpoint: 12 of 12 moves (films to tweets" in below
    assert "majority guess: none of 12 moves" in below


def test_an_arm_without_negative_transfer_is_said_to_have_none():
    said = domain_matrix(SQUARE, "adapters_8").reading
    assert "from scratch: none of 12 moves" in said
    assert "scratch" not in domain_matrix(SQUARE, "tfidf").reading


def test_a_difference_is_paired_by_seed_and_unsure_cells_are_hatched():
    same = [make_row(**{**row, "arm": "probe_first", "id": "same" + row["id"]}) | {
        "macro_f1": round(row["macro_f1"] + seeded(row["run_seed"], 3), 5),
        "other_tests": {task: entry(there["macro_f1"] + 0.1 + seeded(row["run_seed"], 5))
                        for task, there in row["other_tests"].items()}}
            for row in domain_rows(arms=("fine_tuned",))]
    twin = domain_matrix([*domain_rows(arms=("fine_tuned",)), *same], "probe_first", "fine_tuned")
    home, away = cell(twin.table, FILMS, FILMS), cell(twin.table, FILMS, TWEETS)
    assert home["surely"] == "neither" and home["interval"][0] < 0 < home["interval"][1]
    assert away["surely"] == "higher" and away["difference"] == pytest.approx(0.1, abs=0.006)
    hatched = [patch for patch in twin.figure.axes[0].patches if patch.get_hatch()]
    assert len(hatched) == sum(row["surely"] == "neither" for row in twin.table) == 4
    assert "at home" in twin.reading and "surely higher in 12 of 12 cells" in twin.reading


def test_an_incomplete_square_names_what_is_missing():
    twin = domain_matrix(domain_rows(arms=("fine_tuned",), tasks=DOMAINS[:2]))
    assert len(twin.table) == 8 and "not whole yet" in twin.reading
    assert "trained on editorials, tweets" in twin.reading
    assert "once for each TASK of sentiment/editorials, sentiment/tweets" in twin.reading
    assert "nothing to compare with the same network from scratch" in twin.reading
    assert texts(twin).count("–") == 8


def test_own_runs_fill_the_square_and_mix_with_no_shipped_ones():
    shipped = domain_rows(arms=("fine_tuned",), tasks=DOMAINS[:3])
    mine = domain_rows(arms=("fine_tuned",), seeds=3, shipped=False, learning_rate=2e-4)
    twin = domain_matrix([*shipped, *mine])
    runs = {task: cell(twin.table, task, task)["runs"] for task in DOMAINS}
    assert runs == {FILMS: 5, PRODUCTS: 5, EDITORIALS: 5, TWEETS: 3}


def test_the_square_refuses_what_it_does_not_know_and_rows_not_made_alike():
    for arm, minus in (("nobody", None), ("fine_tuned", "nobody"), ("majority", None)):
        with pytest.raises(LearnerError, match="no arm"):
            domain_matrix(SQUARE, arm, minus)
    with pytest.raises(LearnerError, match="training rules"):
        domain_matrix([*SQUARE, *domain_rows(arms=("probe",), budget="smoke")])
    assert set(ARMS_OF_IT) == set(STUDIES["domains"].arms)


# -- forgetting --------------------------------------------------------------------------------

def change(table, how, task):
    (row,) = [row for row in table if (row["tuned how"], row["tested on"]) == (how, task)]
    return row


def test_forgetting_is_after_minus_before_seed_by_seed():
    twin = forgetting_figure(forget_rows())
    assert len(twin.table) == 4 * 4
    all_weights, too_high = (AFTER[way][0] for way in (("fine_tuned", "forgetting"),
                                                       ("fine_tuned", "too-high")))
    lost = change(twin.table, all_weights, "topics/news")
    assert lost["change"] == pytest.approx(-0.06, abs=0.005)
    assert lost["interval"][0] < -0.06 < lost["interval"][1] < 0
    assert change(twin.table, all_weights, FILMS)["change"] == pytest.approx(0.055, abs=0.005)
    assert change(twin.table, too_high, "topics/news")["change"] == pytest.approx(-0.45, abs=0.005)
    assert change(twin.table, too_high, FILMS)["learning rate"] == "0.001"
    assert len(twin.figure.axes) == 4 and "films (tuned on) before 0.776" in texts(twin)


def test_its_reading_sorts_what_was_lost_from_what_was_gained():
    said = forgetting_figure(forget_rows()).reading
    milder, _, rough = said.partition("All weights (")
    assert "surely lost topics -6." in rough and "surely gained products +3." in rough
    assert "not surely changed sms" in milder and "Adapters of rank 8" in milder
    assert "surely lost products -10." in said.partition("rate too high")[2]


def test_unsure_changes_are_hollow():
    twin = forgetting_figure(forget_rows())
    hollow = {str(way): [drawn.get_markerfacecolor() == "#FFFFFF" for axes in twin.figure.axes
                         for drawn in axes.lines if drawn.get_label() == f"_change {way}"]
              for way in AFTER}
    sure = [row["interval"][0] > 0 or row["interval"][1] < 0 for row in twin.table
            if row["tuned how"] == "adapters of rank 8 (LoRA)"]
    assert hollow[str(("adapters_8", "forgetting"))] == [not one for one in sure]
    assert any(hollow[str(("adapters_8", "forgetting"))])


def test_what_is_missing_of_it_is_named_with_its_command():
    said = forgetting_figure(forget_rows(ways=(BEFORE, ("fine_tuned", "forgetting")))).reading
    assert "--study forgetting --task sentiment/films --arms adapters_8 probe_first`" in said
    assert "--study too-high --task sentiment/films`" in said
    alone = forgetting_figure(forget_rows(ways=(("fine_tuned", "forgetting"),))).reading
    assert "probes of the untouched body" in alone and "no finished runs to compare" in alone
    assert "Not there yet" not in forgetting_figure(forget_rows()).reading
    assert {purpose for _, purpose in (BEFORE, *AFTER)} == {"forgetting", "too-high"}
    for arm, purpose in (BEFORE, *AFTER):
        assert arm in STUDIES[purpose].arms and STUDIES[purpose].also_probed == tuple(PROBED)


# -- replay ------------------------------------------------------------------------------------

def test_both_tasks_are_drawn_against_the_share():
    twin = replay_figure([*sequel_rows(), *SQUARE])
    films, tweets = line(twin, LOOKS[FIRST].label), line(twin, LOOKS[SECOND].label)
    assert list(films.get_xdata()) == list(tweets.get_xdata()) == [0, 10, 25, 50] == list(SHARES)
    assert list(films.get_ydata()) == pytest.approx([0.74, 0.80, 0.82, 0.83], abs=0.005)
    assert line(twin, ALONE[FIRST].label).get_ydata()[0] == pytest.approx(0.86, abs=0.005)
    said = twin.reading
    assert "Without replay: films 0.7" in said and "-12." in said or "-11." in said
    assert "the first task comes out surely worse than a network" in said
    assert set(SHARES.values()) == set(STUDIES["replay"].arms)


def test_a_marked_share_is_read_against_before_and_against_no_replay():
    twin = replay_figure([*sequel_rows(), *SQUARE], share=50)
    assert line(twin, "_marked").get_xdata()[0] == 50
    assert twin.reading.startswith("With 50% films: films 0.8")
    assert "against no replay" in twin.reading
    assert "Without replay films had changed" in twin.reading
    assert "against tweets alone" in replay_figure([*sequel_rows(), *SQUARE], share=0).reading
    with pytest.raises(LearnerError, match="no share"):
        replay_figure(sequel_rows(), share=33)


def test_before_a_guess_nothing_is_said_of_the_first_task():
    twin = replay_figure([*sequel_rows(), *SQUARE], share=10, hidden=True)
    assert not [drawn for drawn in twin.figure.axes[0].lines
                if drawn.get_label() == LOOKS[FIRST].label]
    assert "0.80" not in twin.reading + twin.alt
    assert not [row for row in twin.table if row["tested on"] == FIRST
                and row["% of the first task"].isdigit()]


def test_live_runs_of_the_same_size_and_rule_are_stars():
    rows = [*sequel_rows(), *SQUARE]
    live = sequel_rows(("replay_25",), 1, purpose="live")
    other = sequel_rows(("replay_25",), 1, purpose="live", budget="smoke")
    small = sequel_rows(("replay_25",), 1, purpose="live", n=64)
    twin = replay_figure(rows, live_rows=[*live, *other, *small])
    stars = [dots for dots in twin.figure.axes[0].collections
             if dots.get_label().startswith("_live")]
    assert len(stars) == 2 and {dots.get_offsets()[0][0] for dots in stars} == {25}
    assert [row["% of the first task"] for row in twin.table].count("25 (live)") == 2
    assert twin.table[:-2] == replay_figure(rows).table


def test_missing_shares_are_named():
    said = replay_figure(sequel_rows(("films_first", "replay_25"))).reading
    assert "10%, 50% films" in said and "--study replay --arms replay_10 replay_50`" in said
    assert "tuning on films or tweets alone" in said and "--study domains" in said


# -- a related task first ----------------------------------------------------------------------

def test_the_related_task_is_paired_with_going_there_at_once():
    twin = related_figure([*related_rows(), *SQUARE])
    assert "with 16 labels +13." in twin.reading and "surely better" in twin.reading
    assert "with 256 labels" in twin.reading and "not surely different" in twin.reading
    assert "without any label of products, the network has 0.7" in twin.reading
    drawn = line(twin, EVERY_ARM["films_first"].label)
    assert list(drawn.get_xdata()) == [16, 64, 256]  # the curve's 1,024 have no partner
    assert list(line(twin, EVERY_ARM["fine_tuned"].label).get_xdata()) == [16, 64, 256]
    assert STUDIES["related"].sizes == (16, 64, 256)


def test_without_the_sequel_the_curve_is_drawn_and_the_command_said():
    twin = related_figure([row for row in related_rows() if row["purpose"] == "curve"])
    assert "--study related --task sentiment/products`" in twin.reading and len(twin.table) == 6


# -- every task --------------------------------------------------------------------------------

def test_tasks_are_sorted_by_the_gap_and_bounds_are_said():
    twin = every_task_figure(task_rows(), tasks=[FILMS, "sms/spam"])
    first, last = twin.table
    assert (first["task"], last["task"]) == (FILMS, "sms/spam")
    assert first["gap"] == pytest.approx(0.25, abs=0.01) and first["bound"] == "at least"
    assert first["multiplier"] == pytest.approx(1.0)
    assert abs(last["gap"]) < 0.01 and last["interval"][0] < 0 < last["interval"][1]
    assert "surely ahead of the same network from scratch on 1 of 2 tasks" in twin.reading
    assert "Not surely different on sms/spam" in twin.reading
    names = [text.get_text() for text in twin.figure.axes[0].texts if "/" in text.get_text()]
    assert names == [FILMS, "sms/spam"]


def test_a_task_without_runs_at_that_size_is_named():
    twin = every_task_figure(task_rows(), n=64, tasks=[FILMS, "email/spam"])
    assert [row["task"] for row in twin.table] == [FILMS]
    assert "Not there yet at 64 labels: email/spam. `python3 start.py sweep --task email/spam" in (
        twin.reading)
    assert len(every_task_figure(task_rows()).table) == 2  # of all tasks with labels
    assert "1,024 labels" in every_task_figure(task_rows(), n=1024).reading


def test_another_baseline_gives_another_gap_and_rules_do_not_mix():
    tfidf = every_task_figure(task_rows(), baseline="tfidf", tasks=[FILMS]).table[0]
    assert tfidf["gap"] == pytest.approx(0.15, abs=0.01)
    with pytest.raises(LearnerError, match="training rules"):
        every_task_figure([*task_rows(), *make_curve(budget="three-epochs")])


# -- against the slogan ------------------------------------------------------------------------

def test_what_went_against_the_slogan_is_told_from_the_runs():
    said = against_the_slogan([*SQUARE, *forget_rows(), *sequel_rows(), *task_rows()])
    scratch, small, counting, domain, forgot, second = said
    assert "against the same network from scratch" in scratch
    assert "is not surely ahead on sms/spam, " in scratch
    assert "against the right-sized network from scratch" in small
    assert "(TF-IDF) the fine-tuned checkpoint is surely ahead everywhere, least on" in counting
    assert "from scratch after 1 of 12 moves, worst films to tweets, -3." in domain
    assert "probe on the checkpoint after 12 of 12" in domain
    assert "surely lost: topics -6.0 points" in forgot and "sms" in forgot
    assert "products" not in forgot  # a related task gained
    assert second.startswith("Tweets after films surely cost films: -1")
    assert second.endswith(").")


def test_told_briefly_it_leaves_every_guess_to_the_reader():
    rows = [*SQUARE, *forget_rows(), *sequel_rows(), *task_rows()]
    said = against_the_slogan(rows, briefly=True)
    scratch, small, counting, domain, forgot, second = said
    assert scratch.endswith("is not surely ahead on 1 of them.")
    assert counting.endswith("is surely ahead everywhere.")
    assert domain.endswith("surely below the same network from scratch after 1 of 12 moves.")
    assert forgot.endswith("surely lost on 2 of 3.")
    assert second == "Tweets after films surely cost films."
    for given_away in ("points", "probe on", "spam", "topics", "worst"):
        assert given_away not in " ".join(said)


@pytest.mark.parametrize("briefly", [False, True])
def test_what_is_not_known_yet_names_the_command(briefly):
    said = against_the_slogan([], briefly=briefly)
    assert len(said) == 6
    assert all("not known yet. `python3 start.py sweep" in sentence for sentence in said)
    for study in ("domains", "forgetting", "replay"):
        assert any(f"--study {study}" in sentence for sentence in said)


# -- true classes ------------------------------------------------------------------------------

def test_the_true_classes_of_two_class_tasks_are_taken_where_the_data_are_the_same(monkeypatch):
    task = tiny_task()
    monkeypatch.setattr("llmtl_helpers.tasks.load_task", lambda name: task)
    true_classes_module._labels.cache_clear()
    flags = pack_flags([True] * 100)
    here = entry(1.0, test_size=100, correct=flags, data_fingerprint=task.fingerprint)
    row = make_row(test_size=100, correct=flags, data_fingerprint="other version",
                   other_tests={TWEETS: here, PRODUCTS: {**here, "correct": ""}})
    found = true_classes([row])
    assert list(found) == [TWEETS] and list(found[TWEETS]) == task.test[:100]["label"]
    assert true_classes([row], "other_probes") == {}
    true_classes_module._labels.cache_clear()

    def absent(name):
        raise LearnerError("the asset is absent")

    monkeypatch.setattr("llmtl_helpers.tasks.load_task", absent)
    assert true_classes([row]) == {}
    true_classes_module._labels.cache_clear()


def test_what_the_intervals_are_over_is_said():
    def pair(examples):
        return PairedDifference(0.1, (0.0, 0.2), 5, examples)

    assert luck_in([pair(9), pair(9)]) == "over seeds and test texts"
    assert luck_in([pair(9), pair(0)]).endswith("where there are two classes")
    assert luck_in([pair(0)]) == luck_in([]) == "over seeds, the test texts as given"


# -- words -------------------------------------------------------------------------------------

def test_points_have_no_signed_zero_and_commands_can_be_run():
    assert points(-0.0004) == "0.0" and points(0.031) == "+3.1"
    assert study_command("replay") == "`python3 start.py sweep --study replay`"
    assert study_command("domains", ["a"], ["b", "c"]) == (
        "`python3 start.py sweep --study domains --task a --arms b c`")
    found = PairedDifference(-0.031, (-0.05, -0.01), 5, 0)
    assert with_interval(found) == "-3.1 points (-5.0 to -1.0)"
    assert with_interval(found, signed=False) == "3.1 points (1.0 to 5.0)"
    assert with_interval(PairedDifference(0.02, None, 2, 0)) == "+2.0 points"
