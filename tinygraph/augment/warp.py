"""Local warping: the image as if drawn on rubber."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinygraph.augment.geometry import Geometric, Map
from tinygraph.augment.sampling import Points, bilinear
from tinygraph.errors import DataError


@dataclass(frozen=True)
class LocalWarp(Geometric):
    """Moves each pixel a little, neighbours alike: by a random and smooth field.

    strength   how far pixels move, in pixels: the standard deviation of either coordinate
    scale      over how many pixels the movement changes

    The field is a cubic B-spline whose control points, `scale` pixels apart, are independent normal
    numbers. `strength` may be a third of `scale` at most: beyond, the image would fold over itself.
    Compare Simard, Steinkraus and Platt, "Best practices for convolutional neural networks" (2003).
    """

    strength: float = 3.0
    scale: float = 24.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.scale > 0 or not 0 <= self.strength <= self.scale / 3:
            raise DataError(
                "LocalWarp needs scale > 0 and strength from 0 to scale / 3, or the image folds "
                f"over itself; got strength={self.strength}, scale={self.scale}"
            )

    def draw(self, height: int, width: int, rng: np.random.Generator) -> Map:
        field = self.field(height, width, rng)
        if self.strength == 0:
            return lambda points: points

        def map(points: Points) -> Points:
            # "reflect" would turn a movement round; what matters outside is only to be smooth
            inside = np.clip(points, 0, np.array(field.shape[:2])[:, None, None] - 1)
            return points + bilinear(field, inside, "reflect", 0.0).transpose(2, 0, 1)

        return map

    def field(self, height: int, width: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """[H,W,2]: how far down and right of each pixel its new value comes from."""
        rows, columns = _spline(height, self.scale), _spline(width, self.scale)
        control = rng.standard_normal((2, rows.shape[1], columns.shape[1]))
        smooth = rows @ control @ columns.T
        return self.strength * smooth.transpose(1, 2, 0)


def _spline(extent: int, scale: float) -> NDArray[np.float64]:
    """[extent, control points]: weights of a cubic B-spline, whose squares have the sum 1."""
    at = np.arange(extent) / scale
    first = np.floor(at).astype(np.intp)
    t = at - first
    pieces = [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]
    weights = np.zeros((extent, int(first[-1]) + 4))
    for k, piece in enumerate(pieces):
        weights[np.arange(extent), first + k] = piece
    return weights / np.sqrt((weights**2).sum(1, keepdims=True))
