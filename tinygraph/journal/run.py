"""Running a graph forward and backward in one walk, and writing down what happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinygraph.errors import GradientError
from tinygraph.grad import Sent, gradients
from tinygraph.graph import Graph, Node, backward_of, is_leaf, topological
from tinygraph.journal.memory import Memory, Progress
from tinygraph.journal.recording import Journal
from tinygraph.journal.records import Wire
from tinygraph.ops import full
from tinygraph.tensor import Tensor, node_of

KEEP = 160_000_000
"""Bytes of numbers that a journal holds unless told otherwise."""


def journal(y: Tensor, gradients: Any = True, *, keep: int = KEEP) -> Journal:
    """Runs the graph of y and records it: each gate's value, then the gradients over each wire.

    For a y with several elements `gradients` is an array: what comes in for each element.
    `gradients=False` records the forward pass only. Up to `keep` bytes of numbers are held in
    memory; what is beyond is computed again when it is asked for.
    """
    node = node_of(y)
    upstream = None if gradients is False else upstream_of(node, gradients)
    return recorded([node], upstream, keep=keep)


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
    keep: int = KEEP,
    given: Mapping[Node, np.ndarray] | None = None,
    on_progress: Progress | None = None,
) -> Journal:
    """The journal of several outputs; backward from the first, where its `upstream` is given.

    Values `given` for nodes stand instead of what they hold or compute.
    """
    order = longest_first(outputs)
    memory = Memory(keep, given)
    names = Graph((), tuple(outputs)).names()
    result = Journal(tuple(outputs), order, {node: names[node] for node in order}, memory)
    sent: list[Sent] = []
    if upstream is not None:
        gradients(outputs[0], differentiable(order), upstream, sent.append)
    steps = [node for s in sent for node in (s.part, s.total)]
    wanted = [*outputs, *([] if upstream is None else [upstream]), *steps]
    memory.walk(wanted, {*order, *wanted}, on_progress)
    for node in order:
        if node.inputs:
            result.forward(node)
    if upstream is not None:
        result.start(outputs[0], upstream)
    for s in sent:
        result.backward(Wire(s.gate, s.position), s.upstream, s.part, s.total)
    return result


def longest_first(outputs: Sequence[Node]) -> list[Node]:
    """All that the outputs need, each after its inputs; of two inputs the longer way comes first.

    So a run begins where the data enters, not with what is made of the labels, and goes through a
    block before its shortcut.
    """
    order = topological(outputs)
    depth: dict[Node, int] = {}
    for node in order:
        depth[node] = 1 + max((depth[x] for x in node.inputs), default=0)
    seen: set[Node] = set()
    result: list[Node] = []
    stack = [(node, False) for node in reversed(outputs)]
    while stack:
        node, done = stack.pop()
        if done:
            result.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            last = list(reversed(node.inputs))
            last.sort(key=depth.__getitem__)  # of equal ones the first stays on top
            stack += [(x, False) for x in last]
    return result


def differentiable(order: Sequence[Node]) -> list[Node]:
    """The nodes of a topological order that have a gradient: floats that a leaf leads to."""
    depends: set[Node] = set()
    for node in order:
        if is_leaf(node) or any(source in depends for source in node.inputs):
            depends.add(node)
    return [node for node in order if node in depends and node.dtype.is_float]
