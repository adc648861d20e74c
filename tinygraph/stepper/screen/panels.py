"""What stands below the circuit: the tensors of the step just done."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from tinygraph.graph import Node
from tinygraph.journal import Backward, Reading, Start
from tinygraph.stepper.elements import Index, called, index_of, slope_of
from tinygraph.stepper.scalars.reads import reads
from tinygraph.stepper.screen.numbers_view import View, tensor_view
from tinygraph.stepper.screen.window_view import marked, window_views
from tinygraph.stepper.session import Session
from tinygraph.stepper.writing.styles import GRADIENT, VALUE

BESIDE = 90
"""Columns from which on two tensors stand next to each other."""

TWO_PICTURES = 10
"""Lines from which on two pictures fit below each other."""

GAP = 3

SMALL = 1_000_000
"""Elements of a gate's inputs up to which the window of the shown element is marked."""


def has_picture(views: Sequence[View]) -> bool:
    """Whether one of them is more than a number."""
    return any(view.reading is not None and view.reading.type.size > 1 for view in views)


def tensor_panel(
    views: Sequence[View], width: int, height: int, opened: bool = False
) -> list[Text]:
    """Tensors in at most `height` lines; of an `opened` element one picture that says something."""
    if height < 1:
        return []
    if opened and 2 < height < 12 and width < BESIDE:
        views = views[:1]
    if height < 6:
        return [line for view in views for line in tensor_view(view, width, 1)][:height]
    if width < BESIDE and height < TWO_PICTURES and len(views) > 1:
        main = next((v for v in views if v.marked is not None), views[-1])
        return [
            line
            for v in views
            for line in tensor_view(v, width, height - len(views) + 1 if v is main else 1)
        ]
    if width < BESIDE or len(views) < 2:
        each = height // max(len(views), 1)
        return [line for view in views for line in tensor_view(view, width, each)]
    half = (width - GAP) // 2
    sides = [tensor_view(view, half, height) for view in views[:2]]
    return _beside(sides, half)


def _beside(sides: Sequence[list[Text]], half: int) -> list[Text]:
    left, right = sides
    lines: list[Text] = []
    for k in range(max(len(left), len(right))):
        line = Text(no_wrap=True)
        if k < len(left):
            line.append_text(left[k])
        if k < len(right):
            line.pad_right(half + GAP - line.cell_len)
            line.append_text(right[k])
        lines.append(line)
    return lines


def views_of(session: Session) -> list[View]:
    """The tensors that the last step was about: forward what was read and what came of it, backward
    the gradient from above and what it adds up to below; before the first step what that will
    read."""
    if not session.level.has_tensors:
        return []
    if session.level.opened is not None:
        return window_views(session.level.opened, session.record)
    record, journal, known = session.record, session.journal, session.known
    gate = session.focus if record is None else record.gate
    if not session.level.shows(gate):
        return []

    def view(
        name: str, reading: Reading | None, node: Node, style: str, index: Index | None = None
    ) -> View:
        return View(name, reading, session.element(node) if index is None else index, style)

    if isinstance(record, Backward):
        source = record.wire.source
        index = session.sent_element(record)
        same = index if gate.op.elementwise else None
        above = view(slope_of(journal, gate), known.gradients.get(gate), gate, GRADIENT, same)
        sent, read = record.contribution.node, record.upstream.node
        if read in sent.inputs:
            above = _with_window(session, sent, index, sent.inputs.index(read), above)
        name = slope_of(journal, source)
        below = view(name, known.gradients.get(source), source, GRADIENT, index)
        return [above, below]
    found = view(called(journal, gate), known.values.get(gate), gate, VALUE)
    if isinstance(record, Start):
        return [found, view(slope_of(journal, gate), record.gradient, gate, GRADIENT)]
    first = gate.inputs[0]
    if record is None:  # what the first step will read
        return [view(called(journal, first), known.values.get(first), first, VALUE)]
    same = session.element(gate) if first.shape == gate.shape and gate.op.elementwise else None
    read = view(called(journal, first), known.values.get(first), first, VALUE, same)
    return [_with_window(session, gate, session.element(gate), 0, read), found]


def _with_window(session: Session, gate: Node, index: Index, position: int, view: View) -> View:
    """An input of a gate, with what an element of the output read of it marked."""
    x, memory = gate.inputs[position], session.journal.memory
    if gate.op.elementwise or x.type.size < 2 or sum(x.type.size for x in gate.inputs) > SMALL:
        return view
    arrays = [memory.array(x) for x in gate.inputs]
    window = reads(gate, index, arrays).get(position)
    if window is None or not 0 < len(window) < x.type.size:
        return view
    middle = index_of(window.flat[len(window) // 2], x.shape)
    return marked(view, middle, window)
