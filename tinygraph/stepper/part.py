"""A part of a graph as a graph of its own: what comes in from outside is an input."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tinygraph.graph import Node, Placeholder, is_leaf
from tinygraph.journal import Journal, Known, Reading, Wire


@dataclass(frozen=True)
class Part:
    """The new nodes for the old ones; `outputs` are the gates that others read, or nobody."""

    outputs: tuple[Node, ...]
    becomes: dict[Node, Node]
    names: dict[Node, str]
    """What the new nodes are called: as the old."""

    def known(self, known: Known) -> Known:
        """The numbers of the old nodes and wires, at the new."""
        values, gradients = known.values, known.gradients
        contributions: dict[Wire, Reading] = {}
        for old, new in self.becomes.items():
            for k in range(len(new.inputs)):
                reading = known.contributions.get(Wire(old, k))
                if reading is not None:
                    contributions[Wire(new, k)] = reading
        return Known(
            {new: values[old] for old, new in self.becomes.items() if old in values},
            {new: gradients[old] for old, new in self.becomes.items() if old in gradients},
            contributions,
        )


def part_of(journal: Journal, gates: Collection[Node]) -> Part:
    """The part of a journal's graph that is made of `gates`."""
    becomes: dict[Node, Node] = {}
    outside: list[Node] = []
    order = dict.fromkeys([*journal.order, *gates])  # a gate of the gradients has no place there
    for gate in order:
        if gate not in gates or not gate.inputs:
            continue
        for source in gate.inputs:
            if source not in becomes:
                outside.append(source)
                becomes[source] = _input(source, len(outside) - 1, journal.names[source])
        inputs = tuple([becomes[source] for source in gate.inputs])
        becomes[gate] = Node(gate.op, inputs, gate.type, gate.origin, journal.names[gate])
    read = {x for node in order if node not in gates for x in node.inputs}
    inner = {x for node in order if node in gates for x in node.inputs}
    last = [
        node
        for node in order
        if node in gates and (node in read or node in journal.outputs or node not in inner)
    ]
    names = {new: journal.names[old] for old, new in becomes.items()}
    return Part(tuple(becomes[node] for node in last), becomes, names)


def _input(source: Node, position: int, name: str) -> Node:
    if not source.inputs and not is_leaf(source):
        return source  # a constant
    return Node(Placeholder(position), (), source.type, source.origin, name)
