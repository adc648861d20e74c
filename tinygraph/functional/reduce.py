"""Reductions: sum, mean, var, max, min, argmax and their like, over one axis, several or all."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tinygraph import ops
from tinygraph.functional.arguments import axes_of, axis_of
from tinygraph.graph import Node, scope
from tinygraph.ops import broadcast, ne, reshape
from tinygraph.tensor import Tensor, node_of, wrap
from tinygraph.types import DType, int32

Axes = int | Sequence[int] | None


def _kept(result: Node, x: Node, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    """The result, with the reduced axes as extents of 1 if asked for."""
    if not keepdims:
        return wrap(result)
    return wrap(reshape(result, tuple(1 if a in axes else n for a, n in enumerate(x.shape))))


def _reduced(build: Callable[..., Node], name: str, x: Any, axis: Axes, keepdims: bool) -> Tensor:
    node = node_of(x)
    axes = axes_of(name, axis, node.type)
    return _kept(build(node, axes), node, axes, keepdims) if axes else wrap(node)


def sum(x: Any, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The sum over `axis`; of bools, how many are true."""
    node = node_of(x)
    if node.dtype is DType.bool:
        node = ops.cast(node, int32)
    return _reduced(ops.reduce_sum, "sum", wrap(node), axis, keepdims)


def mean(x: Any, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The mean over `axis`, of floats."""
    node = node_of(x)
    axes = axes_of("mean", axis, node.type)
    with scope("mean"):
        return _kept(mean_node(node, axes), node, axes, keepdims)


def mean_node(x: Node, axes: tuple[int, ...]) -> Node:
    """The mean over `axes`, which vanish."""
    return ops.reduce_sum(x, axes) / math.prod(x.shape[a] for a in axes)


def var(x: Any, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The mean squared distance from the mean over `axis`, of floats."""
    node = node_of(x)
    axes = axes_of("var", axis, node.type)
    with scope("var"):
        distance = node - broadcast(mean_node(node, axes), node.shape, axes)
        return _kept(mean_node(distance**2, axes), node, axes, keepdims)


def max(x: Any, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The largest element over `axis`, NaN if there is one.

    On a tie the gradient goes to the first.
    """
    return _reduced(ops.reduce_max, "max", x, axis, keepdims)


def min(x: Any, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The smallest element over `axis`, NaN if there is one.

    On a tie the gradient goes to the first.
    """
    return _reduced(ops.reduce_min, "min", x, axis, keepdims)


def argmax(x: Any, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Where the first largest element is, int32; over several axes a row-major position."""
    return _arg(ops.argmax, "argmax", x, axis, keepdims)


def argmin(x: Any, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Where the first smallest element is, int32; over several axes a row-major position."""
    return _arg(ops.argmin, "argmin", x, axis, keepdims)


def _arg(build: Callable[..., Node], name: str, x: Any, axis: Axes, keepdims: bool) -> Tensor:
    node = node_of(x)
    axes = axes_of(name, axis, node.type)
    return _kept(build(node, axes), node, axes, keepdims)


def any(x: Any, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Whether an element over `axis` is true, or not 0."""
    node = node_of(x)
    axes = axes_of("any", axis, node.type)
    met = ops.cast(_truth(node), int32)
    return _kept(ne(ops.reduce_max(met, axes) if axes else met, 0), node, axes, keepdims)


def all(x: Any, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Whether each element over `axis` is true, or not 0."""
    node = node_of(x)
    axes = axes_of("all", axis, node.type)
    met = ops.cast(_truth(node), int32)
    return _kept(ne(ops.reduce_min(met, axes) if axes else met, 0), node, axes, keepdims)


def _truth(x: Node) -> Node:
    return x if x.dtype is DType.bool else ne(x, 0)


def logsumexp(x: Any, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) over `axis`, without overflow."""
    node = node_of(x)
    axes = axes_of("logsumexp", axis, node.type)
    with scope("logsumexp"):
        top = ops.detach(ops.reduce_max(node, axes))
        powers = ops.exp(node - broadcast(top, node.shape, axes))
        return _kept(ops.log(ops.reduce_sum(powers, axes)) + top, node, axes, keepdims)


def one_axis(name: str, axis: int, x: Node) -> tuple[int, ...]:
    """A single axis, as the tuple that reductions take."""
    return (axis_of(name, axis, x.type),)
