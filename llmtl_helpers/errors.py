"""Errors that a learner may meet: what happened, why, and the one thing to do next."""


class LearnerError(Exception):
    """An error that is explained instead of traced.

    The command line prints it as one sentence and exits with code 2; a notebook
    shows the same sentence where a traceback would have been.

    Args:
        what: what happened, without a full stop ("the archive is damaged").
        why: the reason, as far as it is known ("its SHA-256 is not the pinned one").
        next: the one thing to do now ("run `python3 start.py assets fetch`").
    """

    def __init__(self, what: str, why: str = "", next: str = ""):
        self.what, self.why, self.next = what, why, next
        sentence = what[:1].upper() + what[1:] + (f": {why}" if why else "") + "."
        super().__init__(f"{sentence} {next[:1].upper() + next[1:]}.".strip() if next else sentence)

    def _render_traceback_(self) -> list[str]:
        """Called by IPython instead of its own traceback."""
        return [str(self)]
