"""Locally connected layers: convolutions whose weights are not shared between positions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygraph.errors import ShapeError
from tinygraph.functional import locally_connected1d, locally_connected2d
from tinygraph.functional.arguments import whole
from tinygraph.functional.windows import output_size, padding_pairs
from tinygraph.nn.initializers import Function, find_initializer
from tinygraph.nn.layers.biased import Biased
from tinygraph.nn.layers.checks import check_images, here, shown, who
from tinygraph.nn.layers.windowed import Windowed
from tinygraph.nn.symbol import Shape
from tinygraph.tensor import Tensor

_function = {1: locally_connected1d, 2: locally_connected2d}


class LocallyConnected(Biased, Windowed):
    """What these layers share: a kernel, and a bias, for each position of the output.

    The images need a known size, since it decides how many weights there are. The kernel is
    positions...,window...,C_in,C_out; Keras 2 has the same numbers with the first axes as one
    and the next ones as one. Each position's kernel is drawn as that of a convolution: Keras 2
    takes the positions for a part of the window, and its weights are too small for that.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str | None = None,
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
        super().__init__(self.kernel_size, steps, padding, data_format, **options)
        self.filters = whole(filters, f"{type(self).__name__}: filters")
        if self.filters < 1:
            raise ShapeError(
                f"{type(self).__name__} needs at least one filter, got {filters}{here()}"
            )
        self.end_with(activation, use_bias, bias_initializer, bias_regularizer)
        self.kernel_initializer = kernel_initializer
        self.kernel_regularizer = kernel_regularizer

    def build(self, shape: Any) -> None:
        channels = check_images(self, shape, self.rank)
        if None in shape[1:-1]:
            raise ShapeError(
                f"{who(self)} has weights for each position, so it needs a known size, "
                f"got {shown(shape)}{here()}"
            )
        self.check_shape(shape)
        places = self._places(shape[1:-1])
        self.kernel = self.add_weight(
            (*places, *self.kernel_size, channels, self.filters),
            each_position(self.kernel_initializer, self.rank),
            name="kernel",
            regularizer=self.kernel_regularizer,
        )
        self.add_bias((*places, self.filters))

    def fixed_axes(self, shape: Shape) -> Sequence[int]:
        return range(1, len(shape))

    def call(self, x: Any) -> Tensor:
        self.check(x)
        return self.ended(_function[self.rank](x, self.kernel, self.strides, self.padding))

    def _places(self, space: tuple[int, ...]) -> tuple[int, ...]:
        """How many positions the window takes along each axis."""
        ones = (1,) * self.rank
        pairs = padding_pairs(who(self), self.padding, space, self.kernel_size, self.strides, ones)
        each = zip(space, self.kernel_size, self.strides, pairs, strict=True)
        return tuple(output_size(n, f, s, (pair,)).size for n, f, s, pair in each)


class LocallyConnected1D(LocallyConnected):
    """activation(locally_connected1d(x, kernel) + bias): N,L,C -> N,L',filters.

    Lecture 2's sparse layer: 9 weights where a dense one has 15 and a convolution 3.
    """

    rank = 1


class LocallyConnected2D(LocallyConnected):
    """activation(locally_connected2d(x, kernel) + bias): N,H,W,C -> N,H',W',filters.

    y[n,i,j,o] = sum over u,v,c of x[n, i*s+u-p, j*s+v-p, c] * kernel[i,j,u,v,c,o] + bias[i,j,o]
    """

    rank = 2


def each_position(initializer: Any, rank: int) -> Function:
    """An initializer for positions...,window...,C_in,C_out: `initializer`, position by position."""
    initial = find_initializer(initializer)

    def kernels(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
        places, kernel = math.prod(shape[:rank]), tuple(shape[rank:])
        drawn = [np.asarray(initial(kernel, rng)) for _ in range(places)]
        return np.stack(drawn).reshape(shape)

    return kernels
