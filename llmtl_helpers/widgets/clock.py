"""A clock beside a live run: how long it has been going on, and how long it still takes."""

import threading
import time

import ipywidgets as w

TICK = 1.0  # seconds


class Clock(w.HTML):
    """Large text, renewed every `TICK` seconds by a thread of its own while a run is going on."""

    def __init__(self):
        super().__init__()
        self._lock = threading.Lock()  # the thread never writes after `end` did
        self._over = threading.Event()
        self._began = 0.0
        self._until: float | None = None  # when the run is expected to end

    def start(self) -> None:
        """A run begins now."""
        with self._lock:
            self._over.set()
            self._over = threading.Event()
            self._began, self._until = time.monotonic(), None
        threading.Thread(target=self._go, args=(self._over,), name="clock", daemon=True).start()

    def left(self, seconds: float | None) -> None:
        """So many seconds are left from now on; None: nobody knows yet."""
        self._until = None if seconds is None else time.monotonic() + seconds

    def end(self, how: str) -> None:
        """The run ended; `how` says in which way, such as "stopped"."""
        with self._lock:
            self._over.set()
            self.value = large(minutes(time.monotonic() - self._began), how)

    def _go(self, over: threading.Event) -> None:
        while True:
            with self._lock:
                if over.is_set():
                    return
                now, until = time.monotonic(), self._until
                left = "time left not known yet" if until is None else (
                    f"about {minutes(max(0.0, until - now))} left")
                self.value = large(minutes(now - self._began), left)
            over.wait(TICK)


def minutes(seconds: float) -> str:
    """75 seconds are 1:15."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def large(gone: str, below: str) -> str:
    """The clock's HTML; a screen reader is not told of every second."""
    return (f'<div class="llmtl-clock" role="timer" aria-live="off" style="font-size:2.2em;'
            f'line-height:1.15">{gone}<div style="font-size:.55em">{below}</div></div>')
