"""Train the runs of a twin curve; what exists already is not trained again.

It can be stopped at any time: finished runs are kept, and the same command goes on. A run takes up to
several minutes of a core. The shipped curves of films took 5.7 hours of single runs in sum, those of
e-mails 4.1; cores share them out. --plan says how many runs are ready and trains none. --ship also
writes them into the package.
"""

import shlex
import sys
import time

from llmtl_helpers import paths
from llmtl_helpers.arms import ARMS, EVERY_ARM
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import Ledger, write_gold, write_shipped
from llmtl_helpers.profiles import PROFILES, get_profile, rule_at


def add_arguments(parser) -> None:
    parser.add_argument("--task", help="default: sentiment/films, or the study's own")
    parser.add_argument("--profile", choices=PROFILES, help="default: LLMTL_PROFILE or laptop")
    parser.add_argument("--arms", nargs="+", choices=EVERY_ARM, metavar="ARM",
                        help=f"default: {', '.join(ARMS)}, or all arms of the study")
    parser.add_argument("--study", metavar="NAME",
                        help="a study instead of the twin curve; --study list names them")
    parser.add_argument("--sizes", nargs="+", type=int, metavar="N",
                        help="training-set sizes instead of the profile's; of a study's only these")
    parser.add_argument("--seeds", type=int, help="runs per arm and size instead of the profile's")
    parser.add_argument("--workers", type=int,
                        help="runs at once, the cores are shared out (default: one a core)")
    parser.add_argument("--plan", action="store_true", help="only say what would be trained")
    parser.add_argument("--ship", action="store_true",
                        help="afterwards write the task's runs into the package")


def run(args) -> int:
    from llmtl_helpers.sweep import STUDIES, Workers
    from llmtl_helpers.sweep.workers import usable_cores
    from llmtl_helpers.tasks import load_task

    if args.study == "list":
        width = max(map(len, STUDIES))
        for name, study in sorted(STUDIES.items(), key=lambda pair: pair[1].lesson):
            print(f"{study.lesson}  {name:<{width}}  {study.what}")
        return 0
    if args.study and args.study not in STUDIES:
        raise LearnerError(f"there is no study called {args.study!r}",
                           next=f"choose one of {', '.join(STUDIES)}")

    if args.seeds and (args.study or args.ship):
        raise LearnerError("--seeds goes neither with --study nor with --ship",
                           "a study and a shipped curve have a fixed number of runs", "leave it out")

    profile, ledger = get_profile(args.profile), Ledger()
    asked = load_task(args.task or (STUDIES[args.study].task if args.study else "sentiment/films"))
    task = asked.name
    if not asked.label_names and not args.study:  # then none of the twin curve's arms fits
        args.study = "writing" if asked.writing else "perplexity"
    for problem in ledger.problems:
        print(problem, file=sys.stderr)
    failures, before = 0, set()
    while True:
        wave = _wave(task, profile, ledger, args)
        wave = [config for config in wave if config.id not in before]
        if args.plan or not wave:
            break
        before |= {config.id for config in wave}
        failures += _train(wave, Workers(args.workers or usable_cores(), device=profile.device),
                           ledger)
    if args.plan:
        print(f"{len(wave)} runs are ready to be trained (those that wait for trials not counted).")
        return 0
    rule = rule_at(profile, STUDIES[args.study].rule) if args.study else profile
    rows = [row for row in ledger.rows(task=task, budget=rule.budget)
            if args.arms is None or row["arm"] in args.arms]
    print(f"The ledger holds {len(rows)} runs of {task}; {failures} could not be carried out.")
    if args.ship:
        _ship(task, profile, ledger, args.study, args.sizes, args.arms)
    return 1 if failures else 0


def _wave(task: str, profile, ledger, args) -> list:
    """The runs that can be made next: those of the study, or those of the twin curve."""
    from llmtl_helpers.sweep import next_wave, study_runs

    if not args.study:
        return next_wave(task, profile, ledger, args.arms or ARMS, args.sizes, args.seeds)
    runs = study_runs(args.study, task, ledger, args.arms, args.sizes, profile)
    return [config for config in runs if ledger.get(config.id) is None]


def _train(wave, workers, ledger) -> int:
    """Carry out one wave with a line per finished run; returns how many were not possible."""
    total, done, failures = sum(map(_cost, wave)), 0.0, 0
    began, partial = time.monotonic(), {}
    print(f"{len(wave)} runs, {workers.count} at once with {workers.threads} threads each. "
          "Stop with Ctrl-C: finished runs are kept.", flush=True)
    for number, event in enumerate(workers.run(wave)):
        config = event.config
        if event.kind == "progress":
            partial[config.id] = _cost(config) * event.update / max(1, event.updates)
        elif event.kind in ("done", "failed"):
            partial.pop(config.id, None)
            done += _cost(config)
            if event.kind == "done":
                ledger.add(event.row)
            else:
                failures += 1
            print(f"{_clock(time.monotonic() - began)}  {_left(began, done, partial, total)}  "
                  f"{_line(event)}", flush=True)
        if sys.stderr.isatty():
            print(f"\r{_left(began, done, partial, total)}", end="\x1b[K\r", file=sys.stderr)
    return failures


def _cost(config) -> float:
    from llmtl_helpers.sweep.grid import relative_cost

    return relative_cost(config)


def _left(began, done, partial, total) -> str:
    so_far = done + sum(partial.values())
    if so_far <= 0:
        return "time left: not known yet"
    return f"{_clock((time.monotonic() - began) * (total - so_far) / so_far)} left"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(max(0, seconds)), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"


def _line(event) -> str:
    config = event.config
    knob = config.learning_rate or config.inverse_regularisation
    what = f"{config.arm:<13} n={config.n:<5} seed {config.run_seed} {config.purpose:<5}"
    what += f" {knob:<7g}" if knob else " " * 8
    if event.kind == "failed":
        return f"{what} not done: {event.reason}"
    row = event.row
    if row["status"] == "failed":
        return f"{what} failed: {row['failure']}"
    score = "tried" if row["score"] is None else f"{row['metric']} {row['score']:.3f}"
    return f"{what} {score}  {row['seconds']:.0f} s"


def _rounded(rows: list[dict]) -> list[str]:
    """A line of the header where matrix products had rounded factors."""
    from llmtl_helpers.models.precision import ROUNDED

    count = sum(row.get("matmul") == ROUNDED for row in rows)
    return [f"LLMTL_MATMUL={ROUNDED} was set for {count} of {len(rows)} runs"] if count else []


def _ship(task: str, profile, ledger, study: str | None, sizes: list[int] | None,
          arms: list[str] | None = None) -> None:
    """Write the runs of a curve, or of a study's arms, into the package; only of committed code."""
    from llmtl_helpers.sweep import gold_of, planned_rows, study_runs

    if study:
        runs = study_runs(study, task, ledger, arms, sizes, profile)
        found = [ledger.get(config.id) for config in runs]
        rows = [row for row in found if row is not None]
    else:
        rows = planned_rows(task, profile, ledger, sizes)
    if not rows:
        raise LearnerError("there is nothing to ship", "no run of it is in the ledger",
                           "run the same command without --ship first")
    dirty = [row for row in rows if not row.get("commit") or row["commit"].endswith("+")]
    if dirty:
        raise LearnerError(f"{len(dirty)} of {len(rows)} runs cannot be shipped",
                           "they were made by code that is not committed",
                           "commit, delete those runs from the folder of own runs and sweep again")
    file = paths.shipped() / ("-".join([*task.split("/"), *([study] if study else [])]) + ".jsonl")
    command = f"python3 start.py sweep --task {shlex.quote(task)} " + (
        f"--study {study} " if study else "") + (
        f"--arms {' '.join(arms)} " if study and arms else "") + f"--profile {profile.name} " + (
        f"--sizes {' '.join(map(str, sizes))} " if sizes else "") + "--ship"
    machines = sorted({row.get("machine", "") for row in rows})
    count = write_shipped(file, rows, [
        f"Runs of {task}, one JSON object a line; fields: llmtl_helpers/ledger/schema.py",
        f"Made by: {command}",
        "Seconds are wall time: other work on the machine is in them, so costs are better read "
        "from tokens and flops",
        f"On: {'; '.join(machines)}; {sum(r.get('seconds', 0) for r in rows) / 3600:.1f} hours "
        "of single runs in sum",
        f"Code: commits {', '.join(sorted({row['commit'] for row in rows}))}",
        *_rounded(rows),
    ])
    print(f"{count} runs written to {file.relative_to(paths.ROOT)}.")
    write_gold(gold_of(Ledger().rows(shipped=True)))
