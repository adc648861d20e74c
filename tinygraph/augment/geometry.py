"""Transformations that move pixels."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

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
    probability,
)
from tinygraph.augment.sampling import Border, Points, bilinear, grid, nearest
from tinygraph.errors import DataError

Map = Callable[[Points], Points]
"""From where a pixel of the result lies to where in the image its value comes from."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Geometric(Transformation):
    """Moves pixels: images are read by bilinear interpolation, masks at the nearest pixel.

    border     what lies beyond the border: "reflect" mirrors the image (the pixels at the border
               once), "constant" is `fill` in the image and `mask_fill` in the mask

    Neighbours in a `Compose` are joined: the image is read once, at the place that all of them
    together say, so it is blurred only once.
    """

    border: Border = field(default="reflect", kw_only=True)
    fill: float = field(default=0.0, kw_only=True)
    mask_fill: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        if self.border not in ("reflect", "constant"):
            raise DataError(f'border must be "reflect" or "constant", got {self.border!r}')

    @abstractmethod
    def draw(self, height: int, width: int, rng: np.random.Generator) -> Map:
        """Where the pixels of an image of this size come from, this time."""

    def change(self, image: Array, mask: Array | None, rng: np.random.Generator) -> Pair:
        return moved([self], image, mask, rng)

    @property
    def beyond(self) -> tuple[Border, float, float]:
        """What lies beyond the border."""
        return self.border, self.fill, self.mask_fill


def moved(
    steps: Sequence[Geometric], image: Array, mask: Array | None, rng: np.random.Generator
) -> Pair:
    """The image and mask after all steps, which agree on the border, read once."""
    border, fill, mask_fill = steps[0].beyond
    height, width = image.shape[:2]
    maps = [step.draw(height, width, rng) for step in steps]
    points = grid(height, width)
    for each in reversed(maps):  # the last step says first where its pixels come from
        points = each(points)
    changed = bilinear(image, points, border, fill)
    return changed, None if mask is None else nearest(mask, points, border, mask_fill)


def linear(matrix: Sequence[Sequence[float]], height: int, width: int) -> Map:
    """The map that multiplies (row, column), counted from the middle, with a matrix."""
    m = np.array(matrix, float)
    middle = np.array([(height - 1) / 2, (width - 1) / 2])[:, None, None]

    def map(points: Points) -> Points:
        # Not np.tensordot: its sums may come in another order, and differ in the last bit.
        r, c = points - middle
        return np.stack([m[0, 0] * r + m[0, 1] * c, m[1, 0] * r + m[1, 1] * c]) + middle

    return map


@dataclass(frozen=True)
class Flip(Geometric):
    """Mirrors: left and right, top and bottom, each with a probability of its own."""

    horizontal: float = 0.5
    vertical: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        probability(self.horizontal, "horizontal")
        probability(self.vertical, "vertical")

    def draw(self, height: int, width: int, rng: np.random.Generator) -> Map:
        left_right, up_down = rng.random() < self.horizontal, rng.random() < self.vertical
        return linear([[-1 if up_down else 1, 0], [0, -1 if left_right else 1]], height, width)


@dataclass(frozen=True)
class QuarterTurn(Geometric):
    """Turns by 0, 90, 180 or 270 degrees, each as likely; an oblong image by 0 or 180."""

    def draw(self, height: int, width: int, rng: np.random.Generator) -> Map:
        turns = int(rng.integers(4))
        return linear(_turned(90.0 * (turns if height == width else turns // 2 * 2)), height, width)


@dataclass(frozen=True)
class Rotate(Geometric):
    """Turns about the middle, in degrees, counter-clockwise."""

    degrees: Amount = 15.0

    def __post_init__(self) -> None:
        super().__post_init__()
        interval(self.degrees, "degrees")

    def draw(self, height: int, width: int, rng: np.random.Generator) -> Map:
        angle = drawn(interval(self.degrees, "degrees"), rng)
        return linear(_turned(angle), height, width)


@dataclass(frozen=True)
class Shear(Geometric):
    """Slants: rows slide over each other by an angle in degrees, and columns by another."""

    horizontal: Amount = 10.0
    vertical: Amount = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("horizontal", "vertical"):
            low, high = interval(getattr(self, name), name)
            if low <= -90 or high >= 90:
                raise DataError(f"{name} must lie between -90 and 90 degrees, got {low} to {high}")

    def draw(self, height: int, width: int, rng: np.random.Generator) -> Map:
        rows = math.tan(math.radians(drawn(interval(self.horizontal, "horizontal"), rng)))
        columns = math.tan(math.radians(drawn(interval(self.vertical, "vertical"), rng)))
        return linear([[1, columns], [rows, 1]], height, width)


@dataclass(frozen=True)
class Translate(Geometric):
    """Moves down and to the right by parts of the height and width, by whole pixels."""

    vertical: Amount = 0.1
    horizontal: Amount = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        interval(self.vertical, "vertical")
        interval(self.horizontal, "horizontal")

    def draw(self, height: int, width: int, rng: np.random.Generator) -> Map:
        down = round(height * drawn(interval(self.vertical, "vertical"), rng))
        right = round(width * drawn(interval(self.horizontal, "horizontal"), rng))
        shift = np.array([down, right], float)[:, None, None]
        return lambda points: points - shift


@dataclass(frozen=True)
class Zoom(Geometric):
    """Makes everything larger or smaller about the middle: 0.2 goes from 1 / 1.2 to 1.2 times, a
    pair from its one factor to the other."""

    factor: Amount = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        factors(self.factor, "factor")

    def draw(self, height: int, width: int, rng: np.random.Generator) -> Map:
        size = drawn_factor(factors(self.factor, "factor"), rng)
        return linear([[1 / size, 0], [0, 1 / size]], height, width)


def _turned(degrees: float) -> list[list[float]]:
    quarter, rest = divmod(degrees, 90)
    if rest == 0:  # exact, so that pixels come to lie on pixels
        cos, sin = [(1, 0), (0, 1), (-1, 0), (0, -1)][int(quarter) % 4]
    else:
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [[cos, sin], [-sin, cos]]
