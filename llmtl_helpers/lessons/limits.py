"""Runs code that a learner may have written, for a limited time."""

import ctypes
import threading
from collections.abc import Callable

SECONDS = 10.0
PATIENCE = 1.0  # seconds that it has to end once it was interrupted
TRIES = 3  # code that catches every exception is interrupted again


class TooLong(BaseException):
    """Interrupts the code; no `except Exception` of a learner's should catch it."""


class NeverEnds(Exception):
    """The code was interrupted, or goes on in the background if `still_there`."""

    def __init__(self, seconds: float, still_there: bool):
        super().__init__(f"it had not ended after {seconds:g} seconds")
        self.still_there = still_there


def limited(call: Callable, seconds: float = SECONDS):
    """The result of `call()`, which runs in a thread of its own.

    Raises:
        NeverEnds: it took longer.
        Exception: what the call raised; a call of `exit` becomes a RuntimeError.
    """
    outcome: dict = {}

    def work() -> None:
        try:
            outcome["result"] = call()
        except TooLong:
            pass
        except SystemExit:
            outcome["error"] = RuntimeError("it tried to end the whole notebook")
        except Exception as error:
            outcome["error"] = error

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        for _ in range(TRIES):
            # a thread cannot be killed, but Python can raise an exception in it
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident),
                                                       ctypes.py_object(TooLong))
            thread.join(PATIENCE)
            if not thread.is_alive():
                break
        raise NeverEnds(seconds, thread.is_alive())
    if "error" in outcome:
        raise outcome["error"]
    return outcome.get("result")
