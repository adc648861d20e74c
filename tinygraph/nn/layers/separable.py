"""Depthwise and depthwise separable convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph import functional
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import whole
from tinygraph.nn.layers.biased import Biased
from tinygraph.nn.layers.checks import check_images, here
from tinygraph.nn.layers.windowed import Windowed
from tinygraph.nn.symbol import Shape
from tinygraph.tensor import Parameter, Tensor


class Depthwise(Biased, Windowed):
    """What the depthwise convolutions share. The kernel is window...,C,depth_multiplier."""

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        **options: Any,
    ) -> None:
        self.kernel_size = self.numbers("kernel_size", kernel_size)
        steps = self.numbers("strides", strides)
        gaps = self.numbers("dilation_rate", dilation_rate)
        super().__init__(self.kernel_size, steps, padding, data_format, gaps, **options)
        self.depth_multiplier = whole(depth_multiplier, f"{type(self).__name__}: depth_multiplier")
        if self.depth_multiplier < 1:
            raise ShapeError(
                f"{type(self).__name__} needs a depth_multiplier of at least 1, "
                f"got {depth_multiplier}{here()}"
            )
        self.end_with(activation, use_bias, bias_initializer, bias_regularizer)
        self.depthwise_initializer = depthwise_initializer
        self.depthwise_regularizer = depthwise_regularizer

    def build(self, shape: Any) -> None:
        channels = check_images(self, shape, self.rank)
        self.depthwise_kernel = self._depthwise_kernel(channels)
        self.add_bias((channels * self.depth_multiplier,))

    def call(self, x: Any) -> Tensor:
        return self.ended(self._depthwise(x))

    def fixed_axes(self, shape: Shape) -> Sequence[int]:
        return (-1,)

    def _depthwise_kernel(self, channels: int) -> Parameter:
        return self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier),
            self.depthwise_initializer,
            name="depthwise_kernel",
            regularizer=self.depthwise_regularizer,
        )

    def _depthwise(self, x: Any) -> Tensor:
        self.check(x)
        depthwise = getattr(functional, f"depthwise_conv{self.rank}d")
        return depthwise(x, self.depthwise_kernel, self.strides, self.padding, self.dilation_rate)


class DepthwiseConv1D(Depthwise):
    """Each channel by itself, with M = depth_multiplier filters: N,L,C -> N,L',C*M."""

    rank = 1


class DepthwiseConv2D(Depthwise):
    """Each channel by itself, with M = depth_multiplier filters: N,H,W,C -> N,H',W',C*M.

    y[n,i,j,c*M+m] = sum over u,v of x[n, i*s+u*d-p, j*s+v*d-p, c] * depthwise_kernel[u,v,c,m]
    """

    rank = 2


class Separable(Depthwise):
    """What the separable convolutions share: depthwise, then a window of 1 over all channels."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            depth_multiplier,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            depthwise_initializer,
            bias_initializer,
            depthwise_regularizer,
            bias_regularizer,
            **options,
        )
        self.filters = whole(filters, f"{type(self).__name__}: filters")
        if self.filters < 1:
            raise ShapeError(
                f"{type(self).__name__} needs at least one filter, got {filters}{here()}"
            )
        self.pointwise_initializer = pointwise_initializer
        self.pointwise_regularizer = pointwise_regularizer

    def build(self, shape: Any) -> None:
        channels = check_images(self, shape, self.rank)
        self.depthwise_kernel = self._depthwise_kernel(channels)
        self.pointwise_kernel = self.add_weight(
            (*(1,) * self.rank, channels * self.depth_multiplier, self.filters),
            self.pointwise_initializer,
            name="pointwise_kernel",
            regularizer=self.pointwise_regularizer,
        )
        self.add_bias((self.filters,))

    def call(self, x: Any) -> Tensor:
        pointwise = getattr(functional, f"conv{self.rank}d")
        return self.ended(pointwise(self._depthwise(x), self.pointwise_kernel))


class SeparableConv1D(Separable):
    """A depthwise convolution, then a window of 1 over all channels: N,L,C -> N,L',filters."""

    rank = 1


class SeparableConv2D(Separable):
    """A depthwise convolution, then a 1x1 over all channels: N,H,W,C -> N,H',W',filters.

    z[n,i,j,k] = depthwise, see `DepthwiseConv2D`; y[n,i,j,o] = sum over k of
    z[n,i,j,k] * pointwise_kernel[0,0,k,o], plus bias[o], then the activation.
    F*F*C*M + C*M*filters + filters weights: SeparableConv2D(64, 3) on 32 channels has 2400.
    """

    rank = 2
