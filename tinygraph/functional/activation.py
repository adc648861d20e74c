"""Activations."""

from __future__ import annotations

import math
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
    """x where x > 0, else slope * x. The default is Keras's; the lectures use 0.1."""
    node = node_of(x)
    with scope("leaky_relu"):
        return wrap(where(gt(node, 0), node, node * slope))


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else alpha * (exp(x) - 1)."""
    node = node_of(x)
    with scope("elu"):
        return wrap(_elu(node, alpha))


def selu(x: Any) -> Tensor:
    """1.0507 * elu(x, 1.6733), which keeps mean 0 and variance 1 (Klambauer et al., 2017)."""
    node = node_of(x)
    with scope("selu"):
        return wrap(_elu(node, 1.6732632423543772) * 1.0507009873554805)


def _elu(x: Node, alpha: float) -> Node:
    # exp of what is not chosen could overflow, and infinity * 0 spoil the gradient
    below = (ops.exp(minimum(x, 0)) - 1) * alpha
    return where(gt(x, 0), x, below)


def softplus(x: Any) -> Tensor:
    """log(1 + exp(x)), without overflow; its slope is sigmoid(x)."""
    node = node_of(x)
    with scope("softplus"):
        return wrap(_softplus(node))


def _softplus(x: Node) -> Node:
    # detached, |x| = x * sign(x) has its slope everywhere, also at 0: half of what comes
    size = ops.absolute(x)
    return ops.log(ops.exp(-size) + 1) + (x + size) / 2


def softsign(x: Any) -> Tensor:
    """x / (1 + |x|)"""
    node = node_of(x)
    with scope("softsign"):
        return wrap(node / (ops.absolute(node) + 1))


def silu(x: Any) -> Tensor:
    """x * sigmoid(x), also called swish."""
    node = node_of(x)
    with scope("silu"):
        return wrap(node * ops.sigmoid(node))


swish = silu


def mish(x: Any) -> Tensor:
    """x * tanh(softplus(x))"""
    node = node_of(x)
    with scope("mish"):
        return wrap(node * ops.tanh(_softplus(node)))


def gelu(x: Any, approximate: bool = False) -> Tensor:
    """x times the chance that a standard normal number is below x (Hendrycks and Gimpel, 2016).

    With `approximate`, x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x**3))) of the same paper.
    """
    node = node_of(x)
    with scope("gelu"):
        if approximate:
            inner = (node + node**3 * 0.044715) * math.sqrt(2 / math.pi)
            return wrap(node * (ops.tanh(inner) + 1) / 2)
        return wrap(node * (ops.erf(node * math.sqrt(0.5)) + 1) / 2)


def relu6(x: Any) -> Tensor:
    """min(max(x, 0), 6)"""
    node = node_of(x)
    with scope("relu6"):
        return wrap(_relu6(node))


def _relu6(x: Node) -> Node:
    return minimum(ops.relu(x), 6)


def hard_sigmoid(x: Any) -> Tensor:
    """min(max(x + 3, 0), 6) / 6: straight lines close to sigmoid(x)."""
    node = node_of(x)
    with scope("hard_sigmoid"):
        return wrap(_relu6(node + 3) / 6)


def hard_silu(x: Any) -> Tensor:
    """x * hard_sigmoid(x)"""
    node = node_of(x)
    with scope("hard_silu"):
        return wrap(node * _relu6(node + 3) / 6)


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
