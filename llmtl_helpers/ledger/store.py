"""Where runs are kept: shipped ones in JSON lines, the learner's own in one file each.

An own run is written to a temporary name and renamed, so it is there whole or not at
all; two processes that write the same run write the same name, and the last one wins
with an equal record. Merging two ledgers is copying files.
"""

import json
import os
import tempfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger.schema import NewerSchema, check


class Ledger:
    """All runs, shipped and own.

    Args:
        own: folder of the learner's runs (default: `paths.own_runs()`).
        shipped: folder of shipped `*.jsonl` files (default: `paths.shipped()`).

    Attributes:
        problems: one sentence per record that could not be read. A broken own record is
            set aside under the name `*.broken` and will be computed again by the next sweep.
    """

    def __init__(self, own: Path | None = None, shipped: Path | None = None):
        self.own = Path(own) if own else paths.own_runs()
        self.shipped = Path(shipped) if shipped else paths.shipped()
        self.problems: list[str] = []
        self._rows: dict[str, dict] = {}
        self._seen: dict[str, int] = {}  # own files read already -> time of change
        self._read_shipped()
        self.refresh()

    def rows(self, **equal) -> list[dict]:
        """Rows whose fields equal the given values, failed runs included, in stable order."""
        self.refresh()
        found = [row for row in list(self._rows.values())  # a live run may add one meanwhile
                 if all(row.get(name) == value for name, value in equal.items())]
        return sorted(found, key=_order)

    def get(self, id: str) -> dict | None:
        if id not in self._rows and (self.own / f"{id}.json").exists():
            self.refresh()  # a look at every own file: plans ask for thousands of runs
        return self._rows.get(id)

    def add(self, row: dict) -> Path:
        """Write an own run; it is there whole or not at all.

        Raises:
            LearnerError: the row breaks the schema, or the disk is full or read-only.
        """
        row = check({name: value for name, value in row.items() if name != "shipped"})
        target = self.own / f"{row['id']}.json"
        try:
            self.own.mkdir(parents=True, exist_ok=True)
            write_whole(target, json.dumps(row) + "\n")
        except OSError as error:
            raise LearnerError(f"the run {row['id']} could not be saved in {self.own}",
                               error.strerror or str(error),
                               "make room or set LLMTL_HOME to a folder that you can write to, "
                               "then run the same command again") from error
        self._rows[row["id"]] = {**row, "shipped": False}
        return target

    def refresh(self) -> None:
        """Read own runs that were written since the last look, by this process or another."""
        try:
            with os.scandir(self.own) as entries:
                files = {e.path: e.stat().st_mtime_ns for e in entries if e.name.endswith(".json")}
        except FileNotFoundError:
            files = {}
        for path in [p for p in files if self._seen.get(p) != files[p]]:
            self._read_own(Path(path))
        self._seen = files

    def _read_own(self, path: Path) -> None:
        try:
            row = check(json.loads(path.read_bytes()), f"the record {path.name}")
        except FileNotFoundError:
            return  # taken away between the listing and the reading
        except NewerSchema as error:  # left where it is for the suite that wrote it
            self.problems.append(str(error))
            return
        except (ValueError, LearnerError):
            aside = path.with_suffix(".broken")
            self.problems.append(f"The record {path.name} is broken and was set aside as "
                                 f"{aside.name}. Run `sweep` again to have it recomputed.")
            try:
                path.replace(aside)
            except OSError:
                pass  # a read-only folder: the record is ignored all the same
            return
        if not self._rows.get(row["id"], {}).get("shipped"):  # a shipped run is never replaced
            self._rows[row["id"]] = {**row, "shipped": False}

    def _read_shipped(self) -> None:
        files = tuple((file, file.stat().st_mtime_ns, file.stat().st_size)
                      for file in sorted(self.shipped.glob("*.jsonl")))
        rows, problems = _shipped(files)
        self._rows.update(rows)
        self.problems += problems


@lru_cache(maxsize=4)  # every widget opens a ledger, and reading takes a quarter of a second
def _shipped(files: tuple[tuple[Path, int, int], ...]) -> tuple[dict[str, dict], tuple[str, ...]]:
    """Rows by id, and what could not be read, of files in this state (time of change, size)."""
    rows, problems = {}, []
    for file, _, _ in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("#") or not line.strip():
                continue
            try:
                row = check(json.loads(line), f"line {number} of {file.name}")
            except (ValueError, LearnerError) as error:
                problems.append(f"Line {number} of the shipped file {file.name} was left out "
                                f"({error}). Restore the file with git.")
            else:
                rows[row["id"]] = {**row, "shipped": True}
    return rows, tuple(problems)


def write_shipped(path: Path, rows: Iterable[dict], header: Iterable[str]) -> int:
    """Write rows as a shipped file: comment lines, then one JSON line a run, in stable order."""
    rows = sorted(({k: v for k, v in row.items() if k != "shipped"} for row in rows), key=_order)
    lines = [f"# {line}" for line in header] + [json.dumps(check(row)) for row in rows]
    write_whole(Path(path), "\n".join(lines) + "\n")
    return len(rows)


def pack_flags(flags: Iterable[bool]) -> str:
    """Per-example correctness as hexadecimal, first example in the highest bit."""
    bits = "".join("1" if flag else "0" for flag in flags)
    bits += "0" * (-len(bits) % 4)
    return f"{int(bits, 2):0{len(bits) // 4}x}" if bits else ""


def correct_flags(row: dict):
    """Per-example correctness of a row: a bool array of shape (test_size,), in test order.

    Raises:
        ValueError: the row holds no per-example correctness, or not as much as it says.
    """
    import numpy as np

    digits, size = row.get("correct") or "", row.get("test_size") or 0
    if not size or len(digits) != -(-size // 4):
        raise ValueError(f"run {row.get('id')} holds no whole record of its test examples")
    bits = f"{int(digits, 16):0{4 * len(digits)}b}"
    return np.frombuffer(bits[:size].encode(), dtype="u1") == ord("1")


def _order(row: dict) -> tuple:
    return (row["task"], row["arm"], row["purpose"], row["n"], row["subset_seed"],
            row["run_seed"], row.get("learning_rate") or 0, row.get("inverse_regularisation") or 0,
            row["id"])


def write_whole(target: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp's 0600 would hide the run from a shared backup
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
