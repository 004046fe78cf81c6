"""Pre-training beside `transformers.Trainer`: one network, one text, one thread, equal minutes.

A contestant is work for a worker process of `sweep.Workers`. How many updates fit into its time
is tried first, so that its learning rate falls to zero as its time ends.
"""

import statistics
import time
from collections.abc import Callable
from itertools import accumulate
from threading import Event

from llmtl_helpers.benchmark.contestants import PRETRAINERS, Contestant
from llmtl_helpers.benchmark.jobs import empty_cache
from llmtl_helpers.errors import LearnerError

WARM, TRIED, PROFILED = 20, 20, 50  # updates: without a clock, at least to find the pace, profiled
TRIAL = 10  # seconds, at most
KINDS = {  # of operations, by a part of their name; the first that fits
    "matrix products": ("_linear_pointwise", "::mm", "::addmm", "::bmm", "::baddbmm"),
    "attention": ("scaled_dot_product",),
    "softmax and loss": ("softmax", "nll_loss"),
    "optimizer and clipping": ("adamw", "_foreach", "vector_norm", "Optimizer"),
    "sums, copies, activations": ("aten::",),
}
REST = "autograd and Python"
CONFIG = Contestant  # what a worker process makes of an order


def run(contestant: Contestant, stop: Event | None = None, watch=None, device: str = "cpu") -> dict:
    """Let a contestant pre-train the small GPT of the suite for its seconds.

    Returns:
        seconds: of training; start-up and looks at held-out text are not in it.
        tokens: read in all.
        looks: (seconds of training, loss on held-out documents in nats per token), the last at
            the end.
        profile: milliseconds per 1,000 tokens by kind of operation; {} if not asked for.
    """
    carry_out = PRETRAINERS[contestant.who]
    with empty_cache():
        pace, profile = _trial(carry_out, contestant)
        recipe = contestant.recipe(max(1, round(contestant.seconds / pace)))
        ends: list[float] = []  # of each update, by the clock

        def note(update: int) -> None:
            ends.append(time.perf_counter())
            if watch is not None:
                watch(update, 0.0)

        looks = carry_out(contestant, recipe, note, Event())
    clock = _clock(ends, [update for update, _ in looks])
    return {"seconds": clock[-1], "tokens": recipe.tokens, "profile": profile,
            "looks": [(clock[update - 1], loss) for update, loss in looks]}


def _clock(ends: list[float], looks: list[int]) -> list[float]:
    """Seconds of training at the end of each update.

    The first update, and those beside a look at held-out text, count as the middle one does.
    """
    unclear = {0} | {update - 1 for update in looks} | {*looks}
    spent = [0.0, *(end - before for before, end in zip(ends, ends[1:]))]
    middle = statistics.median([seconds for at, seconds in enumerate(spent) if at not in unclear]
                               or spent)
    return list(accumulate(middle if at in unclear else seconds
                           for at, seconds in enumerate(spent)))


def _trial(carry_out: Callable, contestant: Contestant) -> tuple[float, dict]:
    """Seconds of an update, and where they go; found by a training that is broken off."""
    from torch.profiler import ProfilerActivity, profile

    profiler = profile(activities=[ProfilerActivity.CPU])
    ends: list[float] = []
    stop, tried, began, profiled = Event(), 0, 0.0, 0.0
    limit = min(TRIAL, contestant.seconds / 4)

    def note(update: int) -> None:
        nonlocal tried, began, profiled
        ends.append(time.perf_counter())
        if not tried and len(ends) > WARM + TRIED and ends[-1] - ends[WARM] > limit:
            tried = len(ends)
            profiler.start() if contestant.profiled else stop.set()
            began = time.perf_counter()  # setting the profiler up takes long
        elif tried and len(ends) == tried + PROFILED:
            profiled = time.perf_counter() - began
            profiler.stop()
            stop.set()

    recipe = contestant.recipe(10**6)
    carry_out(contestant, recipe, note, stop)
    pace = (ends[tried - 1] - ends[WARM]) / (tried - 1 - WARM)
    if not contestant.profiled:
        return pace, {}
    return pace, _by_kind(profiler.key_averages(), profiled,
                          PROFILED * recipe.length * recipe.batch_size)


def _by_kind(operations, seconds: float, tokens: int) -> dict[str, float]:
    """Each operation's own time, without those that it calls, ms per 1,000 tokens."""
    found = dict.fromkeys(KINDS, 0.0)
    for operation in operations:
        for kind, parts in KINDS.items():
            if any(part in operation.key for part in parts):
                found[kind] += operation.self_cpu_time_total / tokens  # us a token
                break
    return found | {REST: seconds * 1e6 / tokens - sum(found.values())}


def contest(seconds: float, say: Callable[[str], None]) -> dict[Contestant, dict]:
    """Let all contestants pre-train one after the other, each alone, on one thread.

    Args:
        seconds: of each; this engine also trains for a quarter of them.

    Raises:
        LearnerError: one could not finish.
    """
    from llmtl_helpers.sweep import Workers

    found, said = {}, 0.0
    for contestant in (Contestant("engine", "ours", seconds / 4, profiled=False),
                       Contestant("engine", "ours", seconds),
                       Contestant("trainer", "example", seconds),
                       Contestant("trainer", "ours", seconds)):
        # a process of its own each: what one leaves in memory is not there for the next
        for event in Workers(1, 1, runner=__name__).run([contestant]):
            if event.kind == "failed":
                raise LearnerError("a contestant of the benchmark could not finish", event.reason,
                                   "close other programs and start the benchmark again")
            if event.kind == "done":
                found[contestant] = event.row
            elif event.kind == "started" or time.monotonic() - said > 30:
                said = time.monotonic()
                say(f"{contestant.who}, settings: {contestant.settings}, {contestant.seconds:.0f} s"
                    f" of training: {event.update:,} updates after {event.seconds:.0f} s")
    return found
