"""What the ops share: elementwise bases, constants, Python numbers as operands, flat indices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinygraph.errors import DtypeError
from tinygraph.graph import Example, Node, Op, make, require_same_types
from tinygraph.loops import expr
from tinygraph.loops.expr import Expr, Operand
from tinygraph.loops.index import Axis, Index, index
from tinygraph.types import DType, TensorType, float32

F23 = TensorType((2, 3), float32)


def listed(types: Sequence[TensorType]) -> str:
    """The types as an error shows them."""
    return ", ".join(map(str, types))


def require_numbers(op: Op, *inputs: TensorType) -> None:
    """Refuses bools."""
    if any(t.dtype is DType.bool for t in inputs):
        raise DtypeError(
            f"{op.name} needs numbers, got {listed(inputs)}; cast with .astype('float32')"
        )


def require_floats(op: Op, *inputs: TensorType) -> None:
    """Refuses integers and bools."""
    if not all(t.dtype.is_float for t in inputs):
        raise DtypeError(
            f"{op.name} needs floats, got {listed(inputs)}; cast with .astype('float32')"
        )


def flat_index(i: Sequence[Axis | Index | int], shape: Sequence[int]) -> Index:
    """The row-major position of `i` in an array of `shape`."""
    flat = index(0)
    for at, extent in zip(i, shape, strict=True):
        flat = flat * extent + index(at)
    return flat


def rising(axes: Sequence[int], ndim: int) -> bool:
    """Are these different axes, in order?"""
    return list(axes) == sorted(set(axes)) and all(0 <= a < ndim for a in axes)


def named_axes(names: str, extents: Sequence[int]) -> tuple[Axis, ...]:
    """Fresh axes with one-letter names, numbered ones where the letters do not reach."""
    letters = [*names, *(f"{names[-1]}{k}" for k in range(len(names), len(extents)))]
    return tuple(Axis(name, extent) for name, extent in zip(letters, extents, strict=False))


class Elementwise(Op):
    """The base: all inputs have one type, which is the output's.

    `function` is a name of `expr.FUNCTIONS`, which gives the NumPy meaning and the equation.
    """

    elementwise: ClassVar[bool] = True
    function: ClassVar[str] = ""
    low: ClassVar[float] = -2.0
    high: ClassVar[float] = 2.0
    arity: ClassVar[int] = 1

    def result_type(self, *inputs: TensorType) -> TensorType:
        require_numbers(self, *inputs)
        return require_same_types(self, *inputs)

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return expr.FUNCTIONS[self.function](*inputs)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        return self.scalar(*(x[i] for x in operands))

    def scalar(self, *values: Expr) -> Expr:
        """The output's element from the inputs' elements."""
        return expr.apply(self.function, *values)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [Example(cls(), (F23,) * cls.arity, cls.low, cls.high, distinct=True)]


class FloatElementwise(Elementwise):
    """An elementwise op that is defined for floating-point numbers only."""

    def result_type(self, *inputs: TensorType) -> TensorType:
        require_floats(self, *inputs)
        return require_same_types(self, *inputs)


def require_value(op: Op, value: float | int | bool, like: TensorType) -> None:
    """Refuses a number that is no element of an integer tensor."""
    if not like.dtype.is_integer:
        return
    limits = np.iinfo(like.dtype.numpy)
    whole = math.isfinite(value) and value == int(value)
    if not (whole and limits.min <= value <= limits.max):
        raise DtypeError(f"{op.name}: {value!r} is no {like.dtype}, asked for in {like}")


@dataclass(frozen=True)
class Full(Op):
    """A tensor whose elements all have one value."""

    value: float | int | bool
    type: TensorType
    name: ClassVar[str] = "full"

    def result_type(self, *inputs: TensorType) -> TensorType:
        require_value(self, self.value, self.type)
        return self.type

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return np.full(self.type.shape, self.value, self.type.dtype.numpy)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        return expr.const(self.value, self.type.dtype)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return ()

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [Example(cls(1.5, F23), ())]

    @property
    def label(self) -> str:
        return f"{self.value:g}"

    def __str__(self) -> str:
        return f"full({self.value:g})"


def full(value: float | int | bool, like: Node | TensorType) -> Node:
    """A constant tensor of the type of `like`."""
    return make(Full(value, like.type if isinstance(like, Node) else like))


Builder = Callable[[Any, Any], Node]


def with_numbers(build: Callable[[Node, Node], Node]) -> Builder:
    """A binary builder that takes a Python number for either operand."""

    def built(x: Any, y: Any) -> Node:
        x = x if isinstance(x, Node) else full(x, y)
        y = y if isinstance(y, Node) else full(y, x)
        return build(x, y)

    return built
