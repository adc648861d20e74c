"""A traced function with its inputs filled in: the same graph, with a value at every leaf."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygraph.compile import Traced, trace_function
from tinygraph.compile.signature import flatten
from tinygraph.grad import Differentiated, Sent, noticed_gradients
from tinygraph.graph import Leaf, Node, Storage, topological


@dataclass(frozen=True, eq=False)
class Filled:
    """One call of a function as a graph that holds all its numbers. Nothing is assigned."""

    results: tuple[Node, ...]
    """What the function returns, in order."""
    updates: dict[Node, Node]
    """For each new value the parameter's node it is for, as it was before the call."""
    taken: tuple[Differentiated, ...]
    """The gradients that the function itself took."""

    @property
    def outputs(self) -> tuple[Node, ...]:
        """Results and new values; then what is assigned to and nothing reads."""
        found = tuple(dict.fromkeys([*self.results, *self.updates]))
        read = {*topological(found)}
        return (*found, *(node for node in self.updates.values() if node not in read))


def filled(fn: Callable[..., Any], args: tuple[Any, ...], name: str) -> Filled:
    """`fn(*args)` with the parameters' current values."""
    with noticed_gradients() as taken:
        traced = trace_function(fn, args, {}, name)
    arrays: list[np.ndarray] = []
    flatten(args, arrays)
    for check in traced.checks:
        check(arrays)
    becomes = _values(traced, arrays)
    bound = dict(zip(traced.parameters, traced.graph.inputs[len(arrays) :]))
    count = len(traced.graph.outputs) - len(traced.updated)
    outputs = traced.graph.outputs
    _rebuild([*outputs, *(node for each in taken for node in _nodes(each))], becomes)
    new: dict[Node, Node] = {}
    for value, parameter in zip(outputs[count:], traced.updated, strict=True):
        old = becomes[bound[parameter]] if parameter in bound else parameter.node
        new.setdefault(becomes[value], old)  # one that is only written is no input
    return Filled(
        tuple([becomes[node] for node in outputs[:count]]),
        new,
        tuple([_moved(each, becomes) for each in taken]),
    )


def _values(traced: Traced, arrays: Sequence[np.ndarray]) -> dict[Node, Node]:
    """A leaf for each placeholder."""
    inputs = traced.graph.inputs
    leaves = [_leaf(node, array.copy()) for node, array in zip(inputs, arrays)]
    leaves += [parameter.node for parameter in traced.parameters]
    return dict(zip(inputs, leaves))  # what was captured are leaves already


def _leaf(node: Node, array: np.ndarray) -> Node:
    return Node(Leaf(Storage(array)), (), node.type, node.origin, node.name)


def _rebuild(wanted: Sequence[Node], becomes: dict[Node, Node]) -> None:
    for node in topological(wanted):
        if node in becomes:
            continue
        inputs = tuple([becomes[x] for x in node.inputs])
        same = all(a is b for a, b in zip(inputs, node.inputs))
        becomes[node] = node if same else Node(node.op, inputs, node.type, node.origin, node.name)


def _nodes(taken: Differentiated) -> list[Node]:
    sent = [node for s in taken.sent for node in (s.gate, s.upstream, s.part, s.total)]
    return [taken.y, taken.upstream, *sent]


def _moved(taken: Differentiated, becomes: Mapping[Node, Node]) -> Differentiated:
    sent = [
        Sent(becomes[s.gate], s.position, *(becomes[x] for x in (s.upstream, s.part, s.total)))
        for s in taken.sent
    ]
    return Differentiated(becomes[taken.y], becomes[taken.upstream], sent)
