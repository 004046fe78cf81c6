"""The whole state of an explorer as one line that can be copied, sent and pasted."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace

from llmtl_helpers.arms import ARMS
from llmtl_helpers.errors import LearnerError

EXAMPLE = "task=sentiment/films;n=256;metric=accuracy;arms=fine_tuned,scratch;seed=all"


@dataclass(frozen=True)
class State:
    """What is looked at. `seed` is None for all seeds together."""

    task: str
    n: int
    metric: str
    arms: tuple[str, ...]
    seed: int | None = None

    def __str__(self) -> str:
        seed = "all" if self.seed is None else self.seed
        arms = "all" if self.arms == tuple(ARMS) else ",".join(self.arms)
        return f"task={self.task};n={self.n};metric={self.metric};arms={arms};seed={seed}"


def parts(text: str, names: Collection[str], example: str = EXAMPLE) -> dict[str, str]:
    """The values that a state such as "n=256;seed=all" gives, by name and as text.

    Raises:
        LearnerError: nothing is given, a part is not `name=value`, or its name is not among
            `names` or given twice.
    """
    given: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or name not in names or name in given:
            why = ("it is given twice" if name in given else
                   f"the names are {', '.join(names)}" if equals else "it has no '='")
            raise LearnerError(f"the part {part!r} of the state cannot be read", why,
                               f"write it like {example}")
        given[name] = value
    if not given:
        raise LearnerError("the state is empty", next=f"write it like {example}")
    return given


def read(text: str, now: State) -> State:
    """The state that `text` describes; parts that are left out stay as they are `now`.

    Raises:
        LearnerError: as in `parts`, or a number is no number.
    """
    given = parts(text, [field.name for field in fields(State)])
    changes: dict = dict(given)
    if "n" in given:
        changes["n"] = _number(given["n"].replace(",", ""), "n")
    if "seed" in given:
        changes["seed"] = None if given["seed"] == "all" else _number(given["seed"], "seed")
    if "arms" in given:
        named = tuple(filter(None, (arm.strip() for arm in given["arms"].split(","))))
        changes["arms"] = tuple(ARMS) if named == ("all",) else named
    return replace(now, **changes)


def require(name: str, value, choices: Collection) -> None:
    """Refuse a value that is not among the choices, naming them."""
    if value not in choices:
        shown = ", ".join("all" if choice is None else str(choice) for choice in choices)
        raise LearnerError(f"the state names {name} {value!r}, which is not there",
                           next=f"choose one of {shown}")


def _number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise LearnerError(f"{text!r} is no value for {name}", "it is not a whole number",
                           f"write it like {EXAMPLE}")
    return int(text)
