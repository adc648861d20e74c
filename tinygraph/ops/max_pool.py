"""Max pooling, the tap that won, and routing by it: over any number of spatial axes, as in `pool`.

Max pooling and its winning tap are two ops. Routing by winning taps and gathering by them are each
other's gradient, so the family is closed under differentiation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinygraph.graph import Example, Node, make
from tinygraph.loops import expr
from tinygraph.loops.expr import Expr, Operand
from tinygraph.loops.index import Axis
from tinygraph.ops.pool import Pairs, Pool, cases, geometry, pooled_cases, type_of
from tinygraph.ops.reduce import first_equal
from tinygraph.types import TensorType, int32


class MaxPool(Pool):
    """y[n,i,c] = max over u of x[n, i*s+u-p, c]; outside x is -inf"""

    name: ClassVar[str] = "max_pool"
    symbol: ClassVar[str] = "max pool"
    nickname: ClassVar[str] = "gradient router"

    def result_type(self, *inputs: TensorType) -> TensorType:
        return self.pooled(inputs[0])

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return _best(self, inputs[0])[0]

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        u = self.over()
        return expr.largest(u, operands[0].at(*self.source(i, u), outside=-math.inf))

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        (x,) = inputs
        position = make(MaxPoolPosition(*self.geometry), x)
        return (make(MaxPoolGradient(*self.geometry, space=x.shape[1:-1]), g, position),)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [Example(cls(*geometry), (x,), distinct=True) for geometry, x in cases()]


class MaxPoolPosition(Pool):
    """the number of the first tap in each window that holds the largest element

    A NaN counts as the largest.
    """

    name: ClassVar[str] = "max_pool_position"
    symbol: ClassVar[str] = "argmax pool"
    differentiable: ClassVar[bool] = False

    def result_type(self, *inputs: TensorType) -> TensorType:
        return self.pooled(inputs[0]).with_dtype(int32)

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return _best(self, inputs[0])[1]

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        (x,) = operands
        u, v = self.over(), self.over()
        extreme = expr.largest(u, x.at(*self.source(i, u), outside=-math.inf))
        return first_equal(
            v, x.at(*self.source(i, v), outside=-math.inf), extreme, self.tap_value(v)
        )

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (None,)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [Example(cls(*geometry), (x,), distinct=True) for geometry, x in cases()]


def _best(op: Pool, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest element of each window, and the number of its tap."""
    padded, y = op.padded(x, -math.inf), op.pooled(type_of(x))
    best, position = np.full(y.shape, -math.inf, x.dtype), np.zeros(y.shape, np.int32)
    for number, tap in op.taps():
        value = padded[op.seen(tap, y.shape[1:-1])]
        wins = (value > best) | (np.isnan(value) & ~np.isnan(best))
        best, position = np.where(wins, value, best), np.where(wins, np.int32(number), position)
    return best, position


@dataclass(frozen=True)
class MaxPoolGradient(Pool):
    """max unpooling: x[n,a,c] = sum of g[n,i,c] over the windows i whose tap `position` is at a"""

    space: tuple[int, ...] = ()
    """The extents of x: the stride leaves them open."""
    name: ClassVar[str] = "max_pool_gradient"
    symbol: ClassVar[str] = "unpool"
    nickname: ClassVar[str] = "gradient router"

    def result_type(self, *inputs: TensorType) -> TensorType:
        g, position = inputs
        self.check_rank(g)
        x = g.with_shape((g.shape[0], *self.space, g.shape[-1]))
        self.check_pooled(g, x)
        self.check_position(position, g)
        return x

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        g, position = inputs
        x = self.padded_zeros(g, self.space)
        for number, tap in self.taps():
            x[self.seen(tap, g.shape[1:-1])] += np.where(position == number, g, g.dtype.type(0))
        return self.inner(x, self.space)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        g, position = operands
        u = self.over()
        at, where = self.viewer(i, u)
        wins = expr.apply("eq", position.at(*at, outside=-1), self.tap_value(u))
        return expr.total(u, expr.select(wins, g.at(*at, outside=0), 0), where)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return make(MaxPoolGather(*self.geometry), g, inputs[1]), None

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [
            Example(
                cls(*geometry, space=x.shape[1:-1]),
                (y, y.with_dtype(int32)),
                0,
                math.prod(geometry[0]) - 1,
            )
            for geometry, x, y in pooled_cases()
        ]


class MaxPoolGather(Pool):
    """y[n,i,c] = x[n, i*s+u-p, c] for u the tap with the number `position`; outside x is 0"""

    name: ClassVar[str] = "max_pool_gather"
    symbol: ClassVar[str] = "gather"

    def result_type(self, *inputs: TensorType) -> TensorType:
        x, position = inputs
        y = self.pooled(x)
        self.check_position(position, y)
        return y

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        x, position = self.padded(inputs[0], 0), inputs[1]
        y = np.zeros(position.shape, x.dtype)
        for number, tap in self.taps():
            y = np.where(position == number, x[self.seen(tap, y.shape[1:-1])], y)
        return y

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        x, position = operands
        u = self.over()
        wins = expr.apply("eq", position[i], self.tap_value(u))
        return expr.total(u, expr.select(wins, x.at(*self.source(i, u), outside=0), 0))

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        x, position = inputs
        return make(MaxPoolGradient(*self.geometry, space=x.shape[1:-1]), g, position), None

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [
            Example(cls(*geometry), (x, y.with_dtype(int32)), 0, math.prod(geometry[0]) - 1)
            for geometry, x, y in pooled_cases()
        ]


def max_pool(
    x: Node,
    window: Sequence[int],
    stride: Sequence[int] | None = None,
    padding: Pairs | None = None,
) -> Node:
    """The largest element of each window; NaN if there is one."""
    return make(MaxPool(*geometry(window, stride, padding)), x)


def max_pool_position(
    x: Node,
    window: Sequence[int],
    stride: Sequence[int] | None = None,
    padding: Pairs | None = None,
) -> Node:
    """The number of the winning tap of each window, int32."""
    return make(MaxPoolPosition(*geometry(window, stride, padding)), x)


def max_unpool(
    g: Node,
    position: Node,
    space: Sequence[int],
    window: Sequence[int],
    stride: Sequence[int] | None = None,
    padding: Pairs | None = None,
) -> Node:
    """g at the positions that won, in an x with the spatial extents `space`; 0 elsewhere."""
    return make(
        MaxPoolGradient(*geometry(window, stride, padding), space=tuple(space)), g, position
    )
