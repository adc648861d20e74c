"""Operands of one shape and dtype: small shapes are broadcast as in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

from tinygraph.errors import DtypeError, ShapeError
from tinygraph.graph import Node, origin_here, place_of
from tinygraph.ops.base import Full, full
from tinygraph.ops.reduce import broadcast_to


def common_shape(name: str, nodes: Sequence[Node]) -> tuple[int, ...]:
    """The shape that all of `nodes` broadcast to.

    A `ShapeError` that names the op where there is none.
    """
    ndim = max(node.ndim for node in nodes)
    shapes = [(1,) * (ndim - node.ndim) + node.shape for node in nodes]
    result = []
    for extents in zip(*shapes, strict=True):
        wide = {n for n in extents if n != 1}
        if len(wide) > 1:
            listed = ", ".join(str(node.type) for node in nodes)
            raise ShapeError(
                f"{name} needs shapes that broadcast: from the last axis on extents that are equal "
                f"or 1; got {listed}{place_of(origin_here())}"
            )
        result.append(wide.pop() if wide else 1)
    return tuple(result)


def broadcast_together(name: str, nodes: Sequence[Node]) -> list[Node]:
    """`nodes`, each brought to their common shape."""
    first = nodes[0].shape
    if all(node.shape == first for node in nodes):
        return list(nodes)
    shape = common_shape(name, nodes)
    return [_stretched(node, shape) for node in nodes]


def _stretched(node: Node, shape: tuple[int, ...]) -> Node:
    if node.shape == shape:
        return node
    if isinstance(node.op, Full):  # a constant of that shape needs no gate to stretch it
        return full(node.op.value, node.type.with_shape(shape))
    return broadcast_to(node, shape)


def require_one_dtype(name: str, nodes: Sequence[Node]) -> None:
    """Refuses operands of several dtypes; the error says which cast would do."""
    first = nodes[0].dtype
    if all(node.dtype is first for node in nodes):
        return
    listed = ", ".join(str(node.type) for node in nodes)
    floats = [node.dtype for node in nodes if node.dtype.is_float]
    target = floats[0] if floats else first
    raise DtypeError(
        f"{name} needs operands of one dtype, got {listed}; "
        f"cast with .astype({str(target)!r}){place_of(origin_here())}"
    )
