"""Matrix products."""

from __future__ import annotations

from typing import Any

from tinygraph import ops
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here
from tinygraph.graph import Node
from tinygraph.tensor import Tensor, node_of, wrap
from tinygraph.tensor.broadcast import common_shape, require_one_dtype


def matmul(x: Any, y: Any) -> Tensor:
    """x @ y: (..., m, k) @ (..., k, n), leading axes broadcast.

    One axis alone is a row before y, a column after x.
    """
    a, b = node_of(x), node_of(y)
    require_one_dtype("matmul", [a, b])
    left = ops.reshape(a, (1, *a.shape)) if a.ndim == 1 else a
    right = ops.reshape(b, (*b.shape, 1)) if b.ndim == 1 else b
    if min(left.ndim, right.ndim) < 2 or left.shape[-1] != right.shape[-2]:
        raise ShapeError(f"matmul needs (m, k) @ (k, n), got {a.type} @ {b.type}{here()}")
    product = _stacked(left, right)
    rows = () if a.ndim == 1 else product.shape[-2:-1]
    columns = () if b.ndim == 1 else product.shape[-1:]
    return wrap(ops.reshape(product, (*product.shape[:-2], *rows, *columns)))


def _stacked(x: Node, y: Node) -> Node:
    if y.ndim == 2 and x.ndim > 2:  # one matrix for the whole stack: one large product
        rows = ops.reshape(x, (x.type.size // max(x.shape[-1], 1), x.shape[-1]))
        return ops.reshape(ops.matmul(rows, y), (*x.shape[:-1], y.shape[-1]))
    if x.shape[:-2] == y.shape[:-2]:
        return ops.matmul(x, y)
    leading = common_shape("matmul", [_leading(x), _leading(y)])
    x = ops.broadcast_to(x, (*leading, *x.shape[-2:]))
    return ops.matmul(x, ops.broadcast_to(y, (*leading, *y.shape[-2:])))


def _leading(x: Node) -> Node:
    """A constant with the leading axes of x, to see what they broadcast to."""
    return ops.full(0, x.type.with_shape(x.shape[:-2]))
