"""Setting data aside for validation."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygraph.errors import DataError
from tinygraph.tensor import Tensor
from tinygraph.training.batch import Batch, as_batch, rows


def split_off(data: Batch, fraction: float) -> tuple[Batch, Batch]:
    """What is trained with, and the last `fraction` of the examples, before any shuffling."""
    if not 0 < fraction < 1:
        raise DataError(f"validation_split is between 0 and 1, got {fraction}")
    if not isinstance(data.x, np.ndarray | Tensor | list | tuple | dict):
        raise DataError("validation_split needs arrays; give validation_data=(x, y)")
    whole = as_batch(*data)
    examples = whole.examples()
    kept = int(examples * (1 - fraction))
    if not 0 < kept < examples:
        raise DataError(
            f"validation_split={fraction} of {examples} examples leaves {kept} to train with "
            f"and {examples - kept} to validate with"
        )
    return _cut(whole, slice(0, kept)), _cut(whole, slice(kept, None))


def _cut(data: Batch, which: Any) -> Batch:
    return Batch(*(rows(part, which) for part in data))
