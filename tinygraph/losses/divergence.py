"""Losses of one distribution, or one region, against another."""

from __future__ import annotations

from typing import Any

from tinygraph import functional as F
from tinygraph.graph import scope
from tinygraph.losses.base import OneShape
from tinygraph.losses.categorical import EPSILON
from tinygraph.losses.outputs import softmax_parts
from tinygraph.losses.shapes import pair
from tinygraph.tensor import Tensor, wrap


def kl_divergence(target: Any, prediction: Any) -> Tensor:
    """sum(target * log(target / prediction)) over the last axis: Kullback and Leibler's divergence.

    Both hold probabilities, clipped to 1e-7 ... 1 as in Keras; a prediction that a softmax made in
    the same graph is not clipped, and its logarithm is exact.
    """
    t, p = pair("kl_divergence", target, prediction)
    with scope("kl_divergence"):
        t = F.clip(t, EPSILON, 1)
        parts = softmax_parts(p.node)
        if parts is None:
            return F.sum(t * F.log(t / F.clip(p, EPSILON, 1)), -1)
        low, total = (wrap(part) for part in parts)
        return F.sum(t * (F.log(t) - low), -1) + F.sum(t, -1) * F.log(total)


def dice(target: Any, prediction: Any) -> Tensor:
    """1 - 2 * sum(t * p) / (sum(t) + sum(p)), summed over the whole batch: one number.

    For masks of pixels, as in Keras with its default axis=None. Two empty masks give 1.
    """
    t, p = pair("dice", target, prediction)
    with scope("dice"):
        return 1 - 2 * F.sum(t * p) / (F.sum(t) + F.sum(p) + EPSILON)


class KLDivergence(OneShape):
    """How far a distribution is from the target's; see `kl_divergence`."""

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return kl_divergence(target, prediction)


class Dice(OneShape):
    """1 - the Dice coefficient of the batch; see `dice`. One number, so no sample weights."""

    def call(self, target: Tensor, prediction: Tensor) -> Tensor:
        return dice(target, prediction)
