"""Pooling over any number of spatial axes: x: N,space...,C  ->  y: N,space...,C.

Output position i sees through tap u of its window position i*s + u - p of x. Taps are counted in
row-major order. Sum pooling and its gradient are each other's gradient.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinygraph.errors import DtypeError, ShapeError
from tinygraph.graph import Example, Node, Op, make
from tinygraph.loops import expr
from tinygraph.loops.expr import Expr, Operand
from tinygraph.loops.index import Axis, Index, index
from tinygraph.ops.base import flat_index, full, listed, named_axes, require_floats, require_numbers
from tinygraph.ops.conv import output_extent
from tinygraph.ops.reduce import broadcast_to
from tinygraph.types import TensorType, dtype_of, float32, int32


@dataclass(frozen=True)
class Pool(Op):
    """The geometry that the ops share; every tuple has one entry a spatial axis."""

    window: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]

    @property
    def rank(self) -> int:
        """Number of spatial axes."""
        return len(self.window)

    @property
    def geometry(self) -> tuple[tuple, ...]:
        return self.window, self.stride, self.padding

    def pooled(self, x: TensorType) -> TensorType:
        """The type of what x becomes."""
        require_floats(self, x)
        self.check_rank(x)
        for w, s, p in zip(*self.geometry, strict=True):
            if w < 1 or s < 1 or not all(0 <= side < w for side in p):
                raise ShapeError(
                    f"{self} of {x} needs windows and strides >= 1, "
                    f"and a padding smaller than the window"
                )
        spans = zip(x.shape[1:-1], *self.geometry, strict=True)
        space = tuple(output_extent(n, w, s, p, 1) for n, w, s, p in spans)
        if min(space, default=1) < 1:
            raise ShapeError(f"{self}: the window {list(self.window)} does not fit into x {x}")
        return x.with_shape((x.shape[0], *space, x.shape[-1]))

    def check_rank(self, *types: TensorType) -> None:
        if not len(self.window) == len(self.stride) == len(self.padding):
            raise ShapeError(
                f"{self.name} needs as many strides and padding pairs as the window has axes, "
                f"got window {self.window}, stride {self.stride}, padding {self.padding}"
            )
        if any(t.ndim != self.rank + 2 for t in types):
            raise ShapeError(
                f"{self} needs operands with {self.rank + 2} axes N,space...,C, got {listed(types)}"
            )

    def check_pooled(self, g: TensorType, x: TensorType, *others: TensorType) -> None:
        """Refuses a g that is not what pooling x gives."""
        self.check_rank(g, *others)
        want = self.pooled(x)
        if g != want:
            raise ShapeError(f"{self} needs g {want} for x {x}, got {listed((g, *others))}")

    def check_position(self, position: TensorType, g: TensorType) -> None:
        if position.dtype is not int32 or position.shape != g.shape:
            kind = DtypeError if position.dtype is not int32 else ShapeError
            raise kind(f"{self} needs positions {g.with_dtype(int32)}, got {position}")

    def taps(self) -> Sequence[tuple[int, tuple[int, ...]]]:
        """Every position in the window with its number."""
        return list(enumerate(itertools.product(*map(range, self.window))))

    def padded(self, x: np.ndarray, value: float) -> np.ndarray:
        return np.pad(x, ((0, 0), *self.padding, (0, 0)), constant_values=value)

    def padded_zeros(self, g: np.ndarray, space: Sequence[int]) -> np.ndarray:
        """An empty padded x to add into."""
        extents = [n + sum(p) for n, p in zip(space, self.padding, strict=True)]
        return np.zeros((g.shape[0], *extents, g.shape[-1]), g.dtype)

    def inner(self, x: np.ndarray, space: Sequence[int]) -> np.ndarray:
        """The padded x without its padding."""
        spans = (slice(p[0], p[0] + n) for n, p in zip(space, self.padding, strict=True))
        return np.ascontiguousarray(x[(slice(None), *spans)])

    def seen(self, tap: Sequence[int], space: Sequence[int]) -> tuple[slice, ...]:
        """Of the padded x: what outputs with the extents `space` see through one tap."""
        spans = zip(tap, space, self.stride, strict=True)
        return (slice(None), *(slice(u, u + (n - 1) * s + 1 if n else 0, s) for u, n, s in spans))

    def over(self) -> tuple[Axis, ...]:
        """Fresh axes over the window."""
        return named_axes("uvt", self.window)

    def tap_value(self, u: Sequence[Axis]) -> Expr:
        """The number of tap u."""
        return expr.index_value(flat_index(u, self.window), int32)

    def source(self, i: tuple[Axis, ...], u: Sequence[Axis]) -> tuple[Axis | Index, ...]:
        """Which element of x output i sees through tap u."""
        n, *space, c = i
        spans = zip(space, u, self.stride, self.padding, strict=True)
        return n, *(index(a) * s + v - p[0] for a, v, s, p in spans), c

    def viewer(self, i: tuple[Axis, ...], u: Sequence[Axis]) -> tuple[tuple, tuple[Index, ...]]:
        """Which output sees element i of x through tap u, where the second indices are all 0."""
        n, *space, c = i
        distance = [index(a) + p[0] - v for a, v, p in zip(space, u, self.padding, strict=True)]
        at = [d // s for d, s in zip(distance, self.stride, strict=True)]
        return (n, *at, c), tuple(d % s for d, s in zip(distance, self.stride, strict=True))

    def __str__(self) -> str:
        stride = "" if self.stride == self.window else f", stride={_short(self.stride)}"
        padding = f", padding={_short(self.padding)}" if any(map(any, self.padding)) else ""
        return f"{self.name}(window={_short(self.window)}{stride}{padding})"


def _short(values: tuple) -> str:
    return str(values[0] if len(set(values)) == 1 else values).replace(" ", "")


def type_of(x: np.ndarray) -> TensorType:
    return TensorType(x.shape, dtype_of(x.dtype))


class SumPool(Pool):
    """y[n,i,c] = sum over u of x[n, i*s+u-p, c]; outside x is 0"""

    name: ClassVar[str] = "sum_pool"
    symbol: ClassVar[str] = "\u03a3 pool"

    def result_type(self, *inputs: TensorType) -> TensorType:
        return self.pooled(inputs[0])

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        x, y = self.padded(inputs[0], 0), self.pooled(type_of(inputs[0]))
        return sum(
            (x[self.seen(tap, y.shape[1:-1])] for _, tap in self.taps()), np.zeros(y.shape, x.dtype)
        )

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        u = self.over()
        return expr.total(u, operands[0].at(*self.source(i, u), outside=0))

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (make(SumPoolGradient(*self.geometry, space=inputs[0].shape[1:-1]), g),)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [Example(cls(*geometry), (x,)) for geometry, x in cases()]


@dataclass(frozen=True)
class SumPoolGradient(Pool):
    """x[n,a,c] = sum of g[n,i,c] over the windows i that see a"""

    space: tuple[int, ...] = ()
    """The extents of x: the stride leaves them open."""
    name: ClassVar[str] = "sum_pool_gradient"
    symbol: ClassVar[str] = "\u03a3 pool\u1d40"

    def result_type(self, *inputs: TensorType) -> TensorType:
        (g,) = inputs
        self.check_rank(g)
        x = g.with_shape((g.shape[0], *self.space, g.shape[-1]))
        self.check_pooled(g, x)
        return x

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        (g,) = inputs
        x = self.padded_zeros(g, self.space)
        for _, tap in self.taps():
            x[self.seen(tap, g.shape[1:-1])] += g
        return self.inner(x, self.space)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        u = self.over()
        at, where = self.viewer(i, u)
        return expr.total(u, operands[0].at(*at, outside=0), where)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (make(SumPool(*self.geometry), g),)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [
            Example(cls(*geometry, space=x.shape[1:-1]), (y,)) for geometry, x, y in pooled_cases()
        ]


@dataclass(frozen=True)
class UpsampleNearest(Op):
    """y[n,i,c] = x[n, i//f, c]: every element `factors` times along each spatial axis"""

    factors: tuple[int, ...]
    name: ClassVar[str] = "upsample_nearest"
    symbol: ClassVar[str] = "upsample"

    def result_type(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        require_numbers(self, x)
        if x.ndim != len(self.factors) + 2 or min(self.factors, default=1) < 1:
            raise ShapeError(
                f"{self} needs N,space...,C and for each spatial axis a factor >= 1, got {x}"
            )
        space = (n * f for n, f in zip(x.shape[1:-1], self.factors, strict=True))
        return x.with_shape((x.shape[0], *space, x.shape[-1]))

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        (y,) = inputs
        for axis, factor in enumerate(self.factors, 1):
            y = np.repeat(y, factor, axis)
        return y

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        n, *space, c = i
        return operands[0][
            (n, *(index(a) // f for a, f in zip(space, self.factors, strict=True)), c)
        ]

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (sum_pool(g, self.factors),)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        x = TensorType((2, 3, 2, 2), float32)
        return [Example(cls((2, 3)), (x,)), Example(cls((4,)), (x.with_shape((1, 3, 2)),))]


def cases() -> list[tuple[tuple, TensorType]]:
    """Geometries with the type of x: plain, overlapping and padded, with gaps, 1-D and 3-D."""
    listed = [
        (((2, 2), (2, 2), ((0, 0), (0, 0))), (2, 4, 6, 3)),
        (((3, 2), (2, 1), ((1, 1), (0, 1))), (2, 5, 4, 2)),
        (((1, 2), (2, 3), ((0, 0), (0, 0))), (1, 4, 7, 2)),
        (((3,), (1,), ((2, 1),)), (2, 5, 1)),
        (((2, 1, 2), (1, 1, 2), ((0, 1), (0, 0), (0, 0))), (1, 3, 2, 4, 2)),
    ]
    return [(geometry, TensorType(x, float32)) for geometry, x in listed]


def pooled_cases() -> list[tuple[tuple, TensorType, TensorType]]:
    return [(geometry, x, SumPool(*geometry).pooled(x)) for geometry, x in cases()]


Pairs = Sequence[tuple[int, int]]


def geometry(
    window: Sequence[int], stride: Sequence[int] | None, padding: Pairs | None
) -> tuple[tuple, tuple, tuple]:
    """The fields of a pool op: the stride is the window and the padding nothing unless given."""
    stride = window if stride is None else stride
    padding = [(0, 0)] * len(window) if padding is None else padding
    return tuple(window), tuple(stride), tuple(tuple(p) for p in padding)


def sum_pool(
    x: Node,
    window: Sequence[int],
    stride: Sequence[int] | None = None,
    padding: Pairs | None = None,
) -> Node:
    """The sum of each window."""
    return make(SumPool(*geometry(window, stride, padding)), x)


def avg_pool(
    x: Node,
    window: Sequence[int],
    stride: Sequence[int] | None = None,
    padding: Pairs | None = None,
) -> Node:
    """The mean of each window; padding does not count."""
    y = sum_pool(x, window, stride, padding)
    if padding is None or not any(map(any, padding)):
        return y / math.prod(window)
    ones = full(1, x.type.with_shape((1, *x.shape[1:-1], 1)))
    return y / broadcast_to(sum_pool(ones, window, stride, padding), y.shape)


def upsample_nearest(x: Node, factors: Sequence[int]) -> Node:
    """Every element `factors` times along each spatial axis."""
    return make(UpsampleNearest(tuple(factors)), x)
