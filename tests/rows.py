"""Rows for tests only: they follow the schema and no run made them."""

import hashlib
import json

from llmtl_helpers.arms import ARMS, find_arm
from llmtl_helpers.ledger.schema import check

# scores per arm at 16, 64, 256 and 1,024 labels around which the rows of `make_curve` lie
LEVELS = {
    "fine_tuned": (0.62, 0.70, 0.78, 0.84),
    "scratch": (0.50, 0.51, 0.53, 0.60),
    "small_scratch": (0.51, 0.53, 0.61, 0.66),
    "probe": (0.54, 0.66, 0.70, 0.72),
    "tfidf": (0.51, 0.54, 0.63, 0.70),
    "majority": (0.50, 0.50, 0.50, 0.50),
}
SIZES = (16, 64, 256, 1024)


def make_row(**fields) -> dict:
    """A whole row; whatever is not given is filled in, and the id follows from the identity."""
    arm = find_arm(fields.get("arm", "fine_tuned"))
    row = {
        "schema": 1, "task": "sentiment/films", "arm": arm.name, "checkpoint": arm.checkpoint,
        "init": arm.init, "strategy": arm.strategy, "n": 256, "subset_seed": 0, "run_seed": 0,
        "updates": 250, "batch_size": 8, "learning_rate": 1e-4, "inverse_regularisation": None,
        "max_length": 128, "budget": "at-least-250-updates", "purpose": "curve",
        "validation_limit": 600, "test_limit": None, "data_fingerprint": "0" * 64,
        "weights_recipe": "0" * 64, "status": "done", "metric": "accuracy", "score": 0.75,
        "test_size": 1200, "seconds": 50.0, "shipped": True,
        **fields,
    }
    identity = {name: row[name] for name in row if name not in
                ("status", "score", "accuracy", "macro_f1", "seconds", "shipped", "failure")}
    text = json.dumps(identity, sort_keys=True, default=str)
    row.setdefault("id", hashlib.sha256(text.encode()).hexdigest()[:16])
    if row["status"] == "done" and row["metric"] == "accuracy" and row["score"] is not None:
        row.setdefault("accuracy", row["score"])
        row.setdefault("macro_f1", max(0.0, row["score"] - 0.01))
    return check(row)


def make_curve(arms=tuple(LEVELS), sizes=SIZES, seeds=5, spread=0.012, **fields) -> list[dict]:
    """Rows of whole curves. Run i lies (i - middle) x `spread` / 2 from the arm's level."""
    rows = []
    for arm in arms:
        for n in sizes:
            level = LEVELS[arm][SIZES.index(n)] if n in SIZES else LEVELS[arm][-1]
            for seed in range(seeds):
                offset = 0.0 if arm == "majority" else (seed - (seeds - 1) / 2) * spread / 2
                score = round(level + offset, 4)
                rows.append(make_row(arm=arm, n=n, subset_seed=seed, run_seed=seed, score=score,
                                     **{**_learning(arm, score), **fields}))
    return rows


def _learning(arm: str, score: float) -> dict:
    """Validation scores along the run for arms that are trained by updates, else at the end."""
    if ARMS[arm].strategy != "all_weights":
        return {"updates": 0, "validation_score": score}
    scores = [round(0.5 + (score - 0.5) * step / 10, 4) for step in range(1, 11)]
    return {"history_updates": list(range(25, 251, 25)), "history_scores": scores,
            "validation_score": scores[-1]}
