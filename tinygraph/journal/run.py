"""Running a graph forward and backward in one walk, and writing down what happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygraph.errors import GradientError
from tinygraph.evaluate import evaluate
from tinygraph.grad import Sent, gradients
from tinygraph.graph import Graph, Node, backward_of, is_leaf, topological
from tinygraph.journal.readings import ALWAYS, Reading, Summary
from tinygraph.journal.records import Backward, Forward, Journal, Record, Start, Wire
from tinygraph.ops import full
from tinygraph.tensor import Tensor, node_of

KEEP = 200_000_000
"""Bytes of numbers that a journal keeps whole unless told otherwise."""


def journal(y: Tensor, gradients: Any = True, *, local: bool = True, keep: int = KEEP) -> Journal:
    """Runs the graph of y and records it: each gate's value, then the gradients over each wire.

    For a y with several elements `gradients` is an array: what comes in for each element.
    `gradients=False` records the forward pass only, `local=False` no local derivatives. Numbers
    are kept whole up to `keep` bytes in all, beyond that as summaries.
    """
    node = node_of(y)
    upstream = None if gradients is False else upstream_of(node, gradients)
    return recorded([node], upstream, local=local, keep=keep)


def upstream_of(y: Node, gradients: Any) -> Node:
    """What comes in from above for y: ones, or the array that was given."""
    if not y.dtype.is_float:
        raise GradientError(f"only floats have gradients, and y is {y.type}; say gradients=False")
    if gradients is not True:
        given = node_of(gradients, beside=y)
        if given.type != y.type:
            raise GradientError(f"gradients= must be {y.type} like y, got {given.type}")
        return given
    if y.type.size != 1:
        raise GradientError(
            f"the gradient of {y.type} needs gradients=ARRAY, what comes in for each element; "
            "or make one number of it first, as in y.sum(); or say gradients=False"
        )
    with backward_of(y):
        return full(1.0, y)


def recorded(
    outputs: Sequence[Node],
    upstream: Node | None = None,
    *,
    local: bool = False,
    keep: int = KEEP,
) -> Journal:
    """The journal of several outputs; backward from the first, where its `upstream` is given."""
    order = topological(outputs)
    result = Journal(tuple(outputs), Graph((), tuple(outputs)).names())
    sent: list[Sent] = []
    if upstream is not None:
        gradients(outputs[0], differentiable(order), upstream, sent.append)
    slopes = _slopes(sent) if local else {}
    steps = [node for s in sent for node in (s.part, s.total)]
    start = [] if upstream is None else [upstream]
    wanted = [*outputs, *start, *slopes.values(), *steps]
    seen = _read(wanted, {*order, *wanted}, keep)
    _write(result, order, outputs[0], upstream, sent, slopes, seen)
    return result


def differentiable(order: Sequence[Node]) -> list[Node]:
    """The nodes of a topological order that have a gradient: floats that a leaf leads to."""
    depends: set[Node] = set()
    for node in order:
        if is_leaf(node) or any(source in depends for source in node.inputs):
            depends.add(node)
    return [node for node in order if node in depends and node.dtype.is_float]


def _slopes(sent: Sequence[Sent]) -> dict[tuple[Node, int], Node]:
    """The local derivative for each wire of the gates that work element by element."""
    found: dict[tuple[Node, int], Node] = {}
    for gate in dict.fromkeys(s.gate for s in sent if s.gate.op.elementwise):
        with backward_of(gate):
            parts = gate.op.vjp(full(1.0, gate), gate, *gate.inputs)
        found.update({(gate, k): part for k, part in enumerate(parts) if part is not None})
    return found


def _read(wanted: Sequence[Node], watched: set[Node], keep: int) -> dict[Node, Reading]:
    """The numbers at the watched nodes, from one walk."""
    seen: dict[Node, Reading] = {}
    left = keep

    def watch(node: Node, array: np.ndarray) -> None:
        nonlocal left
        if node not in watched:
            return
        whole = array.size <= ALWAYS or array.nbytes <= left
        if whole and array.size > ALWAYS:
            left -= array.nbytes
        seen[node] = Reading(array) if whole else Reading(None, Summary.of(array))

    evaluate(wanted, watch=watch)
    return seen


def _write(
    result: Journal,
    order: Sequence[Node],
    y: Node,
    upstream: Node | None,
    sent: Sequence[Sent],
    slopes: dict[tuple[Node, int], Node],
    seen: dict[Node, Reading],
) -> None:
    def add(kind: Callable[..., Record], *fields: Any) -> None:
        result.records.append(kind(len(result.records), *fields))

    for node in order:
        result.values[node] = seen[node]
        if node.inputs:
            add(Forward, node, seen[node])
    if upstream is None:
        return
    result.gradients[y] = seen[upstream]
    add(Start, y, seen[upstream])
    for s in sent:
        wire = Wire(s.gate, s.position)
        slope = slopes.get((s.gate, s.position))
        part, total = seen[s.part], seen[s.total]
        add(Backward, wire, slope and seen[slope], seen[s.upstream], part, total)
        result.contributions[wire] = part
        result.gradients[wire.source] = total
