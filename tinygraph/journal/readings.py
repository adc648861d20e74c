"""Numbers seen at one place of a graph, and how they are written short."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygraph.errors import TinygraphError
from tinygraph.types import DType, TensorType

FEW = 4
"""So many numbers are written out."""


def number(value: float | int | bool) -> str:
    """A number with four digits: 0.1966, -3.0, 12, true, NaN, ∞."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    value += 0.0  # there is no minus at a zero
    text = f"{value:.0f}" if 1e4 <= abs(value) < 1e6 else f"{value:.4g}"
    return text if set(text) - set("-0123456789") else f"{text}.0"


@dataclass(frozen=True)
class Summary:
    """What is remembered of numbers too many to keep: the range and mean of those not NaN."""

    type: TensorType
    low: float | int | bool
    high: float | int | bool
    mean: float
    nans: int

    @staticmethod
    def of(array: np.ndarray) -> Summary:
        """The summary of an array; of one without a number, NaNs."""
        kind = TensorType(array.shape, DType(str(array.dtype)))
        if not array.size:
            return Summary(kind, math.nan, math.nan, math.nan, 0)
        low, nans = array.min(), 0
        if low != low:  # one NaN makes the least a NaN, so others need not be looked for
            missing = np.isnan(array)
            nans, array = int(missing.sum()), array[~missing]
            if not array.size:
                return Summary(kind, math.nan, math.nan, math.nan, nans)
            low = array.min()
        with np.errstate(all="ignore"):
            mean = float(array.mean(dtype=np.float64))
        return Summary(kind, low.item(), array.max().item(), mean, nans)

    @property
    def range(self) -> str:
        """From where to where, and how many NaNs, in a few characters."""
        if not self.type.size:
            return "empty"
        if self.nans == self.type.size:
            return "all NaN"
        if self.type.dtype is DType.bool:
            return f"{round(self.mean * self.type.size):,} of {self.type.size:,} true"
        nans = f", {self.nans:,} NaN" if self.nans else ""
        if self.low == self.high:
            return f"all {number(self.low)}{nans}"
        return f"{number(self.low)} … {number(self.high)}{nans}"

    def __str__(self) -> str:
        mean = "" if math.isnan(self.mean) else f", mean {number(self.mean)}"
        return f"{self.type} {self.range}{mean}"


class Reading:
    """The numbers seen at one place of a graph."""

    type: TensorType

    @property
    def array(self) -> np.ndarray | None:
        """All of them; None where only a summary is left."""
        raise NotImplementedError

    @property
    def summary(self) -> Summary:
        """Their range and mean."""
        raise NotImplementedError

    def at(self, index: tuple[int, ...]) -> float | int | bool:
        """The number at one position."""
        array = self.array
        if array is None:
            raise TinygraphError(f"of these numbers only a summary is left: {self.summary}")
        return array[index].item()

    @property
    def short(self) -> str:
        """One number, a few in brackets, or the range of many."""
        size = self.type.size
        if not 0 < size <= FEW:
            return self.summary.range
        array = self.array
        return self.summary.range if array is None else _bracketed(array.squeeze().tolist())

    def __str__(self) -> str:
        return str(self.summary) if self.type.size > FEW else self.short


class Held(Reading):
    """Numbers that are at hand."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = np.asarray(array)
        self._summary: Summary | None = None
        self.type = TensorType(array.shape, DType(str(array.dtype)))

    @property
    def array(self) -> np.ndarray:
        view = self._array.view()
        view.flags.writeable = False
        return view

    @property
    def summary(self) -> Summary:
        if self._summary is None:
            self._summary = Summary.of(self._array)
        return self._summary


def _bracketed(values: Any) -> str:
    if not isinstance(values, list):
        return number(values)
    return f"[{', '.join(map(_bracketed, values))}]"
