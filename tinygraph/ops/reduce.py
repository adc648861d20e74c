"""Reductions over axes, which the output no longer has: sum, max, min, argmax, argmin.

Beside them stands broadcast, the dual of sum: each is the other's gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinygraph.errors import DtypeError, ShapeError
from tinygraph.graph import Example, Node, Op, make
from tinygraph.loops import expr
from tinygraph.loops.expr import Expr, Operand
from tinygraph.loops.index import Axis
from tinygraph.ops.base import F23, flat_index, listed, require_numbers, rising
from tinygraph.ops.compare import eq, where
from tinygraph.ops.shape import iota, reshape
from tinygraph.types import TensorType, float32, int32


@dataclass(frozen=True)
class Reduction(Op):
    """The base: `axes` are rising and not negative."""

    axes: tuple[int, ...]
    empty: ClassVar[bool] = False
    """May the axes have no elements?"""

    def result_type(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        require_numbers(self, x)
        if not rising(self.axes, x.ndim):
            raise ShapeError(
                f"{self.name} over axes {list(self.axes)} of {x}: "
                f"it needs different ones of the axes 0 to {x.ndim - 1}"
            )
        if not self.empty and any(x.shape[a] == 0 for a in self.axes):
            raise ShapeError(
                f"{self.name} over axes {list(self.axes)} of {x}: there is no element to choose"
            )
        return x.with_shape(tuple(n for a, n in enumerate(x.shape) if a not in self.axes))

    def over(self, x: Operand) -> tuple[Axis, ...]:
        """Fresh axes to reduce over."""
        return tuple(Axis(f"r{a}", x.shape[a]) for a in self.axes)

    def position(self, i: tuple[Axis, ...], over: tuple[Axis, ...]) -> tuple[Axis, ...]:
        """The position in x of `over` for output position `i`."""
        kept, reduced = iter(i), iter(over)
        count = len(i) + len(over)
        return tuple(next(reduced) if a in self.axes else next(kept) for a in range(count))

    @classmethod
    def examples(cls) -> Sequence[Example]:
        x = TensorType((2, 3, 4), float32)
        return [Example(cls(axes), (x,), distinct=True) for axes in ((1,), (0, 2), (0, 1, 2))]


class Sum(Reduction):
    """the sum over axes; integers wrap"""

    name: ClassVar[str] = "sum"
    symbol: ClassVar[str] = "\u03a3"
    empty: ClassVar[bool] = True

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return np.sum(inputs[0], self.axes, dtype=inputs[0].dtype)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        over = self.over(operands[0])
        return expr.total(over, operands[0][self.position(i, over)])

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (broadcast(g, inputs[0].shape, self.axes),)


@dataclass(frozen=True)
class Broadcast(Op):
    """x repeated along `axes` of the output, which x does not have: the dual of `sum`"""

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    name: ClassVar[str] = "broadcast"

    def result_type(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        kept = tuple(n for a, n in enumerate(self.shape) if a not in self.axes)
        if x.shape != kept or not rising(self.axes, len(self.shape)):
            raise ShapeError(
                f"broadcast to {list(self.shape)} along axes {list(self.axes)} "
                f"needs x with shape {list(kept)}, got {x}"
            )
        return x.with_shape(self.shape)

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return np.broadcast_to(np.expand_dims(inputs[0], self.axes), self.shape)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        return operands[0][tuple(axis for a, axis in enumerate(i) if a not in self.axes)]

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (reduce_sum(g, self.axes),)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [
            Example(cls((2, 4, 3), (1,)), (F23,)),
            Example(cls((5, 2, 3, 1), (0, 3)), (F23,)),
            Example(cls((2, 3), (0, 1)), (TensorType((), float32),)),
        ]


class Extremum(Reduction):
    """The base of max and min. The gradient goes to the first of equal elements."""

    kind: ClassVar[str] = ""

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return (np.max if self.kind == "max" else np.min)(inputs[0], self.axes)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        over = self.over(operands[0])
        return expr.reduce(self.kind, over, operands[0][self.position(i, over)])

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        (x,) = inputs
        op = ArgMax(self.axes) if self.kind == "max" else ArgMin(self.axes)
        winner = broadcast(make(op, x), x.shape, self.axes)
        here = iota(x.type.with_dtype(int32), self.axes)
        return (where(eq(here, winner), broadcast(g, x.shape, self.axes), 0),)


class Max(Extremum):
    """the largest element over axes; NaN if there is one"""

    name: ClassVar[str] = "max"
    nickname: ClassVar[str] = "gradient router"
    kind: ClassVar[str] = "max"


class Min(Extremum):
    """the smallest element over axes; NaN if there is one"""

    name: ClassVar[str] = "min"
    nickname: ClassVar[str] = "gradient router"
    kind: ClassVar[str] = "min"


class ArgExtremum(Reduction):
    """The base of argmax and argmin: the row-major position over the axes.

    The first of equal elements wins. As in NumPy a NaN counts as the extreme one.
    """

    kind: ClassVar[str] = ""
    differentiable: ClassVar[bool] = False

    def result_type(self, *inputs: TensorType) -> TensorType:
        result = super().result_type(*inputs).with_dtype(int32)
        if np.prod([float(inputs[0].shape[a]) for a in self.axes]) > np.iinfo(np.int32).max:
            raise DtypeError(
                f"{self.name}: the positions in {listed(inputs)} do not fit into int32"
            )
        return result

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        x = inputs[0]
        last = np.moveaxis(x, self.axes, range(x.ndim - len(self.axes), x.ndim))
        flat = last.reshape(*last.shape[: x.ndim - len(self.axes)], -1)
        return (np.argmax if self.kind == "max" else np.argmin)(flat, -1).astype(np.int32)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        (x,) = operands
        over = self.over(x)
        extreme = expr.reduce(self.kind, over, x[self.position(i, over)])
        again = self.over(x)
        position = expr.index_value(flat_index(again, [a.extent for a in again]), int32)
        return first_equal(again, x[self.position(i, again)], extreme, position)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (None,)


def first_equal(over: tuple[Axis, ...], value: Expr, extreme: Expr, position: Expr) -> Expr:
    """The smallest `position` at which `value` is `extreme`; that is NaN only if a value is."""
    found = expr.apply("eq", value, extreme)
    if value.dtype.is_float:
        found = found | expr.apply("ne", value, value)
    return expr.smallest(over, expr.select(found, position, expr.identity("min", int32)))


class ArgMax(ArgExtremum):
    """where the first largest element over axes is"""

    name: ClassVar[str] = "argmax"
    kind: ClassVar[str] = "max"


class ArgMin(ArgExtremum):
    """where the first smallest element over axes is"""

    name: ClassVar[str] = "argmin"
    kind: ClassVar[str] = "min"


def axes_of(axes: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """`axes` as rising numbers; negative ones count from the end, None means all."""
    if axes is None:
        return tuple(range(ndim))
    several: Any = (axes,) if isinstance(axes, int) else axes
    return tuple(sorted(a + ndim if a < 0 else a for a in several))


def reduce_sum(x: Node, axes: int | Sequence[int] | None = None) -> Node:
    """The sum over `axes`, which vanish; x itself for no axes."""
    over = axes_of(axes, x.ndim)
    return make(Sum(over), x) if over else x


def reduce_max(x: Node, axes: int | Sequence[int] | None = None) -> Node:
    """The largest element over `axes`, which vanish."""
    return make(Max(axes_of(axes, x.ndim)), x)


def reduce_min(x: Node, axes: int | Sequence[int] | None = None) -> Node:
    """The smallest element over `axes`, which vanish."""
    return make(Min(axes_of(axes, x.ndim)), x)


def argmax(x: Node, axes: int | Sequence[int] | None = None) -> Node:
    """The row-major position over `axes` of the first largest element, int32."""
    return make(ArgMax(axes_of(axes, x.ndim)), x)


def argmin(x: Node, axes: int | Sequence[int] | None = None) -> Node:
    """The row-major position over `axes` of the first smallest element, int32."""
    return make(ArgMin(axes_of(axes, x.ndim)), x)


def broadcast(x: Node, shape: Sequence[int], axes: Sequence[int]) -> Node:
    """x repeated along `axes` of `shape`, which x does not have."""
    return make(Broadcast(tuple(shape), axes_of(axes, len(shape))), x) if axes else x


def broadcast_to(x: Node, shape: Sequence[int]) -> Node:
    """x repeated as NumPy does: axes are added in front, and axes of extent 1 stretched."""
    extra = len(shape) - x.ndim
    stretched = (
        [a for a in range(x.ndim) if x.shape[a] == 1 and shape[a + extra] != 1]
        if extra >= 0
        else []
    )
    kept = reshape(x, tuple(n for a, n in enumerate(x.shape) if a not in stretched))
    axes = (*range(extra), *(a + extra for a in stretched))
    return make(Broadcast(tuple(shape), axes), kept) if axes or x.shape != tuple(shape) else kept
