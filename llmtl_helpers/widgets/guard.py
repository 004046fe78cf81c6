"""Errors in a widget's handlers are shown in the widget and kept.

JupyterLab shows an exception of a handler nowhere, and a button's click swallows it in a
test too. Every handler of every widget is therefore wrapped in `guard`.
"""

import threading
from contextlib import contextmanager
from functools import partial, wraps
from html import escape

from ipywidgets import HTML

from llmtl_helpers.errors import LearnerError


class Guarded:
    """Mixin of a widget whose handlers are wrapped in `guard`. Call `prepare_guard()` first.

    Attributes:
        last_error: the last exception of any handler; None if there was none so far.
        errors: an HTML widget to place where the learner looks; empty while all is well.
    """

    def prepare_guard(self) -> None:
        self.last_error: Exception | None = None
        self.errors = HTML()
        self._own = threading.local()  # what this thread is doing in handlers

    def show_error(self, error: Exception) -> None:
        self.last_error = error
        text = str(error) if isinstance(error, LearnerError) else (
            f"A fault in the suite, not in what you did: {type(error).__name__}: {error}. "
            "The exception itself is in the widget's last_error.")
        self.errors.value = (
            '<div role="alert" style="border-left:4px solid #D55E00;padding:4px 10px;'
            f'margin:4px 0">{escape(text)}</div>')

    @contextmanager
    def hold(self):
        """Controls that this thread sets inside start no handlers that ask `held`."""
        self._own.held = getattr(self._own, "held", 0) + 1
        try:
            yield
        finally:
            self._own.held -= 1

    @property
    def held(self) -> bool:
        return getattr(self._own, "held", 0) > 0


def guard(handler=None, *, clears: bool = True):
    """Wrap a method of a `Guarded` widget: an exception is shown and kept, never raised.

    What was shown goes away with the next handler that succeeds; `last_error` stays.

    Args:
        clears: False for what a watching thread reports. A run that goes on is no answer to an
            error at a control, and its end none to a result that could not be kept.
    """
    if handler is None:
        return partial(guard, clears=clears)

    @wraps(handler)
    def guarded(self, *args, **kwargs):
        depth = getattr(self._own, "depth", 0)
        self._own.depth = depth + 1  # a handler may set controls and so start others
        known = self.last_error
        try:
            result = handler(self, *args, **kwargs)
        except Exception as error:
            self.show_error(error)
        else:
            if clears and depth == 0 and self.last_error is known:
                self.errors.value = ""
            return result
        finally:
            self._own.depth = depth

    return guarded
