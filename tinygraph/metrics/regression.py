"""Mean errors of numbers."""

from __future__ import annotations

import math

import numpy as np

from tinygraph.losses.regression import mean_absolute_error, mean_squared_error
from tinygraph.metrics.base import MeanMetric, rows
from tinygraph.tensor import Tensor


class MeanSquaredError(MeanMetric):
    """The mean of (prediction - target)²."""

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return mean_squared_error(*rows(self.name, target, prediction))


class RootMeanSquaredError(MeanSquaredError):
    """The root of the mean of (prediction - target)², in the unit of the target."""

    def result(self, totals: np.ndarray) -> float:
        return math.sqrt(super().result(totals))


class MeanAbsoluteError(MeanMetric):
    """The mean of |prediction - target|."""

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return mean_absolute_error(*rows(self.name, target, prediction))
