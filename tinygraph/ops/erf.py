"""The error function, from exp and two polynomials."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from tinygraph.graph import Node, make
from tinygraph.loops import expr
from tinygraph.loops.expr import Expr
from tinygraph.ops.base import FloatElementwise
from tinygraph.ops.functions import exp

SERIES = [2 / math.sqrt(math.pi) * (-1) ** k / (math.factorial(k) * (2 * k + 1)) for k in range(13)]
"""erf(x) / x as a polynomial in x**2: the Taylor series, for |x| < 1/2."""

# With a = |x| and t = 2 / (2 + a): log(erfc(a) / t) + a**2 as a polynomial in 2t - 1, interpolated
# at Chebyshev's points.
TAIL = [
    -0.6717940840566926,
    0.6726432239776442,
    0.04734330684206605,
    -0.0468956102297304,
    -0.009872689375933533,
    0.008824938510846043,
    0.0017589337692932455,
    -0.0023458118139817706,
    -0.00014624929196142367,
    0.0006736730376590427,
    -9.37183194465637e-05,
    -0.00017427289973268343,
    7.132662510558576e-05,
    3.1642237316389216e-05,
    -2.996464478670717e-05,
    3.759582480395483e-07,
    8.102170900875303e-06,
    -3.323957849311732e-06,
    -6.186016384567165e-07,
    1.6510285705509075e-06,
    -7.960078855157244e-07,
    -5.293472053448633e-07,
    5.422391243175499e-07,
    1.202408586525254e-07,
    -1.795771014359262e-07,
    -1.500032980132986e-08,
    2.648664155492076e-08,
]


class Erf(FloatElementwise):
    """2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x; to 1e-15, in float32 to 4e-7"""

    name: ClassVar[str] = "erf"

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return _erf(inputs[0], lambda name, *values: expr.FUNCTIONS[name](*values))

    def scalar(self, *values: Expr) -> Expr:
        return _erf(values[0], expr.apply)

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        (x,) = inputs
        return (g * exp(-(x * x)) * (2 / math.sqrt(math.pi)),)


def _erf(x: Any, apply: Callable[..., Any]) -> Any:
    """The same formula on arrays and on expressions."""
    size = apply("abs", x)
    near = apply("min", size, 0.5)  # what is not chosen stays finite
    series = near * _polynomial(near * near, SERIES)
    t = apply("div", 2.0, size + 2.0)
    rest = t * apply("exp", _polynomial(t * 2.0 - 1.0, TAIL) - size * size)
    value = apply("select", apply("lt", size, 0.5), series, 1.0 - rest)
    return apply("select", apply("lt", x, 0.0), -value, value)


def _polynomial(x: Any, coefficients: Sequence[float]) -> Any:
    result = x * coefficients[-1] + coefficients[-2]
    for c in coefficients[-3::-1]:
        result = result * x + c
    return result


def erf(x: Node) -> Node:
    """The error function of x."""
    return make(Erf(), x)
