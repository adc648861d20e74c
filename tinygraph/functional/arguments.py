"""Arguments as users write them, brought to one form: axes, shapes, numbers an axis."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from tinygraph.errors import ShapeError
from tinygraph.graph import origin_here, place_of
from tinygraph.types import TensorType


def whole(value: Any, what: str) -> int:
    """`value` as a Python integer; a `ShapeError` saying `what` needs one otherwise."""
    try:
        return operator.index(value)
    except TypeError:
        raise ShapeError(f"{what} needs a whole number, got {value!r}{here()}") from None


def here() -> str:
    """Where the user is, for the end of an error message."""
    return place_of(origin_here())


def shape_of(shape: Any) -> tuple[int, ...]:
    """A shape given as one number or as several."""
    extents = shape if isinstance(shape, list | tuple) else (shape,)
    result = tuple(whole(extent, "a shape") for extent in extents)
    if any(extent < 0 for extent in result):
        raise ShapeError(f"a shape has no negative extents, got {list(result)}{here()}")
    return result


def axis_of(name: str, axis: Any, x: TensorType) -> int:
    """One axis of x, counted from the front."""
    number = whole(axis, f"{name}: axis")
    if not -x.ndim <= number < x.ndim:
        raise ShapeError(f"{name} along axis {number} of {x}, which has {x.ndim} axes{here()}")
    return number % x.ndim


def axes_of(name: str, axis: int | Sequence[int] | None, x: TensorType) -> tuple[int, ...]:
    """Several axes of x, rising and counted from the front; all for None."""
    if axis is None:
        return tuple(range(x.ndim))
    listed = axis if isinstance(axis, list | tuple) else (axis,)
    result = sorted(axis_of(name, a, x) for a in listed)
    if len(set(result)) < len(result):
        raise ShapeError(f"{name} over axes {list(listed)} of {x} names an axis twice{here()}")
    return tuple(result)


def spatial(name: str, value: Any, rank: int, least: int = 1) -> tuple[int, ...]:
    """A number for each spatial axis, given as one for all or as one for each."""
    several = tuple(value) if isinstance(value, list | tuple) else (value,) * rank
    if len(several) != rank:
        raise ShapeError(f"{name} needs one number, or {rank}, got {list(several)}{here()}")
    result = tuple(whole(v, name) for v in several)
    if any(v < least for v in result):
        raise ShapeError(f"{name} needs numbers of at least {least}, got {list(result)}{here()}")
    return result
