"""Prepare a user's folder, then become the server that a JupyterHub or an image names.

`hub jupyterhub-singleuser --port=8888` hands out the notebooks as `lab` does, points Jupyter to
the folders of the user's own and then runs that command in its own place. See HOSTING.md.
"""

import os
import shutil
import subprocess
from argparse import REMAINDER, ArgumentParser, Namespace

from llmtl_helpers import paths
from llmtl_helpers.commands.lab import prepare
from llmtl_helpers.errors import LearnerError


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("server", nargs=REMAINDER, metavar="COMMAND",
                        help="the server's command with its options, such as jupyterhub-singleuser")


def run(args: Namespace) -> int:
    command = args.server[1:] if args.server[:1] == ["--"] else args.server
    if not command or not shutil.which(command[0]):
        raise LearnerError(f"there is no command {command[0]!r}" if command else
                           "no server was named", "`hub` prepares the folder of a user and then "
                           "becomes the server", "name its command, or see HOSTING.md")
    print(f"The notebooks are in {prepare()}; runs, guesses and keys stay in {paths.home()}.",
          flush=True)
    if os.name == "nt":  # it cannot replace a process
        return subprocess.call(command)
    os.execvp(command[0], command)
