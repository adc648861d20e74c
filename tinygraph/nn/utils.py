"""`keras.utils`: labels as vectors, pictures of models, seeds."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygraph.errors import DataError
from tinygraph.graph import origin_here, place_of
from tinygraph.nn.seeds import set_random_seed as set_random_seed


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """One-hot vectors for labels: whole numbers [...] -> float32 [..., num_classes].

    `num_classes` is the largest label + 1 unless given. A last axis of extent 1 is left out first.
    A `DataError` names a label that is no whole number, or is out of range.
    """
    labels = np.asarray(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.size == 0 and num_classes is None:
        raise DataError(f"to_categorical needs num_classes where there are no labels{_here()}")
    if labels.dtype.kind not in "iub":
        broken = labels[~(labels == np.round(labels))] if labels.dtype.kind == "f" else labels[:1]
        if broken.size or labels.dtype.kind != "f":
            raise DataError(
                f"to_categorical needs whole numbers as labels, got {broken.flat[0]!r}{_here()}"
            )
    numbers = labels.astype(np.int64)
    count = int(numbers.max()) + 1 if num_classes is None else num_classes
    wrong = numbers[(numbers < 0) | (numbers >= count)]
    if wrong.size:
        raise DataError(
            f"to_categorical: the label {wrong.flat[0]} is not among 0 to {count - 1}{_here()}"
        )
    result = np.zeros((*numbers.shape, count), np.float32)
    np.put_along_axis(result, numbers[..., None], 1, -1)
    return result


def _here() -> str:
    return place_of(origin_here())
