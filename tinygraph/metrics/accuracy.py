"""Accuracy: how often the prediction is right; also among the best k."""

from __future__ import annotations

from typing import Any

from tinygraph import functional as F
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here
from tinygraph.functional.loss import one_hot
from tinygraph.losses.binary import BinaryCrossentropy
from tinygraph.losses.categorical import CategoricalCrossentropy, SparseCategoricalCrossentropy
from tinygraph.losses.labels import check_binary, check_labels, check_one_hot
from tinygraph.metrics.base import BesideLoss, MeanMetric, Metric, Thresholded, rows
from tinygraph.tensor import Tensor, as_tensor
from tinygraph.types import TensorType


class BinaryAccuracy(Thresholded, MeanMetric):
    """The share of outputs on the right side of `threshold`, the targets being 0 or 1.

    The threshold is 0.5 unless given; beside a loss of logits it is 0.
    """

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        check_binary(self.name, target.type, prediction.type, None, False)
        t, p = rows(self.name, target, prediction)
        right = F.equal(t, (p > self.at).astype(p.dtype))
        return F.mean(right.astype(p.dtype), -1)


class CategoricalAccuracy(MeanMetric):
    """How often the largest output is that of the class, for one-hot targets."""

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        check_one_hot(
            self.name,
            target.type,
            prediction.type,
            None,
            False,
            for_labels="sparse_categorical_accuracy",
        )
        right = F.equal(F.argmax(target, -1), F.argmax(prediction, -1))
        return right.astype(prediction.dtype)


class SparseCategoricalAccuracy(MeanMetric):
    """How often the largest output is that of the class, for integer labels."""

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        check_labels(
            self.name, target.type, prediction.type, None, False, for_one_hot="categorical_accuracy"
        )
        labels = target.reshape(prediction.shape[:-1]).astype("int32")
        return F.equal(labels, F.argmax(prediction, -1)).astype(prediction.dtype)


class TopKCategoricalAccuracy(MeanMetric):
    """How often fewer than k outputs are larger than that of the class; one-hot targets."""

    def __init__(self, k: int = 5, name: str | None = None) -> None:
        super().__init__(name)
        if k < 1:
            raise ShapeError(f"{self.name} needs k of at least 1, got {k}{here()}")
        self.k = k

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        check_one_hot(
            self.name,
            target.type,
            prediction.type,
            None,
            False,
            for_labels="sparse_top_k_categorical_accuracy",
        )
        return self._among_best(F.argmax(target, -1), prediction)

    def _among_best(self, labels: Tensor, prediction: Tensor) -> Tensor:
        chosen = one_hot(labels, prediction.shape[-1], prediction.dtype)
        own = F.sum(F.where(chosen == 1, prediction, 0), -1, keepdims=True)
        larger = F.sum(F.broadcast_to(own, prediction.shape) < prediction, -1)
        known = F.equal(own, own).reshape(larger.shape)  # a NaN is not among the best
        return F.logical_and(larger < self.k, known).astype(prediction.dtype)


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """How often fewer than k outputs are larger than that of the class; integer labels."""

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        check_labels(
            self.name,
            target.type,
            prediction.type,
            None,
            False,
            for_one_hot="top_k_categorical_accuracy",
        )
        return self._among_best(target.reshape(prediction.shape[:-1]), prediction)


class Accuracy(BesideLoss):
    """Binary, categorical or sparse accuracy, whichever fits: what "accuracy" stands for.

    The loss decides where it is a cross-entropy. Otherwise, as in Keras: one output is binary, a
    target without the axis of classes is sparse, the rest categorical. Unlike Keras's class of
    this name it never compares floats for equality; class numbers on both sides are compared.
    """

    def chosen(self, target: TensorType, prediction: TensorType) -> Metric:
        """The metric that these types stand for."""
        if not prediction.dtype.is_float:
            return _Equality(self.name)
        kind: type[Metric]
        match self.loss:
            case BinaryCrossentropy():
                kind = BinaryAccuracy
            case CategoricalCrossentropy():
                kind = CategoricalAccuracy
            case SparseCategoricalCrossentropy():
                kind = SparseCategoricalAccuracy
            case _ if prediction.shape[-1:] in ((), (1,)):
                kind = BinaryAccuracy
            case _ if target.shape in (prediction.shape[:-1], (*prediction.shape[:-1], 1)):
                kind = SparseCategoricalAccuracy
            case _:
                kind = CategoricalAccuracy
        metric = kind(name=self.name)
        return metric if self.loss is None else metric.for_loss(self.loss)

    def statistics(self, target: Any, prediction: Any, sample_weight: Any = None) -> Tensor:
        """[weighted number of right answers, sum of the weights]"""
        target, prediction = as_tensor(target), as_tensor(prediction)
        return self.chosen(target.type, prediction.type).statistics(
            target, prediction, sample_weight
        )

    result = MeanMetric.result


class _Equality(MeanMetric):
    """How often two class numbers are the same."""

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        if target.shape != prediction.shape:
            raise ShapeError(
                f"{self.name} needs class numbers of one shape, got target {target.type} and "
                f"prediction {prediction.type}{here()}"
            )
        return F.equal(target.astype(prediction.dtype), prediction).astype("float32")
