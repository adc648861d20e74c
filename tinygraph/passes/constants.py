"""Folding: what does not depend on any input is computed now.

The result must be one number everywhere, since that is what a graph can hold without storing an
array. Parameters and captured tensors are inputs, no constants.
"""

from __future__ import annotations

import numpy as np

from tinygraph.graph import Node, is_leaf
from tinygraph.loops.expr import Operand, Read
from tinygraph.loops.index import Axis
from tinygraph.ops.base import Full
from tinygraph.passes.exact import exact
from tinygraph.passes.rewrite import instead, rule

MOST_ELEMENTS = 1024
"""Of what is computed while compiling; a larger constant stays a gate."""


@rule("element by element, a gate of constants is a constant")
def elementwise(node: Node) -> Node | None:
    if not (node.inputs and node.op.elementwise and all(_is_full(x) for x in node.inputs)):
        return None
    one = (1,) * node.ndim  # all elements are equal, so one is enough
    return _constant(node, [_array(x, one) for x in node.inputs])


@rule("the elements of a constant, moved, are that constant")
def moved(node: Node) -> Node | None:
    match node.inputs:
        case (Node(op=Full(value=value)) as x,) if _only_reads(node, x, value):
            return instead(node, Full(value, node.type))
    return None


def _only_reads(node: Node, x: Node, value: float) -> bool:
    """Is each element of `node` one of x, or else also `value`? Its equation says so."""
    axes = tuple(Axis("i", extent) for extent in node.shape)
    try:
        element = node.op.equation(axes, Operand(x, x.shape, x.dtype))
    except NotImplementedError:
        return False
    if not isinstance(element, Read):
        return False
    outside = element.outside
    return outside is None or exact(float(outside)) == exact(float(value))


@rule("a small result of constants is computed now, if it is one number")
def small(node: Node) -> Node | None:
    if not node.inputs or not all(_is_constant(x) for x in node.inputs):
        return None
    if node.type.size + sum(x.type.size for x in node.inputs) > MOST_ELEMENTS:
        return None
    return _constant(node, [_array(x, x.shape) for x in node.inputs])


def _is_full(x: Node) -> bool:
    return isinstance(x.op, Full)


def _is_constant(x: Node) -> bool:
    return not x.inputs and not is_leaf(x)


def _array(x: Node, shape: tuple[int, ...]) -> np.ndarray:
    if isinstance(x.op, Full):
        return Full(x.op.value, x.type.with_shape(shape)).evaluate()
    return x.op.evaluate()


def _constant(node: Node, inputs: list[np.ndarray]) -> Node | None:
    """The gate's value for these inputs, if that is the same number everywhere."""
    with np.errstate(all="ignore"):
        values = np.asarray(node.op.evaluate(*inputs)).ravel()
    if not values.size:
        return None
    bits = values.view(np.dtype(f"u{values.itemsize}"))
    if not ((bits == bits[0]).all() or np.isnan(values).all()):
        return None
    return instead(node, Full(values[0].item(), node.type))


RULES = (elementwise, moved, small)
