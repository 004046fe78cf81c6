"""The form of a bill for pre-training: its lines, what is charged, and how it reads."""

from dataclasses import dataclass
from html import escape
from textwrap import fill

# How much of the pedigree is charged: (lines counted from the newest, in words).
SCOPES = {
    "all": (3, "teacher, distillation and sentence pairs"),
    "distillation": (2, "distillation and sentence pairs, the teacher taken as given"),
    "sentence pairs": (1, "sentence pairs alone, the distilled model taken as given"),
}


@dataclass(frozen=True)
class Line:
    """One training on the bill.

    Attributes:
        name: what was trained.
        flops: its work in FLOP, an estimate.
        arithmetic: how `flops` follows from the ingredients, computed; holds the word estimate.
        hardware: machines and days, as far as they were published.
        device_days: number of devices x days; None where the days were not published.
        doubt: what the estimate supposes or leaves out.
        source: where the ingredients were published.
    """

    name: str
    flops: float
    arithmetic: str
    hardware: str
    device_days: float | None
    doubt: str
    source: str

    @property
    def speed(self) -> float | None:
        """FLOP per second and device that the published time implies: a check of the estimate."""
        return self.flops / (self.device_days * 86_400) if self.device_days else None


@dataclass(frozen=True)
class Published:
    """A figure for a well-known model of the same family, to hold the bill against.

    Its ingredients were published; where `arithmetic` holds the word estimate, the sum is ours.
    """

    name: str
    flops: float
    arithmetic: str
    remark: str
    source: str


@dataclass(frozen=True)
class Bill:
    """The lines of a bill, oldest training first, and what they leave out altogether."""

    checkpoint: str
    lines: tuple[Line, ...]
    left_out: str

    def charged(self, scope: str = "all") -> tuple[Line, ...]:
        """The lines within a scope of SCOPES.

        Raises:
            ValueError: there is no such scope.
        """
        if scope not in SCOPES:
            raise ValueError(f"there is no scope called {scope!r}: choose one of "
                             + ", ".join(SCOPES))
        return self.lines[-SCOPES[scope][0]:]

    def total(self, scope: str = "all") -> float:
        """FLOP of the lines within a scope."""
        return sum(line.flops for line in self.charged(scope))

    def arithmetic(self, scope: str = "all") -> str:
        """The sum in numbers, marked as an estimate."""
        lines = self.charged(scope)
        if len(lines) == 1:
            return f"{self.total(scope):.1e} FLOP (estimate)"
        parts = " + ".join(f"{line.flops:.1e}" for line in lines)
        return f"{parts} = {self.total(scope):.1e} FLOP (estimate)"

    def as_text(self) -> str:
        """The whole bill in lines of text: each training with its arithmetic, doubt and source."""
        parts = [f"What stands behind {self.checkpoint}, oldest first"]
        for line in self.lines:
            parts += ["", f"{line.name}: {line.flops:.1e} FLOP (estimate)",
                      *(fill(text, 96, initial_indent="  ", subsequent_indent="    ") for text in (
                          line.arithmetic, f"machines: {line.hardware}", f"doubt: {line.doubt}",
                          f"source: {line.source}"))]
        parts += ["", f"together: {self.arithmetic()}",
                  fill(f"not in it: {self.left_out}", 96, subsequent_indent="  ")]
        return "\n".join(parts)

    __str__ = as_text

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.as_text())}</pre>"
