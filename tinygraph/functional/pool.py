"""Pooling and its opposites: x is N,space...,C."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygraph import ops
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here, spatial
from tinygraph.functional.reduce import max as largest
from tinygraph.functional.reduce import mean
from tinygraph.functional.shape import unslice
from tinygraph.functional.windows import Pairs, padding_pairs
from tinygraph.graph import Node, scope
from tinygraph.tensor import Tensor, as_tensor, node_of, wrap

Build = Callable[[Node, tuple[int, ...], tuple[int, ...], Pairs], Node]


def max_pool1d(x: Any, window: Any = 2, stride: Any = None, padding: Any = "valid") -> Tensor:
    """The largest element of each window.

    The padding is -inf. The gradient goes to the first of equals.
    """
    return _pool(ops.max_pool, "max_pool1d", 1, x, window, stride, padding)


def max_pool2d(x: Any, window: Any = 2, stride: Any = None, padding: Any = "valid") -> Tensor:
    """The largest element of each window.

    The padding is -inf. The gradient goes to the first of equals.

    The stride is the window unless given; a border that no window reaches is left out
    (`tg.output_size`).
    """
    return _pool(ops.max_pool, "max_pool2d", 2, x, window, stride, padding)


def max_pool3d(x: Any, window: Any = 2, stride: Any = None, padding: Any = "valid") -> Tensor:
    """The largest element of each window. x: N,D,H,W,C. See `max_pool2d`."""
    return _pool(ops.max_pool, "max_pool3d", 3, x, window, stride, padding)


def avg_pool1d(x: Any, window: Any = 2, stride: Any = None, padding: Any = "valid") -> Tensor:
    """The mean of each window; padding does not count."""
    return _pool(ops.avg_pool, "avg_pool1d", 1, x, window, stride, padding)


def avg_pool2d(x: Any, window: Any = 2, stride: Any = None, padding: Any = "valid") -> Tensor:
    """The mean of each window; padding does not count."""
    return _pool(ops.avg_pool, "avg_pool2d", 2, x, window, stride, padding)


def avg_pool3d(x: Any, window: Any = 2, stride: Any = None, padding: Any = "valid") -> Tensor:
    """The mean of each window; padding does not count. x: N,D,H,W,C. See `avg_pool2d`."""
    return _pool(ops.avg_pool, "avg_pool3d", 3, x, window, stride, padding)


def sum_pool1d(x: Any, window: Any = 2, stride: Any = None, padding: Any = "valid") -> Tensor:
    """The sum of each window."""
    return _pool(ops.sum_pool, "sum_pool1d", 1, x, window, stride, padding)


def sum_pool2d(x: Any, window: Any = 2, stride: Any = None, padding: Any = "valid") -> Tensor:
    """The sum of each window."""
    return _pool(ops.sum_pool, "sum_pool2d", 2, x, window, stride, padding)


def sum_pool3d(x: Any, window: Any = 2, stride: Any = None, padding: Any = "valid") -> Tensor:
    """The sum of each window. x: N,D,H,W,C. See `sum_pool2d`."""
    return _pool(ops.sum_pool, "sum_pool3d", 3, x, window, stride, padding)


def max_pool_position1d(
    x: Any, window: Any = 2, stride: Any = None, padding: Any = "valid"
) -> Tensor:
    """Which element of its window was the largest: int32, for `max_unpool1d`."""
    return _pool(ops.max_pool_position, "max_pool_position1d", 1, x, window, stride, padding)


def max_pool_position2d(
    x: Any, window: Any = 2, stride: Any = None, padding: Any = "valid"
) -> Tensor:
    """Which element of its window, counted row by row, was the largest.

    An int32 tensor, for `max_unpool2d`.
    """
    return _pool(ops.max_pool_position, "max_pool_position2d", 2, x, window, stride, padding)


def max_pool_position3d(
    x: Any, window: Any = 2, stride: Any = None, padding: Any = "valid"
) -> Tensor:
    """Which element of its window, counted in row-major order, was the largest.

    An int32 tensor, for `max_unpool3d`.
    """
    return _pool(ops.max_pool_position, "max_pool_position3d", 3, x, window, stride, padding)


def max_unpool1d(
    x: Any,
    position: Any,
    size: Any,
    window: Any = 2,
    stride: Any = None,
    padding: Any = "valid",
) -> Tensor:
    """Puts x back where the largest elements were, into zeros of length `size`."""
    return _unpool("max_unpool1d", 1, x, position, size, window, stride, padding)


def max_unpool2d(
    x: Any,
    position: Any,
    size: Any,
    window: Any = 2,
    stride: Any = None,
    padding: Any = "valid",
) -> Tensor:
    """Puts x back where the largest elements were, into zeros of H,W = `size`."""
    return _unpool("max_unpool2d", 2, x, position, size, window, stride, padding)


def max_unpool3d(
    x: Any,
    position: Any,
    size: Any,
    window: Any = 2,
    stride: Any = None,
    padding: Any = "valid",
) -> Tensor:
    """Puts x back where the largest elements were, into zeros of D,H,W = `size`."""
    return _unpool("max_unpool3d", 3, x, position, size, window, stride, padding)


def upsample_nearest(x: Any, factor: Any = 2) -> Tensor:
    """Every element `factor` times along each spatial axis (or one factor an axis)."""
    node = node_of(x)
    return wrap(
        ops.upsample_nearest(node, spatial("upsample_nearest: factor", factor, node.ndim - 2))
    )


def bed_of_nails(x: Any, factor: Any = 2) -> Tensor:
    """Every element at the upper left of a field of zeros, `factor` wide along each axis."""
    x = as_tensor(x)
    steps = (1, *spatial("bed_of_nails: factor", factor, x.ndim - 2), 1)
    with scope("bed_of_nails"):
        return unslice(x, [n * s for n, s in zip(x.shape, steps)], [0] * x.ndim, steps)


def global_avg_pool1d(x: Any) -> Tensor:
    """The mean over L: N,L,C -> N,C."""
    return _global(mean, "global_avg_pool1d", 1, x)


def global_avg_pool2d(x: Any) -> Tensor:
    """The mean over H and W: N,H,W,C -> N,C."""
    return _global(mean, "global_avg_pool2d", 2, x)


def global_avg_pool3d(x: Any) -> Tensor:
    """The mean over D, H and W: N,D,H,W,C -> N,C."""
    return _global(mean, "global_avg_pool3d", 3, x)


def global_max_pool1d(x: Any) -> Tensor:
    """The largest element over L: N,L,C -> N,C."""
    return _global(largest, "global_max_pool1d", 1, x)


def global_max_pool2d(x: Any) -> Tensor:
    """The largest element over H and W: N,H,W,C -> N,C."""
    return _global(largest, "global_max_pool2d", 2, x)


def global_max_pool3d(x: Any) -> Tensor:
    """The largest element over D, H and W: N,D,H,W,C -> N,C."""
    return _global(largest, "global_max_pool3d", 3, x)


def _global(reduce: Callable[..., Tensor], name: str, rank: int, x: Any) -> Tensor:
    x = as_tensor(x)
    if x.ndim != rank + 2:
        raise ShapeError(f"{name} needs x [{_axes(rank)}], got {x.type}{here()}")
    with scope(name):
        return reduce(x, tuple(range(1, rank + 1)))


def _axes(rank: int) -> str:
    """The axes of x, as messages name them."""
    return ",".join(["N", *("L" if rank == 1 else "DHW"[-rank:]), "C"])


def _pool(
    build: Build, name: str, rank: int, x: Any, window: Any, stride: Any, padding: Any
) -> Tensor:
    node = node_of(x)
    if node.ndim != rank + 2:
        raise ShapeError(f"{name} needs x [{_axes(rank)}], got {node.type}{here()}")
    return wrap(build(node, *_geometry(name, rank, node.shape[1:-1], window, stride, padding)))


def _unpool(
    name: str,
    rank: int,
    x: Any,
    position: Any,
    size: Any,
    window: Any,
    stride: Any,
    padding: Any,
) -> Tensor:
    space = spatial(f"{name}: size", size, rank)
    at = _geometry(name, rank, space, window, stride, padding)
    small, where = node_of(x), node_of(position)
    counts = tuple((n + sum(p) - w) // s + 1 for n, w, s, p in zip(space, *at))
    if small.ndim != rank + 2 or small.shape[1:-1] != counts or where.shape != small.shape:
        raise ShapeError(
            f"{name} needs x and position [N,{','.join(map(str, counts))},C], the windows of "
            f"size={space}, got x {small.type} and position {where.type}; "
            f"tg.max_pool_position{rank}d says where the largest were{here()}"
        )
    with scope(name):
        return wrap(ops.max_unpool(small, where, space, *at))


def _geometry(
    name: str, rank: int, space: tuple[int, ...], window: Any, stride: Any, padding: Any
) -> tuple[tuple[int, ...], tuple[int, ...], Pairs]:
    size = spatial(f"{name}: window", window, rank)
    steps = size if stride is None else spatial(f"{name}: stride", stride, rank)
    return size, steps, padding_pairs(name, padding, space, size, steps, (1,) * rank)
