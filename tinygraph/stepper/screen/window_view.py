"""Inside a gate: its inputs with the window marked that the opened element reads."""

from __future__ import annotations

from tinygraph.graph import Node
from tinygraph.journal import Backward, Reading, Record
from tinygraph.stepper.elements import Index
from tinygraph.stepper.scalars.opened import Opened
from tinygraph.stepper.scalars.window import Window
from tinygraph.stepper.screen.numbers_view import plane
from tinygraph.stepper.writing.styles import VALUE

Marked = tuple[str, Reading, Index, str, Window | None]
"""A name, numbers, the element that the step is about, a colour, the window."""

MOST = 0.5
"""A window that covers more of the picture than this is not marked: it would hide the numbers."""


def window_views(opened: Opened, record: Record | None) -> list[Marked]:
    """The inputs that are read, the one with the largest picture first."""
    about = _about(opened, record)
    found: list[Marked] = []
    for k, window in opened.reads.items():
        if opened.gate.inputs[k].type.size > 1:
            name = opened.names[k] + ("" if window.mask.all() else f", window {window.span}")
            at = about.get(k, _first(window))
            small = plane(window.mask, at).mean() <= MOST
            found.append((name, opened.readings[k], at, VALUE, window if small else None))
    return sorted(found, key=lambda view: -_pixels(view[1]))


def _pixels(reading: Reading) -> int:
    shape = reading.type.shape
    return max(a * b for a, b in zip(shape, [1, *shape]))


def _first(window: Window) -> Index:
    return tuple(low for low, _ in window.bounds)


def _about(opened: Opened, record: Record | None) -> dict[int, Index]:
    """For each input the element that the step computes with."""
    if record is None:
        return {}
    nodes: tuple[Node, ...] = record.gate.inputs
    if isinstance(record, Backward):
        nodes = (*nodes, record.wire.source)
    return {k: at for (k, at), leaf in opened.leaves.items() if leaf in nodes}
