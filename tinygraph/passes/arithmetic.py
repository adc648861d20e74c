"""Rules of arithmetic and choice that hold for every float: NaN, infinity and -0.0 as well.

Not among them: `x * 0` is no 0 where x is NaN; `x + 0` is no x where x is -0.0 (so floats keep that
sum); `x - x` is no 0 for infinity; and moving brackets moves the rounding.
"""

from __future__ import annotations

import math

import numpy as np

from tinygraph.graph import Node
from tinygraph.ops.base import Full
from tinygraph.ops.compare import LogicalAnd, LogicalNot, LogicalOr, Where
from tinygraph.ops.elementwise import (
    Abs,
    Add,
    Div,
    Maximum,
    Minimum,
    Mul,
    Neg,
    PowInt,
    Sub,
)
from tinygraph.ops.functions import Cast, Floor, Relu
from tinygraph.passes.rewrite import instead, rule
from tinygraph.types import DType


@rule("x * 1 is x", Mul)
def times_one(node: Node) -> Node | None:
    match node.inputs:
        case (x, Node(op=Full(value=1))) | (Node(op=Full(value=1)), x):
            return x
    return None


@rule("x * -1 is -x", Mul)
def times_minus_one(node: Node) -> Node | None:
    match node.inputs:
        case (x, Node(op=Full(value=-1))) | (Node(op=Full(value=-1)), x):
            return instead(node, Neg(), x)
    return None


@rule("x / 1 is x", Div)
def over_one(node: Node) -> Node | None:
    match node.inputs:
        case (x, Node(op=Full(value=1))):
            return x
    return None


@rule("x / -1 is -x", Div)
def over_minus_one(node: Node) -> Node | None:
    match node.inputs:
        case (x, Node(op=Full(value=-1))):
            return instead(node, Neg(), x)
    return None


@rule("x over a power of two is x times its inverse", Div)
def over_power_of_two(node: Node) -> Node | None:
    match node.inputs:
        case (x, Node(op=Full(value=c))) if _has_exact_inverse(c, node.dtype):
            # Both round the same number, so they round alike; and multiplying is faster.
            return instead(node, Mul(), x, instead(node.inputs[1], Full(1 / c, node.type)))
    return None


def _has_exact_inverse(c: float, dtype: DType) -> bool:
    """Is c a power of two that is normal in `dtype`, and 1 / c as well?"""
    if not math.isfinite(c) or abs(math.frexp(c)[0]) != 0.5:
        return False
    limits = np.finfo(dtype.numpy)
    return all(float(limits.tiny) <= abs(v) <= float(limits.max) for v in (c, 1 / c))


@rule("x - 0 is x", Sub)
def minus_zero(node: Node) -> Node | None:
    match node.inputs:
        case (x, Node(op=Full(value=0) as zero)) if not _is_minus_zero(zero.value):
            return x
    return None


@rule("x + 0 is x for whole numbers; for floats x + -0.0 is x", Add)
def plus_zero(node: Node) -> Node | None:
    x, y = node.inputs
    for zero, other in ((y, x), (x, y)):
        match zero.op:
            case Full(value=0 as value) if _is_minus_zero(value) or node.dtype.is_integer:
                return other
    return None


def _is_minus_zero(value: float) -> bool:
    return value == 0 and math.copysign(1, value) < 0


@rule("x - -y is x + y", Sub)
def minus_negative(node: Node) -> Node | None:
    match node.inputs:
        case (x, Node(op=Neg(), inputs=(y,))):
            return instead(node, Add(), x, y)
    return None


@rule("x + -y is x - y", Add)
def plus_negative(node: Node) -> Node | None:
    match node.inputs:
        case (x, Node(op=Neg(), inputs=(y,))) | (Node(op=Neg(), inputs=(y,)), x):
            return instead(node, Sub(), x, y)
    return None


@rule("-(-x) is x", Neg)
def negative_twice(node: Node) -> Node | None:
    match node.inputs:
        case (Node(op=Neg(), inputs=(x,)),):
            return x
    return None


@rule("x ** 1 is x", PowInt)
def power_one(node: Node) -> Node | None:
    match node:
        case Node(op=PowInt(exponent=1), inputs=(x,)):
            return x
    return None


@rule("x ** 0 is 1, also where x is NaN", PowInt)
def power_zero(node: Node) -> Node | None:
    match node.op:
        case PowInt(exponent=0):
            return instead(node, Full(1, node.type))
    return None


@rule("a second relu, abs or floor changes nothing", Relu, Abs, Floor)
def done_twice(node: Node) -> Node | None:
    (x,) = node.inputs
    return x if type(x.op) is type(node.op) else None


@rule("|-x| is |x|", Abs)
def abs_of_negative(node: Node) -> Node | None:
    match node.inputs:
        case (Node(op=Neg(), inputs=(x,)),):
            return instead(node, Abs(), x)
    return None


@rule(
    "of x and x the larger, the smaller, both or either is x",
    Maximum,
    Minimum,
    LogicalAnd,
    LogicalOr,
)
def same_operands(node: Node) -> Node | None:
    x, y = node.inputs
    return x if x is y else None


@rule("not not x is x", LogicalNot)
def not_twice(node: Node) -> Node | None:
    match node.inputs:
        case (Node(op=LogicalNot(), inputs=(x,)),):
            return x
    return None


@rule("x and true is x, x and false is false", LogicalAnd)
def and_constant(node: Node) -> Node | None:
    match node.inputs:
        case (x, Node(op=Full(value=value)) as constant) | (
            Node(op=Full(value=value)) as constant,
            x,
        ):
            return x if value else constant
    return None


@rule("x or false is x, x or true is true", LogicalOr)
def or_constant(node: Node) -> Node | None:
    match node.inputs:
        case (x, Node(op=Full(value=value)) as constant) | (
            Node(op=Full(value=value)) as constant,
            x,
        ):
            return constant if value else x
    return None


@rule("where a condition is constant, there is nothing to choose", Where)
def known_condition(node: Node) -> Node | None:
    match node.inputs:
        case (Node(op=Full(value=value)), x, y):
            return x if value else y
    return None


@rule("a choice between x and x is x", Where)
def no_choice(node: Node) -> Node | None:
    _, x, y = node.inputs
    return x if x is y else None


@rule("a choice by not c is the other choice by c", Where)
def choice_by_not(node: Node) -> Node | None:
    match node.inputs:
        case (Node(op=LogicalNot(), inputs=(c,)), x, y):
            return instead(node, Where(), c, y, x)
    return None


@rule("behind a choice by c, a choice by c is decided", Where)
def choice_by_same(node: Node) -> Node | None:
    c, x, y = node.inputs
    match x:
        case Node(op=Where(), inputs=(again, first, _)) if again is c:
            return instead(node, Where(), c, first, y)
    match y:
        case Node(op=Where(), inputs=(again, _, second)) if again is c:
            return instead(node, Where(), c, x, second)
    return None


@rule("a cast to the type it has changes nothing", Cast)
def cast_to_same(node: Node) -> Node | None:
    (x,) = node.inputs
    return x if x.dtype is node.dtype else None


_F32, _F64, _I32, _U32, _BOOL = (
    DType.float32,
    DType.float64,
    DType.int32,
    DType.uint32,
    DType.bool,
)
_KEPT_BY = {
    _F32: {_F64},
    _I32: {_F64, _U32},
    _U32: {_F64, _I32},
    _BOOL: {_F32, _F64, _I32, _U32},
}
"""For a dtype the others that hold each of its values."""


@rule("a cast to a type that holds every value, and back, changes nothing", Cast)
def cast_and_back(node: Node) -> Node | None:
    match node.inputs:
        case (Node(op=Cast(), inputs=(x,)) as wide,):
            if x.dtype is node.dtype and wide.dtype in _KEPT_BY.get(x.dtype, ()):
                return x
    return None


RULES = (
    times_one,
    times_minus_one,
    over_one,
    over_minus_one,
    over_power_of_two,
    minus_zero,
    plus_zero,
    minus_negative,
    plus_negative,
    negative_twice,
    power_one,
    power_zero,
    done_twice,
    abs_of_negative,
    same_operands,
    not_twice,
    and_constant,
    or_constant,
    known_condition,
    no_choice,
    choice_by_not,
    choice_by_same,
    cast_to_same,
    cast_and_back,
)
