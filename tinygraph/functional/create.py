"""Tensors from nothing: from data, constants, counted numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygraph import ops
from tinygraph.errors import DtypeError, GradientError
from tinygraph.functional.arguments import shape_of
from tinygraph.tensor import Parameter, Tensor, as_tensor, from_array, wrap
from tinygraph.tensor.numbers import scalar_value, to_array
from tinygraph.types import TensorType, dtype_of


def tensor(data: Any, name: str | None = None, dtype: Any = None) -> Tensor:
    """A tensor holding a copy of `data`: a number, nested lists, an array, another tensor.

    Python floats become float32, integers int32, truth values bool. Arrays keep float32, float64,
    int32, uint32 and bool; other integers become int32 if they fit, and are refused otherwise.
    `dtype` decides instead where it is given.
    """
    return from_array(_data(data, dtype), name)


def parameter(
    data: Any, name: str | None = None, dtype: Any = None, trainable: bool = True
) -> Parameter:
    """A tensor whose value can be replaced with `assign`: a weight, or other state if not
    `trainable`.

    A trainable one is float; Python integers become float32 there.
    """
    array = _data(data, dtype)
    if trainable and array.dtype.kind != "f":
        if dtype is not None:
            raise GradientError(
                f"a trainable parameter needs floats, got dtype={dtype}; or trainable=False"
            )
        array = array.astype(np.float32)
    return Parameter(None, array, name, trainable)


def _data(data: Any, dtype: Any) -> np.ndarray:
    return to_array(data.numpy() if isinstance(data, Tensor) else data, dtype)


def full(shape: Any, value: Any, dtype: Any = None) -> Tensor:
    """A tensor whose elements all are `value`, a number.

    float32 for a float unless `dtype` says otherwise.
    """
    wanted = dtype_of(dtype) if dtype is not None else dtype_of(str(to_array(value).dtype))
    return wrap(ops.full(scalar_value(value, wanted), TensorType(shape_of(shape), wanted)))


def zeros(shape: Any, dtype: Any = "float32") -> Tensor:
    """A tensor of zeros."""
    return full(shape, _number(0, dtype), dtype)


def ones(shape: Any, dtype: Any = "float32") -> Tensor:
    """A tensor of ones."""
    return full(shape, _number(1, dtype), dtype)


def zeros_like(x: Any) -> Tensor:
    """Zeros of the type of x."""
    like = as_tensor(x).type
    return zeros(like.shape, like.dtype)


def ones_like(x: Any) -> Tensor:
    """Ones of the type of x."""
    like = as_tensor(x).type
    return ones(like.shape, like.dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Tensor:
    """start, start + step, ... up to but without `stop`, as `range` and NumPy's arange count.

    int32 for integers, else float32, unless `dtype` says otherwise.
    """
    start, stop = (0, start) if stop is None else (start, stop)
    if step == 0:
        raise DtypeError("arange needs a step other than 0")
    count = max(0, math.ceil((stop - start) / step))
    whole = all(isinstance(value, int | np.integer) for value in (start, stop, step))
    wanted = dtype_of(dtype or ("int32" if whole else "float32"))
    if wanted.is_float and (start, step) != (
        0,
        1,
    ):  # counted in double precision, then rounded once
        return tensor(start + step * np.arange(count, dtype=np.float64), dtype=wanted)
    if wanted.is_integer and count:
        for end in (start, start + step * (count - 1)):
            scalar_value(end, wanted)
    numbers = wrap(ops.iota(TensorType((count,), wanted), (0,)))
    if step != 1:
        numbers = numbers * step
    return numbers + start if start else numbers


def _number(value: int, dtype: Any) -> int | bool:
    return bool(value) if dtype_of(dtype) == "bool" else value
