"""What a call looks like: the arrays in it, and a key for all the rest."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from inspect import signature
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
            return Same(value)
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


class Same:
    """A key that is equal to a key of the same object only."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self._value is other._value

    def __hash__(self) -> int:
        return id(self._value)


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


def places(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """What stands at each place of a call: x, pair[0] ..., in the order of `flatten`."""
    named = zip(_positional_names(fn, len(args)), args, strict=True)
    return {
        place: value
        for name, argument in (*named, *kwargs.items())
        for place, value in _inside(name, argument)
    }


def _positional_names(fn: Callable[..., Any], count: int) -> list[str]:
    try:
        parameters = list(signature(fn).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [names[k] if k < len(names) else f"argument {k + 1}" for k in range(count)]


def _inside(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, tuple | list):
        for k, item in enumerate(value):
            yield from _inside(f"{place}[{k}]", item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _inside(f"{place}[{name!r}]", item)
    else:
        yield place, value


def is_input(value: Any) -> bool:
    """Whether a program is given it at each call."""
    return isinstance(value, Tensor | np.ndarray) and not isinstance(value, Parameter)


def described(value: Any) -> str:
    """What makes it compile again if it changes, for messages."""
    if isinstance(value, Tensor) and is_input(value):
        return str(value.type)
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}".replace(" ", "")
    return repr(value)


def type_of(array: np.ndarray) -> TensorType:
    """The type of an array that tinygraph has."""
    return TensorType(array.shape, DType(_CODES[array.dtype]))
