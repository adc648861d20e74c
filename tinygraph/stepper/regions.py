"""Which gates of a run one compiled kernel computes together."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from tinygraph.graph import Graph, Node, is_leaf, topological
from tinygraph.journal import Backward, Journal
from tinygraph.lowering.regions import regions
from tinygraph.passes import trace_passes

_known: WeakKeyDictionary[Journal, dict[Node, frozenset[Node]]] = WeakKeyDictionary()


def regions_of(journal: Journal) -> dict[Node, frozenset[Node]]:
    """For each gate the gates of its kernel, if the run and its gradients are compiled as one.

    A gate that the passes leave nothing of is in none. As on the way to the llvm backend.
    """
    if journal not in _known:
        _known[journal] = _found(journal)
    return _known[journal]


def _found(journal: Journal) -> dict[Node, frozenset[Node]]:
    totals = {r.wire.source: r.total.node for r in journal if isinstance(r, Backward)}
    results = [total for source, total in totals.items() if is_leaf(source)]
    outputs = tuple(dict.fromkeys([*journal.outputs, *results]))
    leaves = tuple(node for node in topological(outputs) if is_leaf(node))
    becomes = {node: node for node in journal.order}
    graph = Graph(leaves, outputs)
    for applied in trace_passes(graph):
        becomes = {
            node: applied.becomes[now] for node, now in becomes.items() if now in applied.becomes
        }
        graph = applied.after
    kernels = {
        node: number for number, kernel in enumerate(regions(graph)[0]) for node in kernel.nodes
    }
    members: dict[int, list[Node]] = {}
    for node, now in becomes.items():
        if node.inputs and now in kernels:
            members.setdefault(kernels[now], []).append(node)
    return {
        node: gates
        for several in members.values()
        for gates in [frozenset(several)]
        for node in several
    }
