"""Journals of random graphs made of the ops in the registry, for the tests of the stepper."""

from __future__ import annotations

import numpy as np

import tinygraph as tg
from tinygraph.grad import gradients
from tinygraph.graph import Node, leaf, make
from tinygraph.journal import Journal
from tinygraph.tensor import node_of, wrap
from tinygraph.testing import random_graph


def of_random_graph(seed: int, gates: int, order: int = 1, special: float = 0) -> Journal:
    """The journal of a scalar of a random graph; for order 2 of one of its gradients."""
    graph = random_graph(seed, gates, special=special, backward=False)
    leaves = [leaf(a, f"x{k}") for k, a in enumerate(graph.arrays)]
    becomes: dict[Node, Node] = dict(zip(graph.graph.inputs, leaves, strict=True))
    for node in graph.graph.nodes():
        if node not in becomes:
            becomes[node] = make(node.op, *(becomes[x] for x in node.inputs))
    outputs = [becomes[x] for x in graph.graph.outputs]
    y = _scalar([node for node in outputs if node.dtype.is_float])
    for _ in range(order - 1):
        found = gradients(y, [x for x in leaves if x.dtype.is_float])
        y = _scalar([g for g in found if g is not None])
    return tg.journal(wrap(y))


def _scalar(nodes: list[Node]) -> Node:
    """The elements of all times weights, summed."""
    rng = np.random.default_rng(len(nodes))
    total = tg.tensor(0.0, dtype="float64")
    for node in nodes:
        total = total + (wrap(node).astype("float64") * rng.normal(size=node.shape)).sum()
    return node_of(total)


def named(journal: Journal) -> dict[str, Node]:
    """The nodes of a journal by their names."""
    return {name: node for node, name in journal.names.items()}
