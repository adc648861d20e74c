"""Arrays one by one, or lists, tuples and dicts of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygraph.errors import DataError, ShapeError
from tinygraph.tensor import Tensor


def to_arrays(value: Any, name: str) -> Any:
    """The same structure with NumPy arrays in it. A list of numbers is an array, not a structure.

    A `DataError` for what makes no array of numbers.
    """
    if isinstance(value, Mapping):
        return {key: to_arrays(item, f"{name}[{key!r}]") for key, item in value.items()}
    if isinstance(value, (list, tuple)) and value and _is_array(value[0]):
        items = [to_arrays(item, f"{name}[{k}]") for k, item in enumerate(value)]
        return items if isinstance(value, list) else tuple(items)
    try:
        array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    except ValueError:
        raise DataError(f"{name} makes no array: its rows differ in length") from None
    if array.dtype.kind not in "biuf":
        raise DataError(f"{name} must hold numbers, got an array of {array.dtype}")
    if array.ndim == 0:
        raise DataError(f"{name} must be an array with one entry an example, got {value!r}")
    return array


def mapped(structure: Any, function: Callable[[NDArray[Any]], Any]) -> Any:
    """The same structure with `function` of each array."""
    if isinstance(structure, dict):
        return {key: mapped(item, function) for key, item in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(mapped(item, function) for item in structure)
    return function(structure)


def leaves(structure: Any, name: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """All arrays, each with what to call it in a message."""
    if isinstance(structure, dict):
        for key, item in structure.items():
            yield from leaves(item, f"{name}[{key!r}]")
    elif isinstance(structure, (list, tuple)):
        for k, item in enumerate(structure):
            yield from leaves(item, f"{name}[{k}]")
    else:
        yield name, structure


def examples_of(parts: Mapping[str, Any]) -> int:
    """How many examples there are; the same number in all arrays, and not zero."""
    arrays = [pair for name, part in parts.items() for pair in leaves(part, name)]
    if not arrays:
        raise DataError("there is no data: x has no arrays")
    lengths = {name: len(array) for name, array in arrays}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise ShapeError(f"all arrays need the same number of examples: {told}")
    (count,) = set(lengths.values())
    if count == 0:
        raise DataError("the data set is empty: it has 0 examples")
    return count


def _is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, Tensor, Mapping))
