"""Transformations that change values and leave pixels, and so masks, where they are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinygraph.augment.base import (
    Amount,
    Array,
    Pair,
    Transformation,
    drawn,
    drawn_factor,
    factors,
    interval,
)
from tinygraph.errors import DataError, ShapeError

Range = tuple[float, float]

LUMA = np.array([0.299, 0.587, 0.114])
"""How bright red, green and blue look (ITU-R 601)."""

YIQ = np.array([LUMA, [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
"""From RGB to brightness and two coordinates of colour, as colour television sent them."""


def range_of(image: Array, limits: Range | None) -> Range:
    """What values an image may have: the limits given, or 0 to 1 for floats, or all of its dtype.

    A `DataError` for an image that has other values.
    """
    if limits is None:
        info = None if image.dtype.kind == "f" else np.iinfo(image.dtype)
        limits = (0.0, 1.0) if info is None else (info.min, info.max)
    low, high = limits
    if not (image.min() >= low and image.max() <= high):
        raise DataError(
            f"the image has values from {image.min()} to {image.max()}, which do not lie between "
            f"{low:g} and {high:g}: say what its range is, with limits=(low, high)"
        )
    return limits


@dataclass(frozen=True)
class Colour(Transformation):
    """Other light, another camera.

    brightness   added to all values, as a part of the range: 0.1 is at most a tenth of it
    contrast     a factor for the distance from the image's mean: 0.2 is 1 / 1.2 to 1.2
    saturation   RGB only: a factor for the distance from grey, likewise
    hue          RGB only: a turn of the colour circle; 0.5 is half of it, red to cyan. The circle
                 is that of YIQ, so brightness stays what it is
    limits       the range of values: 0 to 1 for floats, all of its dtype for integers, unless
                 given. What would leave it is cut off
    """

    brightness: Amount = 0.0
    contrast: Amount = 0.0
    saturation: Amount = 0.0
    hue: Amount = 0.0
    limits: Range | None = None

    def __post_init__(self) -> None:
        interval(self.brightness, "brightness")
        factors(self.contrast, "contrast")
        factors(self.saturation, "saturation")
        interval(self.hue, "hue")

    def change(self, image: Array, mask: Array | None, rng: np.random.Generator) -> Pair:
        added = drawn(interval(self.brightness, "brightness"), rng)
        contrast = drawn_factor(factors(self.contrast, "contrast"), rng)
        saturation = drawn_factor(factors(self.saturation, "saturation"), rng)
        turn = drawn(interval(self.hue, "hue"), rng)
        coloured = self.saturation != 0 or self.hue != 0
        if coloured and (image.ndim != 3 or image.shape[2] != 3):
            raise ShapeError(
                "Colour: saturation and hue need an RGB image [H,W,3], got "
                f"{list(image.shape)}; brightness and contrast change any image"
            )
        low, high = range_of(image, self.limits)
        # Each step is left out where it changes nothing, as rounding would.
        values = _floats(image)
        if contrast != 1:
            mean = values.mean()
            values = mean + (values - mean) * contrast
        if added != 0:
            values = values + added * (high - low)
        if saturation != 1 or turn != 0:
            values = values @ _colour_matrix(saturation, turn).T.astype(values.dtype)
        return _back(values, image, low, high), mask


@dataclass(frozen=True)
class Noise(Transformation):
    """Adds a normal number to each value.

    deviation   its standard deviation, as a part of the range; a pair: drawn between the two
    limits      the range, as for `Colour`
    """

    deviation: float | tuple[float, float] = 0.05
    limits: Range | None = None

    def __post_init__(self) -> None:
        if self._between()[0] < 0:
            raise DataError(f"deviation must not be less than 0, got {self.deviation}")

    def _between(self) -> tuple[float, float]:
        d = self.deviation
        return interval((d, d) if isinstance(d, (int, float)) else d, "deviation")

    def change(self, image: Array, mask: Array | None, rng: np.random.Generator) -> Pair:
        low, high = range_of(image, self.limits)
        deviation = drawn(self._between(), rng) * (high - low)
        noise = rng.standard_normal(image.shape, np.float32)
        return _back(_floats(image) + deviation * noise, image, low, high), mask


def _colour_matrix(saturation: float, turn: float) -> NDArray[np.float64]:
    """[3,3] for RGB columns: colour turned and stretched, brightness left alone."""
    cos, sin = (saturation * f(2 * math.pi * turn) for f in (math.cos, math.sin))
    return np.linalg.inv(YIQ) @ np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]) @ YIQ


def _floats(image: Array) -> Array:
    small = image.dtype.itemsize <= 2 or image.dtype == np.float32
    return image.astype(np.float32 if small else np.float64)


def _back(values: Array, image: Array, low: float, high: float) -> Array:
    """The values in the image's dtype and range."""
    if image.dtype.kind != "f":
        values = np.rint(values)
    return np.clip(values, low, high).astype(image.dtype)
