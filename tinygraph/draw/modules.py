"""Which module each node is in.

A scope that is entered again elsewhere is another instance of the module: its gates are no part of
the first one's box. What hangs together is one instance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinygraph.graph import BoundParameter, Node, is_leaf
from tinygraph.tensor.handle import owners

DEPTH = 12
"""Modules nested deeper than this count as part of the one they are in."""


@dataclass(eq=False)
class Module:
    """One instance of a scope."""

    name: str
    depth: int
    backward: bool


Place = tuple[Module, ...]
"""The modules that something is in, outermost first."""


def places(order: Sequence[Node]) -> dict[Node, Place]:
    """The place of each node of a topological order."""
    gates = [node for node in order if node.inputs]
    paths = {node: _path(node) for node in gates}
    found: dict[Node, Place] = dict.fromkeys(gates, ())
    for depth in range(1, max(map(len, paths.values()), default=0) + 1):
        for node, module in _instances(gates, paths, depth).items():
            found[node] = (*found[node], module)
    found.update(_sources(order, found))
    return found


def common(several: Sequence[Place]) -> Place:
    """The modules that all the places are in."""
    first = several[0]
    for k, module in enumerate(first):
        if any(len(place) <= k or place[k] is not module for place in several):
            return first[:k]
    return first


def is_parameter(node: Node) -> bool:
    """Whether it is a version of a parameter."""
    return node in owners or isinstance(node.op, BoundParameter)


Path = tuple[str, ...]
BACKWARD = "\0"
"""Ends the scopes of a gradient's gates in a path: they are modules of their own."""


def _path(node: Node) -> Path:
    """Its scopes, outermost first."""
    if node.origin is None:
        return ()
    scopes = node.origin.scope[:DEPTH]
    return tuple(s + BACKWARD for s in scopes) if node.origin.backward else scopes


def _is_backward(path: Path) -> bool:
    return path[-1].endswith(BACKWARD)


def _instances(gates: Sequence[Node], paths: dict[Node, Path], depth: int) -> dict[Node, Module]:
    """The module at `depth` of each gate that is so deep: one for all that hang together."""
    deep = [node for node in gates if len(paths[node]) >= depth]
    root = {node: node for node in deep}

    def find(node: Node) -> Node:
        while root[node] is not node:
            root[node] = node = root[root[node]]
        return node

    readers: dict[tuple[Node, Path], Node] = {}
    for node in deep:
        here = paths[node][:depth]
        for source in node.inputs:
            if source in root and paths[source][:depth] == here:
                root[find(node)] = find(source)
            elif source in paths and _is_backward(here):
                # The gradients that a module sends to its inputs all start from its output's.
                root[find(node)] = find(readers.setdefault((source, here), node))
    modules: dict[Node, Module] = {}
    found: dict[Node, Module] = {}
    for node in deep:
        top = find(node)
        if top not in modules:
            path = paths[node][:depth]
            modules[top] = Module(path[-1].removesuffix(BACKWARD), depth, _is_backward(path))
        found[node] = modules[top]
    return found


def _sources(order: Sequence[Node], gates: dict[Node, Place]) -> dict[Node, Place]:
    """Parameters and constants are in the modules that read them, data is in none.

    What the gradients read besides does not count.
    """
    readers: dict[Node, list[Node]] = {node: [] for node in order if not node.inputs}
    for gate in gates:
        for source in gate.inputs:
            if source in readers:
                readers[source].append(gate)
    found: dict[Node, Place] = {}
    for source, several in readers.items():
        forward = [gate for gate in several if not (gate.origin and gate.origin.backward)]
        data = is_leaf(source) and not is_parameter(source)
        around = [gates[gate] for gate in forward or several]
        found[source] = () if data or not around else common(around)
    return found
