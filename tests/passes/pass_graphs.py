"""Graphs for the tests of the passes, and what "the same, bit for bit" means."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tinygraph import ops
from tinygraph.graph import Graph, Node, is_leaf, leaf, make
from tinygraph.ops.shape import Pad, Slice
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
    ops.neg, ops.relu, ops.absolute, ops.floor, ops.sqrt, ops.detach,
    lambda x: x**0, lambda x: x**2, lambda x: x**1, lambda x: ops.cast(ops.cast(x, float64), float32),
]  # fmt: skip
_BINARY = [
    ops.add, ops.sub, ops.mul, ops.div, ops.maximum, ops.minimum,
    lambda x, y: ops.where(ops.lt(x, y), x, y),
    lambda x, y: ops.where(ops.logical_not(ops.ge(x, y)), x, y),
    lambda x, y: ops.where(ops.eq(x, y), ops.where(ops.eq(x, y), y, 1), x),
]  # fmt: skip
_NUMBERS = [0.0, -0.0, 1.0, -1.0, 2.0, 0.25, 3.0, NAN, INF]


class RandomGraph:
    """Draws gates that the rules like: constants, moves, and the same thing twice."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes = [floats(*shape, seed=seed + k) for k, shape in enumerate(_SHAPES)]
        self.nodes += [ops.full(self.number(), node) for node in self.nodes]
        self.nodes += [ops.full(self.number(), node) for node in self.nodes]

    def graph(self, gates: int) -> Graph:
        for _ in range(gates):
            steps: list[Callable[[], Node]] = [self.unary, self.binary, self.binary, self.move]
            self.nodes.append(steps[self.rng.integers(len(steps))]())
        count = min(4, gates)
        return graph_of(*self.nodes[-count:])

    def number(self) -> float:
        return _NUMBERS[self.rng.integers(len(_NUMBERS))]

    def any(self) -> Node:
        """A node, a late one more often."""
        at = int(len(self.nodes) * (1 - self.rng.random() ** 2))
        return self.nodes[min(at, len(self.nodes) - 1)]

    def unary(self) -> Node:
        return _UNARY[self.rng.integers(len(_UNARY))](self.any())

    def binary(self) -> Node:
        x = self.any()
        fits = [node for node in self.nodes if node.type == x.type]
        y = fits[self.rng.integers(len(fits))] if self.rng.random() < 0.7 else self.number()
        pair = (x, y) if self.rng.random() < 0.6 else (y, x)
        return _BINARY[self.rng.integers(len(_BINARY))](*pair)

    def move(self) -> Node:
        x = self.any()
        n = x.ndim
        kind = self.rng.integers(7)
        if kind == 0:
            return ops.reshape(x, (x.type.size,))
        if kind == 1:
            return ops.transpose(x, [int(a) for a in self.rng.permutation(n)])
        if kind == 2:
            pairs = tuple((int(a), int(b)) for a, b in self.rng.integers(0, 2, (n, 2)))
            return make(Pad(pairs, self.number()), x) if x.type.size < 200 else x
        if kind == 3:
            return self.slice(x)
        if kind == 4 and n and x.type.size < 200:
            return ops.concatenate([x, self.slice(x, axis=0)], 0)
        if kind == 5 and x.type.size < 60:
            return ops.broadcast(x, (2, *x.shape), (0,))
        return ops.reduce_sum(x, 0) if n and self.rng.random() < 0.5 else ops.reduce_max(x, ())

    def slice(self, x: Node, axis: int | None = None) -> Node:
        starts, extents = [], []
        for a, n in enumerate(x.shape):
            low, high = sorted(int(v) for v in self.rng.integers(0, n + 1, 2))
            whole_axis = (axis is not None and a != axis) or self.rng.random() < 0.5 or low == high
            starts.append(0 if whole_axis else low)
            extents.append(n if whole_axis else high - low)
        return make(Slice(tuple(starts), tuple(extents), (1,) * x.ndim), x)


def typed(*shape: int, dtype: DType = float32) -> TensorType:
    return TensorType(shape, dtype)


