"""From contestants' pre-training to tables and a reading that is computed from them."""

from collections.abc import Callable

from llmtl_helpers.benchmark.contestants import Contestant, network
from llmtl_helpers.benchmark.pretraining import KINDS, REST, contest

NAMES = {("engine", "ours"): "this engine",
         ("trainer", "example"): "Trainer, settings of its example",
         ("trainer", "ours"): "Trainer, this engine's settings"}
SHOWN = (0.3, 0.6, 1.0)  # of a contestant's looks


def tables(minutes: float, say: Callable[[str], None]) -> str:
    """Measure, and write the part of BENCHMARKS.md about pre-training."""
    import torch

    from llmtl_helpers.rating import matmul_rating
    from llmtl_helpers.training.run import machine

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        ratings = {"default": matmul_rating(), "fast": matmul_rating(fast=True)}
    finally:
        torch.set_num_threads(threads)
    return markdown(contest(60 * minutes, say), ratings, machine(), flop_per_token())


def flop_per_token() -> float:
    """Matrix work of training on one token: 6 per weight that multiplies, the head's too.

    The head shares its weights with the word vectors, which multiply nothing when they are
    looked up; attention is left out.
    """
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    _, model = network(Contestant("engine", "ours", 0).recipe(1))
    return 6 * sum(module.weight.numel() for module in model.modules()
                   if isinstance(module, (nn.Linear, Conv1D)))


def markdown(found: dict[Contestant, dict], ratings: dict, machine: str, flop: float) -> str:
    """The part of BENCHMARKS.md about pre-training.

    Args:
        found: what `contest` returns.
        ratings: "default" and "fast", GFLOP/s of matrix products on one thread.
        flop: see `flop_per_token`.
    """
    shown = " | ".join(f"loss at {share:.0%} of its time" if share < 1 else "**loss at the end**"
                       for share in SHOWN)
    rows = [f"| contestant | time | tokens read | tokens/s | {shown} | share of the limit by "
            "PyTorch's own product | share of the limit by the fastest product |",
            "|---|---|---|---|" + "---|" * len(SHOWN) + "---|---|"]
    for contestant, one in found.items():
        shares = [_rate(one) * flop / (ratings[kind] * 1e9) for kind in ("default", "fast")]
        losses = " | ".join(f"{one['looks'][round(share * len(one['looks'])) - 1][1]:.2f}"
                            for share in SHOWN)
        rows.append(f"| {_name(contestant)} | {_time(one['seconds'])} | {one['tokens']:,} | "
                    f"{_rate(one):,.0f} | {losses} | {shares[0]:.0%} | {shares[1]:.0%} |")
    return "\n".join([
        f"Machine: {machine}; one thread. Matrix products of 1,024 x 1,024 in float32 on it: "
        f"{ratings['default']:.0f} GFLOP/s by PyTorch's own product, {ratings['fast']:.0f} by the "
        "fastest found (oneDNN). Losses are on held-out documents, nats per token.",
        "", *rows, "", *reading(found), "", *_profiles(found)])


def reading(found: dict[Contestant, dict]) -> list[str]:
    """A list item about each of Trainer's runs: when this engine is as far."""
    ours = {c: one for c, one in found.items() if c.who == "engine"}
    longest = max(ours.values(), key=lambda one: one["seconds"])
    items = []
    for contestant, one in found.items():
        if contestant.who == "engine":
            continue
        end = one["looks"][-1][1]
        text = (f"- {_name(contestant)} ends at {end:.2f} after {_time(one['seconds'])} "
                f"and read {_rate(one):,.0f} tokens a second, this engine {_rate(longest):,.0f} "
                f"(**{_rate(longest) / _rate(one):.1f}x**). ")
        passes = [(seconds, c) for c, mine in ours.items()
                  for seconds, loss in mine["looks"] if loss <= end]
        if passes:
            seconds, first = min(passes, key=lambda found: found[0])
            text += (f"This engine is as far after **{_time(seconds)}** at the latest, in "
                     f"its training planned for {_time(first.seconds)}.")
        else:
            text += f"This engine is not as far after {_time(longest['seconds'])}."
        items.append(text)
    return items


def _profiles(found: dict[Contestant, dict]) -> list[str]:
    profiles = {_name(c): one["profile"] for c, one in found.items() if one["profile"]}
    rows = [f"| ms per 1,000 tokens, while profiled | {' | '.join(profiles)} |",
            "|---|" + "---|" * len(profiles)]
    for kind in (*KINDS, REST):
        rows.append(f"| {kind} | " + " | ".join(
            f"{one[kind]:.1f}" for one in profiles.values()) + " |")
    return rows + ["| together | " + " | ".join(
        f"{sum(one.values()):.1f}" for one in profiles.values()) + " |"]


def _name(contestant: Contestant) -> str:
    name = NAMES[contestant.who, contestant.settings]
    # this engine is there twice, with different times
    return f"{name}, {_time(contestant.seconds)}" if contestant.who == "engine" else name


def _rate(one: dict) -> float:
    """Tokens per second of training."""
    return one["tokens"] / one["seconds"]


def _time(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 120 else f"{seconds:.0f} s"
