"""Convolutions over images; the kernel is H,W,C_in/groups,C_out as in Keras."""

from __future__ import annotations

from typing import Any

from tinygraph.errors import ShapeError
from tinygraph.functional import conv2d, conv_transpose2d, permute
from tinygraph.functional.arguments import spatial
from tinygraph.graph import origin_here, place_of
from tinygraph.nn.activations import find_activation
from tinygraph.nn.layer import Layer
from tinygraph.nn.layers.borders import unused_border
from tinygraph.tensor import Tensor


class _Conv(Layer):
    """What the convolutions share."""

    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        kind = type(self).__name__
        self.filters = filters
        self.kernel_size = spatial(f"{kind}: kernel_size", kernel_size, self.rank)
        self.strides = spatial(f"{kind}: strides", strides, self.rank)
        self.padding = padding.lower() if isinstance(padding, str) else padding
        self.dilation_rate = spatial(f"{kind}: dilation_rate", dilation_rate, self.rank)
        self.groups = groups
        self.activation = find_activation(activation)
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        if filters < 1 or groups < 1 or filters % groups:
            raise ShapeError(
                f"{kind} needs filters that groups divide, got filters={filters}, groups={groups}"
                f"{place_of(origin_here())}"
            )

    def build(self, shape: Any) -> None:
        kind, channels = type(self).__name__, shape[-1]
        if len(shape) != self.rank + 2 or channels is None or channels % self.groups:
            raise ShapeError(
                f"{kind} {self.name} needs [N,H,W,C] with a known C that groups={self.groups} "
                f"divides, got {list(shape)}{place_of(origin_here())}"
            )
        self.kernel = self.add_weight(
            (*self.kernel_size, *self._channels(channels)), self.kernel_initializer, name="kernel"
        )
        if self.use_bias:
            self.bias = self.add_weight((self.filters,), self.bias_initializer, name="bias")

    def call(self, x: Any) -> Tensor:
        y = self._convolved(x)
        return self.activation(y + self.bias if self.use_bias else y)

    def _channels(self, channels: int) -> tuple[int, int]:
        """The last two axes of the kernel."""
        return channels // self.groups, self.filters

    def _convolved(self, x: Any) -> Tensor:
        raise NotImplementedError


class Conv2D(_Conv):
    """activation(conv2d(x, kernel) + bias): N,H,W,C -> N,H',W',filters. See `tg.conv2d`."""

    def remark(self, shape: Any) -> str:
        return unused_border(
            shape[1:-1], self.kernel_size, self.strides, self.padding, self.dilation_rate
        )

    def _convolved(self, x: Any) -> Tensor:
        return conv2d(x, self.kernel, self.strides, self.padding, self.dilation_rate, self.groups)


class Conv2DTranspose(_Conv):
    """activation(conv_transpose2d(x, kernel) + bias): N,H,W,C -> N,H',W',filters.

    The kernel has Keras's order H,W,filters,C, which is that of the convolution whose data gradient
    this is; `tg.conv_transpose2d` takes the last two axes the other way round.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        output_padding: Any = None,
        dilation_rate: Any = 1,
        **options: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, dilation_rate=dilation_rate, **options
        )
        self.output_padding = 0 if output_padding is None else output_padding

    def _channels(self, channels: int) -> tuple[int, int]:
        if self.groups != 1:
            raise ShapeError(f"Conv2DTranspose {self.name} has no groups, got {self.groups}")
        return self.filters, channels

    def _convolved(self, x: Any) -> Tensor:
        return conv_transpose2d(
            x,
            permute(self.kernel, (0, 1, 3, 2)),
            self.strides,
            self.padding,
            self.output_padding,
            self.dilation_rate,
        )
