"""Numbers in few characters: with as many digits as fit."""

from __future__ import annotations

import math

from tinygraph.draw.numbers import NOT_YET as NOT_YET
from tinygraph.journal import Reading, Summary, number


def short(reading: Reading, width: int) -> str:
    """One number, a few in brackets, or the range of many, in at most `width` characters if any
    way of writing it is so short."""
    if reading.type.size == 1:
        return in_digits(reading.summary.low, width) if not reading.summary.nans else "NaN"
    if reading.type.size <= 4 and len(text := reading.short) <= width:
        return text
    return range_of(reading.summary, width)


def range_of(summary: Summary, width: int) -> str:
    """From where to where, or that some are NaN."""
    kind = summary.type
    if summary.nans or not kind.size or kind.dtype.name == "bool":
        text = summary.range
        if len(text) <= width or not summary.nans or summary.nans == kind.size:
            return text
        return f"{summary.nans:,} NaN"
    if summary.low == summary.high:
        return f"all {in_digits(summary.low, width - 4)}"
    for dots in (" … ", "…"):
        for digits in (4, 3, 2, 1):
            text = f"{_rounded(summary.low, digits)}{dots}{_rounded(summary.high, digits)}"
            if len(text) <= width:
                return text
    return text


def in_digits(value: float | int | bool, width: int) -> str:
    """A number with four digits, with fewer where it would be longer than `width`."""
    text = number(value)
    for digits in (3, 2, 1):
        if len(text) <= width:
            break
        text = _rounded(value, digits)
    return text


def _rounded(value: float | int | bool, digits: int) -> str:
    if digits == 4 or not isinstance(value, float) or not math.isfinite(value):
        return number(value)
    text = f"{value:.{digits}g}".replace("e-0", "e-").replace("e+0", "e+").replace("e+", "e")
    return "0.0" if float(text) == 0 else text
