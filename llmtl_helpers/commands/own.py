"""Your own data: check a table of texts and labels, train the twin curve on it, get advice.

FILE is a CSV, TSV, JSON lines or Parquet file. With --check nothing is trained. Nothing in the
file is run, and nothing leaves this machine. Stopped and started again it goes on where it was.
"""

import argparse
import re
from pathlib import Path
from types import SimpleNamespace

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.own_data.reading import DELIMITERS, Table, read_table

SHOWN = 3  # rows of the preview
PROFILE = "own"


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
    name = args.name or re.sub(r"[^a-z0-9]+", "-", args.file.stem.lower()).strip("-")[:30] or "data"
    task = keep(examined, name, f"{args.file.name}, column {text!r} by column {label!r}")
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

    failures = sweep.run(SimpleNamespace(task=task, profile=profile, arms=None, study=None,
                                         sizes=None, seeds=None, workers=workers, plan=False,
                                         ship=False))
    rows = Ledger().rows(task=task, budget=get_profile(profile).budget, purpose="curve")
    if not rows:
        return failures
    figure = twin_curve(rows, metric=rows[0]["metric"])
    print(f"\nPicture: {figure.save(paths.figures() / (re.sub(r'[^a-z0-9-]', '-', task) + '.png'))}")
    for sentence in [figure.reading, *advise(rows)]:
        print(f"- {sentence}")
    return failures


def guess_columns(table: Table, text: str | None, label: str | None) -> tuple[str, str]:
    """Columns that were named, or those that look like texts and labels.

    Raises:
        LearnerError: a named column is not there, or none looks like labels.
    """
    some = table.rows[:2000]
    lengths = {name: sum(len(row[at]) for row in some) for at, name in enumerate(table.columns)}
    if text is None:
        text = max((name for name in table.columns if name != label), key=lengths.get)
    table.column(text)
    if label is None:
        kinds = {name: len({row[at] for row in some if row[at].strip()})
                 for at, name in enumerate(table.columns) if name != text}
        kinds = {name: count for name, count in kinds.items() if count > 1}
        if not kinds:
            raise LearnerError("no column looks like labels", "each holds one value or none",
                               "name it: --label COLUMN")
        label = min(kinds, key=kinds.get)
    table.column(label)
    return text, label


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
