"""Random windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinygraph.augment.base import Array, Pair, Transformation
from tinygraph.errors import DataError, ShapeError


@dataclass(frozen=True)
class Crop(Transformation):
    """A window of height x width pixels somewhere in the image; without a width a square one."""

    height: int
    width: int | None = None

    def __post_init__(self) -> None:
        if self.height < 1 or (self.width is not None and self.width < 1):
            raise DataError(f"a window has at least one pixel, got {self}")

    def change(self, image: Array, mask: Array | None, rng: np.random.Generator) -> Pair:
        height, width = self.height, self.width or self.height
        if height > image.shape[0] or width > image.shape[1]:
            raise ShapeError(
                f"Crop: a window of {height}x{width} pixels is larger than the image "
                f"{list(image.shape)}"
            )
        top = int(rng.integers(image.shape[0] - height + 1))
        left = int(rng.integers(image.shape[1] - width + 1))
        window = slice(top, top + height), slice(left, left + width)
        return image[window], None if mask is None else mask[window]
