"""Local response normalisation."""

from __future__ import annotations

from typing import Any

from tinygraph import functional
from tinygraph.nn.layer import Layer
from tinygraph.tensor import Tensor


class LocalResponseNormalization(Layer):
    """x / (k + alpha * sum of x**2 over `size` neighbouring channels)**beta.

    No parameters; AlexNet's numbers are the defaults. See `tg.local_response_norm`.
    """

    def __init__(
        self, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0, **options: Any
    ) -> None:
        super().__init__(**options)
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def call(self, x: Any) -> Tensor:
        return functional.local_response_norm(x, self.size, self.alpha, self.beta, self.k)
