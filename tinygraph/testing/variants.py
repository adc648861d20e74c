"""Random variants of an op's examples: other extents, attributes and dtypes that still fit.

Nothing here knows an op: numbers in the example are changed at random, and the op's own type rule
says whether the change fits. So a new op takes part through its examples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from random import Random
from typing import Any

from tinygraph.graph import Example, Op
from tinygraph.loops.expr import Operand
from tinygraph.loops.index import Axis
from tinygraph.loops.rewrite import reductions
from tinygraph.types import DType, TensorType

EXTENTS = (1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17, 19, 23, 32, 33)
MOST_ELEMENTS = 3000
MOST_WORK = 200_000


def variant(example: Example, rng: Random, changes: int = 24) -> Example:
    """An example of the same kind of op, changed at random wherever the type rule allows it."""
    op, types = example.op, example.inputs
    for _ in range(changes):
        changed = _changed(op, types, rng)
        if _fits(*changed):
            op, types = changed
    return example._replace(op=op, inputs=types)


def _changed(op: Op, types: tuple[TensorType, ...], rng: Random) -> tuple[Op, tuple]:
    kind = rng.randrange(5)
    extents = [n for t in types for n in t.shape]
    if kind == 0:
        dtypes = [DType.float32, DType.float64, DType.int32, DType.uint32]
        old, new = rng.choice(dtypes[:2]), rng.choice(dtypes)
        return _mapped(op, lambda n: n, old, new), tuple(_cast(t, old, new) for t in types)
    if kind == 1 and extents:  # one extent wherever it occurs, in the attributes too
        old, new = rng.choice(extents), rng.choice(EXTENTS)
        swap = lambda n: new if n == old else n  # noqa: E731
        return _mapped(op, swap), tuple(t.with_shape(tuple(map(swap, t.shape))) for t in types)
    if kind == 2 and extents:  # one extent wherever it occurs in types
        old, new = rng.choice(extents), rng.choice(EXTENTS)
        shapes = [tuple(new if n == old else n for n in t.shape) for t in types]
        return op, tuple(t.with_shape(shape) for t, shape in zip(types, shapes))
    if kind == 3 and extents:  # one extent at one place, or one axis of all
        place, new = rng.randrange(len(extents)), rng.choice(EXTENTS)
        count = iter(range(len(extents)))
        return op, tuple(
            t.with_shape(tuple(new if next(count) == place else n for n in t.shape)) for t in types
        )
    numbers: list[int] = []
    _mapped(op, lambda n: numbers.append(n) or n)
    place, new = rng.randrange(max(len(numbers), 1)), rng.randrange(5)
    count = iter(range(len(numbers)))
    return _mapped(op, lambda n: new if next(count) == place else n), types


def _cast(t: TensorType, old: DType, new: DType) -> TensorType:
    return t.with_dtype(new) if t.dtype is old else t


def _mapped(
    op: Op, change: Callable[[int], int], old: DType | None = None, new: DType | None = None
) -> Any:
    """The op with every whole number in its attributes changed, and one dtype replaced."""

    def mapped(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(mapped, value))
        if isinstance(value, TensorType):
            dtype = new if new is not None and value.dtype is old else value.dtype
            return TensorType(tuple(map(change, value.shape)), dtype)
        whole = isinstance(value, int) and not isinstance(value, bool)
        return change(value) if whole else value

    if not is_dataclass(op):
        return op
    return replace(op, **{f.name: mapped(getattr(op, f.name)) for f in fields(op)})


def _fits(op: Op, types: Sequence[TensorType]) -> bool:
    """Whether the op takes these types, and the result is of a reasonable size."""
    try:
        result = op.result_type(*types)
    except (ValueError, TypeError, IndexError, ZeroDivisionError, AttributeError):
        return False
    if max(t.size for t in (result, *types)) > MOST_ELEMENTS or not result.size:
        return False
    return result.size * domain(op, types) <= MOST_WORK


def domain(op: Op, types: Sequence[TensorType]) -> int:
    """How many elements the largest reduction in the op's equation runs over."""
    found = reductions(expression(op, types))
    return max((math.prod(axis.extent for axis in r.over) for r in found), default=1)


def expression(op: Op, types: Sequence[TensorType]) -> Any:
    """The op's equation over operands of these types."""
    shape = op.result_type(*types).shape
    at = tuple(Axis(f"i{k}", n) for k, n in enumerate(shape))
    return op.equation(at, *(Operand(k, t.shape, t.dtype) for k, t in enumerate(types)))
