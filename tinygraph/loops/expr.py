"""Scalar expressions: the language in which an op says what one element of its output is.

    expr   := const | index as a value | read | function(expr, ...) | cast | reduce
    read   := source[index, ...]                      must be inside the source
            | source.at(index, ...; outside=value)    `value` where an index is outside
    reduce := add | max | min   over axes, where index == 0, ...   of expr

There are no gathers, no state and no loops: only what is computed, not in which order. Expressions
are immutable, and equal expressions are the same object, so `is` compares them and a dictionary
shares them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from tinygraph.loops.index import Axis, Index, index, interval
from tinygraph.types import DType

COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
INFIX = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "and": "&",
    "or": "|",
    "xor": "^",
    "shl": "<<",
    "shr": ">>",
}

# What each function means on NumPy values: the definition that the evaluator and every backend must
# match.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "abs": np.abs,
    "max": np.maximum,
    "min": np.minimum,
    "pow": np.power,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "sigmoid": lambda x: np.where(
        x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x)))
    ),
    "sin": np.sin,
    "cos": np.cos,
    "floor": np.floor,
    "round": np.rint,
    "fma": lambda a, b, c: a * b + c,
    "pow2": lambda n: np.ldexp(
        np.ones_like(n), np.asarray(n).astype(np.int32)
    ),  # whole n, normal result
    "exponent": lambda x: (np.frexp(x)[1] - 1).astype(
        x.dtype
    ),  # x = mantissa * 2**exponent, 1 <= mantissa < 2,
    "mantissa": lambda x: np.frexp(x)[0] * 2,  # for a positive normal x
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "not": np.logical_not,
    "shl": np.left_shift,
    "shr": np.right_shift,
    "mulhi": lambda a, b: ((a.astype(np.uint64) * b.astype(np.uint64)) >> np.uint64(32)).astype(
        np.uint32
    ),
    "select": np.where,
}


class Expr:
    """The base of all scalar expressions. `axes` are the free axes, `dtype` the element type."""

    __slots__ = ("__weakref__", "_reads", "_reductions", "axes", "dtype", "has_reduce")
    dtype: DType
    axes: frozenset[Axis]
    has_reduce: bool
    _reads: tuple[Read, ...]
    """Kept by `rewrite.reads` when first asked for."""
    _reductions: tuple[Reduce, ...]

    def __add__(self, other: Any) -> Expr:
        return apply("add", self, other)

    def __radd__(self, other: Any) -> Expr:
        return apply("add", other, self)

    def __sub__(self, other: Any) -> Expr:
        return apply("sub", self, other)

    def __rsub__(self, other: Any) -> Expr:
        return apply("sub", other, self)

    def __mul__(self, other: Any) -> Expr:
        return apply("mul", self, other)

    def __rmul__(self, other: Any) -> Expr:
        return apply("mul", other, self)

    def __truediv__(self, other: Any) -> Expr:
        return apply("div", self, other)

    def __rtruediv__(self, other: Any) -> Expr:
        return apply("div", other, self)

    def __neg__(self) -> Expr:
        return apply("neg", self)

    def __lt__(self, other: Any) -> Expr:
        return apply("lt", self, other)

    def __le__(self, other: Any) -> Expr:
        return apply("le", self, other)

    def __gt__(self, other: Any) -> Expr:
        return apply("gt", self, other)

    def __ge__(self, other: Any) -> Expr:
        return apply("ge", self, other)

    def __and__(self, other: Any) -> Expr:
        return apply("and", self, other)

    def __or__(self, other: Any) -> Expr:
        return apply("or", self, other)

    def __xor__(self, other: Any) -> Expr:
        return apply("xor", self, other)

    def __lshift__(self, other: Any) -> Expr:
        return apply("shl", self, other)

    def __rshift__(self, other: Any) -> Expr:
        return apply("shr", self, other)

    def __str__(self) -> str:
        from tinygraph.loops.text import to_text  # which needs the classes of this module

        return to_text(self)

    __repr__ = __str__


_MADE: WeakValueDictionary[tuple, Expr] = WeakValueDictionary()
NO_AXES: frozenset[Axis] = frozenset()


class Const(Expr):
    """A number of a given dtype."""

    __slots__ = ("value",)
    value: float | int | bool


class IndexValue(Expr):
    """An index used as a value."""

    __slots__ = ("index",)
    index: Index


class Read(Expr):
    """One element of a source. Where an index is out of bounds the value is `outside`, if that is
    not None."""

    __slots__ = ("indices", "outside", "shape", "source")
    source: Hashable
    shape: tuple[int, ...]
    indices: tuple[Index, ...]
    outside: float | int | bool | None


class Apply(Expr):
    """A function of `FUNCTIONS`, or "cast" to `dtype`, of values."""

    __slots__ = ("args", "function")
    function: str
    args: tuple[Expr, ...]


class Reduce(Expr):
    """`kind` ("add", "max", "min") of `body` over all positions of `over` at which every index of
    `where` is 0.

    Over no position at all it is `identity(kind, dtype)`. A NaN goes through max and min.
    """

    __slots__ = ("body", "kind", "over", "where")
    kind: str
    over: tuple[Axis, ...]
    body: Expr
    where: tuple[Index, ...]


def _intern(key: tuple, make: Callable[[], Expr]) -> Any:
    found = _MADE.get(key)
    if found is None:
        found = make()
        _MADE[key] = found
    return found


def const(value: float | int | bool, dtype: DType) -> Const:
    value = dtype.numpy.type(value).item()
    key = ("const", repr(value), dtype)  # repr keeps -0.0 and 0.0 apart

    def make() -> Const:
        self = object.__new__(Const)
        self.value, self.dtype, self.axes, self.has_reduce = value, dtype, NO_AXES, False
        return self

    return _intern(key, make)


def index_value(value: Index | Axis | int, dtype: DType) -> Expr:
    """An index used as a number of `dtype`; integers wrap."""
    value = index(value)
    if not value.terms:
        return const(np.int64(value.const).astype(dtype.numpy).item(), dtype)

    def make() -> IndexValue:
        self = object.__new__(IndexValue)
        self.index, self.dtype, self.axes, self.has_reduce = value, dtype, value.axes, False
        return self

    return _intern(("index", value, dtype), make)


def read(
    source: Hashable,
    shape: tuple[int, ...],
    dtype: DType,
    indices: tuple[Index, ...],
    outside: float | int | bool | None = None,
) -> Read:
    if outside is not None and all(
        _inside(i, extent) for i, extent in zip(indices, shape, strict=True)
    ):
        outside = None

    def make() -> Read:
        self = object.__new__(Read)
        self.source, self.shape, self.indices, self.outside = source, shape, indices, outside
        self.dtype, self.has_reduce = dtype, False
        self.axes = frozenset().union(*(i.axes for i in indices))
        return self

    return _intern(("read", source, indices, repr(outside), shape, dtype), make)


def _inside(i: Index, extent: int) -> bool:
    low, high = interval(i)
    return low >= 0 and high < extent


def apply(function: str, *args: Any) -> Expr:
    """A function of values; a Python number takes the dtype of the other arguments."""
    dtype = next((a.dtype for a in reversed(args) if isinstance(a, Expr)), None)
    if dtype is None:
        raise TypeError(f"{function} of Python numbers only: {args}")
    if function == "select":
        condition, *rest = args
        dtype = next((a.dtype for a in rest if isinstance(a, Expr)), dtype)
        exprs = (condition, *(a if isinstance(a, Expr) else const(a, dtype) for a in rest))
        if isinstance(condition, Const):
            return exprs[1] if condition.value else exprs[2]
    else:
        exprs = tuple(a if isinstance(a, Expr) else const(a, dtype) for a in args)
    return applied(function, exprs, DType.bool if function in COMPARISONS else dtype)


def cast_to(value: Expr, dtype: DType) -> Expr:
    if value.dtype is dtype:
        return value
    if isinstance(value, IndexValue):
        return index_value(value.index, dtype)
    return applied("cast", (value,), dtype)


def applied(function: str, args: tuple[Expr, ...], dtype: DType) -> Expr:
    """The application of a function to exactly these arguments, nothing converted."""

    def make() -> Apply:
        self = object.__new__(Apply)
        self.function, self.args, self.dtype = function, args, dtype
        self.axes = frozenset().union(*(a.axes for a in args))
        self.has_reduce = any(a.has_reduce for a in args)
        return self

    return _intern(("apply", function, args, dtype), make)


def reduce(kind: str, over: tuple[Axis, ...], body: Expr, where: tuple[Index, ...] = ()) -> Expr:
    """A reduction; axes of extent 1 and conditions that always hold are left out."""
    if any(axis.extent == 0 for axis in over):
        return identity(kind, body.dtype)
    over = tuple(axis for axis in over if axis.extent != 1)
    where = tuple(w for w in where if w.terms or w.const)
    if not over and not where:
        return body

    def make() -> Reduce:
        self = object.__new__(Reduce)
        self.kind, self.over, self.body, self.where = kind, over, body, where
        self.dtype, self.has_reduce = body.dtype, True
        self.axes = body.axes.union(*(w.axes for w in where)) - frozenset(over)
        return self

    return _intern(("reduce", kind, over, body, where), make)


def identity(kind: str, dtype: DType) -> Const:
    """The value of a reduction over nothing."""
    if kind == "add":
        return const(0, dtype)
    if dtype.is_float:
        return const(float("-inf") if kind == "max" else float("inf"), dtype)
    limits = np.iinfo(dtype.numpy)
    return const(int(limits.min if kind == "max" else limits.max), dtype)


# ---- words for writing equations
# -------------------------------------------------------------------------------------


class Operand:
    """What an equation sees of an operand: `x[i, j]`, `x.at(i, j, outside=0)`, `x.shape`,
    `x.dtype`."""

    def __init__(self, source: Hashable, shape: tuple[int, ...], dtype: DType):
        self.source, self.shape, self.dtype = source, shape, dtype

    def __getitem__(self, position: Any) -> Expr:
        return self.at(*(position if isinstance(position, tuple) else (position,)), outside=None)

    def at(self, *position: Index | Axis | int, outside: float | int | bool | None = 0) -> Expr:
        """The element at `position`, or `outside` where that is out of bounds."""
        if len(position) != len(self.shape):
            raise TypeError(f"{len(position)} indices for an operand with shape {self.shape}")
        return read(self.source, self.shape, self.dtype, tuple(map(index, position)), outside)


def axes(names: str, *extents: int) -> tuple[Axis, ...]:
    """Fresh axes: `axes("u v c", 3, 3, 64)`."""
    return tuple(Axis(n, e) for n, e in zip(names.split(), extents, strict=True))


def total(over: tuple[Axis, ...], body: Expr, where: tuple[Index, ...] = ()) -> Expr:
    """The sum of `body` over axes."""
    return reduce("add", over, body, where)


def largest(over: tuple[Axis, ...], body: Expr, where: tuple[Index, ...] = ()) -> Expr:
    """The maximum of `body` over axes."""
    return reduce("max", over, body, where)


def smallest(over: tuple[Axis, ...], body: Expr, where: tuple[Index, ...] = ()) -> Expr:
    """The minimum of `body` over axes."""
    return reduce("min", over, body, where)


def select(condition: Expr, yes: Any, no: Any) -> Expr:
    return apply("select", condition, yes, no)


def guard(condition: Expr, inside: Expr, otherwise: Expr) -> Expr:
    """`inside` (a read) where the condition holds, without reading elsewhere; `otherwise` there."""
    return applied("guard", (condition, inside, otherwise), inside.dtype)
