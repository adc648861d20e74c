"""Class weights: how much the examples of each class count, as weights of examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygraph.errors import DataError
from tinygraph.training.batch import Batch


def with_class_weight(batch: Batch, class_weight: Any) -> Batch:
    """The batch with weights by class, times those it had. Classes that are not named count 1.

    `class_weight` is a dict {class: weight} or a sequence of weights. The target is one array:
    labels, also one a pixel, or one-hot along its last axis.
    """
    if class_weight is None:
        return batch
    if not isinstance(batch.y, np.ndarray):
        raise DataError("class_weight needs one target array y, and a model with one output")
    labels = _labels(batch.y)
    table = _table(class_weight, int(labels.max(initial=0)))
    if labels.size and labels.min() < 0:
        raise DataError(f"class_weight needs labels from 0 on, got {labels.min()}")
    weight = table[labels]
    if batch.weight is not None:
        given = np.asarray(batch.weight)
        if given.ndim == weight.ndim + 1 and given.shape[-1] == 1:
            given = given[..., 0]
        weight = weight * given.reshape(given.shape + (1,) * (weight.ndim - given.ndim))
    return batch._replace(weight=weight)


def _labels(y: np.ndarray) -> np.ndarray:
    """The class of each example or pixel."""
    if y.ndim > 1 and y.shape[-1] == 1:
        y = y[..., 0]
    elif y.ndim > 1 and bool(((y == 0) | (y == 1)).all() and (y.sum(-1) == 1).all()):
        return y.argmax(-1)
    if (y != np.floor(y)).any():
        raise DataError("class_weight needs labels that are whole numbers, or one-hot targets")
    return y.astype(np.int64)


def _table(class_weight: Any, largest: int) -> np.ndarray:
    is_mapping = isinstance(class_weight, Mapping)
    try:
        items = class_weight.items() if is_mapping else enumerate(class_weight)
        pairs = [(int(k), float(v)) for k, v in items]
    except (TypeError, ValueError):
        raise DataError(
            f"class_weight is {{class: weight}} or a list of weights, got {class_weight!r}"
        ) from None
    if any(k < 0 for k, _ in pairs):
        raise DataError(f"class_weight has classes from 0 on, got {dict(pairs)}")
    if not all(0 <= weight < np.inf for _, weight in pairs):
        raise DataError(f"class_weight has weights of at least 0, got {dict(pairs)}")
    table = np.ones(max([largest, *(k for k, _ in pairs)]) + 1, np.float32)
    for k, weight in pairs:
        table[k] = weight
    return table
