"""LeNet-5, as lecture 3 draws it and as its paper has it.

Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition"
(1998), section II.B, table I and figure 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygraph import functional
from tinygraph.models.digit_bitmaps import digit_bitmaps
from tinygraph.models.parts import ImageSize, image_input
from tinygraph.nn import AveragePooling2D, Conv2D, Dense, Flatten, Layer, Model, Sequential
from tinygraph.tensor import Tensor

SEEN = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)
"""The channels that each filter of layer C3 sees: table I of the paper."""


def lenet5(
    classes: int = 10, image_size: ImageSize = 28, channels: int = 1, activation: Any = None
) -> Model:
    """N,H,W,channels -> N,classes (logits), with sigmoids and mean pooling. 61,706 parameters."""
    layers = [
        image_input(image_size, channels),
        Conv2D(6, 5, padding=2, activation="sigmoid", name="c1"),
        AveragePooling2D(2, name="s2"),
        Conv2D(16, 5, activation="sigmoid", name="c3"),
        AveragePooling2D(2, name="s4"),
        Flatten(),
        Dense(120, activation="sigmoid", name="c5"),
        Dense(84, activation="sigmoid", name="f6"),
        Dense(classes, activation=activation, name="output"),
    ]
    return Sequential(layers, name="lenet5")


def lenet5_1998() -> Model:
    """N,32,32,1 -> N,10 (logits: minus the distance from each digit's bitmap).

    60,000 trained parameters, and 840 of the bitmaps, which are not trained.
    """
    layers = [
        image_input(32, 1),
        Conv2D(6, 5, activation=squash, name="c1"),
        Subsampling(name="s2"),
        SparseConv2D(SEEN, 5, activation=squash, name="c3"),
        Subsampling(name="s4"),
        Flatten(),
        Dense(120, activation=squash, name="c5"),
        Dense(84, activation=squash, name="f6"),
        BitmapDistance(name="output"),
    ]
    return Sequential(layers, name="lenet5_1998")


def squash(x: Tensor) -> Tensor:
    """1.7159 tanh(2x/3), the paper's activation: 1 at 1, -1 at -1."""
    return functional.tanh(x * (2 / 3)) * 1.7159


class Subsampling(Layer):
    """squash(sum of each 2x2 window * coefficient + bias), both numbers one a channel."""

    def build(self, shape: Any) -> None:
        self.coefficient = self.add_weight(shape[-1:], _quarters, name="coefficient")
        self.bias = self.add_weight(shape[-1:], "zeros", name="bias")

    def call(self, x: Any) -> Tensor:
        return squash(functional.sum_pool2d(x, 2) * self.coefficient + self.bias)


class SparseConv2D(Layer):
    """A convolution whose filters see some channels each: N,H,W,C -> N,H',W',len(seen)."""

    def __init__(
        self, seen: Sequence[Sequence[int]], kernel_size: int, activation: Any, **options: Any
    ) -> None:
        super().__init__(**options)
        self.seen = tuple(tuple(channels) for channels in seen)
        self.kernel_size = kernel_size
        self.activation = activation

    def build(self, shape: Any) -> None:
        pairs = [(c, k) for k, channels in enumerate(self.seen) for c in channels]
        self._places = np.zeros((len(pairs), shape[-1], len(self.seen)), np.float32)
        for number, (channel, filter_) in enumerate(pairs):
            self._places[number, channel, filter_] = 1
        size = self.kernel_size
        self.kernels = self.add_weight((size, size, len(pairs)), self._spread, name="kernels")
        self.bias = self.add_weight((len(self.seen),), "zeros", name="bias")

    def call(self, x: Any) -> Tensor:
        count, channels, filters = self._places.shape
        places = self._places.reshape(count, channels * filters)
        flat = functional.matmul(functional.reshape(self.kernels, (-1, count)), places)
        kernel = functional.reshape(flat, (*self.kernels.shape[:2], channels, filters))
        return self.activation(functional.conv2d(x, kernel) + self.bias)

    def _spread(self, shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
        """The paper's: within 2.4 / inputs, for filters that see four channels."""
        limit = 2.4 / (4 * shape[0] * shape[1])
        return rng.uniform(-limit, limit, shape)


class BitmapDistance(Layer):
    """-sum((x - bitmap)**2) for the bitmap of each digit: N,84 -> N,10.

    With cross-entropy this is the paper's loss (9) but for its constant j.
    """

    def build(self, shape: Any) -> None:
        self.bitmaps = self.add_weight((10, 84), _bitmaps, False, "bitmaps")

    def call(self, x: Any) -> Tensor:
        distance = functional.reshape(x, (-1, 1, 84)) - self.bitmaps
        return -(distance * distance).sum(-1)


def _quarters(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """A mean at the beginning."""
    return np.full(shape, 0.25)


def _bitmaps(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    return digit_bitmaps()
