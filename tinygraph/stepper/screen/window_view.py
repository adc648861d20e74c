"""Inside a gate: its inputs with the window marked that the opened element reads."""

from __future__ import annotations

from tinygraph.graph import Node
from tinygraph.journal import Backward, Reading, Record
from tinygraph.stepper.elements import Index
from tinygraph.stepper.scalars.opened import Opened
from tinygraph.stepper.scalars.window import Window
from tinygraph.stepper.screen.numbers_view import View, plane
from tinygraph.stepper.writing.styles import VALUE

MOST = 0.5
"""A window that covers more of the picture than this is not marked: it would hide the numbers."""


def window_views(opened: Opened, record: Record | None) -> list[View]:
    """The inputs that are read, the one with the largest picture first."""
    about = _about(opened, record)
    found: list[View] = []
    for k, window in opened.reads.items():
        if opened.gate.inputs[k].type.size > 1:
            view = View(opened.names[k], opened.readings[k], (), VALUE)
            found.append(marked(view, about.get(k, _first(window)), window))
    return sorted(found, key=lambda view: -_pixels(view.reading))


def marked(view: View, at: Index, window: Window) -> View:
    """The same with a window marked, and an element of it shown."""
    name = view.name + ("" if window.mask.all() else f", window {window.span}")
    small = plane(window.mask, at).mean() <= MOST
    return View(name, view.reading, at, view.style, window if small else None)


def _pixels(reading: Reading | None) -> int:
    shape = reading.type.shape if reading else ()
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
