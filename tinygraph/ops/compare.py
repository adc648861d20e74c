"""Comparisons, logic and choice: numbers to bools, and bools back to numbers.

Only `where` has a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from tinygraph.errors import DtypeError, ShapeError
from tinygraph.graph import Example, Node, Op, make, require_same_types
from tinygraph.loops import expr
from tinygraph.loops.expr import Expr, Operand
from tinygraph.loops.index import Axis
from tinygraph.ops.base import F23, Elementwise, listed, require_numbers, with_numbers
from tinygraph.types import DType, TensorType, bool_, int32

B23 = TensorType((2, 3), bool_)


class Comparison(Elementwise):
    """x against y, as bool; false where one is NaN, but `ne` true."""

    differentiable: ClassVar[bool] = False
    arity: ClassVar[int] = 2

    def result_type(self, *inputs: TensorType) -> TensorType:
        require_numbers(self, *inputs)
        return require_same_types(self, *inputs).with_dtype(DType.bool)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return None, None

    @classmethod
    def examples(cls) -> Sequence[Example]:
        ints = TensorType((3, 4), int32)
        return [Example(cls(), (F23, F23)), Example(cls(), (ints, ints), 0, 2)]


class Less(Comparison):
    """x < y"""

    name: ClassVar[str] = "lt"
    symbol: ClassVar[str] = "<"
    function: ClassVar[str] = "lt"


class LessEqual(Comparison):
    """x <= y"""

    name: ClassVar[str] = "le"
    symbol: ClassVar[str] = "<="
    function: ClassVar[str] = "le"


class Greater(Comparison):
    """x > y"""

    name: ClassVar[str] = "gt"
    symbol: ClassVar[str] = ">"
    function: ClassVar[str] = "gt"


class GreaterEqual(Comparison):
    """x >= y"""

    name: ClassVar[str] = "ge"
    symbol: ClassVar[str] = ">="
    function: ClassVar[str] = "ge"


class Equal(Comparison):
    """x == y"""

    name: ClassVar[str] = "eq"
    symbol: ClassVar[str] = "=="
    function: ClassVar[str] = "eq"


class NotEqual(Comparison):
    """x != y"""

    name: ClassVar[str] = "ne"
    symbol: ClassVar[str] = "!="
    function: ClassVar[str] = "ne"


class Logic(Elementwise):
    """Bools to bool."""

    differentiable: ClassVar[bool] = False

    def result_type(self, *inputs: TensorType) -> TensorType:
        if any(t.dtype is not DType.bool for t in inputs):
            raise DtypeError(
                f"{self.name} needs bools, got {listed(inputs)}; compare first, as in x != 0"
            )
        return require_same_types(self, *inputs)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (None,) * len(inputs)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [Example(cls(), (B23,) * cls.arity)]


class LogicalAnd(Logic):
    """x and y"""

    name: ClassVar[str] = "logical_and"
    symbol: ClassVar[str] = "and"
    function: ClassVar[str] = "and"
    arity: ClassVar[int] = 2


class LogicalOr(Logic):
    """x or y"""

    name: ClassVar[str] = "logical_or"
    symbol: ClassVar[str] = "or"
    function: ClassVar[str] = "or"
    arity: ClassVar[int] = 2


class LogicalNot(Logic):
    """not x"""

    name: ClassVar[str] = "logical_not"
    symbol: ClassVar[str] = "not"
    function: ClassVar[str] = "not"


class Where(Op):
    """x where the condition is true, else y"""

    name: ClassVar[str] = "where"
    symbol: ClassVar[str] = "?:"
    elementwise: ClassVar[bool] = True

    def result_type(self, *inputs: TensorType) -> TensorType:
        condition, x, y = inputs
        if condition.dtype is not DType.bool:
            raise DtypeError(
                f"where needs a bool condition, got {listed(inputs)}; compare first, as in x > 0"
            )
        if condition.shape != x.shape:
            raise ShapeError(
                f"where needs a condition of the shape of its choices, got {listed(inputs)}"
            )
        return require_same_types(self, x, y)

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return np.where(*inputs)

    def equation(self, i: tuple[Axis, ...], *operands: Operand) -> Expr:
        condition, x, y = operands
        return expr.select(condition[i], x[i], y[i])

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        condition = inputs[0]
        return None, where(condition, g, 0), where(condition, 0, g)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [Example(cls(), (B23, F23, F23))]


lt = with_numbers(lambda x, y: make(Less(), x, y))
le = with_numbers(lambda x, y: make(LessEqual(), x, y))
gt = with_numbers(lambda x, y: make(Greater(), x, y))
ge = with_numbers(lambda x, y: make(GreaterEqual(), x, y))
eq = with_numbers(lambda x, y: make(Equal(), x, y))
ne = with_numbers(lambda x, y: make(NotEqual(), x, y))


def logical_and(x: Node, y: Node) -> Node:
    """x and y"""
    return make(LogicalAnd(), x, y)


def logical_or(x: Node, y: Node) -> Node:
    """x or y"""
    return make(LogicalOr(), x, y)


def logical_not(x: Node) -> Node:
    """not x"""
    return make(LogicalNot(), x)


def where(condition: Node, x: Any, y: Any) -> Node:
    """x where `condition` is true, else y; one of them may be a Python number."""
    return with_numbers(lambda x, y: make(Where(), condition, x, y))(x, y)
