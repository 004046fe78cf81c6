"""Which arms of a figure have no runs, and the commands that make them. Taught in 03 and 04."""

from collections.abc import Sequence

from llmtl_helpers.arms import ARMS, ENCODER, find_arm
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots.theme import style_of
from llmtl_helpers.pretraining import read_card
from llmtl_helpers.recipes import RECIPES, Recipe

# training all weights of the encoder on one core (BENCHMARKS.md: two workers read 2,925 together)
ENCODER_TOKENS_PER_SECOND = 1_500


def missing_runs(arms: Sequence[str], n: int) -> str:
    """Names the arms, and in order the commands that make their runs; "" without arms.

    What an arm starts from is pre-trained first, where it is not here.

    Args:
        arms: those without runs. n: training-set size in labels.
    """
    if not arms:
        return ""
    from llmtl_helpers.sweep import STUDIES

    commands: dict[str, list[str]] = {}
    for arm in arms:
        study = next((name for name, study in STUDIES.items()
                      if arm in study.arms and n in study.sizes and arm not in ARMS), None)
        commands.setdefault("" if study is None else f"--study {study} ", []).append(arm)
    said = "; ".join(style_of(arm).label for arm in arms)  # labels have commas of their own
    made = " and ".join(f"`python3 start.py sweep {study}--arms {' '.join(names)}`"
                        for study, names in commands.items())
    return (f"Not there yet: {said}. {_pretrain_first(arms)}{made} makes "
            f"{'it' if len(arms) == 1 else 'them'}.")


def _pretrain_first(arms: Sequence[str]) -> str:
    absent = dict.fromkeys(name for arm in arms if (found := find_arm(arm)) is not None
                           and (name := found.checkpoint) in RECIPES and not _is_here(name))
    if not absent:
        return ""
    times = list(dict.fromkeys(_time(RECIPES[name]) for name in absent))
    took = times[0] + (" each" if len(absent) > 1 else "") if len(times) == 1 else "; ".join(
        f"{name} {_time(RECIPES[name])}" for name in absent)
    return f"`python3 start.py pretrain {' '.join(absent)}` comes first ({took}), then "


def _is_here(checkpoint: str) -> bool:
    from llmtl_helpers.models.checkpoints import checkpoint_folder

    try:
        checkpoint_folder(checkpoint)
    except LearnerError:
        return False
    return True


def _time(recipe: Recipe) -> str:
    """How long it takes, by the pace of a pre-training of the same network, or of its tuning."""
    said = f"{recipe.tokens / 1e6:g}M tokens"
    like = next((card for name, other in RECIPES.items()
                 if (other.architecture, other.tokens) == (recipe.architecture, recipe.tokens)
                 and (card := read_card(name)).get("seconds")), None)
    if like is not None:
        pace = like["tokens"] / like["seconds"]
    elif recipe.architecture == ENCODER:
        pace = ENCODER_TOKENS_PER_SECOND
    else:
        return said
    minutes = recipe.tokens / pace / 60
    return f"{said}, about {_spoken(minutes)} on one core"


def _spoken(minutes: float) -> str:
    if minutes >= 55:
        halves = round(minutes / 30) / 2
        return f"{halves:g} {'hour' if halves == 1 else 'hours'}"
    return f"{max(1, round(minutes))} min"
