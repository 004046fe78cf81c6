"""The layout of an explorer for a projector: its controls beside its picture, on one screen."""

import ipywidgets as w

CONTROLS, PICTURE = w.Layout(width="27%", padding="0 8px 0 0"), w.Layout(width="73%")


def beside(widget, rows: list[w.Widget]) -> list[w.Widget]:
    """The rows of an explorer in two columns, and its table below.

    The choice of data goes last, since it is made before the lesson. What a live run says comes
    right below the button that starts it, under the clock.
    """
    controls = [row for row in rows if row not in (widget.picture, widget.table)]
    if hasattr(widget, "domain"):
        controls = [*controls[1:], controls[0]]
    if getattr(widget, "clock", None) is not None:
        controls.remove(widget.live_text)
        at = next(number for number, row in enumerate(controls)
                  if widget.train in getattr(row, "children", ()))
        controls[at + 1:at + 1] = [widget.clock, widget.live_text]
    column = w.VBox(controls, layout=CONTROLS)
    column.add_class("llmtl-stage-controls")
    return [w.HBox([column, w.VBox([widget.picture], layout=PICTURE)]), widget.table]
