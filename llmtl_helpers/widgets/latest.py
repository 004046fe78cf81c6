"""Of many calls at once, the last one's state is what stays."""

import threading
from collections.abc import Callable


class Latest:
    """Calls `work` so that it has always run after the last call, in one thread at a time.

    A slider sends events faster than a figure is drawn, and a live run ends in another
    thread. Who comes while `work` runs leaves a note and goes; `work` then runs once more.
    """

    def __init__(self, work: Callable[[], None]):
        self.work = work
        self._asked = self._done = 0
        self._idle = threading.Condition()
        self._working = False

    def __call__(self) -> None:
        with self._idle:
            self._asked += 1
            if self._working:
                return
            self._working = True
        error = None
        try:
            while self._note():
                error = None
                try:
                    self.work()
                except Exception as raised:  # told below, unless a later state went well
                    error = raised
        except BaseException:
            self._leave()
            raise
        if error is not None:
            raise error

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is being done; False if it took longer than `timeout` seconds."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._working, timeout)

    def _note(self) -> bool:
        """Take the note that is there; without one, leave."""
        with self._idle:
            if self._done < self._asked:
                self._done = self._asked
                return True
            self._working = False
            self._idle.notify_all()
            return False

    def _leave(self) -> None:
        with self._idle:
            self._working = False
            self._idle.notify_all()
