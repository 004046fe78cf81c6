"""One run on several test sets: what is compared with what, and how surely."""

import numpy as np
import pytest
from rows import make_row

from llmtl_helpers.curves import (Scored, home_and_away, paired_bootstrap, paired_difference,
                                  sign_of, scores_by_test)
from llmtl_helpers.curves.confusion import macro_f1_difference
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import pack_flags

DOMAINS = ("sentiment/films", "sentiment/products", "sentiment/editorials", "sentiment/tweets")
# score at home and elsewhere, around which the rows of `domain_rows` lie
LEVELS = {"fine_tuned": (0.86, 0.74), "scratch": (0.68, 0.56), "probe": (0.80, 0.76),
          "tfidf": (0.72, 0.55), "probe_first": (0.85, 0.77), "adapters_8": (0.855, 0.75)}
# what single cells have instead: negative transfer
ODD = {("fine_tuned", "sentiment/films", "sentiment/tweets"): 0.52,
       ("fine_tuned", "sentiment/tweets", "sentiment/films"): 0.70}


def entry(score, **fields) -> dict:
    return {"accuracy": round(score + 0.01, 5), "macro_f1": round(score, 5), "test_size": 1000,
            "correct": "", "data_fingerprint": "0" * 64, **fields}


def domain_rows(arms=tuple(LEVELS), tasks=DOMAINS, seeds=5, spread=0.01, **fields) -> list[dict]:
    """Rows of the study of domains: seed i lies (i - middle) x `spread` from the arm's level."""
    rows = []
    for arm in arms:
        for task in tasks:
            for seed in range(seeds):
                off = (seed - (seeds - 1) / 2) * spread

                def at(test, arm=arm, task=task, off=off, seed=seed):
                    base = ODD.get((arm, task, test), LEVELS[arm][task != test])
                    # a little of its own for each cell, so that no two arms differ by a constant
                    jitter = 0.004 * np.sin(7 * seed + len(arm) + 3 * DOMAINS.index(test))
                    return round(float(base + off + jitter), 5)

                rows.append(make_row(**{
                    "arm": arm, "task": task, "n": 1024, "subset_seed": seed, "run_seed": seed,
                    "purpose": "domains", "score": at(task), "macro_f1": at(task),
                    "accuracy": round(at(task) + 0.01, 5),
                    "also_tested": [test for test in DOMAINS if test != task],
                    "other_tests": {test: entry(at(test)) for test in DOMAINS if test != task},
                    **fields}))
    return rows


def guess_rows(seeds=5, **fields) -> list[dict]:
    return [make_row(**{"arm": "majority", "task": task, "n": 1024, "subset_seed": seed,
                        "run_seed": seed, "score": 0.6, "macro_f1": 0.38, **fields})
            for task in DOMAINS for seed in range(seeds)]


def cell(scores, task="t", answers=()):
    return Scored(task, {(i, i): score for i, score in enumerate(scores)},
                  {(i, i): np.asarray(flags, bool) for i, flags in enumerate(answers)})


def test_every_run_counts_at_home_and_on_every_other_test_set():
    found = scores_by_test(domain_rows(arms=("probe",)))
    assert len(found) == 16
    at_home = found["probe", DOMAINS[0], DOMAINS[0]]
    away = found["probe", DOMAINS[0], DOMAINS[1]]
    assert at_home.summary().mean == pytest.approx(0.80, abs=0.003) and at_home.summary().k == 5
    assert away.summary().mean == pytest.approx(0.76, abs=0.003) and away.task == DOMAINS[1]
    assert scores_by_test(domain_rows(arms=("probe",)), "accuracy")[
        "probe", DOMAINS[0], DOMAINS[1]].summary().mean == pytest.approx(0.77, abs=0.003)


def test_failed_runs_and_runs_given_twice_change_nothing():
    rows = domain_rows(arms=("probe",))
    failed = make_row(task=DOMAINS[0], arm="probe", n=1024, purpose="domains", run_seed=9,
                      status="failed", score=None, other_tests={DOMAINS[1]: entry(0.1)})
    assert scores_by_test([*rows, *rows, failed]) == scores_by_test(rows)
    assert scores_by_test([]) == {}


@pytest.mark.parametrize("fields, said", [
    ({"budget": "smoke"}, "training rules"), ({"n": 64}, "sizes"),
    ({"data_fingerprint": "1" * 64}, "two versions of")])
def test_rows_that_were_not_made_alike_are_refused(fields, said):
    rows = domain_rows(arms=("probe",), seeds=1)
    with pytest.raises(LearnerError, match=said):
        scores_by_test([*rows, *domain_rows(arms=("scratch",), seeds=1, **fields)])


def test_pairs_share_their_seeds_and_what_they_share_cancels():
    one, other = cell([0.7, 0.8, 0.9]), cell([0.6, 0.71, 0.79, 0.1])
    found = paired_difference(one, other)
    assert found.difference == pytest.approx(0.1, abs=0.01) and found.runs == 3
    assert found.examples == 0 and 0 < found.interval[0] < found.interval[1] < 0.15
    assert sign_of(found) == 1 and sign_of(paired_difference(other, one)) == -1


def test_without_three_common_seeds_nothing_is_sure():
    assert paired_difference(cell([]), cell([0.5])) is None and sign_of(None) == 0
    two = paired_difference(cell([0.9, 0.8]), cell([0.1, 0.2]))
    assert two.difference == pytest.approx(0.7) and two.interval is None and sign_of(two) == 0
    same = paired_difference(cell([0.5] * 3), cell([0.5] * 3))
    assert same.difference == 0 and sign_of(same) == 0


def test_in_accuracy_the_luck_of_the_test_examples_is_in_the_interval():
    rng = np.random.default_rng(0)
    a, b = (rng.random((4, 300)) < share for share in (0.8, 0.7))
    one, other = cell(a.mean(1), "t", a), cell(b.mean(1), "t", b)
    found = paired_difference(one, other, "accuracy")
    assert found == paired_bootstrap(a, b) and found.examples == 300
    assert paired_difference(one, other, "macro_f1").examples == 0
    # two test sets of the same size have no example in common
    elsewhere = cell(b.mean(1), "other", b)
    assert paired_difference(one, elsewhere, "accuracy").examples == 0
    assert paired_difference(one, cell(b.mean(1), "t", b[:, :200]), "accuracy").examples == 0


def test_in_macro_f1_it_needs_the_true_classes_for_that():
    rng = np.random.default_rng(1)
    gold = rng.random(300) < 0.7
    a, b = (rng.random((4, 300)) < share for share in (0.8, 0.7))
    one, other = cell([0.8] * 4, "t", a), cell([0.7] * 4, "t", b)
    knowing = Scored("t", one.scores, one.answers, gold.astype(int))
    found = paired_difference(knowing, other)
    assert found == macro_f1_difference(gold, a, b) and found.examples == 300
    for unknown in (None, gold[:200].astype(int), np.ones(300, int)):
        taken = paired_difference(Scored("t", one.scores, one.answers, unknown), other)
        assert taken.examples == 0 and taken.difference == pytest.approx(0.1)


def test_answers_are_read_from_the_rows():
    flags = np.array([True, False, True, True, False])
    row = make_row(task=DOMAINS[0], purpose="domains", test_size=5, correct=pack_flags(flags),
                   other_tests={DOMAINS[1]: entry(0.4, test_size=5, correct=pack_flags(~flags))})
    found = scores_by_test([row])
    np.testing.assert_array_equal(found["fine_tuned", DOMAINS[0], DOMAINS[0]].answers[0, 0], flags)
    np.testing.assert_array_equal(found["fine_tuned", DOMAINS[0], DOMAINS[1]].answers[0, 0], ~flags)


def test_home_and_away_are_means_of_the_square():
    found = scores_by_test(domain_rows())
    home, away = home_and_away(found, "probe", DOMAINS)
    assert home.summary().mean == pytest.approx(0.80, abs=0.003)
    assert away.summary().mean == pytest.approx(0.76, abs=0.003)
    # two odd cells of twelve
    _, tuned = home_and_away(found, "fine_tuned", DOMAINS)
    assert tuned.summary().mean == pytest.approx((10 * 0.74 + 0.52 + 0.70) / 12, abs=0.003)
    assert home_and_away(scores_by_test(domain_rows(tasks=DOMAINS[:3])), "probe", DOMAINS) is None
    assert home_and_away(found, "majority", DOMAINS) is None
    missing = domain_rows(arms=("probe",))[1:]  # seed 0 of one domain is not there
    home, _ = home_and_away(scores_by_test(missing), "probe", DOMAINS)
    assert sorted(home.scores) == [(seed, seed) for seed in range(1, 5)]


def test_results_on_other_tasks_by_probes_are_read_alike():
    row = make_row(task=DOMAINS[0], purpose="forgetting", other_probes={"sms/spam": entry(0.9)})
    assert ("fine_tuned", DOMAINS[0], "sms/spam") in scores_by_test([row], elsewhere="other_probes")
    assert list(scores_by_test([row])) == [("fine_tuned", DOMAINS[0], DOMAINS[0])]
