"""When two ops are the same: equal attributes, where 0.0 and -0.0 differ and NaN equals NaN."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from tinygraph.graph import Leaf, Op
from tinygraph.ops.base import Full


def key_of(op: Op) -> Hashable:
    """Equal for ops that mean the same; an op that compares by identity is equal to itself only."""
    if isinstance(op, Full):
        value = op.type.dtype.numpy.type(op.value)  # as the tensor has it, so rounded
        return Full, exact(value.item()), op.type
    if isinstance(op, Leaf):
        return Leaf, id(op.storage)
    kind = type(op)
    names = _compared(kind)
    if names is None:
        return op if vars(op) else kind
    return (kind, *[exact(getattr(op, name)) for name in names])


@lru_cache(None)
def _compared(kind: type[Op]) -> tuple[str, ...] | None:
    """The fields that make two ops of this kind equal; None where that is not up to fields."""
    if not is_dataclass(kind) or kind.__eq__ in (Op.__eq__, object.__eq__):
        return None
    return tuple(field.name for field in fields(kind) if field.compare)


def exact(value: Any) -> Hashable:
    """A key that keeps 1, 1.0 and True apart, and 0.0 from -0.0, but not one NaN from another."""
    kind = type(value)
    if kind is int or kind is str:
        return value if kind is str else (int, value)
    if kind is tuple:
        return tuple([exact(item) for item in value])
    if isinstance(value, float | np.floating):
        return kind, float(value).hex()
    return kind, value
