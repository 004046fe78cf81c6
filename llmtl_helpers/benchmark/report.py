"""From measured jobs to a table: the ratios, each beside its obvious alternative."""

from collections.abc import Callable
from dataclasses import dataclass

from llmtl_helpers.benchmark import jobs
from llmtl_helpers.benchmark.jobs import ENGINE, TRAINER, Measured, gap

STEPS = 5  # contestants' turns that `carry_out` takes, for the progress line


@dataclass(frozen=True)
class Line:
    """One row of the table: a job, by this engine and by Trainer."""

    job: str
    ours: Measured
    theirs: Measured
    frozen: Measured | None = None  # Trainer with the same layers frozen

    @property
    def ratio(self) -> float:
        return self.theirs.seconds / self.ours.seconds


def carry_out(updates: int, cores: int, say: Callable[[str], None]) -> tuple[list[Line], dict]:
    """All jobs, one contestant after the other, and the ratings of this machine.

    Returns:
        lines, and "default" and "fast": GFLOP/s of matrix products on all cores.
    """
    from llmtl_helpers.rating import matmul_rating

    ratings = {"default": matmul_rating(), "fast": matmul_rating(fast=True)}

    def by(runner: str, configs: list, workers: int, threads: int, what: str) -> Measured:
        say(what)
        return jobs.measure(runner, configs, workers, threads, lambda text: say(f"  {text}"))

    one = jobs.all_weights(updates, ("fine_tuned",), (256,), 1)
    every, top, probe = jobs.all_weights(updates), jobs.top_two_blocks(updates), jobs.probe(updates)
    lines = []
    for name, configs, workers, frozen in (
            ("one full fine-tuning, all cores", one, 1, False),
            ("sweep, all weights (scratch and checkpoint)", every, cores, False),
            ("sweep, top 2 blocks", top, cores, True), ("sweep, frozen probe", probe, cores, True)):
        threads = cores // workers
        ours = by(ENGINE, configs, workers, threads, f"{name}: this engine")
        same = by(TRAINER, configs, workers, threads, f"{name}: Trainer")
        # what stands for "Trainer" beside a frozen job is Trainer tuning all weights
        theirs = _only(lines[1].theirs, "fine_tuned", len(configs)) if frozen else same
        lines.append(Line(name, ours, theirs, same if frozen else None))
    return lines, ratings


def _only(whole: Measured, arm: str, runs: int) -> Measured:
    """The share of one arm in a sweep whose arms cost the same."""
    scores = {key: score for key, score in whole.scores.items() if key[0] == arm}
    assert len(scores) == runs, "the jobs must have the same sizes and seeds"
    return Measured(whole.seconds * runs / len(whole.scores), scores, whole.tokens_per_second,
                    whole.memory_mb)


def markdown(lines: list[Line], ratings: dict, updates: int, cores: int, machine: str,
             flop_per_token: float) -> str:
    """The tables of BENCHMARKS.md.

    Args:
        flop_per_token: matrix work of training on one token, see `cost`.
    """
    rows = ["| job | this engine | Trainer, all weights | ratio | Trainer, same layers frozen | "
            "ratio | peak memory of a worker | accuracy, ours minus Trainer's |",
            "|---|---|---|---|---|---|---|---|"]
    for line in lines:
        like = line.frozen or line.theirs
        difference, doubt = gap(line.ours, like)
        doubt = f" ± {100 * doubt:.1f}" if doubt == doubt else ""
        frozen = (f"{line.frozen.seconds:,.0f} s | {line.frozen.seconds / line.ours.seconds:.1f}x"
                  if line.frozen else "– | –")
        rows.append(
            f"| {line.job} | {line.ours.seconds:,.1f} s | {line.theirs.seconds:,.0f} s | "
            f"**{line.ratio:.1f}x** | {frozen} | {line.ours.memory_mb:,.0f} against "
            f"{like.memory_mb:,.0f} MiB | {100 * difference:+.1f}{doubt} points |")
    rows += ["", "| training on all weights | tokens/s | share of the limit by PyTorch's own "
             "product | share of the limit by the fastest product |", "|---|---|---|---|"]
    for line in lines[:2]:
        workers = 1 if line is lines[0] else cores
        for name, found in (("this engine", line.ours), ("Trainer", line.theirs)):
            rate = found.tokens_per_second * workers
            shares = [rate * flop_per_token / (ratings[kind] * 1e9) for kind in ("default", "fast")]
            rows.append(f"| {line.job}: {name} | {rate:,.0f} | {shares[0]:.0%} | {shares[1]:.0%} |")
    return "\n".join([
        f"Machine: {machine}. Matrix products of 1,024 x 1,024 in float32 on all cores: "
        f"{ratings['default']:.0f} GFLOP/s by PyTorch's own product, {ratings['fast']:.0f} by the "
        f"fastest found (oneDNN). {updates} updates a run; sizes "
        f"{', '.join(map(str, jobs.SIZES))}; {jobs.SEEDS} seeds.", "", *rows])
