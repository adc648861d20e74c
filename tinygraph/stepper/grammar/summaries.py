"""Answering a question about a whole tensor from its smallest and largest number.

A condition is asked at every step of a long `continue`: reading whole arrays there, or computing
them again, would make it slow.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygraph.journal import Reading
from tinygraph.stepper.grammar.tree import Call, Compare, Constant, Minus, Number, Part

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
OTHERWISE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
"""What holds where a comparison does not, for numbers that are no NaN."""
TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
"""The comparison with its sides exchanged."""


def question(part: Part) -> tuple[Part, str, float] | None:
    """The tensor that a part asks about, the sign and the number: `abs(x) > 10`, `isnan(x)`.

    None where it is no such question. The functions isnan and isinf stand as their own sign.
    """
    match part:
        case Call("isnan" | "isinf" as sign, tensor):
            return tensor, sign, 0.0
        case Compare(sign, tensor, number) if (value := _literal(number)) is not None:
            return tensor, sign, value
        case Compare(sign, number, tensor) if (value := _literal(number)) is not None:
            return tensor, TURNED[sign], value
    return None


def holds(reading: Reading, size: bool, sign: str, value: float, every: bool) -> bool | None:
    """Whether a comparison holds for any element, or for every one; None: only the array tells.

    `size` compares the absolute values.
    """
    count, nans = reading.type.size, reading.summary.nans
    if not count:
        return None
    if sign == "isnan":
        return nans == count if every else nans > 0
    kind = reading.type.dtype.numpy
    ends = np.array([reading.summary.low, reading.summary.high], kind)
    ends = ends if reading.type.dtype.is_float else ends.astype(np.float64)
    ranged = _Ends(np.abs(ends), bool(ends[0] < 0 < ends[1])) if size else _Ends(ends)
    if sign == "isinf":
        return _infinite(ranged, nans, every)
    if math.isnan(value):
        return None
    if not every:
        found = ranged.any(sign, value)
        return True if sign == "!=" and nans else found
    if nans and sign != "!=":
        return False
    found = ranged.any(OTHERWISE[sign], value)
    return None if found is None else not found


class _Ends:
    """Two numbers that an array has, its smallest and its largest; with `below` it may have smaller
    ones too."""

    def __init__(self, ends: np.ndarray, below: bool = False) -> None:
        self.ends, self.below = ends, below

    def any(self, sign: str, value: float) -> bool | None:
        """Whether a comparison holds for any number of the array that is no NaN."""
        if COMPARE[sign](self.ends, value).any():
            return True
        if sign in (">", ">="):
            return False
        if sign == "==":
            above = np.less(self.ends, value).all()
            under = np.greater(self.ends, value).all() and not self.below
            return False if above or under else None
        return None if self.below else False


def _infinite(ranged: _Ends, nans: int, every: bool) -> bool | None:
    found = np.isinf(ranged.ends)
    if not every:
        return bool(found.any())
    if nans or not found.all():
        return False
    same = ranged.ends[0] == ranged.ends[1] and not ranged.below
    return True if same else None


def _literal(part: Part) -> float | None:
    match part:
        case Number(value):
            return value
        case Constant(name):
            return float(name)
        case Minus(inner):
            value = _literal(inner)
            return None if value is None else -value
    return None
