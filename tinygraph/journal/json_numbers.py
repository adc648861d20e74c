"""Numbers as JSON, bit for bit, and back.

A float is JSON's number; those that JSON has not are texts: "inf", "-inf", "nan", and
"nan:7fc00001" for a NaN with other bits than the usual.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np

from tinygraph.errors import DataError
from tinygraph.types import DType, TensorType

SPECIAL = re.compile(r"(-?inf|nan)(?::([0-9a-f]{8}|[0-9a-f]{16}))?")


def write_numbers(array: np.ndarray) -> list[Any]:
    """The numbers in C order."""
    flat = np.ascontiguousarray(array).reshape(-1)
    values = flat.tolist()
    if flat.dtype.kind != "f" or np.isfinite(flat).all():
        return values
    return [
        value if math.isfinite(value) else _special(bits)
        for value, bits in zip(values, flat, strict=True)
    ]


def _special(value: np.floating) -> str:
    if np.isinf(value):
        return "inf" if value > 0 else "-inf"
    bits, usual = value.tobytes(), type(value)(np.nan).tobytes()
    if bits == usual:
        return "nan"
    return f"nan:{int.from_bytes(bits, _ORDER):0{2 * len(bits)}x}"


_ORDER = "little" if np.little_endian else "big"


def read_numbers(said: Any, kind: TensorType) -> np.ndarray:
    """An array of numbers in C order."""
    if not isinstance(said, list) or len(said) != kind.size:
        got = f"{len(said)} numbers" if isinstance(said, list) else short(said)
        raise DataError(f"{kind} has {kind.size} numbers, here are {got}")
    dtype = kind.dtype
    if dtype.is_float:
        flat = _floats(said, dtype)
    else:
        limits = (0, 1) if dtype is DType.bool else _limits(dtype)
        python = bool if dtype is DType.bool else int
        for value in said:
            if type(value) is not python or not limits[0] <= value <= limits[1]:
                raise DataError(f"{short(value)} is no {dtype}")
        flat = np.array(said, dtype.numpy)
    try:
        return flat.reshape(kind.shape)
    except ValueError:  # more axes, or longer ones, than NumPy has
        raise DataError(f"NumPy has no array of {kind}") from None


def _limits(dtype: DType) -> tuple[int, int]:
    info = np.iinfo(dtype.numpy)
    return int(info.min), int(info.max)


def _floats(said: Sequence[Any], dtype: DType) -> np.ndarray:
    plain = [_float(value, dtype) for value in said]
    with np.errstate(all="ignore"):
        flat = np.array(plain, np.float64).astype(dtype.numpy)
    bits = flat.view(f"u{dtype.itemsize}")
    for k, (value, number) in enumerate(zip(said, plain, strict=True)):
        if isinstance(value, str) and ":" in value:
            bits[k] = int(value.partition(":")[2], 16)
            if not np.isnan(flat[k]):
                raise DataError(f"{value!r} is no NaN of {dtype}")
        elif isinstance(value, str):
            flat[k] = number
        elif float(flat[k]) != number:
            raise DataError(f"{short(value)} is no {dtype}")
    return flat


def _float(value: Any, dtype: DType) -> float:
    """A number that JSON gave, or one of the texts for those it has not."""
    if isinstance(value, str):
        found = SPECIAL.fullmatch(value)
        long = found is not None and found[2] is not None
        if found is None or (long and (found[1] != "nan" or len(found[2]) != 2 * dtype.itemsize)):
            raise DataError(f"{short(value)} is no {dtype}")
        return float(found[1])
    try:
        if isinstance(value, float) or is_whole(value):
            number = float(value)
            if math.isfinite(number) and number == value:
                return number
    except OverflowError:
        pass
    raise DataError(f"{short(value)} is no {dtype}")


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether JSON gave a whole number; true and false are none."""
    return type(value) is int


def short(value: Any) -> str:
    """A value in a message, cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # more digits or brackets than Python writes
        text = "something very long"
    return text if len(text) <= 40 else f"{text[:37]}..."
