"""Show, export or erase what you did: exercises, guesses, quizzes, rehearsals.

All of it is one file on this machine, the journal; nothing is ever sent anywhere.
"""

import argparse
from pathlib import Path

from llmtl_helpers.journal import Journal, first_guesses
from llmtl_helpers.lessons.source import read_exercises, read_lessons


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--export", type=Path, metavar="FILE", help="write all entries to a new file")
    what.add_argument("--import", type=Path, metavar="FILE", dest="other",
                      help="add the entries of an exported file")
    what.add_argument("--erase", action="store_true", help="delete the journal (needs --yes)")
    parser.add_argument("--yes", action="store_true", help="with --erase: really do it")


def run(args: argparse.Namespace) -> int:
    journal = Journal()
    if args.export:
        print(f"{_entries(journal.export(args.export))} written to {args.export}")
    elif args.other:
        print(f"{_entries(journal.take_over(args.other))} added to {journal.file}")
    elif args.erase and not args.yes:
        print(f"This would delete {_entries(len(journal.entries()))} in {journal.file}. "
              "Your runs are not touched. Add --yes to do it.")
        return 1
    elif args.erase:
        print(f"{_entries(journal.erase())} deleted.")
    else:
        print(summary(journal))
    return 0


def summary(journal: Journal) -> str:
    """A line a lesson, then what belongs to no single one."""
    known = journal.entries()
    state = {entry["name"]: entry["state"] for entry in known if entry["kind"] == "exercise"
             and entry["state"] == "not yet"}
    state |= {entry["name"]: "right" for entry in known if entry["kind"] == "exercise"
              and entry["state"] == "right"}
    lines = [f"Your journal: {journal.file}" if known else
             f"Nothing yet: your journal will be {journal.file}", "", "exercises solved"]
    for lesson in read_lessons():
        names = [exercise.name for exercise in read_exercises(lesson.text)]
        right = sum(state.get(name) == "right" for name in names)
        begun = sum(state.get(name) == "not yet" for name in names)
        lines.append(f"  {lesson.heading:<38} {right} of {len(names)}"
                     + (f", {begun} begun" if begun else ""))
    guesses = len(first_guesses(journal))
    words = {entry["name"]: entry for entry in reversed(known) if entry["kind"] == "word"}
    right = sum(entry["guess"] == entry["truth"] for entry in words.values())
    blindly = sum(1 / entry["words"] for entry in words.values())
    quizzes = [entry for entry in known if entry["kind"] == "quiz"]
    asked = {entry["name"]: entry["right"] for entry in reversed(quizzes)}  # first answers
    games = [entry for entry in known if entry["kind"] == "blind"]
    rehearsed = {entry["name"] for entry in known if entry["kind"] == "rehearsal"}
    lines += ["", f"{guesses} guess{'' if guesses == 1 else 'es'} made before the result was shown",
              f"{len(words)} outcome{'' if len(words) == 1 else 's'} foretold in a word, {right} of them rightly"
              + (f"; blind guessing gets {blindly:.1f} on average" if words else ""),
              f"{len(asked)} quiz questions answered, {sum(asked.values())} of them right at once",
              f"{len(games)} rounds of the blind game, "
              f"{sum(bool(entry.get('right')) for entry in games)} right",
              f"{len(rehearsed)} interview questions rehearsed"]
    return "\n".join(lines)


def _entries(count: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}"
