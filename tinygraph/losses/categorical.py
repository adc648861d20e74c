"""Cross-entropy over several classes, of labels or of one-hot targets.

Predictions are probabilities along the last axis, or logits with `from_logits=True`. Where the
probabilities come from a softmax in the same graph, the loss is computed from what went into it:
the same number, exact also where a probability is too small for its logarithm. All others are
treated as Keras does: divided by their sum and clipped to 1e-7 ... 1 - 1e-7.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygraph import functional as F
from tinygraph import ops
from tinygraph.errors import ShapeError
from tinygraph.functional.activation import from_top
from tinygraph.functional.arguments import here
from tinygraph.functional.loss import check_range, is_class
from tinygraph.graph import Node, scope
from tinygraph.losses.base import Loss
from tinygraph.losses.labels import check_labels, check_one_hot, check_smoothing
from tinygraph.losses.outputs import last_activation, softmax_parts
from tinygraph.tensor import Tensor, as_tensor, wrap
from tinygraph.types import TensorType

EPSILON = 1e-7
"""Keras's: the smallest probability that a loss takes a logarithm of."""

ClassWeight = Sequence[float] | None


def categorical_crossentropy(
    target: Any,
    prediction: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    class_weight: ClassWeight = None,
) -> Tensor:
    """-sum over the classes of target * log(prediction): one number for each example or pixel.

    `target` is one-hot, or any probabilities, of the prediction's shape. With `label_smoothing` s
    and C classes it becomes target * (1 - s) + s / C. `class_weight` has a factor for each class
    (weighted cross-entropy); an example counts by that of its own class.
    """
    name = "categorical_crossentropy"
    target, prediction = as_tensor(target), as_tensor(prediction)
    made_by = last_activation(prediction)
    check_one_hot(name, target.type, prediction.type, made_by, from_logits)
    check_smoothing(name, label_smoothing)
    check_range(target.node, 0, 1, f"{name}: targets")
    classes = prediction.shape[-1]
    t = target.astype(prediction.dtype)
    with scope(name):
        factor = None
        if class_weight is not None:
            factor = F.sum(t * _weights(name, class_weight, prediction.type), -1)
        if label_smoothing:
            t = t * (1 - label_smoothing) + label_smoothing / classes
        low, shift = _log_probabilities(prediction.node, from_logits)
        each = -F.sum(t * wrap(low), -1)
        if shift is not None:
            each = each + F.sum(t, -1) * wrap(shift)
        return each if factor is None else each * factor


def sparse_categorical_crossentropy(
    target: Any,
    prediction: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    class_weight: ClassWeight = None,
) -> Tensor:
    """-log(prediction) at the class that `target` names: one number for each example or pixel.

    `target` holds whole numbers from 0 on and has the prediction's shape without the last axis (or
    with 1 there). An example whose label is `ignore_class` gives 0. `class_weight` has a factor
    for each class (weighted cross-entropy).
    """
    name = "sparse_categorical_crossentropy"
    labels, prediction = as_tensor(target), as_tensor(prediction)
    made_by = last_activation(prediction)
    check_labels(name, labels.type, prediction.type, made_by, from_logits)
    classes = prediction.shape[-1]
    check_range(labels.node, 0, classes - 1, f"{name}: labels of {classes} classes", ignore_class)
    labels = labels.reshape(prediction.shape[:-1])
    with scope(name):
        valid = None
        if ignore_class is not None:
            valid = labels != ignore_class
            labels = F.where(valid, labels, 0)
        low, shift = _log_probabilities(prediction.node, from_logits)
        chosen = is_class(labels.node, prediction.shape, prediction.ndim - 1)
        each = -F.sum(wrap(ops.where(chosen, low, 0)), -1)
        if shift is not None:
            each = each + wrap(shift)
        if class_weight is not None:
            weights = _weights(name, class_weight, prediction.type)
            each = each * F.sum(F.where(wrap(chosen), weights, 0), -1)
        return each if valid is None else F.where(valid, each, 0)


class CategoricalCrossentropy(Loss):
    """Softmax cross-entropy of one-hot targets; see `categorical_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: str | None = "mean",
        name: str | None = None,
        class_weight: ClassWeight = None,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = from_logits
        self.label_smoothing = check_smoothing(self.name, label_smoothing)
        self.class_weight = class_weight

    def check(
        self, target: TensorType, prediction: TensorType, last_activation: str | None = None
    ) -> None:
        check_one_hot(self.name, target, prediction, last_activation, self.from_logits)

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return categorical_crossentropy(
            target, prediction, self.from_logits, self.label_smoothing, self.class_weight
        )


class SparseCategoricalCrossentropy(Loss):
    """Softmax cross-entropy of integer labels; see `sparse_categorical_crossentropy`.

    The mean is that over the examples whose label is not `ignore_class`.
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "mean",
        name: str | None = None,
        class_weight: ClassWeight = None,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.class_weight = class_weight

    def check(
        self, target: TensorType, prediction: TensorType, last_activation: str | None = None
    ) -> None:
        check_labels(self.name, target, prediction, last_activation, self.from_logits)

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return sparse_categorical_crossentropy(
            target, prediction, self.from_logits, self.ignore_class, self.class_weight
        )

    def counted(self, target: Tensor, prediction: Tensor) -> Tensor | None:
        if self.ignore_class is None:
            return None
        return target.reshape(prediction.shape[:-1]) != self.ignore_class


def _log_probabilities(prediction: Node, from_logits: bool) -> tuple[Node, Node | None]:
    """(low, shift), where low - shift is the logarithm of each probability.

    `shift` has no last axis, and is None where it is 0.
    """
    last = (prediction.ndim - 1,)
    if from_logits:
        low = from_top(prediction, last)
        return low, ops.log(ops.reduce_sum(ops.exp(low), last))
    if (parts := softmax_parts(prediction)) is not None:
        return parts[0], ops.log(parts[1])
    total = ops.broadcast(ops.reduce_sum(prediction, last), prediction.shape, last)
    return F.log(F.clip(wrap(prediction / total), EPSILON, 1 - EPSILON)).node, None


def _weights(name: str, weights: Sequence[float], prediction: TensorType) -> Tensor:
    """The factor of each class, in the prediction's shape."""
    try:
        array = np.asarray(weights, prediction.dtype.numpy)
    except (TypeError, ValueError):
        array = None
    if array is None or array.shape != prediction.shape[-1:]:
        got = repr(weights) if array is None else list(array.shape)
        raise ShapeError(
            f"{name}: class_weight has a factor for each of the {prediction.shape[-1]} classes, "
            f"got {got} for predictions {prediction}{here()}"
        )
    return F.broadcast_to(array, prediction.shape)
