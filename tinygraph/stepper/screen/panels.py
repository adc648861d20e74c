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

GAP = 3

SMALL = 1_000_000
"""Elements of a gate's inputs up to which the window of the shown element is marked."""


def tensor_panel(session: Session, width: int, height: int) -> list[Text]:
    """The tensors that the last step was about, in at most `height` lines: forward what was read
    and what came of it, backward the gradient from above and what it adds up to below."""
    views = _views(session)
    if height < 1:
        return []
    if session.level.opened is not None and 2 < height < 12 and width < BESIDE:
        views = views[:1]  # one picture that says something
    if height < 6:
        return [line for view in views for line in tensor_view(view, width, 1)][:height]
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


def _views(session: Session) -> list[View]:
    if session.level.opened is not None:
        return window_views(session.level.opened, session.record)
    record, journal, known = session.record, session.journal, session.known
    if record is None or not session.level.shows(record.gate):
        return []
    gate = record.gate

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
