"""Arrays as JSON data: few numbers as a list that one can read, many as base64."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np

from tinygraph.errors import DataError
from tinygraph.journal.json_numbers import read_numbers, write_numbers
from tinygraph.types import TensorType

FEW = 64
"""So many numbers are a list."""


def written(array: np.ndarray) -> dict[str, Any]:
    """An array with its dtype and shape; bytes are in the order of small-endian machines."""
    data: Any
    if array.size <= FEW:
        data = write_numbers(array)
    else:
        small = array.astype(array.dtype.newbyteorder("<"))
        data = base64.b64encode(small.tobytes()).decode()
    return {"dtype": str(array.dtype), "shape": list(array.shape), "data": data}


def read(said: Any, kind: TensorType) -> np.ndarray:
    """The array of this type that `said` describes; a `DataError` where it is another."""
    if not isinstance(said, dict):
        raise DataError(f"an array is an object, not a {type(said).__name__}")
    if said.get("dtype") != str(kind.dtype) or said.get("shape") != list(kind.shape):
        raise DataError(f"an array of {kind} is needed")
    data = said.get("data")
    if isinstance(data, str):
        return _from_bytes(data, kind)
    return read_numbers(data, kind)


def _from_bytes(data: str, kind: TensorType) -> np.ndarray:
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise DataError("the numbers of an array are no base64") from None
    plain = np.dtype(kind.dtype.numpy)
    if len(raw) != kind.size * plain.itemsize:
        raise DataError(f"{kind} has {kind.size * plain.itemsize:,} bytes, got {len(raw):,}")
    if plain.kind == "b" and set(raw) - {0, 1}:
        raise DataError("a truth is 0 or 1")
    return np.frombuffer(raw, plain.newbyteorder("<")).astype(plain).reshape(kind.shape)
