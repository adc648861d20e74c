"""Losses of a score whose sign is the answer: the targets are -1 and 1 (a 0 counts as -1).

Each function takes (target, prediction) of one shape and reduces the last axis by the mean.
"""

from __future__ import annotations

from typing import Any

from tinygraph import functional as F
from tinygraph.functional.loss import check_range
from tinygraph.graph import scope
from tinygraph.losses.base import OneShape
from tinygraph.losses.binary import softplus_of_minus
from tinygraph.losses.shapes import pair
from tinygraph.tensor import Tensor, as_tensor
from tinygraph.types import DType


def hinge(target: Any, prediction: Any) -> Tensor:
    """The mean of max(1 - y * f, 0) over the last axis, y = -1 or 1."""
    margin = _margin("hinge", target, prediction)
    with scope("hinge"):
        return F.mean(F.maximum(1 - margin, 0), -1)


def squared_hinge(target: Any, prediction: Any) -> Tensor:
    """The mean of max(1 - y * f, 0)² over the last axis, y = -1 or 1."""
    margin = _margin("squared_hinge", target, prediction)
    with scope("squared_hinge"):
        return F.mean(F.square(F.maximum(1 - margin, 0)), -1)


def logistic(target: Any, prediction: Any) -> Tensor:
    """The mean of ln(1 + exp(-y * f)) over the last axis, y = -1 or 1 (lecture 4).

    It is the binary cross-entropy of the logits f, told with the labels -1 and 1.
    """
    margin = _margin("logistic", target, prediction)
    with scope("logistic"):
        return F.mean(F.relu(-margin) + softplus_of_minus(margin), -1)


class Hinge(OneShape):
    """max(1 - y * f, 0), the loss of support vector machines."""

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return hinge(target, prediction)


class SquaredHinge(OneShape):
    """max(1 - y * f, 0)²."""

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return squared_hinge(target, prediction)


class Logistic(OneShape):
    """ln(1 + exp(-y * f)): logistic regression with the labels -1 and 1."""

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return logistic(target, prediction)


def _margin(name: str, target: Any, prediction: Any) -> Tensor:
    """y * f: how far on the right side the score is."""
    target = as_tensor(target)
    if target.dtype is not DType.bool:
        check_range(target.node, -1, 1, f"{name}: targets")
    y, f = pair(name, target, prediction)
    return F.where(y == 0, -1, y) * f
