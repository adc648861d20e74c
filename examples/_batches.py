"""Batches to train on: random windows of the images, mirrored and turned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from _prepare import VIEWS, prepared
from numpy.typing import NDArray

from tinygraph.data import Split


@dataclass(frozen=True)
class Batches:
    """Batch k depends on the seed and k alone, so a resumed run sees what it would have seen.

    images  float32 [N,H,W,VIEWS], as the net sees them
    masks   uint8 [N,H,W]
    """

    images: NDArray[np.float32]
    masks: NDArray[np.uint8]
    size: int
    crop: int
    seed: int

    @staticmethod
    def of(split: Split, size: int, crop: int, seed: int) -> Batches:
        images = np.stack([prepared(image) for image in split.images])
        return Batches(images, split.masks, size, crop, seed)

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """x float32 [size,crop,crop,VIEWS] and labels int32 [size,crop,crop]."""
        rng = np.random.default_rng((self.seed, step))
        x = np.empty((self.size, self.crop, self.crop, VIEWS), np.float32)
        y = np.empty((self.size, self.crop, self.crop), np.int32)
        for k, which in enumerate(rng.choice(len(self.images), self.size)):
            i, j = rng.integers(0, np.array(self.masks.shape[1:]) - self.crop + 1)
            window = slice(i, i + self.crop), slice(j, j + self.crop)
            turns, mirrored = int(rng.integers(4)), int(rng.integers(2))
            x[k] = _turned(self.images[which][window], turns, mirrored)
            y[k] = _turned(self.masks[which][window], turns, mirrored)
        return x, y


def _turned(window: np.ndarray, turns: int, mirrored: int) -> np.ndarray:
    """One of the eight ways to lay down a square."""
    return np.rot90(window.swapaxes(0, 1) if mirrored else window, turns)
