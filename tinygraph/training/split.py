"""Setting data aside for validation."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygraph.errors import DataError
from tinygraph.nn.structure import leaves
from tinygraph.training.batch import Batch, as_arrays, require_equal_lengths, rows


def split_off(data: Batch, fraction: float) -> tuple[Batch, Batch]:
    """What is trained with, and the last `fraction` of the examples, before any shuffling."""
    if not 0 < fraction < 1:
        raise DataError(f"validation_split is between 0 and 1, got {fraction}")
    whole = Batch(*(as_arrays(v, n) for n, v in zip(("x", "y", "sample_weight"), data)))
    arrays = list(leaves(whole.x))
    if not arrays or not all(isinstance(leaf, np.ndarray) for leaf in arrays):
        raise DataError("validation_split needs arrays; give validation_data=(x, y)")
    names = (("x", whole.x), ("y", whole.y), ("sample_weight", whole.weight))
    examples = require_equal_lengths(names)
    kept = int(examples * (1 - fraction))
    if not 0 < kept < examples:
        raise DataError(
            f"validation_split={fraction} of {examples} examples leaves {kept} to train with "
            f"and {examples - kept} to validate with"
        )
    return _cut(whole, slice(0, kept)), _cut(whole, slice(kept, None))


def _cut(data: Batch, which: Any) -> Batch:
    return Batch(*(rows(part, which) for part in data))
