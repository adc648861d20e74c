"""Losses of numbers against numbers: squares, distances, and what lies between.

Each function takes (target, prediction) of one shape and reduces the last axis by the mean.
"""

from __future__ import annotations

from typing import Any

from tinygraph import functional as F
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here
from tinygraph.graph import scope
from tinygraph.losses.base import OneShape
from tinygraph.losses.shapes import pair
from tinygraph.tensor import Tensor


def mean_squared_error(target: Any, prediction: Any) -> Tensor:
    """The mean of (prediction - target)² over the last axis."""
    t, p = pair("mean_squared_error", target, prediction)
    with scope("mean_squared_error"):
        return F.mean(F.square(p - t), -1)


def mean_absolute_error(target: Any, prediction: Any) -> Tensor:
    """The mean of |prediction - target| over the last axis: the L1 loss."""
    t, p = pair("mean_absolute_error", target, prediction)
    with scope("mean_absolute_error"):
        return F.mean(F.abs(p - t), -1)


def huber(target: Any, prediction: Any, delta: float = 1.0) -> Tensor:
    """Half the square of an error up to `delta`, a straight line beyond it.

    e² / 2 where |e| <= delta, else delta * (|e| - delta / 2); the mean over the last axis.
    Source: Huber, Robust Estimation of a Location Parameter (1964).
    """
    _positive("huber", delta)
    t, p = pair("huber", target, prediction)
    with scope("huber"):
        error = p - t
        size = F.abs(error)
        curve = F.where(size <= delta, 0.5 * F.square(error), delta * (size - 0.5 * delta))
        return F.mean(curve, -1)


def pseudo_huber(target: Any, prediction: Any, delta: float = 1.0) -> Tensor:
    """A smooth Huber loss: delta² * (sqrt(1 + (e / delta)²) - 1), the mean over the last axis.

    Like e² / 2 for small errors, like delta * |e| for large ones (lecture 4).
    """
    _positive("pseudo_huber", delta)
    t, p = pair("pseudo_huber", target, prediction)
    with scope("pseudo_huber"):
        # sqrt(1 + r²) - 1, without taking the difference of two numbers near 1
        square = F.square((p - t) / delta)
        return F.mean(delta**2 * (square / (F.sqrt(1 + square) + 1)), -1)


class MeanSquaredError(OneShape):
    """The mean of (prediction - target)²."""

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return mean_squared_error(target, prediction)


class MeanAbsoluteError(OneShape):
    """The mean of |prediction - target|: the L1 loss."""

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return mean_absolute_error(target, prediction)


class Huber(OneShape):
    """Half the square of an error up to `delta`, a straight line beyond it; see `huber`."""

    def __init__(
        self, delta: float = 1.0, reduction: str | None = "mean", name: str | None = None
    ) -> None:
        super().__init__(reduction, name)
        self.delta = _positive(self.name, delta)

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return huber(target, prediction, self.delta)


class PseudoHuber(OneShape):
    """A smooth Huber loss; see `pseudo_huber`."""

    def __init__(
        self, delta: float = 1.0, reduction: str | None = "mean", name: str | None = None
    ) -> None:
        super().__init__(reduction, name)
        self.delta = _positive(self.name, delta)

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return pseudo_huber(target, prediction, self.delta)


def _positive(name: str, delta: float) -> float:
    if not delta > 0:
        raise ShapeError(f"{name} needs delta > 0, got {delta!r}{here()}")
    return delta
