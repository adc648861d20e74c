"""The depthwise separable convolution, until nn.layers has it."""

from __future__ import annotations

from typing import Any

from tinygraph.functional import conv2d, reshape
from tinygraph.nn import Layer
from tinygraph.tensor import Tensor


class SeparableConv2D(Layer):
    """A depthwise convolution, then a 1x1: N,H,W,C -> N,H',W',filters."""

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        strides: int = 1,
        padding: Any = "valid",
        use_bias: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.filters, self.kernel_size, self.strides = filters, kernel_size, strides
        self.padding, self.use_bias = padding, use_bias

    def build(self, shape: Any) -> None:
        size, channels = self.kernel_size, shape[-1]
        self.depthwise_kernel = self.add_weight((size, size, channels, 1), name="depthwise_kernel")
        self.pointwise_kernel = self.add_weight(
            (1, 1, channels, self.filters), name="pointwise_kernel"
        )
        if self.use_bias:
            self.bias = self.add_weight((self.filters,), "zeros", name="bias")

    def call(self, x: Any) -> Tensor:
        size, channels = self.kernel_size, x.shape[-1]
        kernel = reshape(self.depthwise_kernel, (size, size, 1, channels))
        y = conv2d(x, kernel, self.strides, self.padding, groups=channels)
        y = conv2d(y, self.pointwise_kernel)
        return y + self.bias if self.use_bias else y
