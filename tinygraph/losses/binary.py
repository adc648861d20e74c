"""Cross-entropy of yes or no: each output is the probability of its own question.

Predictions are probabilities, or logits with `from_logits=True`. Probabilities that come from a
sigmoid in the same graph are computed from what went into it: the same number, without overflow.
All others are clipped to 1e-7 ... 1 - 1e-7, as in Keras.
"""

from __future__ import annotations

from typing import Any

from tinygraph import functional as F
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import here
from tinygraph.functional.loss import check_range
from tinygraph.graph import scope
from tinygraph.losses.base import Loss
from tinygraph.losses.categorical import EPSILON
from tinygraph.losses.labels import check_binary, check_smoothing
from tinygraph.losses.outputs import last_activation, sigmoid_input
from tinygraph.losses.shapes import pair
from tinygraph.tensor import Tensor, as_tensor, wrap
from tinygraph.types import DType, TensorType


def binary_crossentropy(
    target: Any,
    prediction: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    pos_weight: float = 1.0,
) -> Tensor:
    """-t * log(p) - (1 - t) * log(1 - p), the mean over the last axis.

    The targets lie in 0 ... 1 and have the prediction's shape. With `label_smoothing` s they become
    t * (1 - s) + s / 2. `pos_weight` is a factor of the first term (weighted cross-entropy, as
    PyTorch's BCEWithLogitsLoss): above 1 it favours finding all that is positive.
    """
    name = "binary_crossentropy"
    target, prediction = as_tensor(target), as_tensor(prediction)
    check_binary(name, target.type, prediction.type, last_activation(prediction), from_logits)
    check_smoothing(name, label_smoothing)
    _check_pos_weight(name, pos_weight)
    if target.dtype is not DType.bool:
        check_range(target.node, 0, 1, f"{name}: targets")
    t, p = pair(name, target, prediction)
    z = p if from_logits else _logits(p)
    with scope(name):
        if label_smoothing:
            t = t * (1 - label_smoothing) + 0.5 * label_smoothing
        if z is None:
            p = F.clip(p, EPSILON, 1 - EPSILON)
            each = -(t * pos_weight) * F.log(p) - (1 - t) * F.log(1 - p)
        elif pos_weight == 1:
            each = F.relu(z) - z * t + softplus_of_minus(z)
        else:
            rest = softplus_of_minus(z) + F.relu(-z)
            each = (1 - t) * z + (1 + (pos_weight - 1) * t) * rest
        return F.mean(each, -1)


class BinaryCrossentropy(Loss):
    """Sigmoid cross-entropy: yes or no for each output; see `binary_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: str | None = "mean",
        name: str | None = None,
        pos_weight: float = 1.0,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = from_logits
        self.label_smoothing = check_smoothing(self.name, label_smoothing)
        self.pos_weight = _check_pos_weight(self.name, pos_weight)

    def check(
        self, target: TensorType, prediction: TensorType, last_activation: str | None = None
    ) -> None:
        check_binary(self.name, target, prediction, last_activation, self.from_logits)

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return binary_crossentropy(
            target, prediction, self.from_logits, self.label_smoothing, self.pos_weight
        )


def softplus_of_minus(z: Tensor) -> Tensor:
    """log(1 + exp(-|z|)), which does not overflow."""
    distance = F.where(z > 0, z, -z)  # not abs: its slope at 0 would spoil that of the loss
    return F.log(1 + F.exp(-distance))


def _logits(probability: Tensor) -> Tensor | None:
    """What went into the sigmoid that made it, if one did."""
    node = probability.node
    shape = node.shape
    while (z := sigmoid_input(node)) is None and node.op.name == "reshape":
        (node,) = node.inputs
    return None if z is None else wrap(z).reshape(shape)


def _check_pos_weight(name: str, weight: float) -> float:
    if not weight > 0:
        raise ShapeError(f"{name} needs pos_weight > 0, got {weight!r}{here()}")
    return weight
