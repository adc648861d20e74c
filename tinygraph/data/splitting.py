"""Setting examples aside."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygraph.data.structure import examples_of, mapped, to_arrays
from tinygraph.errors import DataError, ShapeError

__all__ = ["split"]


def split(
    *parts: Any, validation: float | int = 0.2, seed: int = 0, labels: Any = None
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Examples to train on, and others, drawn by chance, to validate with:

        (x_train, y_train), (x_val, y_val) = tg.data.split(x, y, validation=0.2)

    Each part is an array whose first axis counts the examples, or a list, tuple or dict of such.
    `validation` is a fraction of the examples, or with an int their number. With `labels` [N] each
    class has the same fraction in both, to within one example. What is chosen depends on the
    number of examples, `seed` and `labels` alone; within a part the order stays.

    A `DataError` where nothing would be left for one of the two.
    """
    arrays = {f"part {k + 1}": to_arrays(part, f"part {k + 1}") for k, part in enumerate(parts)}
    total = examples_of(arrays)
    count = _count(validation, total)
    rng = np.random.default_rng(seed)
    if labels is None:
        chosen = rng.permutation(total)[:count]
    else:
        chosen = _of_each_class(np.asarray(labels), total, count, rng)
    aside = np.zeros(total, bool)
    aside[chosen] = True
    return _taken(arrays, ~aside), _taken(arrays, aside)


def _taken(arrays: dict[str, Any], which: NDArray[np.bool_]) -> tuple[Any, ...]:
    return tuple(mapped(part, lambda array: array[which]) for part in arrays.values())


def _count(validation: float | int, total: int) -> int:
    try:
        count = operator.index(validation)  # type: ignore[arg-type]
    except TypeError:
        if not 0 < validation < 1:
            raise DataError(
                f"validation must be a fraction between 0 and 1, or a number of examples (an int), "
                f"got {validation}"
            ) from None
        count = round(validation * total)
    if not 0 < count < total:
        raise DataError(
            f"validation={validation} of {total} examples gives {total - count} to train on and "
            f"{count} to validate with: both need some"
        )
    return count


def _of_each_class(
    labels: NDArray[Any], total: int, count: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    if labels.shape != (total,):
        raise ShapeError(f"labels must be [{total}], one an example, got {list(labels.shape)}")
    shuffled = rng.permutation(total)
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]  # class after class
    # Evenly spaced positions take from each class its share.
    return order[(np.arange(count) * total + total // 2) // count]
