"""A journal's gates as graphs that a backend can be given: one after the other, each of some size.

A segment's inputs are leaves, and gates of the segments before it, with NumPy's values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from tinygraph.graph import Graph, Node, Placeholder, is_leaf, topological
from tinygraph.journal.recording import Journal
from tinygraph.journal.records import Backward, Forward, Record, Start


@dataclass(frozen=True)
class Segment:
    """Some of the gates as a graph of their own, their names written into it."""

    graph: Graph
    inputs: list[Node]
    """The journal's nodes whose values the graph's inputs have."""
    outputs: list[Node]
    """The journal's nodes that the graph's outputs are."""
    gates: int
    """How many of the journal's gates are done with this segment."""


def shown(record: Record) -> list[Node]:
    """The nodes that a record computes: a value; a contribution and the sum so far."""
    match record:
        case Forward(value=value):
            return [value.node]
        case Start(gradient=gradient):
            return [gradient.node]
        case Backward(contribution=contribution, total=total):
            return [contribution.node, total.node]


def segments(journal: Journal, nbytes: int) -> Iterator[Segment]:
    """Everything that the journal's records compute, in stretches of about `nbytes` of numbers."""
    given = journal.memory.given
    wanted = dict.fromkeys(node for record in journal for node in shown(record))
    outputs = {node for node in wanted if not is_leaf(node) and node not in given}
    names = _names(journal)
    stretch: list[Node] = []
    size = done = 0
    for node in topological([*journal.order, *wanted], given):
        done += 1
        if is_leaf(node) or node in given:
            continue
        if stretch and size + node.type.nbytes > nbytes:
            yield _segment(stretch, outputs, given, names, done - 1)
            stretch, size = [], 0
        stretch.append(node)
        size += node.type.nbytes
    yield _segment(stretch, outputs, given, names, done)


def _segment(
    stretch: Sequence[Node],
    wanted: Set[Node],
    given: Set[Node],
    names: Mapping[Node, str],
    gates: int,
) -> Segment:
    inputs: dict[Node, Node] = {}
    becomes: dict[Node, Node] = {}
    for node in stretch:
        for source in node.inputs:
            if source in becomes or source in inputs:
                continue
            if source.inputs or is_leaf(source) or source in given:
                op = Placeholder(len(inputs))
                inputs[source] = Node(op, (), source.type, source.origin, names.get(source))
            else:  # a constant is made again
                becomes[source] = source
        sources = tuple(becomes.get(x) or inputs[x] for x in node.inputs)
        becomes[node] = Node(node.op, sources, node.type, node.origin, names.get(node))
    outputs = [node for node in stretch if node in wanted]
    needed = {*topological(becomes[node] for node in outputs)}
    used = [node for node, stands in inputs.items() if stands in needed]
    graph = Graph(tuple(inputs[x] for x in used), tuple(becomes[x] for x in outputs), "segment")
    return Segment(graph.named(), used, outputs, gates)


def _names(journal: Journal) -> dict[Node, str]:
    """The journal's names, and names for the gates of its gradients."""
    names = dict(journal.names)
    for record in journal:
        if isinstance(record, Backward):
            source, gate = journal.names[record.wire.source], journal.names[record.gate]
            names.setdefault(record.contribution.node, f"d{source}_over_{gate}")
            names.setdefault(record.total.node, f"d{source}")
        elif isinstance(record, Start):
            names.setdefault(record.gradient.node, f"d{journal.names[record.gate]}")
    return names
