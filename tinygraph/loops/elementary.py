"""Elementary functions as arithmetic: what a machine without vector exp, log, ... computes instead.

Each is a range reduction, by pow2, exponent and mantissa (which a machine reads off the bits), and
a polynomial. Error bounds, in units of the last place (ulp), over the whole range, as tested on
machines with and without fused multiply-add:

    function   float32   float64
    exp          2          2
    log          1          1
    tanh         3          3
    sigmoid      3          3
    sin, cos     1 ulp of 1 for |x| <= 1e5 (float32) or 1e6 (float64); NaN beyond
    pow(x, y)    2 + 3 |y ln x|

Infinities, NaN, subnormal numbers and the sign of zero are IEEE's, as in C.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tinygraph.loops.expr import (
    Apply,
    Expr,
    apply,
    const,
)
from tinygraph.loops.rewrite import transform
from tinygraph.types import DType

LN2 = math.log(2)
FARTHEST = {DType.float32: 1e5, DType.float64: 1e6}
"""Beyond this sin and cos are NaN: the digits of pi that the machine has are used up."""


def expanded(e: Expr) -> Expr:
    """`e` in which only functions remain that a machine has."""
    return transform(e, _expand)


def _expand(e: Expr) -> Expr | None:
    if not isinstance(e, Apply) or not e.dtype.is_float:
        return None
    match e.function:
        case "exp":
            return exp(e.args[0])
        case "log":
            return log(e.args[0])
        case "tanh":
            return tanh(e.args[0])
        case "sigmoid":
            return sigmoid(e.args[0])
        case "sin":
            return _sine(e.args[0], 0)
        case "cos":
            return _sine(e.args[0], 1)
        case "pow":
            return power(*e.args)
    return None


def _is_single(x: Expr) -> bool:
    return x.dtype is DType.float32


def _fma(a: Expr, b: Expr | float, c: Expr | float) -> Expr:
    return apply("fma", a, b, c)


def _polynomial(x: Expr, coefficients: Sequence[float]) -> Expr:
    """sum of coefficients[k] * x**k, by Horner's rule."""
    result: Expr = const(coefficients[-1], x.dtype)
    for c in reversed(coefficients[:-1]):
        result = _fma(result, x, c)
    return result


def _select(condition: Expr, yes: Expr | float, no: Expr | float) -> Expr:
    return apply("select", condition, yes, no)


def _reduced_exp(x: Expr) -> tuple[Expr, Expr, Expr]:
    """n, r, p with x = n ln 2 + r, |r| <= ln 2 / 2, and p = exp(r) - 1."""
    n = apply("round", x * (1 / LN2))
    high = 0.693359375 if _is_single(x) else 6.93147180369123816490e-01
    low = LN2 - high if _is_single(x) else 1.90821492927058770002e-10
    r = _fma(n, -low, _fma(n, -high, x))
    degree = 7 if _is_single(x) else 13
    series = _polynomial(r, [1 / math.factorial(k) for k in range(2, degree + 1)])
    return n, r, _fma(series, r * r, r)


def _scaled(value: Expr, n: Expr) -> Expr:
    """value * 2**n in two steps, so that n may be a little outside the range of exponents."""
    half = apply("floor", n * 0.5)
    return value * apply("pow2", half) * apply("pow2", n - half)


def exp(x: Expr) -> Expr:
    low, high = (-104.0, 89.0) if _is_single(x) else (-746.0, 710.0)
    inside = apply("max", apply("min", x, high), low)
    n, _, p = _reduced_exp(inside)
    return _scaled(p + 1.0, n)


def log(x: Expr) -> Expr:
    """x = 2**n * m with m in sqrt(1/2)..sqrt(2); log(m) = 2 atanh(s), s = (m-1)/(m+1)."""
    tiny = 1.1754943508222875e-38 if _is_single(x) else 2.2250738585072014e-308
    lift = 2.0**24 if _is_single(x) else 2.0**54
    small = x < tiny
    lifted = _select(small, x * lift, x)
    n, m = apply("exponent", lifted), apply("mantissa", lifted)
    big = m > math.sqrt(2)
    m = _select(big, m * 0.5, m)
    n = _select(big, n + 1.0, n) - _select(small, math.log2(lift), const(0.0, x.dtype))
    f = m - 1.0
    s = f / (m + 1.0)
    z = s * s
    terms = 5 if _is_single(x) else 11
    series = _polynomial(z, [2 / (2 * k + 3) for k in range(terms)]) * z
    # log(1+f) = f - s*(f - series): keeps the leading term exact
    correction = s * (f - series)
    high = 0.693359375 if _is_single(x) else 6.93147180369123816490e-01
    low = LN2 - high if _is_single(x) else 1.90821492927058770002e-10
    value = _fma(n, high, f - (correction - n * low))
    infinity = float("inf")
    value = _select(apply("eq", x, infinity), infinity, value)
    value = _select(apply("eq", x, 0.0), -infinity, value)
    return _select(apply("ge", x, 0.0), value, float("nan"))


def _expm1(x: Expr) -> Expr:
    """exp(x) - 1 for |x| not large."""
    n, _, p = _reduced_exp(x)
    scale = apply("pow2", n)
    return _fma(scale, p, scale - 1.0)


def tanh(x: Expr) -> Expr:
    """e / (e + 2) with e = exp(2|x|) - 1, and the sign of x."""
    a = apply("abs", x)
    limit = 10.0 if _is_single(x) else 20.0
    e = _expm1(apply("min", a, limit) * 2.0)
    t = e / (e + 2.0)
    return _select(apply("eq", x, 0.0), x, _select(x < 0.0, -t, t))


def sigmoid(x: Expr) -> Expr:
    """1 / (1 + e) or e / (1 + e) with e = exp(-|x|), which never overflows."""
    e = exp(-apply("abs", x))
    return _select(x < 0.0, e, 1.0) / (e + 1.0)


def power(x: Expr, y: Expr) -> Expr:
    """x**y as exp(y log |x|), with the sign and the special cases of IEEE pow."""
    a = apply("abs", x)
    size = _select(apply("eq", a, 1.0), 1.0, exp(y * log(a)))
    whole = apply("eq", apply("floor", y), y)
    half = y * 0.5
    odd = whole & apply("ne", apply("floor", half), half)
    negative = (x < 0.0) | (1.0 / x < 0.0)  # -0 too
    value = _select(negative & odd, -size, size)
    real = whole | apply("ge", x, 0.0) | apply("eq", a, float("inf"))
    value = _select(real, value, float("nan"))
    return _select(apply("eq", y, 0.0), 1.0, value)


def _sine(x: Expr, quarter: int) -> Expr:
    """sin(x + quarter*pi/2): the quadrant and a polynomial on -pi/4..pi/4."""
    q = apply("round", x * (2 / math.pi))
    if _is_single(x):  # pi/2 in pieces of 8 bits: their products with q are exact
        pieces = [1.5703125, 0.0004825592041015625, 1.2665987014770508e-06, 9.920935796805404e-10]
    else:  # in pieces of 33 bits
        pieces = [1.5707963267341256e00, 6.0771005063039660e-11, 2.0222662487959506e-21]
    r = x
    for piece in pieces:
        r = _fma(q, -piece, r)
    z = r * r
    terms = 5 if _is_single(x) else 9
    sine = _fma(
        _polynomial(z, [(-1) ** (k + 1) / math.factorial(2 * k + 3) for k in range(terms)]) * z,
        r,
        r,
    )
    cosine = _fma(
        _polynomial(z, [(-1) ** (k + 1) / math.factorial(2 * k + 2) for k in range(terms)]), z, 1.0
    )
    turn = q + float(quarter)
    turn = turn - apply("floor", turn * 0.25) * 4.0
    odd = apply("eq", turn, 1.0) | apply("eq", turn, 3.0)
    value = _select(odd, cosine, sine)
    value = _select(turn > 1.5, -value, value)
    if quarter == 0:
        value = _select(apply("eq", x, 0.0), x, value)
    return _select(apply("le", apply("abs", x), FARTHEST[x.dtype]), value, float("nan"))
