"""Pre-train a checkpoint by a recipe of the suite; an interrupted training goes on.

It can be stopped at any time and goes on from its last kept state. A small recipe of 30 million tokens
took some 50 minutes on one core with AVX-512, one of 1 million about one. The checkpoint lies in your
own files, about 4 MB for a small one.
"""

import json
import shutil
import signal
import sys
import threading
import time

from llmtl_helpers import paths
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.profiles import get_profile
from llmtl_helpers.recipes import RECIPES

SHIPPED_LIMIT = 12 * 2**20  # bytes of all checkpoints that come with the suite


def add_arguments(parser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help=f"of {', '.join(RECIPES)}; without a name: the list")
    parser.add_argument("--profile",
                        help="gpu uses an accelerator; default: LLMTL_PROFILE or laptop")
    parser.add_argument("--ship", action="store_true",
                        help="afterwards put the checkpoints into the package")
    parser.add_argument("--ship-cards", action="store_true",
                        help="afterwards put their cards alone into the package")


def run(args) -> int:
    from llmtl_helpers.pretraining.card import own_card
    from llmtl_helpers.pretraining.engine import pretrain

    if not args.names:
        for name, recipe in RECIPES.items():
            done = own_card(name).get("recipe_id") == recipe.id
            print(f"{name:<24} {recipe.corpus}, {recipe.objective}, {recipe.tokens:,} tokens"
                  f"{', done' if done else ''}")
        return 0
    for name in args.names:  # before any of them is trained
        if name not in RECIPES:
            raise LearnerError(f"there is no recipe called {name!r}",
                               next=f"choose one of {', '.join(RECIPES)}")
    stop = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        for name in args.names:
            if pretrain(name, device=get_profile(args.profile).device, watch=_progress(name),
                        stop=stop) is None:
                print(f"\nStopped. The same command goes on with {name} from here.",
                      file=sys.stderr)
                return 130
            print(f"\n{name}: {paths.own_checkpoints() / name}", flush=True)
    finally:
        signal.signal(signal.SIGINT, before)
    if args.ship or args.ship_cards:
        for name in args.names:
            _ship(name, whole=args.ship)
    return 0


def _ship(name: str, whole: bool = True) -> None:
    """Copy a checkpoint of one's own into the package, with the command that made it on its card.

    Args:
        whole: with its weights; else the card alone, for a file that shipped runs started from.

    Raises:
        LearnerError: it was made by code that is not committed, or there is no room.
    """
    from llmtl_helpers.pretraining.card import CARD, own_card

    card, source = own_card(name), paths.own_checkpoints() / name
    if not card.get("commit") or card["commit"].endswith("+"):
        raise LearnerError(f"{name} cannot be shipped", "it was made by code that is not committed",
                           "commit, delete its folder and pre-train it again")
    target = paths.shipped_checkpoints() / name
    if whole:
        _make_room(name, source)
    shutil.rmtree(target, ignore_errors=True)
    if whole:
        shutil.copytree(source, target)
    target.mkdir(parents=True, exist_ok=True)
    command = f"python3 start.py pretrain {name} --ship" + ("" if whole else "-cards")
    (target / CARD).write_text(json.dumps({"command": command, **card}), encoding="utf-8")
    for file in target.iterdir():
        file.chmod(0o644)
    what = "checkpoint" if whole else "card"
    print(f"{name}: {what} written to {target.relative_to(paths.ROOT)}.")


def _make_room(name: str, source) -> None:
    """Raises LearnerError where the shipped checkpoints would take too much room together."""
    shipped = paths.shipped_checkpoints()
    size = sum(file.stat().st_size for file in source.iterdir()) + sum(
        file.stat().st_size for file in shipped.rglob("*")
        if file.is_file() and file.relative_to(shipped).parts[0] != name)
    if size > SHIPPED_LIMIT:
        raise LearnerError(f"{name} cannot be shipped",
                           f"all shipped checkpoints together would take {size:,} bytes and "
                           f"{SHIPPED_LIMIT:,} are allowed", "take another one out first")


def _progress(name: str):
    """Prints a line about every two seconds: updates, loss and time left."""
    said = began = time.monotonic()
    first = None

    def watch(update: int, updates: int, loss: float) -> None:
        nonlocal said, first, began
        now = time.monotonic()
        if first is None:
            first, began = update, now
        if now - said > 2 or update == updates:
            said = now
            left = (now - began) / max(1, update - first) * (updates - update)
            print(f"{name}: {update:,} of {updates:,} updates, loss {loss:.3f}, "
                  f"{left / 60:.1f} min left", flush=True)

    return watch
