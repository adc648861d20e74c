"""Losses: how far a prediction is from the target, as one number."""

from __future__ import annotations

from typing import Any

from tinygraph import functional as F
from tinygraph.errors import ShapeError
from tinygraph.functional import cross_entropy as cross_entropy
from tinygraph.graph import origin_here, place_of, scope
from tinygraph.tensor import Tensor, as_tensor

__all__ = ["binary_cross_entropy", "cross_entropy", "mean_absolute_error", "mean_squared_error"]


def mean_squared_error(prediction: Any, target: Any) -> Tensor:
    """The mean of (prediction - target) ** 2 over all elements."""
    _require_one_shape("mean_squared_error", prediction, target)
    with scope("mean_squared_error"):
        return F.mean(F.square(F.sub(prediction, target)))


def mean_absolute_error(prediction: Any, target: Any) -> Tensor:
    """The mean of |prediction - target| over all elements."""
    _require_one_shape("mean_absolute_error", prediction, target)
    with scope("mean_absolute_error"):
        return F.mean(F.abs(F.sub(prediction, target)))


def binary_cross_entropy(logits: Any, target: Any) -> Tensor:
    """The mean of -t * log(p) - (1 - t) * log(1 - p) with p = sigmoid(logits).

    Computed as max(z, 0) - z * t + log(1 + exp(-|z|)), which does not overflow.
    """
    _require_one_shape("binary_cross_entropy", logits, target)
    z, t = as_tensor(logits), as_tensor(target)
    with scope("binary_cross_entropy"):
        distance = F.where(z > 0, z, -z)  # not abs: its slope at 0 would spoil that of the loss
        return F.mean(F.relu(z) - z * t + F.log(1 + F.exp(-distance)))


def _require_one_shape(name: str, prediction: Any, target: Any) -> None:
    """Broadcasting here would be a slip, such as [N,1] against [N]."""
    a, b = as_tensor(prediction).type, as_tensor(target).type
    if a.shape != b.shape:
        raise ShapeError(
            f"{name} needs prediction and target of one shape, got {a} and {b}"
            f"{place_of(origin_here())}"
        )
