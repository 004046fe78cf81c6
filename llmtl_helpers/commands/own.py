"""Your own data: check a table of texts and labels, train the twin curve on it, get advice.

FILE is a CSV, TSV, JSON lines or Parquet file. With --check nothing is trained. Nothing in the
file is run, and nothing leaves this machine. Stopped and started again it goes on where it was. How
long the training takes here is said before it begins.
"""

import argparse
import re
from pathlib import Path
from types import SimpleNamespace

from llmtl_helpers import paths
from llmtl_helpers.own_data.columns import guess_columns, suggested_name
from llmtl_helpers.own_data.reading import DELIMITERS, Table, read_table

SHOWN = 3  # rows of the preview
PROFILE = "own"
BLOCK_WEIGHTS = 10.6e6  # of the encoder, those that multiply
BESIDE = 1.8  # all that a run does, over the matrix products of its training


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--text", metavar="COLUMN", help="default: the one with the longest cells")
    parser.add_argument("--label", metavar="COLUMN",
                        help="default: the one with the fewest different cells")
    parser.add_argument("--name", help="of the task (default: the file's)")
    parser.add_argument("--delimiter", choices=DELIMITERS.values(), help="default: guessed")
    parser.add_argument("--encoding", default="", help="default: guessed")
    parser.add_argument("--check", action="store_true", help="check and show, train nothing")
    parser.add_argument("--profile", default=PROFILE, help="default: %(default)s")
    parser.add_argument("--workers", type=int, help="runs at once (default: one a core)")


def run(args: argparse.Namespace) -> int:
    from llmtl_helpers.own_data import examine, keep

    delimiter = next((sign for sign, name in DELIMITERS.items() if name == args.delimiter), "")
    table = read_table(args.file, delimiter, args.encoding)
    text, label = guess_columns(table, args.text, args.label)
    print(preview(table, text, label))
    examined = examine(table, text, label)
    print("\n".join(map(str, examined.findings)))
    if args.check:
        return 0
    task = keep(examined, args.name or suggested_name(args.file),
                f"{args.file.name}, column {text!r} by column {label!r}")
    print(f"\nKept as the task {task}. Its runs are in {paths.own_runs()}; Ctrl-C stops them, the "
          "same command goes on.")
    return train_and_advise(task, args.profile, args.workers)


def train_and_advise(task: str, profile: str, workers: int | None) -> int:
    """Sweep, then picture and advice; 1 if a run could not be carried out."""
    from llmtl_helpers.commands import sweep
    from llmtl_helpers.ledger import Ledger
    from llmtl_helpers.own_data.advice import advise
    from llmtl_helpers.plots import twin_curve
    from llmtl_helpers.profiles import get_profile
    from llmtl_helpers.sweep import planned_rows

    print(cost(task, get_profile(profile)))
    failures = sweep.run(SimpleNamespace(task=task, profile=profile, arms=None, study=None,
                                         sizes=None, seeds=None, workers=workers, plan=False,
                                         ship=False))
    rows = [row for row in planned_rows(task, get_profile(profile), Ledger())
            if row["purpose"] == "curve"]  # of another profile's trials none: same seeds, other knobs
    if not rows:
        return failures
    figure = twin_curve(rows, metric=rows[0]["metric"])
    print(f"\nPicture: {figure.save(paths.figures() / (re.sub(r'[^a-z0-9-]', '-', task) + '.png'))}")
    for sentence in [figure.reading, *advise(rows)]:
        print(f"- {sentence}")
    return failures


def cost(task: str, profile) -> str:
    """A sentence on the runs to be made and, roughly, their minutes on this machine."""
    from llmtl_helpers.rating import matmul_rating
    from llmtl_helpers.tasks import load_task

    loaded = load_task(task)
    some = loaded.train[:200]["text"]
    tokens = min(128.0, 1.4 * sum(len(text.split()) for text in some) / len(some) + 2)
    sizes = [n for n in profile.sizes if n <= len(loaded.train)]
    values = 4 if profile.trial_seeds else 0  # of each arm's knob
    runs = [(n, profile.seeds_at(n)) for n in sizes]
    runs += [(n, values * profile.trial_seeds) for n in profile.trial_sizes if n in sizes]
    read = sum(count * profile.updates(n) * profile.batch_size(n) for n, count in runs)
    flop = 2 * read * tokens * 6 * BLOCK_WEIGHTS * BESIDE  # two arms
    minutes = flop / (1e9 * matmul_rating()) / 60
    return (f"{2 * sum(count for _, count in runs)} runs of the large network and some small ones: "
            f"about {max(1, round(minutes))} minutes on this machine, if it has nothing else to do.")


def preview(table: Table, text: str, label: str) -> str:
    """What was read, in a few lines."""
    how = ", ".join(filter(None, (table.encoding, table.delimiter and
                                  f"divided by {DELIMITERS[table.delimiter]}")))
    lines = [f"{table.name}: {table.kind}{f' ({how})' if how else ''}, {len(table.rows):,} rows, "
             f"columns {', '.join(table.columns)}",
             f"texts: column {text!r}; labels: column {label!r}"]
    cells = zip(table.column(label), table.column(text), strict=True)
    lines += [f"  {_cut(one, 20)!r:<24} {_cut(other, 90)!r}" for one, other in list(cells)[:SHOWN]]
    return "\n".join(lines)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most - 3]}..."
