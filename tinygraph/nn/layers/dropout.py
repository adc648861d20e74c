"""Layers that disturb what passes them in training: dropout and noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from tinygraph import functional
from tinygraph.errors import ShapeError
from tinygraph.functional import random
from tinygraph.functional.arguments import whole
from tinygraph.nn.layer import Layer
from tinygraph.nn.layers.checks import check_format, check_images, here, shown, who
from tinygraph.nn.layers.one_input import OneInput
from tinygraph.tensor import Tensor, as_tensor


class Random(OneInput):
    """A layer that draws random numbers in training.

    What it draws depends on its state `random_state`, which counts the calls and is saved with the
    weights: a resumed run draws what it would have drawn. `seed` decides where it begins; without
    one the model's seed and the layer's place in it do.
    """

    def __init__(self, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        if seed is not None and whole(seed, f"{who(self)}: seed") < 0:
            raise ShapeError(f"{who(self)} needs a seed of at least 0, got {seed}{here()}")
        self.seed = seed

    def build(self, shape: Any) -> None:
        self.random_state = self.add_weight((2,), self._key, False, "random_state", "uint32")
        self.generator = random.Generator()
        self.generator.state = self.random_state

    def _key(self, shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
        """The first key: from the seed if there is one."""
        if self.seed is not None:
            return np.random.SeedSequence(self.seed).generate_state(2)
        return rng.integers(0, 2**32, shape, np.uint32)


class Dropout(Random):
    """In training each element is 0 with probability `rate`, and the others are larger for it.

    They are divided by 1 - rate, so that the mean stays. `noise_shape` is the shape of what is
    drawn, where an extent of 1 is one choice for the whole axis and None is x's own extent:
    (None, 1, 1, None) drops whole channels of images. Otherwise than in training, x stays as it is.
    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting"
    (2014).
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, **options)
        self.rate = checked_rate(self, rate)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)

    def call(self, x: Any, training: bool) -> Tensor:
        x = as_tensor(x)
        drawn = self._drawn(x)
        if drawn == x.shape or not training or not self.rate:
            return random.dropout(x, self.rate, self.generator, training)
        ones = functional.ones(drawn, x.dtype)
        return x * random.dropout(ones, self.rate, self.generator, True)

    def _drawn(self, x: Tensor) -> tuple[int, ...]:
        """The shape of what is drawn."""
        if self.noise_shape is None:
            return x.shape
        if len(self.noise_shape) != x.ndim or any(
            n not in (None, 1, m) for n, m in zip(self.noise_shape, x.shape)
        ):
            raise ShapeError(
                f"{who(self)}: noise_shape has 1, None or its extent for each axis of "
                f"{shown(x.shape)}, got {self.noise_shape}{here()}"
            )
        return tuple(m if n is None else n for n, m in zip(self.noise_shape, x.shape))


class SpatialDropout(Dropout):
    """What the spatial dropouts share: a channel of an image is dropped as a whole."""

    rank: ClassVar[int] = 2

    def __init__(
        self, rate: float, data_format: str | None = None, seed: int | None = None, **options: Any
    ) -> None:
        super().__init__(rate, None, seed, **options)
        check_format(self, data_format)

    def _drawn(self, x: Tensor) -> tuple[int, ...]:
        check_images(self, x.shape, self.rank)
        return (x.shape[0], *(1,) * self.rank, x.shape[-1])


class SpatialDropout1D(SpatialDropout):
    """Dropout of whole channels: N,L,C."""

    rank = 1


class SpatialDropout2D(SpatialDropout):
    """Dropout of whole channels: N,H,W,C.

    Source: Tompson et al., "Efficient object localization using convolutional networks" (2014).
    """

    rank = 2


class SpatialDropout3D(SpatialDropout):
    """Dropout of whole channels: N,D,H,W,C."""

    rank = 3


class GaussianNoise(Random):
    """In training x plus normal numbers with mean 0 and standard deviation `stddev`."""

    def __init__(self, stddev: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        if not isinstance(stddev, int | float) or not stddev >= 0:
            raise ShapeError(f"{who(self)} needs a stddev of at least 0, got {stddev!r}{here()}")
        self.stddev = stddev

    def call(self, x: Any, training: bool) -> Tensor:
        x = as_tensor(x)
        if not training or not self.stddev:
            return x
        return x + functional.cast(self.generator.normal(x.shape, std=self.stddev), x.dtype)


class GaussianDropout(Random):
    """In training x times normal numbers with mean 1 and variance rate / (1 - rate)."""

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.rate = checked_rate(self, rate)

    def call(self, x: Any, training: bool) -> Tensor:
        x = as_tensor(x)
        if not training or not self.rate:
            return x
        std = math.sqrt(self.rate / (1 - self.rate))
        return x * functional.cast(self.generator.normal(x.shape, 1.0, std), x.dtype)


def checked_rate(layer: Layer, rate: float) -> float:
    """A probability of dropping; a `ShapeError` for any other number."""
    if not isinstance(rate, int | float) or not 0 <= rate < 1:
        raise ShapeError(
            f"{type(layer).__name__} needs a rate of at least 0 and below 1, got {rate!r}{here()}"
        )
    return rate
