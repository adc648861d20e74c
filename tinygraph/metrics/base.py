"""Metric: a number that says how good predictions are, from statistics added over batches."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import numpy as np

from tinygraph import functional as F
from tinygraph.errors import TinygraphError
from tinygraph.functional.arguments import here
from tinygraph.graph import scope
from tinygraph.losses.base import Loss, Mixture, weight_like
from tinygraph.losses.names import plain, snake_case
from tinygraph.losses.shapes import pair, same_rank
from tinygraph.saving.remembered import Remembered
from tinygraph.tensor import Tensor, as_tensor
from tinygraph.tensor.numpy_calls import explained_numpy_calls
from tinygraph.types import float64

M = TypeVar("M", bound="BesideLoss")

METRICS: dict[str, type[Metric]] = {}
"""Every class of metric by its name in small letters; a subclass enters itself."""


class Metric(Remembered):
    """A number over a whole data set, computed batch by batch.

    A metric of your own is a subclass with two methods: `statistics`, which gives a vector for
    each batch, as part of the graph; and `result`, which makes one number of their sum. So the
    result is that of all the examples at once, whatever the batches: an average of the batches'
    results would not be.

    By hand: `update(target, prediction)` for each batch, then `value`; `reset()` begins anew.
    """

    name: str = "metric"

    def __init__(self, name: str | None = None) -> None:
        if name is not None:
            self.name = name
        self.reset()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "name" not in cls.__dict__:
            cls.name = snake_case(cls.__name__)
        if cls.__module__ != __name__ and not cls.__name__.startswith("_"):
            METRICS.setdefault(plain(cls.__name__), cls)

    def statistics(self, target: Any, prediction: Any, sample_weight: Any = None) -> Tensor:
        """What this batch adds: a vector of floats, of one length for all batches.

        Counts of pixels want `widened`.
        """
        raise NotImplementedError(f"{type(self).__name__} needs statistics(target, prediction)")

    def result(self, totals: np.ndarray) -> float:
        """The metric, from the sum (float64) of all statistics."""
        raise NotImplementedError(f"{type(self).__name__} needs a method result(totals)")

    def for_loss(self, loss: Loss | None) -> Metric:
        """This metric as it is meant beside that loss; itself, unless a subclass says otherwise."""
        return self

    totals: np.ndarray | None = None
    """The sum so far; None before the first batch."""

    def update(self, target: Any, prediction: Any, sample_weight: Any = None) -> None:
        """Adds a batch."""
        statistics = self.statistics(as_tensor(target), as_tensor(prediction), sample_weight)
        batch = statistics.numpy().astype(np.float64)
        self.totals = batch if self.totals is None else self.totals + batch

    def reset(self) -> None:
        """Forgets all batches."""
        self.totals = None

    @property
    def value(self) -> float:
        """The metric over all batches since the last `reset`."""
        if self.totals is None:
            raise TinygraphError(f"{self.name} has no value before its first batch{here()}")
        return self.result(self.totals)

    update_state = update
    reset_state = reset

    def __repr__(self) -> str:
        return f"<metric {self.name}>"


class MeanMetric(Metric):
    """The mean of one number for each example (or pixel): a subclass says which in `call`.

    With sample weights it is the weighted mean, divided by the sum of the weights.
    """

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        """One number for each example (or pixel)."""
        raise NotImplementedError(f"{type(self).__name__} needs a method call(target, prediction)")

    def statistics(self, target: Any, prediction: Any, sample_weight: Any = None) -> Tensor:
        """[weighted sum of the numbers, sum of the weights]"""
        with scope(self.name):
            values = self.call(as_tensor(target), as_tensor(prediction))
            return mean_statistics(values, sample_weight, self.name)

    def result(self, totals: np.ndarray) -> float:
        total, count = totals
        return float(total / count) if count else float("nan")


class FunctionMetric(MeanMetric):
    """A plain function of target and prediction as a metric: what it gives is averaged."""

    def __init__(self, function: Any, name: str | None = None) -> None:
        super().__init__(name or getattr(function, "__name__", type(function).__name__))
        self.function = function

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        with explained_numpy_calls(self.name):
            return as_tensor(self.function(*same_rank(target, prediction)))


class LossMetric(MeanMetric):
    """A loss as a metric: the mean of its numbers.

    A loss that is one number for the whole batch, and a mixture, count by the batch's size.
    """

    def __init__(self, loss: Loss, name: str | None = None) -> None:
        super().__init__(name or loss.name)
        self.loss = loss

    def statistics(self, target: Any, prediction: Any, sample_weight: Any = None) -> Tensor:
        """[weighted sum of the numbers, sum of the weights]"""
        target, prediction = as_tensor(target), as_tensor(prediction)
        with scope(self.name):
            if (
                isinstance(self.loss, Mixture)
                or not (values := self.loss.values(target, prediction)).ndim
            ):
                size = prediction.shape[0] if prediction.ndim else 1
                mean = self.loss(target, prediction, sample_weight)
                return F.stack([widened(mean) * size, F.full((), float(size), float64)])
            weight = weight_like(values, sample_weight, self.name)
            if (counted := self.loss.counted(target, prediction)) is not None:
                counted = counted.astype(values.dtype)
                weight = counted if weight is None else weight * counted
            return mean_statistics(values, weight, self.name)


class BesideLoss(Metric):
    """The base of metrics that mean something else beside another loss."""

    loss: Loss | None = None
    """The cross-entropy that the model is trained with; of a mixture, the first one in it."""

    def for_loss(self: M, loss: Loss | None) -> M:
        own = copy.copy(self)
        parts = [part for _, part in loss.parts] if isinstance(loss, Mixture) else [loss]
        own.loss = next((part for part in parts if hasattr(part, "from_logits")), None)
        return own


class Thresholded(BesideLoss):
    """The base: `threshold` is 0.5 unless given; beside a loss of logits it is 0."""

    def __init__(self, threshold: float | None = None, name: str | None = None) -> None:
        super().__init__(name)
        self.threshold = threshold

    @property
    def at(self) -> float:
        """The threshold that is used."""
        if self.threshold is not None:
            return self.threshold
        return 0.0 if getattr(self.loss, "from_logits", False) else 0.5


def rows(name: str, target: Any, prediction: Any) -> tuple[Tensor, Tensor]:
    """Both in one shape with an axis of examples: [N] becomes [N,1], since it is N examples."""
    t, p = pair(name, target, prediction)
    return (t, p) if p.ndim > 1 else (t.reshape(-1, 1), p.reshape(-1, 1))


def widened(values: Tensor) -> Tensor:
    """In float64: a float32 cannot count the pixels of a large batch, and accuracy may pass 1."""
    return values if values.dtype is float64 else values.astype(float64)


def mean_statistics(values: Tensor, sample_weight: Any, name: str) -> Tensor:
    """[weighted sum, sum of the weights] of numbers of any dtype, in float64."""
    values = widened(values)
    weight = weight_like(values, sample_weight, name)
    if weight is None:
        return F.stack([F.sum(values), F.full((), float(values.size), dtype=values.dtype)])
    return F.stack([F.sum(values * weight), F.sum(weight)])
