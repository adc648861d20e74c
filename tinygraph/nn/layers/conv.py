"""Convolutions; the kernel is window...,C_in/groups,C_out as in Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from tinygraph.errors import ShapeError
from tinygraph.functional import conv1d, conv2d, conv3d
from tinygraph.functional.arguments import whole
from tinygraph.nn.layers.biased import Biased
from tinygraph.nn.layers.checks import check_images, here, shown, who
from tinygraph.nn.layers.windowed import Windowed
from tinygraph.nn.symbol import Shape
from tinygraph.tensor import Tensor


class Convolution(Biased, Windowed):
    """What the convolutions share: activation(convolution(x, kernel) + bias)."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **options: Any,
    ) -> None:
        self.kernel_size = self.numbers("kernel_size", kernel_size)
        steps = self.numbers("strides", strides)
        gaps = self.numbers("dilation_rate", dilation_rate)
        super().__init__(self.kernel_size, steps, padding, data_format, gaps, **options)
        self.filters = whole(filters, f"{type(self).__name__}: filters")
        self.groups = whole(groups, f"{type(self).__name__}: groups")
        self.end_with(activation, use_bias, bias_initializer, bias_regularizer)
        self.kernel_initializer = kernel_initializer
        self.kernel_regularizer = kernel_regularizer
        if self.filters < 1 or self.groups < 1 or self.filters % self.groups:
            raise ShapeError(
                f"{type(self).__name__} needs filters that groups divide, "
                f"got filters={filters}, groups={groups}{here()}"
            )

    def build(self, shape: Any) -> None:
        channels = check_images(self, shape, self.rank)
        if channels % self.groups:
            raise ShapeError(
                f"{who(self)} needs a number of channels that groups={self.groups} divides, "
                f"got {shown(shape)}{here()}"
            )
        self.kernel = self.add_weight(
            (*self.kernel_size, *self._channels(channels)),
            self.kernel_initializer,
            name="kernel",
            regularizer=self.kernel_regularizer,
        )
        self.add_bias((self.filters,))

    def fixed_axes(self, shape: Shape) -> Sequence[int]:
        return (-1,)

    def call(self, x: Any) -> Tensor:
        self.check(x)
        return self.ended(self._convolved(x))

    def _channels(self, channels: int) -> tuple[int, int]:
        """The last two axes of the kernel."""
        return channels // self.groups, self.filters

    def _convolved(self, x: Any) -> Tensor:
        """The convolution alone."""
        raise NotImplementedError


class Conv1D(Convolution):
    """activation(conv1d(x, kernel) + bias): N,L,C -> N,L',filters. See `tg.conv1d`.

    y[n,i,o] = sum over u,c of x[n, i*s+u*d-p, c] * kernel[u,c,o]

    `padding="causal"` puts all of the padding before: y[i] sees nothing after x[i].
    """

    rank = 1
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same", "causal")

    def _pairs(self) -> Any:
        if self.padding != "causal":
            return self.padding
        return (((self.kernel_size[0] - 1) * self.dilation_rate[0], 0),)

    def _convolved(self, x: Any) -> Tensor:
        pairs = self._pairs()
        return conv1d(x, self.kernel, self.strides, pairs, self.dilation_rate, self.groups)


class Conv2D(Convolution):
    """activation(conv2d(x, kernel) + bias): N,H,W,C -> N,H',W',filters. See `tg.conv2d`.

    y[n,i,j,o] = sum over u,v,c of x[n, i*s+u*d-p, j*s+v*d-p, c] * kernel[u,v,c,o]

    H' = floor((H - F + 2p) / s) + 1: where s does not divide, `summary()` says what stays unused.
    """

    rank = 2

    def _convolved(self, x: Any) -> Tensor:
        return conv2d(x, self.kernel, self.strides, self.padding, self.dilation_rate, self.groups)


class Conv3D(Convolution):
    """activation(conv3d(x, kernel) + bias): N,D,H,W,C -> N,D',H',W',filters. See `tg.conv3d`."""

    rank = 3

    def _convolved(self, x: Any) -> Tensor:
        return conv3d(x, self.kernel, self.strides, self.padding, self.dilation_rate, self.groups)
