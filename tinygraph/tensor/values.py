"""Many values in one walk."""

from __future__ import annotations

import numpy as np

from tinygraph.evaluate import values_of
from tinygraph.tensor.handle import Tensor, as_tensor


def evaluate(*ys: Tensor) -> list[np.ndarray]:
    """The values of `ys`, computed together: what they share is computed once.

    They are remembered.
    """
    tensors = [as_tensor(y) for y in ys]
    values_of([y.node for y in tensors])
    return [y.numpy() for y in tensors]
