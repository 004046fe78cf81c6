"""Made-up tasks whose answers are written, and runs on them: no run made these."""

import numpy as np
from rows import make_row

from llmtl_helpers.arms import WRITERS
from llmtl_helpers.profiles import WRITING
from llmtl_helpers.sweep import STUDIES
from llmtl_helpers.tasks.base import Writing, make_task
from llmtl_helpers.training import text_metrics

TEXTS = 40
WORDS = ("rates rise fall after bank says new film wins prize at show minister denies claim on "
         "tax club buys player from rival court hears plea over deal firm cuts jobs as sales slip").split()
METRICS = {"headlines/news": "rouge_l", "translate/fr": "chrf", "translate/ar": "chrf",
           "write/films": "log_likelihood"}
# arm -> examples -> share of the target's words that an answer has
SHARES = {
    "writer": {32: 0.35, 128: 0.45, 512: 0.55}, "writer_scratch": {32: 0.02, 128: 0.03, 512: 0.08},
    "writer_adapters": {512: 0.50},
    "prompted": {0: 0.30, 1: 0.33, 2: 0.36, 4: 0.38, 8: 0.42},
    "prompted_chat": {0: 0.25, 1: 0.30, 2: 0.31, 4: 0.36, 8: 0.38}, "no_model": {0: 0.33},
    "token_counts": {32: 0.01, 128: 0.04, 512: 0.09},
}


def sentence(rng, words: int) -> str:
    return " ".join(rng.choice(WORDS, words))


def written_task(name="headlines/news"):
    """A task of made-up words with a target each; Arabic ones for translate/ar."""
    rng = np.random.default_rng(7)

    def row(number):
        target = sentence(rng, 7)
        if name == "translate/ar":
            target = "".join(chr(0x0627 + ord(c) - ord("a")) if c.isalpha() else c for c in target)
        return {"id": str(number), "label": 0, "text": sentence(rng, 15), "target": target}

    rows = [row(number) for number in range(TEXTS + 80)]
    free = METRICS[name] == "log_likelihood"
    return make_task(
        name, "Made up", {"test": rows[:TEXTS], "validation": rows[TEXTS:TEXTS + 20],
                          "train": rows[TEXTS + 20:]}, (),
        source="made by the test", licence="none", citation="none", label_rule="made up",
        metric=METRICS[name], writing=Writing(
            "Text: {text}\nAnswer:", "Answer.", answer_tokens=12,
            baseline=None if free else lambda text: " ".join(text.split()[:5]),
            baseline_label="" if free else "lead (first 5 words)"))


def written_rows(task, arms=tuple(WRITERS), shares=SHARES, seeds=3, sizes=None, **fields):
    """Runs whose scores are those of their answers."""
    likelihood, rows = task.metric == "log_likelihood", []
    hard = np.random.default_rng(3).normal(size=TEXTS)  # a text is as hard for all
    for arm in arms:
        if arm == ("no_model" if likelihood else "token_counts"):
            continue
        for n, share in shares.get(arm, {}).items():
            if sizes is not None and n not in sizes:
                continue
            for seed in range(1 if n == 0 else seeds):
                place = (list(WRITERS).index(arm), n, seed)
                trained = WRITERS[arm].knob is not None
                row = {"task": task.name, "arm": arm, "n": n, "run_seed": seed, "subset_seed": seed,
                       "budget": WRITING.budget, "updates": 80 * trained,
                       "batch_size": 8 * trained, "learning_rate": 1e-4 if trained else None,
                       "metric": task.metric, "test_size": TEXTS, "test_limit": 200,
                       "data_fingerprint": task.fingerprint,
                       **_outcome(task, share, hard, np.random.default_rng(place))}
                if arm == "token_counts":
                    del row["outputs"], row["temperature"], row["top_p"]  # it writes nothing
                rows.append(make_row(**{**row, **fields}))
    return rows


def _outcome(task, share, hard, rng) -> dict:
    targets = task.test[:TEXTS]["target"]
    answers = [" ".join(word if rng.random() < share else str(rng.choice(WORDS))
                        for word in target.split()) for target in targets]
    if task.metric != "log_likelihood":
        score = text_metrics.__dict__[task.metric](targets, answers)
        return {"outputs": answers, task.metric: round(score, 5), "score": round(score, 5)}
    counts = rng.integers(6, 7, TEXTS) + np.arange(TEXTS) % 9
    sums = counts * -(5.0 - 3 * share + 0.2 * hard + 0.02 * rng.normal() +
                      0.05 * rng.normal(size=TEXTS))
    mean = round(float(np.round(sums, 3).sum() / counts.sum()), 5)
    return {"outputs": answers[:12], "temperature": 0.8, "top_p": 0.95, "score": mean,
            "log_likelihood": mean, "text_log_likelihoods": np.round(sums, 3).tolist(),
            "text_targets": counts.tolist()}


def expected_points(task) -> int:
    """How many points the study of written tasks plans for this task."""
    study = STUDIES["writing"]
    return sum(len(study.sizes_of.get(arm, study.sizes)) for arm in study.arms
               if arm != ("no_model" if task.metric == "log_likelihood" else "token_counts"))
