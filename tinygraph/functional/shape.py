"""Functions that move elements: reshape, transpose, pad, concatenate, index, update ..."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinygraph import ops
from tinygraph.errors import IndexingError, ShapeError
from tinygraph.functional.arguments import axes_of, axis_of, here, shape_of, whole
from tinygraph.functional.positions import positions
from tinygraph.graph import Node, scope
from tinygraph.ops import full, ne, where
from tinygraph.tensor import Tensor, as_tensor, node_of, wrap
from tinygraph.tensor.broadcast import require_one_dtype
from tinygraph.types import int32


def reshape(x: Any, shape: Any) -> Tensor:
    """The same elements in row-major order with another shape.

    One extent may be -1, which means the rest.
    """
    node = node_of(x)
    wanted = [whole(n, "reshape") for n in (shape if isinstance(shape, list | tuple) else [shape])]
    if wanted.count(-1) == 1:
        others = math.prod(n for n in wanted if n != -1)
        if others <= 0 or node.type.size % others:
            raise ShapeError(f"reshape of {node.type} to {wanted}: no extent fits for -1{here()}")
        wanted[wanted.index(-1)] = node.type.size // others
    return wrap(ops.reshape(node, shape_of(wanted)))


def flatten(x: Any, start: int = 0) -> Tensor:
    """The axes from `start` on as one."""
    x = as_tensor(x)
    return reshape(x, (*x.shape[:start], math.prod(x.shape[start:])))


def expand_dims(x: Any, axis: int) -> Tensor:
    """A new axis of extent 1 at position `axis` of the result."""
    x = as_tensor(x)
    at = whole(axis, "expand_dims") + (x.ndim + 1 if axis < 0 else 0)
    if not 0 <= at <= x.ndim:
        raise ShapeError(f"expand_dims at axis {axis} of {x.type}: there is no such place{here()}")
    return reshape(x, (*x.shape[:at], 1, *x.shape[at:]))


def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """Without the axes of extent 1, or without those of `axis`, which must have it."""
    x = as_tensor(x)
    axes = axes_of("squeeze", axis, x.type)
    if axis is not None and any(x.shape[a] != 1 for a in axes):
        raise ShapeError(f"squeeze takes off axes of extent 1, not axis {axis} of {x.type}{here()}")
    return reshape(x, tuple(n for a, n in enumerate(x.shape) if n != 1 or a not in axes))


def transpose(x: Any, axes: Sequence[int] | None = None) -> Tensor:
    """The axes in another order: axis k of the result is axis axes[k] of x.

    Reversed without `axes`.
    """
    node = node_of(x)
    order = range(node.ndim)[::-1] if axes is None else axes
    if len(order) != node.ndim:
        raise ShapeError(
            f"transpose of {node.type} needs each axis once, got {list(order)}{here()}"
        )
    return wrap(ops.transpose(node, [axis_of("transpose", a, node.type) for a in order]))


permute = transpose


def broadcast_to(x: Any, shape: Any) -> Tensor:
    """x repeated as NumPy does: axes are added in front, and axes of extent 1 stretched."""
    node, wanted = node_of(x), shape_of(shape)
    extra = len(wanted) - node.ndim
    if extra < 0 or any(n not in (1, m) for n, m in zip(node.shape, wanted[extra:])):
        raise ShapeError(
            f"broadcast_to {list(wanted)} needs extents that are equal or 1 from the last axis on, "
            f"got {node.type}{here()}"
        )
    return wrap(ops.broadcast_to(node, wanted))


def pad(x: Any, pairs: Any, value: float | int | bool = 0) -> Tensor:
    """x with `value` around it: `pairs` has (before, after) for each axis, or one number for all
    sides.
    """
    node = node_of(x)
    if not isinstance(pairs, list | tuple):
        pairs = [(pairs, pairs)] * node.ndim
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
        raise ShapeError(
            f"pad of {node.type} needs (before, after) for each axis, got {pairs!r}{here()}"
        )
    sides = tuple((whole(a, "pad"), whole(b, "pad")) for a, b in pairs)
    return wrap(ops.pad(node, sides, value))


def concatenate(xs: Sequence[Any], axis: int = 0) -> Tensor:
    """The tensors one after the other along `axis`."""
    nodes = [node_of(x) for x in xs]
    if not nodes:
        raise ShapeError(f"concatenate needs at least one tensor{here()}")
    require_one_dtype("concatenate", nodes)
    return wrap(ops.concatenate(nodes, axis_of("concatenate", axis, nodes[0].type)))


def stack(xs: Sequence[Any], axis: int = 0) -> Tensor:
    """Tensors of one shape along a new axis."""
    tensors = [as_tensor(x) for x in xs]
    if len({x.shape for x in tensors}) > 1:
        raise ShapeError(
            "stack needs tensors of one shape, got "
            f"{', '.join(str(x.type) for x in tensors)}{here()}"
        )
    with scope("stack"):
        return concatenate([expand_dims(x, axis) for x in tensors], axis)


def flip(x: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """The order along `axis` reversed; along all axes without it."""
    node = node_of(x)
    return wrap(ops.flip(node, axes_of("flip", axis, node.type)))


def index(x: Any, key: Any) -> Tensor:
    """x[key]: whole numbers, slices with steps of either sign, None for a new axis, and `...`."""
    node = node_of(x)
    at = positions(key, node.type)
    return wrap(ops.reshape(ops.cut(node, *at.slices), at.result))


def update(x: Any, key: Any, value: Any) -> Tensor:
    """A new tensor: x, but with `value` at x[key], as `x[key] = value` does in NumPy."""
    node = node_of(x)
    at = positions(key, node.type)
    with scope("update"):
        new = node_of(value, beside=full(0, node.type.with_shape(at.result)))
        require_one_dtype("update", [node, new])
        if new.shape != at.result:
            new = node_of(broadcast_to(wrap(new), at.result))
        inside = ops.reshape(new, at.extents)
        mask = _spread(full(1, inside.type.with_dtype(int32)), node, at.starts, at.steps)
        return wrap(where(ne(mask, 0), _spread(inside, node, at.starts, at.steps), node))


def _spread(part: Node, x: Node, starts: tuple[int, ...], steps: tuple[int, ...]) -> Node:
    return ops.unslice(part, x.shape, starts, steps)


def unslice(x: Any, shape: Any, starts: Sequence[int], steps: Sequence[int]) -> Tensor:
    """The elements of x at start + i * step of zeros of `shape`.

    What the lectures call a bed of nails.
    """
    wanted = shape_of(shape)
    if not len(starts) == len(steps) == len(wanted):
        raise IndexingError(f"unslice to {list(wanted)} needs a start and a step an axis{here()}")
    return wrap(ops.unslice(node_of(x), wanted, starts, steps))
