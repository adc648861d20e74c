"""What a call looks like: the arrays in it, and a key for all the rest."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np

from tinygraph.errors import TraceError
from tinygraph.tensor import Parameter, Tensor
from tinygraph.tensor.numbers import to_array
from tinygraph.types import DType, TensorType

_CODES = {np.dtype(d.value): d.value for d in DType}


def flatten(value: Any, arrays: list[np.ndarray]) -> Hashable:
    """A key for `value`; its tensors' and arrays' values are added to `arrays`.

    Two values with equal keys differ in nothing but the numbers in those arrays. Containers are
    gone through; parameters, numbers, strings and other objects are part of the key.
    """
    if isinstance(value, Tensor):
        if isinstance(value, Parameter):
            return value
        array = value._array if value._array is not None else value._value()
        arrays.append(array)
        return array.shape, _CODES[array.dtype]
    if isinstance(value, np.ndarray):
        if value.dtype not in _CODES or not value.flags.c_contiguous:
            value = to_array(value)
        arrays.append(value)
        return value.shape, _CODES[value.dtype]
    if isinstance(value, tuple | list):
        return type(value), *[flatten(item, arrays) for item in value]
    if isinstance(value, dict):
        return dict, *[(name, flatten(item, arrays)) for name, item in value.items()]
    return _static(value)


def _static(value: Any) -> Hashable:
    """A key that tells 1 from 1.0 and True, 0.0 from -0.0, and NaN is equal to NaN in."""
    if isinstance(value, float):
        return float, float(value).hex()
    if isinstance(value, np.generic):
        return type(value), value.tobytes()
    try:
        hash(value)
    except TypeError:
        raise TraceError(
            "a jitted function takes tensors, arrays, numbers, strings, and tuples, lists and "
            f"dicts of those; a {type(value).__name__} has no hash to know it by"
        ) from None
    return type(value), value


def rebuilt(value: Any, make: Callable[[np.ndarray], Any]) -> Any:
    """`value` with `make` of each array, in the order of `flatten`."""
    if isinstance(value, Parameter):
        return value
    if isinstance(value, Tensor):
        return make(value.numpy())
    if isinstance(value, np.ndarray):
        return make(to_array(value))
    if isinstance(value, tuple | list):
        items = [rebuilt(item, make) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {name: rebuilt(item, make) for name, item in value.items()}
    return value


def described(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, str]:
    """What stands at each place of a call, for messages."""
    result: dict[str, str] = {}
    for number, value in enumerate(args):
        result.update(_places(f"argument {number + 1}", value))
    for name, value in kwargs.items():
        result.update(_places(name, value))
    return result


def _places(label: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, tuple | list):
        for k, item in enumerate(value):
            yield from _places(f"{label}[{k}]", item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _places(f"{label}[{name!r}]", item)
    elif isinstance(value, Tensor):
        yield label, str(value.type)
    elif isinstance(value, np.ndarray):
        yield label, f"{value.dtype}{list(value.shape)}".replace(" ", "")
    else:
        yield label, repr(value)


def type_of(array: np.ndarray) -> TensorType:
    """The type of an array that tinygraph has."""
    return TensorType(array.shape, DType(_CODES[array.dtype]))
