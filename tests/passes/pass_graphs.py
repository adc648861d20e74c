"""Graphs for the tests of the passes, and what "the same, bit for bit" means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from tinygraph import ops
from tinygraph.graph import Graph, Node, is_leaf, leaf, make
from tinygraph.ops.elementwise import PowInt
from tinygraph.ops.functions import Cast
from tinygraph.ops.reduce import Broadcast, Max
from tinygraph.ops.shape import Concatenate, Pad, Reshape, Slice, Transpose
from tinygraph.types import DType, TensorType, float32, float64

INF, NAN = float("inf"), float("nan")
SPECIAL = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 1e-45, -3.5, 3.4e38, 0.1, -1e-39]


def floats(*shape: int, dtype: DType = float32, seed: int = 0, name: str | None = None) -> Node:
    """A leaf in which every special value occurs, if it is large enough."""
    count = int(np.prod(shape))
    rng = np.random.default_rng(seed)
    values = [*rng.permutation(SPECIAL), *rng.normal(size=max(count - len(SPECIAL), 0))][:count]
    array = np.array(values).reshape(shape)
    with np.errstate(over="ignore"):
        return leaf(array.astype(dtype.numpy), name)


def whole(*shape: int, seed: int = 0) -> Node:
    """A leaf of int32, the smallest and the largest among them."""
    values = np.random.default_rng(seed).integers(-9, 9, shape, np.int32)
    values.ravel()[:2] = [np.iinfo(np.int32).min, np.iinfo(np.int32).max][: values.size]
    return leaf(values)


def bools(*shape: int, seed: int = 0) -> Node:
    """A leaf of bool."""
    return leaf(np.random.default_rng(seed).random(shape) < 0.5)


def graph_of(*outputs: Node) -> Graph:
    """The graph of these outputs, its leaves as inputs."""
    graph = Graph((), outputs)
    return Graph(tuple(node for node in graph.nodes() if is_leaf(node)), outputs)


def values(graph: Graph) -> list[np.ndarray]:
    """The outputs, each gate computed on arrays in C order.

    NumPy adds in another order where the layout differs, so the layout must not.
    """
    done: dict[Node, np.ndarray] = {}
    with np.errstate(all="ignore"):
        for node in graph.nodes():
            value = (
                node.op.storage.array  # type: ignore[attr-defined]
                if is_leaf(node)
                else node.op.evaluate(*(done[x] for x in node.inputs))
            )
            done[node] = np.array(value, order="C")
            assert done[node].shape == node.shape
            assert done[node].dtype == node.dtype.numpy
    return [done[node] for node in graph.outputs]


def assert_same_bits(before: Sequence[np.ndarray], after: Sequence[np.ndarray]) -> None:
    """Equal, with 0.0 and -0.0 different and any NaN equal to any other."""
    for a, b in zip(before, after, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
        if a.dtype.kind == "f":
            number = ~np.isnan(a)
            np.testing.assert_array_equal(np.signbit(a)[number], np.signbit(b)[number])


# ---- random graphs -------------------------------------------------------------------------------

_SHAPES = [(), (1,), (5,), (2, 3), (3, 2, 2), (2, 1, 4)]
_UNARY = [
    ops.neg, ops.neg, ops.relu, ops.absolute, ops.floor, ops.sqrt, ops.detach, lambda x: x**2,
    lambda x: make(PowInt(0), x), lambda x: make(PowInt(1), x),
    lambda x: ops.cast(ops.cast(x, float64), float32), lambda x: make(Cast(float32), x),
    lambda x: make(Reshape(x.shape), x), lambda x: ops.reshape(x, (x.type.size,)),
    lambda x: make(Broadcast(x.shape, ()), x), lambda x: make(Concatenate(0), x) if x.ndim else x,
    lambda x: make(Max(()), x), lambda x: make(Slice((0,) * x.ndim, x.shape, (1,) * x.ndim), x),
]  # fmt: skip
_BINARY = [
    ops.add, ops.sub, ops.mul, ops.div, ops.maximum, ops.minimum,
    lambda x, y: ops.where(ops.lt(x, y), x, y),
    lambda x, y: ops.where(ops.logical_not(ops.ge(x, y)), x, y),
    lambda x, y: ops.where(ops.eq(x, y), ops.where(ops.eq(x, y), y, 1), x),
    lambda x, y: ops.where(ops.logical_and(ops.lt(x, y), ops.lt(y, y)), x, y),
    lambda x, y: ops.where(ops.logical_or(ops.le(x, x), ops.gt(y, x)), x, y),
]  # fmt: skip
_NUMBERS = [0.0, -0.0, 1.0, -1.0, 2.0, 0.25, 3.0, NAN, INF]


class RandomGraph:
    """Draws gates that the rules like: constants, moves, and the same thing twice.

    Each graph is made of a few kinds of gates, so that they meet each other.
    """

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        leaves = [floats(*shape, seed=seed + k) for k, shape in enumerate(_SHAPES * 2)]
        self.nodes = [*(ops.full(self.number(), x) for x in leaves[: len(_SHAPES)]), *leaves]
        draw = [partial(self.unary, build) for build in _UNARY]
        draw += [partial(self.binary, build) for build in _BINARY]
        draw += [self.transpose, self.pad, self.slice, self.concatenate, self.broadcast, self.sum]
        self.steps = [draw[k] for k in self.rng.choice(len(draw), 6, replace=False)]

    def graph(self, gates: int) -> Graph:
        """A graph with the last quarter of the gates as outputs."""
        for _ in range(gates):
            self.nodes.append(self.steps[self.rng.integers(len(self.steps))](self.any()))
        return graph_of(*self.nodes[-gates // 4 :])

    def number(self) -> float:
        return _NUMBERS[self.rng.integers(len(_NUMBERS))]

    def any(self) -> Node:
        """A node, most often a late one."""
        at = int(len(self.nodes) * (1 - self.rng.random() ** 3))
        return self.nodes[min(at, len(self.nodes) - 1)]

    def unary(self, build: Callable[[Node], Node], x: Node) -> Node:
        return build(x)

    def binary(self, build: Callable[[Node, Node], Node], x: Node) -> Node:
        fits = [node for node in self.nodes[-20:] if node.type == x.type] or [x]
        y = fits[self.rng.integers(len(fits))]
        if self.rng.random() < 0.4:
            y = ops.full(self.number(), x)
        return build(x, y) if self.rng.random() < 0.7 else build(y, x)

    def transpose(self, x: Node) -> Node:
        return make(Transpose(tuple(int(a) for a in self.rng.permutation(x.ndim))), x)

    def pad(self, x: Node) -> Node:
        pairs = tuple((int(a), int(b)) for a, b in self.rng.integers(0, 2, (x.ndim, 2)))
        return make(Pad(pairs, self.rng.choice([0.0, -0.0])), x) if x.type.size < 100 else x

    def slice(self, x: Node) -> Node:
        spans = [(0, n) if self.rng.random() < 0.5 else self.span(n) for n in x.shape]
        starts, extents = tuple(a for a, _ in spans), tuple(b - a for a, b in spans)
        return make(Slice(starts, extents, (1,) * x.ndim), x)

    def span(self, n: int) -> tuple[int, int]:
        low, high = sorted(int(v) for v in self.rng.integers(0, n + 1, 2))
        return (low, high) if low < high or self.rng.random() < 0.1 else (0, n)

    def concatenate(self, x: Node) -> Node:
        if not x.ndim or x.type.size > 100:
            return x
        low, high = self.span(x.shape[0])
        return ops.concatenate([x, ops.cut(x, slice(low, high))])

    def broadcast(self, x: Node) -> Node:
        return ops.broadcast(x, (2, *x.shape), (0,)) if x.type.size < 60 else x

    def sum(self, x: Node) -> Node:
        return ops.reduce_sum(x, 0) if x.ndim else x


def typed(*shape: int, dtype: DType = float32) -> TensorType:
    """A type, float32 unless told otherwise."""
    return TensorType(shape, dtype)
