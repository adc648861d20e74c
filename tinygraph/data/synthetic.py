"""Smileys, as in lecture 1: data that is made, with as many examples as one wants.

Train and test faces lie in different halves of the image. What has to be learned at each place
anew, as in a dense net, is not known at the places of the test; a convolution finds the face
anywhere.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tinygraph.data.examples import Examples, TrainValidationTest
from tinygraph.errors import DataError

__all__ = ["face", "ring", "smiley_rings", "smileys"]

Floats = NDArray[np.float32]

MARGIN = 2
"""Pixels that faces stay away from the border of the image. There zeros are padded on another side
in the test than in training, and a net would have to know that border too."""


def smileys(
    train: int = 1000,
    validation: int = 200,
    test: int = 500,
    size: int = 32,
    face_size: int = 11,
    noise: float = 0.2,
    seed: int = 0,
) -> TrainValidationTest:
    """Noisy images, every other one with a smiley of fixed size at a random position.

    x float32 [N,size,size,1]: 0 is background, 1 a line, to which normal noise of this standard
    deviation is added. y int32 [N]: 1 with a smiley, 0 without.

    In `train` and `validation` the face lies in the left half of the image, in `test` in the right
    half: not one of its pixels was ever part of a face before.

    Source: lecture 1, the classification example.
    """
    pattern = face(face_size)

    def part(count: int, right: bool, rng: np.random.Generator) -> Examples:
        there, corners = _places(count, size, face_size, right, rng)
        x = _pasted(pattern, there, corners, size) + _noise(count, size, noise, rng)
        return Examples(x, there.astype(np.int32), ("none", "smiley"), largest=1)

    return _three(part, (train, validation, test), size, face_size, noise, seed)


def smiley_rings(
    train: int = 500,
    validation: int = 100,
    test: int = 200,
    size: int = 32,
    face_size: int = 11,
    blur: float = 1.0,
    noise: float = 0.1,
    seed: int = 0,
) -> TrainValidationTest:
    """Blurry and noisy images, three of four with a smiley, and the clean ring to make of each.

    x float32 [N,size,size,1]: the smiley blurred by a normal curve with this standard deviation in
    pixels, with normal noise added. y float32 [N,size,size,1]: the outline of the face alone, sharp
    and without noise, or nothing where there is no face. Positions as in `smileys`.

    Source: lecture 1, the U-Net example.
    """
    if not (0 <= blur < face_size):
        raise DataError(f"blur must be from 0 to the size of the face in pixels, got {blur}")
    clean, outline = face(face_size), ring(face_size)

    def part(count: int, right: bool, rng: np.random.Generator) -> Examples:
        there, corners = _places(count, size, face_size, right, rng, every=4)
        blurry = _blurred(_pasted(clean, there, corners, size), blur)
        x = blurry + _noise(count, size, noise, rng)
        return Examples(x, _pasted(outline, there, corners, size), largest=1)

    return _three(part, (train, validation, test), size, face_size, noise, seed)


def face(size: int = 11) -> Floats:
    """[size,size]: a ring, two eyes and a smile; 0 outside, 1 on the lines."""
    y, x, unit = _plane(size)
    eyes = np.maximum(_dot(y + 0.3 * unit, x + 0.35 * unit), _dot(y + 0.3 * unit, x - 0.35 * unit))
    smile = _line(np.hypot(y, x) - 0.5 * unit) * (y > 0.15 * unit)
    return np.maximum(ring(size), np.maximum(eyes, smile)).astype(np.float32)


def ring(size: int = 11) -> Floats:
    """[size,size]: the outline of the face."""
    y, x, unit = _plane(size)
    return _line(np.hypot(y, x) - unit).astype(np.float32)


def _three(
    part: Callable[[int, bool, np.random.Generator], Examples],
    counts: tuple[int, int, int],
    size: int,
    face_size: int,
    noise: float,
    seed: int,
) -> TrainValidationTest:
    if face_size < 7:
        raise DataError(f"a face needs at least 7 pixels, got face_size={face_size}")
    if size < (least := 2 * (face_size + MARGIN)):
        raise DataError(
            f"half an image must have room for a face: size={size}, face_size={face_size}; "
            f"size={least} or more fits"
        )
    if min(counts) < 1:
        raise DataError(f"each part needs at least one image, got {counts}")
    if not noise >= 0:
        raise DataError(f"noise must not be less than 0, got {noise}")
    return TrainValidationTest(
        *(
            part(count, k == 2, np.random.default_rng((seed, k + 1)))
            for k, count in enumerate(counts)
        )
    )


def _places(
    count: int, size: int, face_size: int, right: bool, rng: np.random.Generator, every: int = 2
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which images have a face, all but one of `every`, in any order; and its upper left corner."""
    there = rng.permutation(np.arange(count)) % every != 0
    half = size // 2
    rows = rng.integers(MARGIN, size - face_size - MARGIN + 1, count)
    columns = rng.integers(0, half - face_size - MARGIN + 1, count)
    columns += size - half if right else MARGIN
    return there, np.stack([rows, columns], 1)


def _pasted(
    pattern: Floats, there: NDArray[np.bool_], corners: NDArray[np.int64], size: int
) -> Floats:
    images = np.zeros((len(there), size, size, 1), np.float32)
    extent = len(pattern)
    for k in np.flatnonzero(there):
        i, j = corners[k]
        images[k, i : i + extent, j : j + extent, 0] = pattern
    return images


def _noise(count: int, size: int, deviation: float, rng: np.random.Generator) -> Floats:
    return np.float32(deviation) * rng.standard_normal((count, size, size, 1), np.float32)


def _blurred(images: Floats, deviation: float) -> Floats:
    """Each image [H,W,1] convolved with a normal curve along rows and columns."""
    if deviation == 0:
        return images
    reach = int(np.ceil(3 * deviation))
    curve = np.exp(-((np.arange(-reach, reach + 1) / deviation) ** 2) / 2)
    curve = (curve / curve.sum()).astype(np.float32)
    for axis in (1, 2):
        padding = [(reach, reach) if k == axis else (0, 0) for k in range(4)]
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(images, padding), len(curve), axis
        )
        images = (windows @ curve).astype(np.float32)
    return images


def _plane(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Rows and columns counted from the middle, and the radius of the outline."""
    at = np.arange(size).astype(np.float64) - (size - 1) / 2
    return at[:, None], at[None, :], (size - 1) / 2 - 0.25


def _line(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 on the line, 0 a pixel away from it."""
    return np.clip(1.2 - np.abs(distance), 0, 1)


def _dot(y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(1.35 - np.hypot(y, x), 0, 1)
