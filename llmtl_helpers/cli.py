"""The command line: `python -m llmtl_helpers COMMAND`.

A command is a file in `commands/` with a docstring (its first line is the help text),
`add_arguments(parser)` and `run(args) -> exit code`. Adding a file adds the command.
"""

import argparse
import ast
import errno
import sys
from importlib import import_module
from pathlib import Path

from llmtl_helpers import __version__, paths
from llmtl_helpers.errors import LearnerError

COMMANDS = Path(__file__).with_name("commands")


def commands() -> dict[str, str]:
    """Command name -> its docstring, read without importing the commands. The first line says what
    it does, the others what that costs and leaves behind."""
    found = {}
    for file in sorted(COMMANDS.glob("[a-z]*.py")):
        docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        found[file.stem] = docstring
    return found


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(
        prog="python3 start.py", description="The commands of the suite; COMMAND --help says more.")
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in commands().items():
        sub = subparsers.add_parser(name, help=text.partition("\n")[0], description=text,
                                    formatter_class=argparse.RawDescriptionHelpFormatter)
        if argv and argv[0] == name:  # only the command that is run is imported
            module = import_module(f"llmtl_helpers.commands.{name}")
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    args = parser.parse_args(argv)
    try:
        return args.run(args) or 0
    except LearnerError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        file = Path(error.filename or paths.home())
        suites = any(folder in (file, *file.absolute().parents)
                     for folder in (paths.home(), paths.ROOT))
        print(LearnerError(f"{file} is not yours to write or read", error.strerror,
                           "set the environment variable LLMTL_HOME to a folder of your own, such "
                           "as ~/llmtl" if suites else "name another file or folder, or ask whoever "
                           "owns this one"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. Runs and files that were finished are kept; the same command makes the rest.",
              file=sys.stderr)
        return 130
