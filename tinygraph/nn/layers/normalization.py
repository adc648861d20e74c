"""Normalisation over the batch, and over the channels of each element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph import functional
from tinygraph.errors import ShapeError
from tinygraph.functional import batch_norm
from tinygraph.nn.layer import Layer
from tinygraph.nn.layers.checks import here, shown, who
from tinygraph.nn.layers.one_input import OneInput
from tinygraph.nn.symbol import Shape
from tinygraph.tensor import Tensor, as_tensor, assign


class BatchNormalization(OneInput):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, channel by channel.

    In training with the mean and variance of the batch, which also move the running ones by
    1 - momentum; otherwise, and when `trainable` is False, with the running ones. The channels are
    those of `axis`. `center` and `scale` say whether there are beta and gamma: four numbers a
    channel, of which two are trained. See `tg.batch_norm`.
    Source: Ioffe and Szegedy, "Batch normalization" (2015).
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.axis = axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = beta_initializer
        self.gamma_initializer = gamma_initializer
        self.moving_mean_initializer = moving_mean_initializer
        self.moving_variance_initializer = moving_variance_initializer
        self.beta_regularizer = beta_regularizer
        self.gamma_regularizer = gamma_regularizer

    def build(self, shape: Any) -> None:
        at = one_axis(self, self.axis, shape)
        if shape[at] is None:
            raise ShapeError(
                f"{who(self)} needs [...,C] with a known C, got {shown(tuple(shape))}{here()}"
            )
        each = (shape[at],)
        if self.scale:
            self.gamma = self.add_weight(
                each, self.gamma_initializer, name="gamma", regularizer=self.gamma_regularizer
            )
        if self.center:
            self.beta = self.add_weight(
                each, self.beta_initializer, name="beta", regularizer=self.beta_regularizer
            )
        self.moving_mean = self.add_weight(
            each, self.moving_mean_initializer, False, name="moving_mean"
        )
        self.moving_variance = self.add_weight(
            each, self.moving_variance_initializer, False, name="moving_variance"
        )

    def fixed_axes(self, shape: Shape) -> Sequence[int]:
        return (self.axis,)

    def call(self, x: Any, training: bool) -> Tensor:
        at = one_axis(self, self.axis, x.shape)
        if at == len(x.shape) - 1:
            return self._normalized(x, training)
        order = [k for k in range(len(x.shape)) if k != at] + [at]
        y = self._normalized(functional.transpose(x, order), training)
        return functional.transpose(y, [order.index(k) for k in range(len(order))])

    def _normalized(self, x: Any, training: bool) -> Tensor:
        training = training and self.trainable
        each = self.moving_mean
        y, mean, variance = batch_norm(
            x,
            self.gamma if self.scale else functional.ones(each.shape, each.dtype),
            self.beta if self.center else functional.zeros(each.shape, each.dtype),
            self.moving_mean,
            self.moving_variance,
            training,
            self.momentum,
            self.epsilon,
        )
        if training:
            assign([self.moving_mean, self.moving_variance], [mean, variance])
        return y


class LayerNormalization(OneInput):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, example by example, over `axis`.

    Mean and variance are those of the element itself, so training and use are the same. gamma and
    beta have the extents of `axis`.
    Source: Ba, Kiros and Hinton, "Layer normalization" (2016).
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.axis = axis if isinstance(axis, int) else tuple(axis)
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = beta_initializer
        self.gamma_initializer = gamma_initializer
        self.beta_regularizer = beta_regularizer
        self.gamma_regularizer = gamma_regularizer

    def build(self, shape: Any) -> None:
        extents = tuple(shape[axis] for axis in self._axes(shape))
        if self.scale:
            self.gamma = self.add_weight(
                extents, self.gamma_initializer, name="gamma", regularizer=self.gamma_regularizer
            )
        if self.center:
            self.beta = self.add_weight(
                extents, self.beta_initializer, name="beta", regularizer=self.beta_regularizer
            )

    def fixed_axes(self, shape: Shape) -> Sequence[int]:
        return self._axes(shape)

    def call(self, x: Any) -> Tensor:
        x = as_tensor(x)
        axes = self._axes(x.shape)
        stretched = [n if k in axes else 1 for k, n in enumerate(x.shape)]
        distance = x - functional.mean(x, axes, keepdims=True)
        spread = functional.mean(functional.square(distance), axes, keepdims=True)
        y = distance / functional.sqrt(spread + self.epsilon)
        if self.scale:
            y = y * functional.reshape(self.gamma, stretched)
        return y + functional.reshape(self.beta, stretched) if self.center else y

    def _axes(self, shape: Sequence[int | None]) -> tuple[int, ...]:
        listed = (self.axis,) if isinstance(self.axis, int) else self.axis
        return tuple(sorted({one_axis(self, axis, shape) for axis in listed}))


def one_axis(layer: Layer, axis: int, shape: Sequence[int | None]) -> int:
    """An axis counted from the front; not the batch axis."""
    at = axis + len(shape) if axis < 0 else axis
    if not 0 < at < len(shape):
        raise ShapeError(
            f"{who(layer)} normalises along an axis after the batch, got axis {axis} of "
            f"{shown(tuple(shape))}{here()}"
        )
    return at
