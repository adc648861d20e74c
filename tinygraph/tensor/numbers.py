"""Which array a user's data becomes, and which number a scalar becomes beside a tensor.

Python's own floats, integers and truth values become float32, int32 and bool. Arrays keep what they
have: float64 stays float64; the integer types that tinygraph lacks become int32, and a value that
does not fit is an error.
"""

from __future__ import annotations

from numbers import Number
from typing import Any

import numpy as np

from tinygraph.errors import DtypeError, ShapeError, TinygraphError
from tinygraph.graph import origin_here, place_of
from tinygraph.types import DType, dtype_of

INT32 = np.iinfo(np.int32)


def is_scalar(value: Any) -> bool:
    """A number that takes the dtype of the tensor beside it."""
    return isinstance(value, float | int | np.generic) or (
        isinstance(value, Number) and not isinstance(value, complex)
    )


def to_array(data: Any, dtype: Any = None) -> np.ndarray:
    """A new C-contiguous array of a dtype that tinygraph has: of `dtype` where that is given."""
    array = _plain_array(data)
    wanted = dtype_of(dtype) if dtype is not None else _usual_dtype(array, data)
    if wanted.is_integer and array.dtype.kind in "iuf":
        _check_range(array, wanted)
    with np.errstate(all="ignore"):
        return np.array(array, wanted.numpy, order="C", copy=True, subok=False)


def scalar_value(value: Any, dtype: DType) -> float | int | bool:
    """The Python number that `value` is in a tensor of `dtype`.

    A `DtypeError` where it would lose its meaning.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if dtype.is_float:
        try:
            return float(value)
        except (OverflowError, TypeError, ValueError):
            raise DtypeError(f"{value!r} is no {dtype}{_here()}") from None
    if dtype is DType.bool:
        if isinstance(value, bool):
            return value
        raise DtypeError(
            f"{value!r} is no bool; cast the tensor, as in .astype('float32'){_here()}"
        )
    if not isinstance(value, int):
        raise DtypeError(
            f"{value!r} is no {dtype}; cast the tensor first, as in .astype('float32'){_here()}"
        )
    bounds = np.iinfo(dtype.numpy)
    if not bounds.min <= value <= bounds.max:
        raise DtypeError(
            f"{value} does not fit into {dtype}, which goes from {bounds.min} to {bounds.max}"
            f"{_here()}"
        )
    return int(value)


def _plain_array(data: Any) -> np.ndarray:
    try:
        array = np.asarray(data)
    except TinygraphError:  # such as a symbol's, which says more
        raise
    except (ValueError, TypeError) as error:
        raise ShapeError(f"this data makes no array: {error}{_here()}") from None
    if array.dtype.kind not in "fiub":
        is_data = isinstance(data, np.ndarray | list | tuple)
        got = f"data of dtype {array.dtype}" if is_data else f"a {type(data).__name__}"
        raise DtypeError(f"tensors hold numbers or truth values, got {got}{_here()}")
    return array


def _usual_dtype(array: np.ndarray, data: Any) -> DType:
    kind = array.dtype.kind
    if kind == "b":
        return DType.bool
    if kind == "f":
        wide = array.dtype.itemsize > 4 and not _from_python(data)
        return DType.float64 if wide else DType.float32
    return DType.uint32 if array.dtype == np.uint32 else DType.int32


def _from_python(data: Any) -> bool:
    """Whether the numbers are Python's own, which have no width that was chosen."""
    while isinstance(data, list | tuple) and len(data):
        data = data[0]
    return isinstance(data, list | tuple | float | int)


def _check_range(array: np.ndarray, dtype: DType) -> None:
    bounds = np.iinfo(dtype.numpy)
    if array.dtype == dtype.numpy or not array.size:
        return
    if array.dtype.kind != "f" and np.can_cast(array.dtype, dtype.numpy):
        return
    low, high = array.min(), array.max()
    if not (low > bounds.min - 1 and high < bounds.max + 1):  # a NaN fails too
        raise DtypeError(
            f"{array.dtype} data from {low} to {high} does not fit into {dtype}, "
            f"which goes from {bounds.min} to {bounds.max}{_here()}"
        )


def _here() -> str:
    return place_of(origin_here())
