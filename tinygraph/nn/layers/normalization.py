"""Batch normalisation."""

from __future__ import annotations

from typing import Any

from tinygraph.errors import ShapeError
from tinygraph.functional import batch_norm
from tinygraph.graph import origin_here, place_of
from tinygraph.nn.layer import Layer
from tinygraph.tensor import Tensor, assign


class BatchNormalization(Layer):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, channel by channel (the last axis).

    In training with the mean and variance of the batch, which also move the running ones by
    1 - momentum; otherwise, and when `trainable` is False, with the running ones. See
    `tg.batch_norm`.
    """

    def __init__(self, momentum: float = 0.99, epsilon: float = 1e-3, **options: Any) -> None:
        super().__init__(**options)
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, shape: Any) -> None:
        if shape[-1] is None:
            raise ShapeError(
                f"BatchNormalization {self.name} needs [...,C] with a known C, got {list(shape)}"
                f"{place_of(origin_here())}"
            )
        each = (shape[-1],)
        self.gamma = self.add_weight(each, "ones", name="gamma")
        self.beta = self.add_weight(each, "zeros", name="beta")
        self.moving_mean = self.add_weight(each, "zeros", False, name="moving_mean")
        self.moving_variance = self.add_weight(each, "ones", False, name="moving_variance")

    def call(self, x: Any, training: bool) -> Tensor:
        training = training and self.trainable
        y, mean, variance = batch_norm(
            x,
            self.gamma,
            self.beta,
            self.moving_mean,
            self.moving_variance,
            training,
            self.momentum,
            self.epsilon,
        )
        if training:
            assign([self.moving_mean, self.moving_variance], [mean, variance])
        return y
