"""Activations."""

from __future__ import annotations

from typing import Any

from tinygraph import ops
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here
from tinygraph.functional.reduce import max, one_axis
from tinygraph.functional.shape import reshape
from tinygraph.graph import Node, scope
from tinygraph.ops import broadcast, gt, minimum, reduce_max, reduce_sum, where
from tinygraph.tensor import Tensor, as_tensor, node_of, wrap


def relu(x: Any) -> Tensor:
    """max(x, 0); NaN stays NaN, and the gradient at 0 is 0."""
    return wrap(ops.relu(node_of(x)))


def sigmoid(x: Any) -> Tensor:
    """1 / (1 + exp(-x)), without overflow."""
    return wrap(ops.sigmoid(node_of(x)))


def leaky_relu(x: Any, slope: float = 0.2) -> Tensor:
    """x where x > 0, else slope * x."""
    node = node_of(x)
    with scope("leaky_relu"):
        return wrap(where(gt(node, 0), node, node * slope))


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else alpha * (exp(x) - 1)."""
    node = node_of(x)
    with scope(
        "elu"
    ):  # exp of what is not chosen could overflow, and infinity * 0 spoil the gradient
        below = (ops.exp(minimum(node, 0)) - 1) * alpha
        return wrap(where(gt(node, 0), node, below))


def softmax(x: Any, axis: int = -1) -> Tensor:
    """exp(x) over its sum along `axis`."""
    node = node_of(x)
    axes = one_axis("softmax", axis, node)
    with scope("softmax"):
        powers = ops.exp(from_top(node, axes))
        return wrap(powers / broadcast(reduce_sum(powers, axes), node.shape, axes))


def log_softmax(x: Any, axis: int = -1) -> Tensor:
    """The logarithm of softmax, exact where that is tiny."""
    node = node_of(x)
    axes = one_axis("log_softmax", axis, node)
    with scope("log_softmax"):
        low = from_top(node, axes)
        total = ops.log(reduce_sum(ops.exp(low), axes))
        return wrap(low - broadcast(total, node.shape, axes))


def from_top(x: Node, axes: tuple[int, ...]) -> Node:
    """x - max(x), so that exp cannot overflow.

    What is taken off cancels out, so it needs no gradient.
    """
    return x - broadcast(ops.detach(reduce_max(x, axes)), x.shape, axes)


def maxout(x: Any, pieces: int) -> Tensor:
    """The largest of each `pieces` neighbouring channels of the last axis."""
    x = as_tensor(x)
    channels = x.shape[-1] if x.ndim else 0
    if pieces < 1 or not channels or channels % pieces:
        raise ShapeError(f"maxout needs a last axis that {pieces} divides, got {x.type}{here()}")
    with scope("maxout"):
        return max(reshape(x, (*x.shape[:-1], channels // pieces, pieces)), -1)
