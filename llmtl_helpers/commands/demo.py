"""The main job without a browser: shipped twin curve, live dots for both arms, one picture.

Both arms are trained at the profile's two live sizes with seeds that are not shipped. The
shipped figure is there within seconds, the live runs take a few minutes on 2 cores.
"""

import json
import sys
import time

from llmtl_helpers import paths
from llmtl_helpers.arms import ARMS
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Ledger
from llmtl_helpers.profiles import PROFILES, get_profile

TASK = "sentiment/films"
LIVE_ARMS = ("fine_tuned", "scratch")
BASELINES = ("tfidf", "majority")
TRAINED = tuple(arm for arm in ARMS if arm not in BASELINES)


def add_arguments(parser) -> None:
    parser.add_argument("--profile", choices=PROFILES, help="default: LLMTL_PROFILE or laptop")
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")


def run(args) -> int:
    began = time.monotonic()
    profile, say = get_profile(args.profile), _speaker(quiet=args.json)
    _fetch(say)
    ledger = Ledger()
    for problem in ledger.problems:
        print(problem, file=sys.stderr)
    shown = shown_rows(ledger, profile)
    _picture(shown, [], say)
    say(f"First figure after {time.monotonic() - began:.1f} s.\n")

    live, failures = _train(profile, ledger, say)
    comparable = [row for row in live if row["budget"] == shown[0]["budget"]]
    figure, file = _picture(shown, comparable, say, final=True)
    verdicts = [_verdict(row, shown) for row in live]
    for sentence in [*verdicts, *failures]:
        say(sentence)
    seconds = round(time.monotonic() - began, 1)
    say(f"\n{figure.reading}\nPicture: {file}\nDone in {seconds:.0f} s.")
    if args.json:
        print(json.dumps({
            "profile": profile.name, "task": TASK, "rows": _rows(shown, live, TRAINED),
            "baselines": _rows(shown, [], BASELINES), "verdicts": verdicts,
            "failures": failures, "reading": figure.reading, "figure": str(file),
            "seconds": seconds}))
    return 1 if failures else 0


def shown_rows(ledger: Ledger, profile) -> list[dict]:
    """The runs that the figure shows: shipped ones of the protocol's budget.

    Raises:
        LearnerError: the shipped runs are not there.
    """
    rows = ledger.rows(task=TASK, purpose="curve", shipped=True, budget=PROFILES["full"].budget)
    if not rows:
        raise LearnerError("there are no shipped runs to show", f"{paths.shipped()} holds none of "
                           f"{TASK}", "restore that folder with `git checkout`, or make runs of "
                           "your own with `python3 start.py sweep`")
    return rows


def _speaker(quiet: bool):
    return lambda text: print(text, file=sys.stderr if quiet else sys.stdout, flush=True)


def _fetch(say) -> None:
    from llmtl_helpers.assets import CATALOGUE, fetch_asset, state
    from llmtl_helpers.commands.assets import progress_bar

    for name in ("sentiment", "encoder"):
        if state(name) != "ready":
            say(f"Fetching {name} ({CATALOGUE[name].megabytes:.0f} MB), once.")
            with progress_bar(CATALOGUE[name]) as progress:
                fetch_asset(name, progress)


def _picture(shown, live, say, final: bool = False):
    """Draw, save, and print the table; the final picture has the live dots."""
    from llmtl_helpers.plots import twin_curve

    figure = twin_curve(shown, live_rows=live)
    name = "demo.png" if final else "demo-shipped.png"
    file = figure.save(paths.figures() / name)
    if final:
        say("")
    else:
        say(_text_table(_rows(shown, [], ARMS)))
        say(f"\n{figure.reading}\nPicture: {file}")
    return figure, file


def _rows(shown, live, arms) -> list[dict]:
    """Flat rows for the table and the JSON object: one per arm and size, live scores beside."""
    from llmtl_helpers.curves import in_band, summarise

    found = []
    for s in summarise(shown):
        if s.arm not in arms:
            continue
        found.append({
            "arm": s.arm, "n": s.n, "runs": s.k, "mean": s.mean and round(s.mean, 4),
            "band": [round(edge, 4) for edge in s.band] if s.band else None,
            "live": [{"score": row["score"], "seed": row["run_seed"], "budget": row["budget"],
                      "inside_band": in_band(row["score"], s)
                      if row["budget"] == shown[0]["budget"] else None}
                     for row in live if (row["arm"], row["n"]) == (s.arm, s.n)
                     and row["status"] == "done"]})
    order = list(ARMS)
    return sorted(found, key=lambda row: (order.index(row["arm"]), row["n"]))


def _text_table(rows) -> str:
    """Sizes down, arms across: means in per cent of the shipped runs."""
    arms = [arm for arm in ARMS if any(row["arm"] == arm for row in rows)]
    sizes = sorted({row["n"] for row in rows})
    means = {(row["arm"], row["n"]): row["mean"] for row in rows}
    lines = ["Accuracy on the test sentences, mean of the shipped runs:", "",
             f"{'labels':>8}" + "".join(f"{arm:>15}" for arm in arms)]
    for n in sizes:
        cells = [means.get((arm, n)) for arm in arms]
        lines.append(f"{n:>8,}" + "".join(f"{'-' if c is None else f'{c:.3f}':>15}" for c in cells))
    return "\n".join(lines)


def _train(profile, ledger, say) -> tuple[list[dict], list[str]]:
    """Train both arms at the live sizes; returns the rows and what could not be done."""
    from llmtl_helpers.sweep import Workers, live_config

    configs = [live_config(TASK, arm, n, profile, ledger)
               for n in sorted(profile.live_sizes, reverse=True) for arm in LIVE_ARMS]
    # two at once would be a little sooner, but need more than 2 GiB
    workers = Workers(1, device=profile.device)
    say(f"Training {len(configs)} runs live, one after the other, {configs[0].updates} updates "
        "each. Ctrl-C stops; finished runs are kept.")
    began, done, failures, at = time.monotonic(), [], [], {}
    for event in workers.run(configs):
        config = event.config
        at[config.id] = 1.0 if event.kind in ("done", "failed") else (
            event.update / event.updates if event.updates else at.get(config.id, 0.0))
        if event.kind == "done":
            ledger.add(event.row)
            done.append(event.row)
        elif event.kind == "failed":
            failures.append(f"{ARMS[config.arm].label}, {config.n} labels: {event.reason}")
        part = sum(at.values()) / len(configs)
        left = (time.monotonic() - began) * (1 - part) / part if part > 0.02 else None
        time_left = "time left not known yet" if left is None else f"about {left:.0f} s left"
        if event.kind in ("done", "failed"):
            say(f"  {ARMS[config.arm].label}, {config.n} labels: {event.kind} after "
                f"{event.seconds:.0f} s; {time_left}")
        elif sys.stderr.isatty():
            print(f"\r  {part:4.0%}  {time_left}", end="\x1b[K\r", file=sys.stderr, flush=True)
    return done, failures


def _verdict(row: dict, shown: list[dict]) -> str:
    from llmtl_helpers.curves import score_of, summarise
    from llmtl_helpers.widgets.live import verdict

    summary = next((s for s in summarise(shown) if (s.arm, s.n) == (row["arm"], row["n"])), None)
    return verdict(row, score_of(row, "accuracy"), summary, shown[0]["budget"])
