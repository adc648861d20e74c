"""Elementary functions, element by element; and cast and detach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinygraph.graph import Example, Node, make
from tinygraph.loops import expr
from tinygraph.loops.elementary import FARTHEST
from tinygraph.loops.expr import Expr
from tinygraph.ops.base import F23, Elementwise, FloatElementwise
from tinygraph.ops.compare import B23, gt, where
from tinygraph.types import DType, TensorType, dtype_of, float32, float64, int32, uint32


class Exp(FloatElementwise):
    """e ** x"""

    name: ClassVar[str] = "exp"
    function: ClassVar[str] = "exp"

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (g * out,)


class Log(FloatElementwise):
    """the natural logarithm; -inf at 0, NaN below"""

    name: ClassVar[str] = "log"
    symbol: ClassVar[str] = "ln"
    function: ClassVar[str] = "log"
    low: ClassVar[float] = 0.5

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (g / inputs[0],)


class Sqrt(FloatElementwise):
    """the square root; NaN below 0"""

    name: ClassVar[str] = "sqrt"
    symbol: ClassVar[str] = "\u221a"
    function: ClassVar[str] = "sqrt"
    low: ClassVar[float] = 0.5

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (g / (out * 2),)


class Tanh(FloatElementwise):
    """the hyperbolic tangent"""

    name: ClassVar[str] = "tanh"
    function: ClassVar[str] = "tanh"

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (g * (1 - out * out),)


class Sigmoid(FloatElementwise):
    """1 / (1 + e ** -x)"""

    name: ClassVar[str] = "sigmoid"
    symbol: ClassVar[str] = "\u03c3"
    function: ClassVar[str] = "sigmoid"

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (g * (out * (1 - out)),)


class Relu(Elementwise):
    """max(x, 0); NaN stays NaN; the gradient at 0 is 0"""

    name: ClassVar[str] = "relu"

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return np.maximum(inputs[0], inputs[0].dtype.type(0))

    def scalar(self, *values: Expr) -> Expr:
        return expr.apply("max", values[0], 0)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (where(gt(out, 0), g, 0),)


def _too_far(x: np.ndarray) -> np.ndarray:
    """Where machines need not know the sine."""
    return ~(np.abs(x) <= FARTHEST[dtype_of(x.dtype)])


class Sin(FloatElementwise):
    """the sine of x radians"""

    name: ClassVar[str] = "sin"
    function: ClassVar[str] = "sin"

    def leaves_open(self, *inputs: np.ndarray) -> np.ndarray | None:
        return _too_far(*inputs)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (g * cos(inputs[0]),)


class Cos(FloatElementwise):
    """the cosine of x radians"""

    name: ClassVar[str] = "cos"
    function: ClassVar[str] = "cos"

    def leaves_open(self, *inputs: np.ndarray) -> np.ndarray | None:
        return _too_far(*inputs)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (-(g * sin(inputs[0])),)


class Floor(FloatElementwise):
    """the largest whole number <= x; flat wherever it has a derivative"""

    name: ClassVar[str] = "floor"
    function: ClassVar[str] = "floor"
    differentiable: ClassVar[bool] = False

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (None,)


@dataclass(frozen=True)
class Cast(Elementwise):
    """x as `dtype`: a float to an integer drops the fraction, and to bool asks whether it is not 0.

    Between int32 and uint32 the bits stay. What a float outside the integer's range gives is open.
    """

    dtype: DType
    name: ClassVar[str] = "cast"

    def result_type(self, *inputs: TensorType) -> TensorType:
        return inputs[0].with_dtype(self.dtype)

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0].astype(self.dtype.numpy)

    def leaves_open(self, *inputs: np.ndarray) -> np.ndarray | None:
        (x,) = inputs
        if not (self.dtype.is_integer and x.dtype.kind == "f"):
            return None
        limits = np.iinfo(self.dtype.numpy)
        return ~((x > limits.min - 1.0) & (x < limits.max + 1.0))

    def scalar(self, *values: Expr) -> Expr:
        (x,) = values
        if self.dtype is DType.bool and x.dtype is not DType.bool:
            return expr.apply("ne", x, 0)
        return expr.cast_to(x, self.dtype)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        smooth = out.dtype.is_float and inputs[0].dtype.is_float
        return (cast(g, inputs[0].dtype) if smooth else None,)

    @classmethod
    def examples(cls) -> Sequence[Example]:
        i23, u23 = F23.with_dtype(int32), F23.with_dtype(uint32)
        return [
            Example(cls(float64), (F23,)),
            Example(cls(float32), (F23.with_dtype(float64),)),
            Example(cls(int32), (F23,), -9, 9),
            Example(cls(DType.bool), (i23,), 0, 2),
            Example(cls(float32), (B23,)),
            Example(cls(float32), (u23,), 0, 2**32 - 1),
            Example(cls(uint32), (i23,), 0, 9),
        ]

    @property
    def label(self) -> str:
        return str(self.dtype)


class Detach(Elementwise):
    """x, taken as a constant: no gradient goes through"""

    name: ClassVar[str] = "detach"
    differentiable: ClassVar[bool] = False

    def result_type(self, *inputs: TensorType) -> TensorType:
        return inputs[0]

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0]

    def scalar(self, *values: Expr) -> Expr:
        return values[0]

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (None,)


def exp(x: Node) -> Node:
    """e ** x"""
    return make(Exp(), x)


def log(x: Node) -> Node:
    """The natural logarithm of x."""
    return make(Log(), x)


def sqrt(x: Node) -> Node:
    """The square root of x."""
    return make(Sqrt(), x)


def tanh(x: Node) -> Node:
    """The hyperbolic tangent of x."""
    return make(Tanh(), x)


def sigmoid(x: Node) -> Node:
    """1 / (1 + e ** -x)"""
    return make(Sigmoid(), x)


def relu(x: Node) -> Node:
    """max(x, 0)"""
    return make(Relu(), x)


def sin(x: Node) -> Node:
    """The sine of x radians."""
    return make(Sin(), x)


def cos(x: Node) -> Node:
    """The cosine of x radians."""
    return make(Cos(), x)


def floor(x: Node) -> Node:
    """The largest whole number <= x."""
    return make(Floor(), x)


def cast(x: Node, dtype: DType) -> Node:
    """x as `dtype`; x itself where it already is."""
    return x if x.dtype is dtype else make(Cast(dtype), x)


def detach(x: Node) -> Node:
    """x, taken as a constant by gradients."""
    return make(Detach(), x)
