"""Batches to train on: random windows of the images, zoomed, turned, mirrored, and of other
contrast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from _prepare import VIEWS, prepared
from numpy.typing import NDArray

from tinygraph.data import Split

ZOOM, CONTRAST = 0.3, 0.3
"""How far, as a power of e, sizes and contrasts are changed at most."""


@dataclass(frozen=True)
class Batches:
    """Batch k depends on the seed and k alone, so a resumed run sees what it would have seen.

    images  float32 [N,H,W,VIEWS], as the net sees them
    masks   uint8 [N,H,W]
    chance  float64 [N], how often an image is drawn
    """

    images: NDArray[np.float32]
    masks: NDArray[np.uint8]
    chance: NDArray[np.float64]
    size: int
    crop: int
    seed: int

    @staticmethod
    def of(split: Split, size: int, crop: int, seed: int) -> Batches:
        """Of a kind that is rare each image is drawn more often, by the root of its rareness."""
        images = np.stack([prepared(image) for image in split.images])
        _, kind, count = np.unique(split.kinds, return_inverse=True, return_counts=True)
        weight = 1 / np.sqrt(count[kind])
        return Batches(images, split.masks, weight / weight.sum(), size, crop, seed)

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """x float32 [size,crop,crop,VIEWS] and labels int32 [size,crop,crop]."""
        rng = np.random.default_rng((self.seed, step))
        x = np.empty((self.size, self.crop, self.crop, VIEWS), np.float32)
        y = np.empty((self.size, self.crop, self.crop), np.int32)
        for k, which in enumerate(rng.choice(len(self.images), self.size, p=self.chance)):
            wanted = round(self.crop * np.exp(rng.uniform(-ZOOM, ZOOM)))
            extent = min(wanted, *self.masks.shape[1:])
            i, j = rng.integers(0, np.array(self.masks.shape[1:]) - extent + 1)
            window = slice(i, i + extent), slice(j, j + extent)
            image, mask = zoomed(self.images[which][window], self.masks[which][window], self.crop)
            factor = np.exp(rng.uniform(-CONTRAST, CONTRAST, VIEWS))
            shift = rng.normal(0, CONTRAST / 3, VIEWS)
            turns, mirrored = int(rng.integers(4)), int(rng.integers(2))
            x[k] = turned(image * factor + shift, turns, mirrored)
            y[k] = turned(mask, turns, mirrored)
        return x, y


def zoomed(
    image: NDArray[np.float32], mask: NDArray[np.uint8], extent: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """A square window with `extent` pixels a side: the image by linear interpolation, the mask by
    its nearest pixel."""
    size = len(mask)
    if size == extent:
        return image, mask
    at = np.clip((np.arange(extent) + 0.5) * size / extent - 0.5, 0, size - 1)
    low = np.minimum(at.astype(np.intp), size - 2)
    part = (at - low).astype(np.float32)[:, None, None]
    rows = image[low] * (1 - part) + image[low + 1] * part
    across = part.transpose(1, 0, 2)
    nearest = np.rint(at).astype(np.intp)
    both = rows[:, low] * (1 - across) + rows[:, low + 1] * across
    return both, mask[nearest][:, nearest]


def turned(window: np.ndarray, turns: int, mirrored: int) -> np.ndarray:
    """One of the eight ways to lay down a square."""
    return np.rot90(window.swapaxes(0, 1) if mirrored else window, turns)
