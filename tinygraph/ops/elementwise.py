"""The arithmetic gates: + - * / ** and their like, element by element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np

from tinygraph.errors import DtypeError
from tinygraph.graph import OPERATORS, Example, Node, make
from tinygraph.loops.expr import Expr, const
from tinygraph.ops.base import (
    F23,
    Elementwise,
    FloatElementwise,
    Full,
    full,
    require_numbers,
    with_numbers,
)
from tinygraph.ops.compare import eq, ge, gt, le, logical_and, lt, where
from tinygraph.ops.functions import log
from tinygraph.types import DType, TensorType

T = TypeVar("T")


class Add(Elementwise):
    """x + y"""

    name: ClassVar[str] = "add"
    symbol: ClassVar[str] = "+"
    nickname: ClassVar[str] = "gradient distributor"
    function: ClassVar[str] = "add"
    arity: ClassVar[int] = 2

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return g, g


class Sub(Elementwise):
    """x - y"""

    name: ClassVar[str] = "sub"
    symbol: ClassVar[str] = "-"
    function: ClassVar[str] = "sub"
    arity: ClassVar[int] = 2

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return g, -g


class Mul(Elementwise):
    """x * y"""

    name: ClassVar[str] = "mul"
    symbol: ClassVar[str] = "*"
    nickname: ClassVar[str] = "swap multiplier"
    function: ClassVar[str] = "mul"
    arity: ClassVar[int] = 2

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        x, y = inputs
        return g * y, g * x


class Div(FloatElementwise):
    """x / y"""

    name: ClassVar[str] = "div"
    symbol: ClassVar[str] = "/"
    function: ClassVar[str] = "div"
    arity: ClassVar[int] = 2
    low: ClassVar[float] = 0.5

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        _, y = inputs
        dx = g / y
        return dx, -(dx * out)


class Neg(Elementwise):
    """-x"""

    name: ClassVar[str] = "neg"
    symbol: ClassVar[str] = "-"
    function: ClassVar[str] = "neg"

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (-g,)


class Pow(FloatElementwise):
    """x ** y, for any y; a whole constant y is `PowInt`"""

    name: ClassVar[str] = "pow"
    symbol: ClassVar[str] = "**"
    function: ClassVar[str] = "pow"
    arity: ClassVar[int] = 2
    low: ClassVar[float] = 0.5

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        x, y = inputs
        if isinstance(y.op, Full):
            return g * (x ** (y.op.value - 1) * y.op.value), None
        # The two `where` keep 0 * infinity out: x**0 is flat, and 0**y is 0 for every y > 0.
        zero = eq(x, 0)
        dx = g * (y * x ** where(logical_and(zero, eq(y, 0)), 1, y - 1))
        return dx, g * (out * log(where(zero, 1, x)))


@dataclass(frozen=True)
class PowInt(Elementwise):
    """x ** n for a whole number n, by repeated squaring: exact for squares, and fit for x <= 0"""

    exponent: int
    name: ClassVar[str] = "pow_int"

    def result_type(self, *inputs: TensorType) -> TensorType:
        require_numbers(self, *inputs)
        if self.exponent < 0 and not inputs[0].dtype.is_float:
            raise DtypeError(
                f"{self.name}: a negative power needs floats, got {inputs[0]} ** {self.exponent}"
            )
        return inputs[0]

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        one = np.ones_like(inputs[0])
        return self._power(inputs[0], one, np.multiply, np.divide)

    def scalar(self, *values: Expr) -> Expr:
        one = const(1, values[0].dtype)
        return self._power(values[0], one, lambda a, b: a * b, lambda a, b: a / b)

    def _power(self, x: T, one: T, times: Callable[[T, T], T], over: Callable[[T, T], T]) -> T:
        result, n = None, abs(self.exponent)
        while n:
            if n & 1:
                result = x if result is None else times(result, x)
            n >>= 1
            x = times(x, x) if n else x
        result = one if result is None else result
        return over(one, result) if self.exponent < 0 else result

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (g * (inputs[0] ** (self.exponent - 1) * self.exponent),)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        return [
            Example(cls(2), (F23,)),
            Example(cls(3), (F23,)),
            Example(cls(0), (F23,)),
            Example(cls(-2), (F23,), low=0.5),
        ]

    @property
    def label(self) -> str:
        return f"**{self.exponent}"


class Maximum(Elementwise):
    """the larger of x and y, NaN where one is NaN; on a tie the gradient goes to x"""

    name: ClassVar[str] = "maximum"
    symbol: ClassVar[str] = "max"
    nickname: ClassVar[str] = "gradient router"
    function: ClassVar[str] = "max"
    arity: ClassVar[int] = 2

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        first = ge(*inputs)
        return where(first, g, 0), where(first, 0, g)


class Minimum(Elementwise):
    """the smaller of x and y, NaN where one is NaN; on a tie the gradient goes to x"""

    name: ClassVar[str] = "minimum"
    symbol: ClassVar[str] = "min"
    nickname: ClassVar[str] = "gradient router"
    function: ClassVar[str] = "min"
    arity: ClassVar[int] = 2

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        first = le(*inputs)
        return where(first, g, 0), where(first, 0, g)


class Abs(Elementwise):
    """|x|, with gradient 0 at 0"""

    name: ClassVar[str] = "abs"
    symbol: ClassVar[str] = "|x|"
    function: ClassVar[str] = "abs"

    def scalar(self, *values: Expr) -> Expr:
        (x,) = values
        return x if x.dtype is DType.uint32 else super().scalar(x)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        (x,) = inputs
        return (where(gt(x, 0), g, where(lt(x, 0), -g, 0)),)


add = OPERATORS["add"] = with_numbers(lambda x, y: make(Add(), x, y))
sub = OPERATORS["sub"] = with_numbers(lambda x, y: make(Sub(), x, y))
mul = OPERATORS["mul"] = with_numbers(lambda x, y: make(Mul(), x, y))
div = OPERATORS["div"] = with_numbers(lambda x, y: make(Div(), x, y))
maximum = with_numbers(lambda x, y: make(Maximum(), x, y))
minimum = with_numbers(lambda x, y: make(Minimum(), x, y))


def neg(x: Node) -> Node:
    """-x"""
    return make(Neg(), x)


def power(x: Any, y: Any) -> Node:
    """x ** y; a whole Python number y becomes repeated multiplication."""
    if isinstance(y, Node) or not float(y).is_integer():
        return with_numbers(lambda x, y: make(Pow(), x, y))(x, y)
    if y == 1:
        return x
    return make(PowInt(int(y)), x) if y else full(1, x)


def absolute(x: Node) -> Node:
    """|x|"""
    return make(Abs(), x)


OPERATORS["neg"] = neg
OPERATORS["pow"] = power
