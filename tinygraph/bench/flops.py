"""Counting multiply-adds from equations, as published figures count them."""

from __future__ import annotations

import math

from tinygraph.graph import Graph, Node, is_leaf
from tinygraph.loops.expr import Read
from tinygraph.loops.index import Axis
from tinygraph.lowering.equation import contraction
from tinygraph.lowering.regions import piece_of


def contraction_flops(graph: Graph) -> int:
    """Two for each multiply-add of a sum of products: convolutions and matrix products with their
    gradients.

    What else a graph does counts nothing: pooling, activations, the optimizer.
    """
    return sum(2 * multiply_adds(node) for node in graph.nodes() if not is_leaf(node))


def multiply_adds(node: Node) -> int:
    """Of a gate that is a sum of products of two operands; 0 for any other.

    A convolution counts its zero padding, and its data gradient counts the same although it adds
    zeros at other places: so the smaller of two counts is taken, one by the elements of the output,
    one by those of the operands.
    """
    piece = piece_of(node)
    found = contraction(piece.expr)
    if found is None:
        return 0
    whole, x, y = found
    by_output = node.type.size * math.prod(axis.extent for axis in whole.over)
    return min(by_output, _by_operands(x, y))


def _by_operands(x: Read, y: Read) -> int:
    """How many products there are if each element of one operand meets each of the other that
    differs from it in no common axis."""
    axes: set[Axis] = set()
    count = 1
    for r in (x, y):
        for index, extent in zip(r.indices, r.shape):
            axis = _plain(index.terms)
            if axis is not None:
                axes.add(axis)
            else:
                count *= extent
    return count * math.prod(axis.extent for axis in axes)


def _plain(terms: tuple) -> Axis | None:
    """The axis that an index is, if it is no more than that."""
    if len(terms) == 1 and isinstance(terms[0][0], Axis) and terms[0][1] == 1:
        return terms[0][0]
    return None
