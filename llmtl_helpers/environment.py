"""What pyproject.toml and constraints.txt ask for: read here, rendered for conda here."""

import re
import tomllib

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError

# pip's part installs the package itself, so that its requirements are written once, in
# pyproject.toml. conda's part is the oldest Python allowed: the one the pins were tested on.
ENVIRONMENT = """\
# Rendered from pyproject.toml by `python3 start.py build`; change that file instead.
# For conda, mamba and services that build an environment from this file. Not tried there.
name: {name}
channels:
  - conda-forge
dependencies:
  - python={python}
  - pip
  - pip:
      - -c constraints.txt
      - -e .
"""


def read_project() -> dict:
    """The table `project` of pyproject.toml.

    Raises:
        LearnerError: the file is not there, since the package was copied out of its folder.
    """
    try:
        with open(paths.ROOT / "pyproject.toml", "rb") as file:
            return tomllib.load(file)["project"]
    except FileNotFoundError:
        raise LearnerError("pyproject.toml is not here", f"there is none in {paths.ROOT}",
                           "work in a clone of the repository") from None


def render_environment() -> str:
    """The text of environment.yml: the same Python, packages and pins as start.py installs."""
    project = read_project()
    return ENVIRONMENT.format(name=project["name"].removesuffix("-helpers"),
                              python=project["requires-python"].removeprefix(">="))


def read_pins(text: str | None = None) -> dict[str, str]:
    """Package name -> exact version, from constraints.txt or from `text` in its form."""
    if text is None:
        text = (paths.ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return dict(line.split("==") for line in lines if line)


def normalise(name: str) -> str:
    """A package's name in the form in which indexes compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()
