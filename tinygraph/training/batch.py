"""One batch: what the model sees, what it should say, and how much each example counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygraph.data.structure import examples_of, to_arrays
from tinygraph.errors import DataError
from tinygraph.nn.structure import leaves, mapped
from tinygraph.tensor.numbers import to_array
from tinygraph.types import DType


class Batch(NamedTuple):
    """x and y are arrays, or lists, tuples and dicts of them; y and weight may be None."""

    x: Any
    y: Any = None
    weight: Any = None

    def examples(self) -> int:
        """How many examples it has."""
        return len(next(leaves(self.x)))


def batch_of(item: Any) -> Batch:
    """What an iterable gave: (x, y), (x, y, weight), (x,) or x alone."""
    if isinstance(item, Batch):
        return item
    if isinstance(item, tuple):
        if not 1 <= len(item) <= 3:
            raise DataError(f"a batch is x, (x, y) or (x, y, sample_weight); got {len(item)} parts")
        return Batch(*item)
    return Batch(item)


def as_batch(x: Any, y: Any, weight: Any) -> Batch:
    """A batch of what a user gave as arrays; the parts need one number of examples."""
    parts = {"x": x, "y": y, "sample_weight": weight}
    given = {name: to_arrays(v, name) for name, v in parts.items() if v is not None}
    examples_of(given)
    return Batch(given.get("x"), given.get("y"), given.get("sample_weight"))


def input_array(array: Any, dtype: DType | None, floats: DType) -> np.ndarray:
    """What a model is given: of the input's `dtype`, if that is known.

    Otherwise floats, bytes and truth values become `floats`, other whole numbers int32.
    """
    array = np.asarray(array)
    if dtype is None:
        small = array.dtype.kind in "fb" or array.dtype == np.uint8
        dtype = floats if small else DType.int32
    same = array.dtype == dtype.numpy and array.flags.c_contiguous
    return array if same else to_array(array, dtype)


def target_array(array: Any, floats: DType) -> np.ndarray:
    """What a loss is given: floats as `floats`, bytes, truth values and whole numbers as int32."""
    return input_array(array, None if _is_float(array) else DType.int32, floats)


def _is_float(array: Any) -> bool:
    return np.asarray(array).dtype.kind == "f"


def rows(value: Any, which: Any) -> Any:
    """The examples `which` of each array."""
    return None if value is None else mapped(value, lambda array: array[which])


def require_numbers(
    batch: Batch, where: str, examples: Callable[[], np.ndarray | None] = lambda: None
) -> None:
    """A `DataError` if something in the batch is NaN or infinite.

    `where` says which batch it is, `examples` which examples of the data it has, if known.
    """
    for name, value in (("x", batch.x), ("y", batch.y), ("sample_weight", batch.weight)):
        for k, array in enumerate(leaves(value)):
            if array is None or np.asarray(array).dtype.kind != "f":
                continue
            with np.errstate(all="ignore"):
                if np.isfinite(np.sum(array)):  # one pass; what is not finite stays so in a sum
                    continue
            bad = ~np.isfinite(array)
            if not bad.any():
                continue  # the sum was too large, the numbers are not
            place = [int(i) for i in np.argwhere(bad)[0]]
            part = name if k == 0 else f"{name}[{k}]"
            known = examples()
            of_data = "" if known is None else f", example {known[place[0]]} of the data"
            raise DataError(
                f"{where}: {part} has {int(bad.sum())} values that are no finite number, the "
                f"first is {array[tuple(place)]} at {place} of the batch{of_data}"
            )
