"""Imports go one way, figures never touch pyplot, and nothing heavy is loaded at the top."""

import ast
from pathlib import Path

import pytest

from llmtl_helpers import paths

ORDER = ["errors", "paths", "stage", "journal", "arms", "recipes", "profiles", "ledger", "assets", "tasks", "corpora",
         "models", "training", "pretraining", "sweep", "curves", "cost", "fairness", "explain", "plots", "widgets", "own_data", "interview", "lessons", "environment", "rating",
         "jupyter", "site", "benchmark", "commands", "cli", "__main__"]
FILES = sorted(file for file in paths.PACKAGE.rglob("*.py") if file.name != "__init__.py"
               or file.parent != paths.PACKAGE)
# only modules that a worker or a cell loads when it is about to train may import these at once
HEAVY = {"torch", "transformers", "datasets", "accelerate", "sklearn"}
MAY_BE_HEAVY = {"models/classifier.py", "models/fast_linear.py", "training/loop.py",
                "training/batches.py", "training/active_rows.py", "training/frozen_prefix.py",
                "models/controls.py", "models/fast_loss.py", "models/generate.py",
                "models/language_model.py", "pretraining/objectives.py", "site/preloaded.py"}


def layer(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def imports(file: Path, top_only: bool = False) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = tree.body if top_only else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names
                                      if node.module == "llmtl_helpers"}
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(paths.PACKAGE)))
def test_imports_go_one_way(file):
    own = file.relative_to(paths.PACKAGE).with_suffix("").parts[0]
    for module in imports(file):
        if module.startswith("llmtl_helpers.") and layer(module) in ORDER:
            assert ORDER.index(layer(module)) <= ORDER.index(own), f"{own} imports {module}"


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(paths.PACKAGE)))
def test_no_pyplot_and_nothing_heavy_at_the_top(file):
    assert not any("pyplot" in module for module in imports(file))
    if str(file.relative_to(paths.PACKAGE).as_posix()) not in MAY_BE_HEAVY:
        assert not {module.split(".")[0] for module in imports(file, top_only=True)} & HEAVY


def test_no_unsafe_loading_anywhere():
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        for word in ("trust_remote_code=True", "allow_pickle=True", "import pickle", "torch.load"):
            assert word not in text, f"{file.name}: {word}"
