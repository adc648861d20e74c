"""Readings in a file: all numbers of few, of many a summary, a digest and the slices asked for."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygraph.errors import DataError, TinygraphError
from tinygraph.graph import Node
from tinygraph.journal.json_numbers import is_whole, read_numbers, short, write_numbers
from tinygraph.journal.memory import ALWAYS
from tinygraph.journal.readings import Reading, Summary
from tinygraph.types import DType, TensorType

DIGEST = re.compile(r"[0-9a-f]{32}")

Slices = Sequence[Any]
"""What stands between the brackets: whole numbers, slices, `...`."""


@dataclass(frozen=True)
class Part:
    """Elements of an array beside its summary: for each axis the first, how many, how far apart."""

    axes: tuple[tuple[int, int, int], ...]
    array: np.ndarray

    def place(self, index: Sequence[int]) -> tuple[int, ...] | None:
        """Where in `array` an element of the whole is, if it is there."""
        found = []
        for k, (first, count, step) in zip(index, self.axes, strict=True):
            at, rest = divmod(k - first, step)
            if rest or not 0 <= at < count:
                return None
            found.append(at)
        return tuple(found)


class Stored(Reading):
    """Numbers from a file: all of them, or a summary, a digest and some slices."""

    def __init__(
        self,
        kind: TensorType,
        array: np.ndarray | None,
        summary: Summary | None = None,
        digest: str = "",
        parts: Sequence[Part] = (),
    ) -> None:
        self.type, self._array, self._summary = kind, array, summary
        self.digest, self.parts = digest, tuple(parts)

    @property
    def array(self) -> np.ndarray | None:
        if self._array is None:
            return None
        view = self._array.view()
        view.flags.writeable = False
        return view

    @property
    def summary(self) -> Summary:
        if self._summary is None:
            assert self._array is not None
            self._summary = Summary.of(self._array)
        return self._summary

    @property
    def node(self) -> Node:
        raise TinygraphError(
            "a journal from a file has numbers only, not the gates that computed its gradients"
        )

    def at(self, index: tuple[int, ...]) -> float | int | bool:
        """The number at one position, if it was kept."""
        inside = len(index) == self.type.ndim and all(
            -n <= k < n for k, n in zip(index, self.type.shape, strict=True)
        )
        if self._array is None and inside:
            plain = [k % n for k, n in zip(index, self.type.shape, strict=True)]
            for part in self.parts:
                place = part.place(plain)
                if place is not None:
                    return part.array[place].item()
        return super().at(index)


def digest_of(array: np.ndarray) -> str:
    """A text that changes with any bit of the numbers; all NaNs are one."""
    array = np.ascontiguousarray(array)
    if array.dtype.kind == "f" and array.size and np.isnan(array.min()):
        array = np.where(np.isnan(array), array.dtype.type(np.nan), array)
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return hashlib.blake2b(little.reshape(-1).view(np.uint8).data, digest_size=16).hexdigest()


# ---- writing ----


def write_reading(array: np.ndarray, slices: Slices = ()) -> Any:
    """What JSON can say of the numbers: all of few in C order, else a summary of them."""
    if array.size <= ALWAYS:
        return write_numbers(array)
    parts = [
        Part(axes, array[_indices(axes)]) for axes in (axes_of(s, array.shape) for s in slices)
    ]
    return _summed_up(Summary.of(array), digest_of(array), parts)


def write_stored(reading: Stored) -> Any:
    """The same for numbers that came from a file."""
    if reading.array is not None:
        return write_numbers(reading.array)
    return _summed_up(reading.summary, reading.digest, reading.parts)


def _summed_up(summary: Summary, digest: str, parts: Sequence[Part]) -> dict[str, Any]:
    dtype = summary.type.dtype.numpy
    known = summary.nans < summary.type.size
    said: dict[str, Any] = {
        "low": write_numbers(np.array(summary.low, dtype))[0] if known else "nan",
        "high": write_numbers(np.array(summary.high, dtype))[0] if known else "nan",
        "mean": write_numbers(np.array(summary.mean))[0],
        "nans": summary.nans,
        "digest": digest,
    }
    if parts:
        said["slices"] = [
            {"axes": [list(axis) for axis in part.axes], "numbers": write_numbers(part.array)}
            for part in parts
        ]
    return said


def axes_of(slices: Any, shape: Sequence[int]) -> tuple[tuple[int, int, int], ...]:
    """For each axis the first element, how many and how far apart, as `slices` ask for them."""
    given = list(slices) if isinstance(slices, tuple) else [slices]
    dots = [k for k, one in enumerate(given) if one is Ellipsis]
    at = dots[0] if dots else len(given)
    missing = len(shape) - (len(given) - len(dots))
    fits = all(type(one) is int or isinstance(one, slice) or one is Ellipsis for one in given)
    if missing < 0 or len(dots) > 1 or not fits:
        raise TinygraphError(f"{slices!r} is no part of an array of shape {list(shape)}")
    given[at : at + len(dots)] = [slice(None)] * missing
    axes = []
    try:
        for one, n in zip(given, shape, strict=True):
            if isinstance(one, slice):
                chosen = range(n)[one]
                axes.append((chosen.start, len(chosen), chosen.step))
            else:
                axes.append((range(n)[one], 1, 1))
    except (IndexError, TypeError, ValueError) as error:
        raise TinygraphError(f"{slices!r} is no part of {list(shape)}: {error}") from None
    return tuple(axes)


def _indices(axes: Sequence[tuple[int, int, int]]) -> Any:
    return np.ix_(*(np.arange(count) * step + first for first, count, step in axes))


# ---- reading ----


def read_reading(said: Any, kind: TensorType) -> Stored:
    """The numbers that `write_reading` wrote; a `DataError` says what is wrong."""
    if isinstance(said, list):
        return Stored(kind, read_numbers(said, kind))
    if not isinstance(said, dict):
        raise DataError(f"the numbers of {kind} are a list, or a summary of them")
    nans, digest = said.get("nans"), said.get("digest")
    if not isinstance(nans, int) or isinstance(nans, bool) or not 0 <= nans <= kind.size:
        raise DataError(f"of {kind} it cannot be that many are NaN: {short(nans)}")
    if not (isinstance(digest, str) and DIGEST.fullmatch(digest)):
        raise DataError(f"{short(digest)} is no digest")
    if nans == kind.size:
        summary = Summary(kind, math.nan, math.nan, math.nan, nans)
    else:
        one = TensorType((1,), kind.dtype)
        low, high = (read_numbers([said.get(k)], one)[0].item() for k in ("low", "high"))
        mean = read_numbers([said.get("mean")], one.with_dtype(DType.float64))[0].item()
        if not kind.dtype.is_float and not math.isfinite(mean):
            raise DataError(f"{mean} is no mean of {kind}")
        summary = Summary(kind, low, high, mean, nans)
    parts = said.get("slices", [])
    if not isinstance(parts, list):
        raise DataError(f"{short(parts)} are no slices")
    return Stored(kind, None, summary, digest, [_read_part(part, kind) for part in parts])


def _read_part(said: Any, kind: TensorType) -> Part:
    axes = said.get("axes") if isinstance(said, dict) else None
    if not isinstance(axes, list) or len(axes) != kind.ndim:
        raise DataError(f"{short(said)} is no slice of {kind}")
    found = []
    for axis, n in zip(axes, kind.shape, strict=True):
        if not (isinstance(axis, list) and len(axis) == 3 and all(map(is_whole, axis)) and axis[2]):
            raise DataError(f"{short(axis)} is no part of an axis of {n}")
        first, count, step = axis
        last = first + (count - 1) * step
        if count < 0 or (count and not (0 <= first < n and 0 <= last < n)):
            raise DataError(f"{short(axis)} is no part of an axis of {n}")
        found.append((first, count, step))
    shape = tuple(count for _, count, _ in found)
    return Part(tuple(found), read_numbers(said.get("numbers"), kind.with_shape(shape)))
