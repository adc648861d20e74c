"""What all transformations have in common."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygraph.errors import DataError, DtypeError, ShapeError

Array = NDArray[Any]
Pair = tuple[Array, "Array | None"]
Amount = float | tuple[float, float]
"""a number a: from -a to a; a pair: from one end to the other."""


class Transformation(ABC):
    """Changes an image and its mask alike. All it draws comes from the `rng` it is given.

    Write one of your own by giving `change`, or use a plain function.
    """

    def __call__(self, image: Array, mask: Array | None, rng: np.random.Generator) -> Pair:
        """image [H,W] or [H,W,C] of numbers; mask [H,W] or [H,W,K], or None.

        A `ShapeError` where they do not fit each other, a `DtypeError` for what is no image.
        """
        image = np.asarray(image)
        name = type(self).__name__
        if image.ndim not in (2, 3) or 0 in image.shape:
            raise ShapeError(f"{name} needs an image [H,W] or [H,W,C], got {list(image.shape)}")
        if image.dtype.kind not in "uif":
            raise DtypeError(f"{name} needs an image of numbers, got {image.dtype}")
        if mask is not None and np.shape(mask)[:2] != image.shape[:2]:
            raise ShapeError(
                f"{name} needs a mask as high and wide as its image, got an image "
                f"{list(image.shape)} and a mask {list(np.shape(mask))}"
            )
        return self.change(image, None if mask is None else np.asarray(mask), rng)

    @abstractmethod
    def change(self, image: Array, mask: Array | None, rng: np.random.Generator) -> Pair:
        """The changed pair; new arrays, or those given where nothing changes."""


def interval(amount: Amount, name: str) -> tuple[float, float]:
    """From where to where an amount is drawn."""
    numbers: Any = (-amount, amount) if isinstance(amount, int | float) else amount
    try:
        low, high = numbers
        sound = math.isfinite(low) and math.isfinite(high) and low <= high
    except (TypeError, ValueError):  # no pair, or not of numbers
        low, high, sound = 0.0, 0.0, False
    if not sound:
        raise DataError(f"{name} must be a number >= 0 or a pair (low, high), got {amount!r}")
    return low, high


def factors(amount: Amount, name: str) -> tuple[float, float]:
    """From where to where a factor is drawn: for a number a, from 1 / (1 + a) to 1 + a."""
    if isinstance(amount, (int, float)):
        low, high = interval(amount, name)
        return 1 / (1 + high), 1 + high
    low, high = interval(amount, name)
    if low <= 0:
        raise DataError(f"{name} is a factor and must be greater than 0, got {amount}")
    return low, high


def probability(value: float, name: str) -> None:
    """A `DataError` for what is none."""
    if not (isinstance(value, Real) and 0 <= value <= 1):
        raise DataError(f"{name} is a probability, from 0 to 1, got {value!r}")


def drawn(limits: tuple[float, float], rng: np.random.Generator) -> float:
    """A number between the limits; exactly the limit where both are the same."""
    low, high = limits
    return low + (high - low) * rng.random()


def drawn_factor(limits: tuple[float, float], rng: np.random.Generator) -> float:
    """A factor between the limits: twice and half as much are as likely as each other."""
    low, high = limits
    return low if low == high else math.exp(drawn((math.log(low), math.log(high)), rng))
