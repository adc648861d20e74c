"""Dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygraph.errors import ShapeError
from tinygraph.functional import random
from tinygraph.graph import origin_here, place_of
from tinygraph.nn.layer import Layer
from tinygraph.tensor import Tensor


class Dropout(Layer):
    """In training each element is 0 with probability `rate`, and the others are larger for it.

    What it draws depends on its state `random_state`, which counts the calls and is saved with the
    weights: a resumed run draws what it would have drawn.
    """

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        if not 0 <= rate < 1:
            raise ShapeError(
                f"Dropout needs a rate of at least 0 and below 1, got {rate}"
                f"{place_of(origin_here())}"
            )
        self.rate = rate
        self.seed = seed

    def build(self, shape: Any) -> None:
        self.random_state = self.add_weight((2,), self._key, False, "random_state", "uint32")
        self._generator = random.Generator()
        self._generator.state = self.random_state

    def call(self, x: Any, training: bool) -> Tensor:
        return random.dropout(x, self.rate, self._generator, training)

    def _key(self, shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
        """The first key: from the seed if there is one."""
        if self.seed is not None:
            return np.random.SeedSequence(self.seed).generate_state(2)
        return rng.integers(0, 2**32, shape, np.uint32)
