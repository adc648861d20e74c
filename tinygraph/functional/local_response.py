"""Normalisation across neighbouring channels."""

from __future__ import annotations

from typing import Any

from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here
from tinygraph.functional.pool import sum_pool1d
from tinygraph.functional.shape import reshape
from tinygraph.graph import scope
from tinygraph.tensor import Tensor, as_tensor


def local_response_norm(
    x: Any, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0
) -> Tensor:
    """x / (k + alpha * sum of x**2 over `size` neighbouring channels)**beta; x: ...,C.

    At the border there are fewer neighbours. Source: Krizhevsky, Sutskever and Hinton (2012),
    section 3.3, whose numbers are the defaults; PyTorch's alpha is `size` times this one.
    """
    x = as_tensor(x)
    if x.ndim < 2 or size < 1 or size % 2 == 0:
        raise ShapeError(
            f"local_response_norm needs x [...,C] and an odd size, got {x.type} and {size}{here()}"
        )
    with scope("local_response_norm"):
        rows = reshape(x * x, (-1, x.shape[-1], 1))
        around = reshape(sum_pool1d(rows, size, 1, size // 2), x.shape)
        return x / (k + alpha * around) ** beta
