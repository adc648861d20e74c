"""Ops that only move elements: which element of x is element i of the output."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinygraph.errors import DtypeError, ShapeError
from tinygraph.graph import Example, Node, Op, make
from tinygraph.loops import expr
from tinygraph.loops.expr import Expr, Operand
from tinygraph.loops.index import Axis, index
from tinygraph.ops.base import F23, flat_index, require_value, rising
from tinygraph.types import DType, TensorType, float32, int32, uint32

F234 = TensorType((2, 3, 4), float32)


@dataclass(frozen=True)
class Reshape(Op):
    """the same elements, in row-major order, with another shape"""

    shape: tuple[int, ...]
    name: ClassVar[str] = "reshape"

    def result_type(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        if math.prod(self.shape) != x.size:
            raise ShapeError(
                f"reshape of {x}, which has {x.size} elements, "
                f"to {list(self.shape)}, which has {math.prod(self.shape)}"
            )
        return x.with_shape(self.shape)

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0].reshape(self.shape)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        (x,) = operands
        rest, position = flat_index(i, self.shape), []
        for extent in map(_positive, reversed(x.shape[1:])):
            position.append(rest % extent)
            rest = rest // extent
        return x[(rest, *reversed(position)) if x.shape else ()]

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (reshape(g, inputs[0].shape),)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [Example(cls(shape), (F234,)) for shape in ((24,), (2, 12), (4, 1, 6), (8, 3))]


def _positive(extent: int) -> int:
    """An extent to divide by; where there are no elements any will do."""
    return max(extent, 1)


@dataclass(frozen=True)
class Transpose(Op):
    """axis k of the output is axis order[k] of x"""

    order: tuple[int, ...]
    name: ClassVar[str] = "transpose"

    def result_type(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        if sorted(self.order) != list(range(x.ndim)):
            raise ShapeError(
                f"transpose of {x} by {list(self.order)}: "
                f"it needs each of the axes 0 to {x.ndim - 1} once"
            )
        return x.with_shape(tuple(x.shape[a] for a in self.order))

    @property
    def inverse(self) -> tuple[int, ...]:
        return tuple(self.order.index(a) for a in range(len(self.order)))

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0].transpose(self.order)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        return operands[0][tuple(i[k] for k in self.inverse)]

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (transpose(g, self.inverse),)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [Example(cls((1, 0)), (F23,)), Example(cls((1, 2, 0)), (F234,))]


@dataclass(frozen=True)
class Pad(Op):
    """x with `value` around it; one pair (before, after) an axis"""

    pairs: tuple[tuple[int, int], ...]
    value: float | int | bool = 0
    name: ClassVar[str] = "pad"

    def result_type(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        if len(self.pairs) != x.ndim or any(n < 0 for pair in self.pairs for n in pair):
            raise ShapeError(
                f"pad of {x} by {list(self.pairs)}: "
                f"it needs {x.ndim} pairs of numbers >= 0; a slice cuts off"
            )
        require_value(self, self.value, x)
        return x.with_shape(
            tuple(n + sum(pair) for n, pair in zip(x.shape, self.pairs, strict=True))
        )

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return (
            np.pad(inputs[0], self.pairs, constant_values=self.value) if self.pairs else inputs[0]
        )

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        position = [
            axis - before for axis, (before, _) in zip(map(index, i), self.pairs, strict=True)
        ]
        return operands[0].at(*position, outside=self.value)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        starts = tuple(before for before, _ in self.pairs)
        return (make(Slice(starts, inputs[0].shape, (1,) * g.ndim), g),)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [
            Example(cls(((1, 2), (0, 1))), (F23,)),
            Example(cls(((0, 0), (2, 0)), 1.5), (F23,)),
            Example(cls(((0, 0), (1, 1)), float("-inf")), (F23,)),
        ]


@dataclass(frozen=True)
class Slice(Op):
    """y[i] = x[start + i * step], for `extents` positions; a negative step runs backwards"""

    starts: tuple[int, ...]
    extents: tuple[int, ...]
    steps: tuple[int, ...]
    name: ClassVar[str] = "slice"

    def result_type(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        check_positions(self, x, x.shape, self.starts, self.extents, self.steps)
        return x.with_shape(self.extents)

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0][slices(self.starts, self.extents, self.steps)]

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        spans = zip(map(index, i), self.starts, self.steps, strict=True)
        return operands[0][tuple(axis * step + start for axis, start, step in spans)]

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        shape = inputs[0].shape
        if any(step != 1 for step in self.steps):
            return (unslice(g, shape, self.starts, self.steps),)
        spans = zip(self.starts, self.extents, shape, strict=True)
        return (make(Pad(tuple((start, n - start - extent) for start, extent, n in spans)), g),)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [Example(cls(*where), (F234,)) for where in _SLICES]


@dataclass(frozen=True)
class Unslice(Op):
    """the slice undone: x[start + i * step] = g[i] among zeros; a bed of nails"""

    shape: tuple[int, ...]
    starts: tuple[int, ...]
    steps: tuple[int, ...]
    name: ClassVar[str] = "unslice"

    def result_type(self, *inputs: TensorType) -> TensorType:
        (g,) = inputs
        check_positions(self, g, self.shape, self.starts, g.shape, self.steps)
        return g.with_shape(self.shape)

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        (g,) = inputs
        x = np.zeros(self.shape, g.dtype)
        x[slices(self.starts, g.shape, self.steps)] = g
        return x

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        (g,) = operands
        position, met = [], None
        for axis, start, step in zip(map(index, i), self.starts, self.steps, strict=True):
            distance = axis - start if step > 0 else start - axis
            position.append(distance // abs(step))
            if (rest := distance % abs(step)).terms or rest.const:
                on = expr.apply("eq", expr.index_value(rest, int32), 0)
                met = on if met is None else met & on
        value = g.at(*position, outside=0)
        return value if met is None else expr.select(met, value, 0)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (make(Slice(self.starts, inputs[0].shape, self.steps), g),)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [
            Example(cls(F234.shape, starts, steps), (F234.with_shape(extents),))
            for starts, extents, steps in _SLICES
        ]


_SLICES = [
    ((0, 1, 0), (2, 2, 4), (1, 1, 1)),
    ((1, 0, 1), (2, 2, 2), (-1, 2, 2)),
    ((0, 2, 3), (1, 2, 2), (1, -2, -3)),
]


def check_positions(
    op: Op,
    operand: TensorType,
    shape: Sequence[int],
    starts: Sequence[int],
    extents: Sequence[int],
    steps: Sequence[int],
) -> None:
    """Refuses positions start + i * step that are not all inside `shape`."""
    if not len(shape) == len(starts) == len(extents) == len(steps):
        raise ShapeError(f"{op} needs a start and a step for each axis, got {operand}")
    for n, start, extent, step in zip(shape, starts, extents, steps, strict=True):
        last = start + (extent - 1) * step
        if step == 0 or extent < 0 or (extent and not (0 <= start < n and 0 <= last < n)):
            raise ShapeError(
                f"{op} of {operand}: "
                f"{extent} positions {start}, {start}{step:+}, ... are not all in 0 to {n - 1}"
            )


def slices(
    starts: Sequence[int], extents: Sequence[int], steps: Sequence[int]
) -> tuple[slice, ...]:
    """The positions as Python slices."""
    result = []
    for start, extent, step in zip(starts, extents, steps, strict=True):
        stop = start + extent * step
        result.append(slice(start, None if stop < 0 else stop, step) if extent else slice(0, 0))
    return tuple(result)


@dataclass(frozen=True)
class Concatenate(Op):
    """the inputs one after the other along an axis"""

    axis: int
    name: ClassVar[str] = "concatenate"

    def result_type(self, *inputs: TensorType) -> TensorType:
        first, listing = inputs[0], ", ".join(map(str, inputs))
        if not 0 <= self.axis < first.ndim:
            raise ShapeError(
                f"concatenate along axis {self.axis} of {listing}: there is no such axis"
            )
        if any(t.dtype is not first.dtype for t in inputs):
            raise DtypeError(f"concatenate needs inputs of one dtype, got {listing}")
        if any(self._other(t) != self._other(first) for t in inputs):
            raise ShapeError(
                f"concatenate along axis {self.axis} "
                f"needs inputs that are equal in all other axes, got {listing}"
            )
        extent = sum(t.shape[self.axis] for t in inputs)
        return first.with_shape((*first.shape[: self.axis], extent, *first.shape[self.axis + 1 :]))

    def _other(self, t: TensorType) -> tuple[int, ...]:
        return t.ndim, *t.shape[: self.axis], *t.shape[self.axis + 1 :]

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return np.concatenate(inputs, self.axis)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        along, end = index(i[self.axis]), sum(x.shape[self.axis] for x in operands)
        here, result = expr.index_value(along, int32), None
        for x in reversed(operands):
            start = end - x.shape[self.axis]
            value = x.at(*i[: self.axis], along - start, *i[self.axis + 1 :], outside=0)
            result = value if result is None else expr.select(here < end, value, result)
            end = start
        assert result is not None
        return result

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        parts, start = [], 0
        for x in inputs:
            starts = tuple(start if a == self.axis else 0 for a in range(g.ndim))
            parts.append(make(Slice(starts, x.shape, (1,) * g.ndim), g))
            start += x.shape[self.axis]
        return tuple(parts)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        short = TensorType((2, 1), float32)
        return [
            Example(cls(1), (F23, short, F23)),
            Example(cls(0), (F23, F23)),
            Example(cls(0), (F23,)),
        ]


@dataclass(frozen=True)
class Iota(Op):
    """the row-major position over `axes` of each element: an index used as a value"""

    type: TensorType
    axes: tuple[int, ...]
    name: ClassVar[str] = "iota"

    def result_type(self, *inputs: TensorType) -> TensorType:
        if self.type.dtype is DType.bool or not rising(self.axes, self.type.ndim):
            raise ShapeError(
                f"iota over axes {list(self.axes)} needs numbers and rising axes, got {self.type}"
            )
        return self.type

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        shape = [self.type.shape[a] for a in self.axes]
        flat = np.arange(math.prod(shape)).astype(self.type.dtype.numpy).reshape(shape)
        others = tuple(a for a in range(self.type.ndim) if a not in self.axes)
        return np.broadcast_to(np.expand_dims(flat, others), self.type.shape)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        flat = flat_index([i[a] for a in self.axes], [self.type.shape[a] for a in self.axes])
        return expr.index_value(flat, self.type.dtype)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return ()

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [
            Example(cls(F234.with_dtype(int32), (1,)), ()),
            Example(cls(F234, (0, 2)), ()),
            Example(cls(TensorType((5,), uint32), (0,)), ()),
        ]


def reshape(x: Node, shape: Sequence[int]) -> Node:
    """x with another shape; x itself where it has that shape."""
    return x if x.shape == tuple(shape) else make(Reshape(tuple(shape)), x)


def transpose(x: Node, order: Sequence[int]) -> Node:
    """Axis k of the result is axis order[k] of x."""
    return x if tuple(order) == tuple(range(x.ndim)) else make(Transpose(tuple(order)), x)


def pad(x: Node, pairs: Sequence[tuple[int, int]], value: float | int | bool = 0) -> Node:
    """x with `value` around it, one pair (before, after) an axis."""
    return make(Pad(tuple(pairs), value), x) if any(map(any, pairs)) or len(pairs) != x.ndim else x


def cut(x: Node, *where: slice) -> Node:
    """x[slice, ...], with Python's rules for each slice; missing ones take the whole axis."""
    ranges = [range(n)[s] for n, s in zip(x.shape, where, strict=False)]
    ranges += [range(n) for n in x.shape[len(where) :]]
    starts, extents = tuple(r.start for r in ranges), tuple(map(len, ranges))
    steps = tuple(r.step for r in ranges)
    return (
        x
        if extents == x.shape and all(s == 1 for s in steps)
        else make(Slice(starts, extents, steps), x)
    )


def flip(x: Node, axes: Sequence[int]) -> Node:
    """x with the order along `axes` reversed."""
    return cut(x, *(slice(None, None, -1 if a in axes else 1) for a in range(x.ndim)))


def unslice(g: Node, shape: Sequence[int], starts: Sequence[int], steps: Sequence[int]) -> Node:
    """The elements of g at start + i * step of an array of zeros."""
    return make(Unslice(tuple(shape), tuple(starts), tuple(steps)), g)


def concatenate(xs: Sequence[Node], axis: int = 0) -> Node:
    """The nodes one after the other along `axis`."""
    return make(Concatenate(axis + xs[0].ndim if axis < 0 else axis), *xs)


def iota(type: TensorType, axes: Sequence[int]) -> Node:
    """The row-major position over `axes` of each element."""
    return make(Iota(type, tuple(axes)))
