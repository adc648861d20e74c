"""Random graphs with gradients, and how far rounding may move each of their values.

What a backend computes must agree with NumPy on all of them. Ops are drawn from the registry, in
random variants of their examples, so a new op takes part without being told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from tinygraph import ops
from tinygraph.evaluate import evaluate
from tinygraph.grad import gradients
from tinygraph.graph import OPS, Example, Graph, Node, Op, Placeholder, make
from tinygraph.testing.variants import EXTENTS, variant
from tinygraph.types import DType, TensorType, float32, float64

SPECIAL = (math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-40, -1e-40, 1e15, -1e15)
"""No larger numbers: whether a sum of them overflows depends on the order and on contraction."""
LARGEST = 8.0
"""A value that goes on into the next gate is scaled down to this."""


@dataclass(frozen=True)
class RandomGraph:
    """A graph and arrays for its inputs, in order."""

    graph: Graph
    arrays: list[np.ndarray]


def random_graph(
    seed: int,
    gates: int = 10,
    names: Sequence[str] | None = None,
    special: float = 0.0,
    backward: bool = True,
) -> RandomGraph:
    """A graph of `gates` ops and of those that fit them together.

    `names` are the ops to draw from, by default all; each occurs about as often as any other.
    `special` is the chance of an input with NaN, infinities and the like in it. With `backward` the
    gradients of the float inputs are among the outputs.
    """
    builder = _Builder(seed, special)
    names = sorted(OPS) if names is None else list(names)
    count = len(names)
    # Neighbouring seeds take neighbouring stretches of one shuffled list of all names.
    deck = [
        name for k in range(2) for name in Random(seed * gates // count + k).sample(names, count)
    ]
    start = seed * gates % count
    for name in deck[start : start + gates]:
        builder.draw(OPS[name])
    return builder.finished(f"random_{seed}", backward)


class _Builder:
    def __init__(self, seed: int, special: float):
        self.rng, self.special = Random(seed), special
        self.numpy = np.random.default_rng(seed)
        self.inputs: list[Node] = []
        self.values: dict[Node, np.ndarray] = {}
        self.pool: list[Node] = []
        self.used: set[Node] = set()
        self.dtype = self.rng.choice([float32, float32, float64])

    def draw(self, kind: type[Op]) -> None:
        """One more gate of this kind, fed with what is there already where that is possible."""
        example = variant(self.rng.choice(list(kind.examples())), self.rng)
        operands = [self.operand(t, example) for t in example.inputs]
        node = make(example.op, *operands)
        self.value(node)
        self.pool.append(node)

    def value(self, node: Node) -> np.ndarray:
        if node not in self.values:
            (value,) = evaluate([node], self.values)
            self.values[node] = value
        return self.values[node]

    # ---- operands

    def operand(self, t: TensorType, example: Example) -> Node:
        """A node of this type with values in the example's range."""
        fitting = [node for node in self.pool if self._fits(node, t, example)]
        if not fitting or self.rng.random() < 0.2:
            return self._leaf(t, example)
        fresh = [node for node in fitting if node not in self.used]
        node = self.rng.choice(fresh if fresh and self.rng.random() < 0.7 else fitting)
        self.used.add(node)
        if t.dtype.is_float:
            node = self._in_range(ops.cast(node, t.dtype), example)
        return self.shaped(node, t.shape)

    def _fits(self, node: Node, t: TensorType, example: Example) -> bool:
        if t.dtype is DType.bool:
            return node.dtype is DType.bool
        value = self.value(node)
        if t.dtype.is_float:
            return node.dtype.is_float and bool(self.special or np.isfinite(value).all())
        low, high = max(int(example.low), 0), int(example.high)
        return node.dtype is t.dtype and bool(((value >= low) & (value <= high)).all())

    def _leaf(self, t: TensorType, example: Example) -> Node:
        dtype = self.dtype if t.dtype.is_float else t.dtype
        one = example._replace(inputs=(t.with_dtype(dtype),), distinct=False)
        (array,) = one.arrays(self.rng.randrange(1 << 30))
        if dtype.is_float and self.rng.random() < self.special:
            some = self.numpy.random(t.shape) < 0.2
            array = np.where(some, self.numpy.choice(SPECIAL, t.shape), array)
        node = Node(Placeholder(len(self.inputs)), (), t.with_dtype(dtype))
        self.inputs.append(node)
        self.values[node] = np.ascontiguousarray(array, dtype.numpy).reshape(t.shape)
        return node if dtype is t.dtype else ops.cast(node, t.dtype)

    def _in_range(self, node: Node, example: Example) -> Node:
        """The node, squeezed into the example's range where its values are far outside."""
        value = self.value(node)
        if example.low > 0:
            return ops.sigmoid(node) * (example.high - example.low) + example.low
        size = float(np.max(np.abs(value), initial=0, where=np.isfinite(value)))
        return node * (LARGEST / 2 ** math.ceil(math.log2(size))) if size > LARGEST else node

    # ---- shapes

    def shaped(self, node: Node, shape: tuple[int, ...]) -> Node:
        """The node's elements in another shape: some left out, or some repeated or padded."""
        if node.shape == shape:
            return node
        if math.prod(shape) == node.type.size:
            return ops.reshape(node, shape)
        if node.ndim == len(shape) and self.rng.random() < 0.7:
            return self._axis_by_axis(node, shape)
        flat, size = ops.reshape(node, (node.type.size,)), math.prod(shape)
        if size < node.type.size:
            start = self.rng.randrange(node.type.size - size + 1)
            flat = ops.cut(flat, slice(start, start + size))
        elif self.rng.random() < 0.5:
            times = -(-size // node.type.size)
            flat = ops.broadcast(flat, (times, node.type.size), (0,))
            flat = ops.cut(ops.reshape(flat, (times * node.type.size,)), slice(0, size))
        else:
            flat = self._padded(flat, [size - node.type.size])
        return ops.reshape(flat, shape)

    def _axis_by_axis(self, node: Node, shape: tuple[int, ...]) -> Node:
        where = []
        for n, want in zip(node.shape, shape, strict=True):
            start = self.rng.randrange(max(n - want, 0) + 1)
            step = self.rng.choice([1, 1, 1, -1, max((n - start) // want, 1)])
            last = start + want if want <= n else n
            stop = start + (want - 1) * step + 1 if want <= n else n
            where.append(slice(start, stop, step) if step > 0 else _backwards(start, last))
        node = ops.cut(node, *where)
        return self._padded(node, [want - n for n, want in zip(node.shape, shape, strict=True)])

    def _padded(self, node: Node, missing: Sequence[int]) -> Node:
        before = [self.rng.randint(0, n) for n in missing]
        pairs = [(a, n - a) for a, n in zip(before, missing, strict=True)]
        return ops.pad(node, pairs, self.rng.choice([0, 0, 1]))

    # ---- outputs

    def finished(self, name: str, backward: bool) -> RandomGraph:
        outputs = [node for node in self.pool if node not in self.used]
        if self.rng.random() < 0.3:
            outputs.append(self.rng.choice(self.pool))
        if backward:
            outputs += self._gradients(outputs)
        arrays = [self.values[node] for node in self.inputs]
        return RandomGraph(Graph(tuple(self.inputs), tuple(outputs), name), arrays)

    def _gradients(self, outputs: Sequence[Node]) -> list[Node]:
        floats = [node for node in outputs if node.dtype.is_float]
        xs = [node for node in self.inputs if node.dtype.is_float]
        if not floats or not xs:
            return []
        losses = [self._weighted(node) for node in floats]
        found = gradients(sum(losses[1:], losses[0]), xs)
        return [g for g in found if g is not None]

    def _weighted(self, node: Node) -> Node:
        """A scalar: the elements times random weights, summed."""
        node = ops.cast(node, self.dtype)
        weights = self._leaf(node.type, Example(node.op, ()))
        return ops.reduce_sum(node * weights)


def _backwards(start: int, stop: int) -> slice:
    return slice(stop - 1, start - 1 if start else None, -1)


__all__ = ["EXTENTS", "RandomGraph", "random_graph"]
