"""Pre-train a checkpoint by a recipe of the suite; an interrupted training goes on."""

import signal
import sys
import threading
import time

from llmtl_helpers import paths
from llmtl_helpers.profiles import get_profile
from llmtl_helpers.recipes import RECIPES


def add_arguments(parser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help=f"of {', '.join(RECIPES)}; without a name: the list")
    parser.add_argument("--profile", help="gpu uses an accelerator; default: LLMTL_PROFILE or laptop")


def run(args) -> int:
    from llmtl_helpers.pretraining.card import own_card
    from llmtl_helpers.pretraining.engine import pretrain

    if not args.names:
        for name, recipe in RECIPES.items():
            done = own_card(name).get("recipe_id") == recipe.id
            print(f"{name:<24} {recipe.corpus}, {recipe.objective}, {recipe.tokens:,} tokens"
                  f"{', done' if done else ''}")
        return 0
    stop = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        for name in args.names:
            if pretrain(name, device=get_profile(args.profile).device, watch=_progress(name),
                        stop=stop) is None:
                print(f"\nStopped. The same command goes on with {name} from here.", file=sys.stderr)
                return 130
            print(f"\n{name}: {paths.own_checkpoints() / name}", flush=True)
    finally:
        signal.signal(signal.SIGINT, before)
    return 0


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
