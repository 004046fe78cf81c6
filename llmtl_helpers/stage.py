"""The look for a projector: one switch, read here and nowhere else.

The environment variable LLMTL_STAGE=1 makes figures and widgets larger and gives a live run a
clock; `python3 start.py lab --stage` sets it, and lets JupyterLab show notebooks in large type.
"""

import os
from pathlib import Path

SWITCH = "LLMTL_STAGE"
SCALE = 1.6  # of figures: sharp where a projector shows them across a screen of 1920 pixels
CSS = Path(__file__).parent / "stage.css"  # for JupyterLab


def on() -> bool:
    return os.environ.get(SWITCH) == "1"


def scaled(scale: float) -> float:
    """The scale at which a figure is drawn for which `scale` was asked."""
    return scale * SCALE if on() else scale
