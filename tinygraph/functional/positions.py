"""What stands between the brackets of x[...], brought to starts, steps and extents."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from tinygraph.errors import IndexingError
from tinygraph.functional.arguments import here
from tinygraph.tensor import Tensor
from tinygraph.types import TensorType


class Positions(NamedTuple):
    """Which elements of x a key means, and the shape they come in."""

    ranges: tuple[range, ...]
    """Of each axis of x the positions meant."""
    result: tuple[int, ...]
    """The shape of x[key]: without the axes that were given one number, with the new ones."""

    @property
    def slices(self) -> tuple[slice, ...]:
        return tuple(slice(r.start, None if r.stop < 0 else r.stop, r.step) for r in self.ranges)

    @property
    def starts(self) -> tuple[int, ...]:
        return tuple(r.start for r in self.ranges)

    @property
    def steps(self) -> tuple[int, ...]:
        return tuple(r.step for r in self.ranges)

    @property
    def extents(self) -> tuple[int, ...]:
        return tuple(len(r) for r in self.ranges)


def positions(key: Any, x: TensorType) -> Positions:
    """What `key` means for a tensor of type `x`."""
    keys = list(key) if isinstance(key, tuple) else [key]
    _refuse_gathers(keys, x)
    taken = sum(k is not None and k is not Ellipsis for k in keys)
    if taken > x.ndim or sum(k is Ellipsis for k in keys) > 1:
        raise IndexingError(f"x[{_text(keys)}] has too many positions for {x}{here()}")
    if not any(k is Ellipsis for k in keys):
        keys.append(Ellipsis)
    middle = next(k for k, value in enumerate(keys) if value is Ellipsis)
    keys[middle : middle + 1] = [slice(None)] * (x.ndim - taken)
    ranges: list[range] = []
    result: list[int] = []
    for k in keys:
        if k is None:
            result.append(1)
            continue
        axis = len(ranges)
        ranges.append(_range(k, axis, x))
        if isinstance(k, slice):
            result.append(len(ranges[-1]))
    return Positions(tuple(ranges), tuple(result))


def _range(key: Any, axis: int, x: TensorType) -> range:
    extent = x.shape[axis]
    if isinstance(key, slice):
        try:
            return range(extent)[key]
        except (TypeError, ValueError) as error:
            raise IndexingError(f"x[{_text([key])}] of {x}: {error}{here()}") from None
    at = operator.index(key)
    if not -extent <= at < extent:
        raise IndexingError(
            f"x[{at}] is outside axis {axis} of {x}, which has positions 0 to {extent - 1}{here()}"
        )
    return range(at % extent, at % extent + 1)


def _refuse_gathers(keys: list[Any], x: TensorType) -> None:
    for k in keys:
        plain = k is None or k is Ellipsis or isinstance(k, slice | int | np.integer)
        if plain and not isinstance(k, bool):
            continue
        kind = f"a {k.type} tensor" if isinstance(k, Tensor) else repr(k)
        raise IndexingError(
            f"x[...] of {x} takes whole numbers, slices, None and ..., got {kind}; choose elements "
            f"with tg.where, or compare positions with tg.arange{here()}"
        )


def _text(keys: list[Any]) -> str:
    return ", ".join(_one(k) for k in keys)


def _one(key: Any) -> str:
    if key is Ellipsis:
        return "..."
    if not isinstance(key, slice):
        return repr(key)
    parts = ["" if p is None else str(p) for p in (key.start, key.stop, key.step)]
    return ":".join(parts if parts[2] else parts[:2])
