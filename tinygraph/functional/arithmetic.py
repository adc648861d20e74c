"""Arithmetic and elementary functions, element by element; operands are broadcast as in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygraph import ops
from tinygraph.graph import Node
from tinygraph.tensor import Tensor, as_tensor, node_of, operands, wrap
from tinygraph.tensor.broadcast import broadcast_together
from tinygraph.types import dtype_of


def _unary(build: Callable[[Node], Node], x: Any) -> Tensor:
    return wrap(build(node_of(x)))


def _binary(build: Callable[..., Node], name: str, x: Any, y: Any) -> Tensor:
    return wrap(build(*operands(name, x, y)))


def add(x: Any, y: Any) -> Tensor:
    """x + y"""
    return _binary(ops.add, "add", x, y)


def sub(x: Any, y: Any) -> Tensor:
    """x - y"""
    return _binary(ops.sub, "sub", x, y)


def mul(x: Any, y: Any) -> Tensor:
    """x * y"""
    return _binary(ops.mul, "mul", x, y)


def div(x: Any, y: Any) -> Tensor:
    """x / y, for floats"""
    return _binary(ops.div, "div", x, y)


def pow(x: Any, y: Any) -> Tensor:
    """x ** y"""
    return as_tensor(x) ** y


def neg(x: Any) -> Tensor:
    """-x"""
    return _unary(ops.neg, x)


def abs(x: Any) -> Tensor:
    """|x|, with gradient 0 at 0"""
    return _unary(ops.absolute, x)


def maximum(x: Any, y: Any) -> Tensor:
    """The larger of x and y, NaN where one is NaN; on a tie the gradient goes to x."""
    return _binary(ops.maximum, "maximum", x, y)


def minimum(x: Any, y: Any) -> Tensor:
    """The smaller of x and y, NaN where one is NaN; on a tie the gradient goes to x."""
    return _binary(ops.minimum, "minimum", x, y)


def clip(x: Any, low: Any = None, high: Any = None) -> Tensor:
    """x, but not below `low` and not above `high`."""
    result = as_tensor(x)
    if low is not None:
        result = maximum(result, low)
    return result if high is None else minimum(result, high)


def square(x: Any) -> Tensor:
    """x ** 2"""
    return as_tensor(x) ** 2


def exp(x: Any) -> Tensor:
    """e ** x"""
    return _unary(ops.exp, x)


def log(x: Any) -> Tensor:
    """The natural logarithm; -inf at 0, NaN below."""
    return _unary(ops.log, x)


def sqrt(x: Any) -> Tensor:
    """The square root; NaN below 0."""
    return _unary(ops.sqrt, x)


def sin(x: Any) -> Tensor:
    """The sine of x radians."""
    return _unary(ops.sin, x)


def cos(x: Any) -> Tensor:
    """The cosine of x radians."""
    return _unary(ops.cos, x)


def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent."""
    return _unary(ops.tanh, x)


def erf(x: Any) -> Tensor:
    """The error function: how likely a normal number with variance 1/2 lies within -x..x."""
    return _unary(ops.erf, x)


def floor(x: Any) -> Tensor:
    """The largest whole number that is not above x; no gradient."""
    return _unary(ops.floor, x)


def cast(x: Any, dtype: Any) -> Tensor:
    """The same numbers as another dtype."""
    return wrap(ops.cast(node_of(x), dtype_of(dtype)))


def detach(x: Any) -> Tensor:
    """x, taken as a constant by gradients."""
    return _unary(ops.detach, x)


def equal(x: Any, y: Any) -> Tensor:
    """x == y, element by element"""
    return _binary(ops.eq, "equal", x, y)


def logical_and(x: Any, y: Any) -> Tensor:
    """x and y, of bools"""
    return _binary(ops.logical_and, "logical_and", x, y)


def logical_or(x: Any, y: Any) -> Tensor:
    """x or y, of bools"""
    return _binary(ops.logical_or, "logical_or", x, y)


def logical_not(x: Any) -> Tensor:
    """not x, of bools"""
    return _unary(ops.logical_not, x)


def where(condition: Any, x: Any, y: Any) -> Tensor:
    """x where `condition` is true, else y.

    Both are computed, and only the chosen one gets a gradient.
    """
    choices = operands("where", x, y)
    together = broadcast_together("where", [node_of(condition), *choices])
    return wrap(ops.where(*together))
