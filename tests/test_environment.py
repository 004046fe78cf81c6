"""One set of versions everywhere: bounds, pins, environment.yml, README and .ci/run agree."""

import re
from importlib.metadata import PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement

from llmtl_helpers import cli, paths
from llmtl_helpers.environment import normalise, read_pins, read_project, render_environment
from llmtl_helpers.lessons.source import read_lessons

README = (paths.ROOT / "README.md").read_text(encoding="utf-8")
PINS = {normalise(name): version for name, version in read_pins().items()}
# CUDA libraries come or stay away with torch's build; its own metadata pins them.
OF_TORCH = re.compile(r"nvidia-|cuda-|triton$")


def requirements():
    project = read_project()
    lines = project["dependencies"] + sum(project["optional-dependencies"].values(), [])
    return [need for need in map(Requirement, lines) if need.name != project["name"]]


@pytest.mark.parametrize("requirement", requirements(), ids=lambda r: r.name)
def test_every_requirement_is_pinned_within_its_bounds(requirement):
    assert requirement.specifier.contains(PINS[normalise(requirement.name)])


@pytest.mark.parametrize("name, floor", [
    ("jupyterlab", "4.6.2"), ("jupyter-server", "2.20"), ("torch", "2.10")])
def test_versions_with_known_holes_are_excluded(name, floor):
    specifier = next(r.specifier for r in requirements() if r.name == name)
    assert f">={floor}" in str(specifier).split(",")


def test_whatever_the_requirements_bring_along_is_pinned():
    todo, seen = {normalise(r.name) for r in requirements()}, set()
    while todo:
        name = todo.pop()
        seen.add(name)
        try:
            lines = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        needed = (Requirement(line) for line in lines)
        todo |= {normalise(r.name) for r in needed
                 if not r.marker or r.marker.evaluate({"extra": ""})} - seen
    assert len(seen) > 50
    assert sorted(name for name in seen - set(PINS) if not OF_TORCH.match(name)) == []


def test_pins_are_exact_and_carry_no_build_label():
    assert all(re.fullmatch(r"[0-9][0-9a-z.]*", version) for version in PINS.values())


def test_environment_yml_is_what_pyproject_makes():
    assert (paths.ROOT / "environment.yml").read_text(encoding="utf-8") == render_environment()


def test_environment_yml_installs_the_package_with_the_pins():
    import yaml

    found = yaml.safe_load(render_environment())
    python, pip, under_pip = found["dependencies"]
    assert read_project()["requires-python"] == python.replace("python=", ">=")
    assert pip == "pip" and under_pip == {"pip": ["-c constraints.txt", "-e ."]}


def test_the_continuous_check_runs_the_test_command_of_readme():
    command = "python3 start.py test"
    assert re.search(rf"^{command} ", README, re.MULTILINE)
    lines = (paths.ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == f"exec {command}"


def test_readme_names_every_lesson_and_only_commands_that_exist():
    for lesson in read_lessons():
        row = f"| [{lesson.heading}](notebooks/{lesson.name}.ipynb) | {lesson.question} |"
        assert row in README
    table = README.partition("## Other commands")[2]
    named = {match.split()[0] for match in re.findall(r"^\| `([^`.]+)` \|", table, re.MULTILINE)}
    assert named and named <= set(cli.commands())


def test_readme_states_the_cost_that_set_up_states():
    told = (paths.ROOT / "start.py").read_text(encoding="utf-8")
    for number in ("0.5 GB", "2.1 GB", "3.0 GB", "5.8 GB", "220 MB", "0.8 GB"):
        assert number in README and number in told


def test_the_megabytes_that_are_told_are_those_of_the_catalogue():
    from llmtl_helpers.assets import CATALOGUE

    assert round(sum(asset.megabytes for asset in CATALOGUE.values()), -1) == 220
