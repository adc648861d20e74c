"""Losses of random graphs made of the ops in the registry."""

from __future__ import annotations

import numpy as np

import tinygraph as tg
from tinygraph.grad import gradients
from tinygraph.graph import Node, leaf, make
from tinygraph.tensor import wrap
from tinygraph.testing import random_graph


def random_loss(
    seed: int, gates: int, order: int = 1, special: float = 0.0
) -> tuple[tg.Tensor, list[tg.Tensor]]:
    """A scalar and the leaves it depends on that are floats; of order 2 one made of gradients."""
    drawn = random_graph(seed, gates, special=special, backward=False)
    leaves = [leaf(array, f"x{k}") for k, array in enumerate(drawn.arrays)]
    becomes: dict[Node, Node] = dict(zip(drawn.graph.inputs, leaves, strict=True))
    for node in drawn.graph.nodes():
        if node not in becomes:
            becomes[node] = make(node.op, *(becomes[x] for x in node.inputs))
    xs = [node for node in leaves if node.dtype.is_float]
    y = _weighted([becomes[x] for x in drawn.graph.outputs])
    for _ in range(order - 1):
        y = _weighted([g for g in gradients(y.node, xs) if g is not None])
    return y, [wrap(x) for x in xs]


def _weighted(nodes: list[Node]) -> tg.Tensor:
    """All floats times weights, summed."""
    rng = np.random.default_rng(len(nodes))
    total = tg.tensor(0.0, dtype="float64")
    for node in nodes:
        if node.dtype.is_float:
            total = total + (wrap(node).astype("float64") * rng.normal(size=node.shape)).sum()
    return total
