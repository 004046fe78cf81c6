"""What a run cost, read from its row in the ledger. Taught in 11."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from llmtl_helpers.arms import ARMS
from llmtl_helpers.cost.flops import ARCHITECTURES, training_flops

UNITS = {"flops": "FLOP", "seconds": "seconds", "tokens": "tokens", "labels": "labels"}


@dataclass(frozen=True)
class Cost:
    """What one run cost. A field is None where the row does not say and nothing follows.

    Attributes:
        flops: 6 x non-embedding weights x tokens for a network that was trained; the forward
            pass over the training texts for a frozen probe (an estimate); None for counting words.
        matmul_flops: the same work by the exact formula of `cost.flops`, at the run's mean
            length of a text; a little low, since padding is not in the row. None where part of
            the network was frozen.
        seconds: wall seconds of the updates alone, or of the whole run where there are none.
            Whatever else the machine did meanwhile is in them.
        tokens: tokens trained on, padding left out; for a probe those that were read.
        labels: labelled training examples.
        peak_memory_mb: highest resident memory of the process up to the end of the run, MiB. A
            worker process carries out several runs, so the run itself may have needed less.
        estimated: whether `flops` and `tokens` were estimated instead of counted.
    """

    arm: str
    flops: float | None
    matmul_flops: float | None
    seconds: float | None
    tokens: float | None
    labels: int
    peak_memory_mb: float | None
    estimated: bool = False

    def of(self, unit: str) -> float | None:
        """The cost in one of UNITS.

        Raises:
            ValueError: there is no such unit.
        """
        check_unit(unit)
        return getattr(self, unit)


def run_cost(row: dict, text_tokens: float | None = None) -> Cost:
    """The cost of the run in a ledger row.

    Args:
        text_tokens: mean tokens of a text, see `mean_text_tokens`. A frozen probe's row holds no
            tokens; with this number they are estimated as n times it.
    """
    tokens, flops, exact, estimated = row.get("tokens"), row.get("flops"), None, False
    architecture = ARCHITECTURES.get(row["checkpoint"])
    seen = _texts_seen(row)
    if tokens and seen and architecture and row["strategy"] == "all_weights":
        exact = training_flops(architecture, 1, tokens / seen).total * seen
    elif row["strategy"] == "frozen_probe" and text_tokens and architecture:
        tokens, estimated = row["n"] * text_tokens, True
        flops = 2.0 * architecture.non_embedding_weights * tokens  # forward only: a third of 6ND
        exact = training_flops(architecture, 1, text_tokens, 0).total / 3 * row["n"]
    return Cost(
        arm=row["arm"], flops=_known(flops), matmul_flops=_known(exact),
        seconds=_known(row.get("seconds_training", row.get("seconds"))), tokens=_known(tokens),
        labels=row["n"], peak_memory_mb=_known(row.get("peak_memory_mb")), estimated=estimated)


def mean_text_tokens(rows: Iterable[dict]) -> float | None:
    """Mean tokens per training text over the runs that trained by updates; None without one."""
    pairs = [(row["tokens"], _texts_seen(row)) for row in rows if row.get("tokens")]
    texts = sum(seen for _, seen in pairs)
    return sum(tokens for tokens, _ in pairs) / texts if texts else None


def costs_by_size(rows: Iterable[dict], arm: str, unit: str = "flops") -> dict[int, tuple]:
    """Costs of an arm's finished curve runs per number of labels, ascending.

    Raises:
        ValueError: there is no such unit.
    """
    check_unit(unit)
    rows = list(rows)
    length = mean_text_tokens(rows)
    found: dict[int, list[float]] = {}
    for row in rows:
        if row["arm"] == arm and row["purpose"] == "curve" and row["status"] == "done":
            value = run_cost(row, length).of(unit)
            if value is not None:
                found.setdefault(row["n"], []).append(value)
    return {n: tuple(found[n]) for n in sorted(found)}


def tuning_cost(rows: Iterable[dict], arm: str, unit: str = "flops") -> float | None:
    """What the arm's trials cost together, the search for its learning rate or C; None if unknown.

    Raises:
        ValueError: there is no such unit.
    """
    check_unit(unit)
    rows = list(rows)
    length = mean_text_tokens(rows)
    costs = [run_cost(row, length).of(unit) for row in rows
             if row["arm"] == arm and row["purpose"] == "trial"]
    return math.fsum(costs) if costs and None not in costs else None


def least_memory(rows: Iterable[dict], arm: str) -> float | None:
    """The lowest peak memory of an arm's runs, MiB; None without a row that says.

    A worker's peak never falls from run to run, so the lowest is the least mixed up with other
    runs. It still is an upper bound: the libraries, and whatever ran before, are in it.
    """
    return min((row["peak_memory_mb"] for row in rows
                if row["arm"] == arm and row.get("peak_memory_mb")), default=None)


def speed(rows: Iterable[dict], arm: str = "fine_tuned") -> float | None:
    """FLOP (6ND) per second of training that the arm's runs reached; None without such runs."""
    costs = [(row["flops"], row["seconds_training"]) for row in rows
             if row["arm"] == arm and row.get("flops") and row.get("seconds_training")]
    seconds = sum(s for _, s in costs)
    return sum(f for f, _ in costs) / seconds if seconds else None


def check_unit(unit: str) -> None:
    if unit not in UNITS:
        raise ValueError(f"there is no unit called {unit!r}: choose one of {', '.join(UNITS)}")


def uncounted(arm: str, unit: str) -> str:
    """Why an arm has no cost in a unit, in a sentence without a full stop."""
    strategy = ARMS[arm].strategy if arm in ARMS else ""
    if unit in ("flops", "tokens") and strategy in ("bag_of_words", "majority"):
        return (f"{named(arm)} runs no network, so it has no count of {UNITS[unit]}: compare it "
                "in seconds")
    return f"no run of {named(arm)} says what it cost in {UNITS[unit]}"


def named(arm: str) -> str:
    """The arm as it is named inside a sentence."""
    if arm == "majority":
        return "the majority guess"
    return f"the {ARMS[arm].label}" if arm in ARMS else arm


def _texts_seen(row: dict) -> int:
    """Texts that went through the updates, repeats counted."""
    updates = row.get("updates_done") or row["updates"]
    return updates * min(row["batch_size"], row["n"])


def _known(value) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)
