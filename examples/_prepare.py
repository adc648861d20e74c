"""What the net sees of an image: three views in which nuclei of all kinds look alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.number]
VIEWS = 3
LIMIT = 3.0
"""Views are cut off there."""


def prepared(image: Grey) -> NDArray[np.float32]:
    """The views of an image H,W of any range: float32 H,W,VIEWS, nuclei bright.

    How bright nuclei are, against what background and how many there are differs from image to
    image. So each view has a zero and a unit of its own:

    0: zero is Otsu's threshold, one is half the distance between the means of its two sides
    1: zero is the background, one is twice the mean distance from it
    2: zero is the mean of the surroundings of a pixel, one is their standard deviation
    """
    low, high = np.percentile(image, (0.5, 99.5))
    values = np.clip((image.astype(np.float64) - low) / (high - low + 1e-6), 0, 1)
    if np.median(values) > 0.5:  # most pixels are background, so here it is bright: stained tissue
        values = 1 - values
    views = (_by_threshold(values), _by_background(values), _by_surroundings(values))
    return np.clip(np.stack(views, -1), -LIMIT, LIMIT).astype(np.float32)


def otsu_threshold(image: NDArray[np.uint8]) -> int:
    """The grey value t for which the two sides, <= t and > t, differ most.

    Source: Otsu, "A threshold selection method from gray-level histograms" (1979).
    """
    counts = np.bincount(image.ravel(), minlength=256).astype(np.float64)
    below = counts.cumsum()
    above = below[-1] - below
    weighted = (counts * np.arange(256)).cumsum()
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = weighted / below - (weighted[-1] - weighted) / above
        between = np.nan_to_num(below * above * gap * gap)
    return int(between.argmax())


def _by_threshold(values: NDArray[np.float64]) -> NDArray[np.float64]:
    threshold = (otsu_threshold((values * 255).astype(np.uint8)) + 1) / 255
    bright = values >= threshold
    if bright.all() or not bright.any():
        return values - threshold
    half = (values[bright].mean() - values[~bright].mean()) / 2
    return (values - threshold) / (half + 1e-6)


def _by_background(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from_background = values - np.median(values)
    return from_background / (2 * np.abs(from_background).mean() + 1e-6)


def _by_surroundings(values: NDArray[np.float64], radius: int = 32) -> NDArray[np.float64]:
    mean = _box_mean(values, radius)
    variance = np.maximum(_box_mean(values * values, radius) - mean * mean, 0)
    return (values - mean) / (np.sqrt(variance) + 0.02)


def _box_mean(values: NDArray[np.float64], radius: int) -> NDArray[np.float64]:
    """The mean over the window of a pixel, as much of it as lies in the image."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    top, bottom = _window(values.shape[0], radius)
    left, right = _window(values.shape[1], radius)
    above, below = sums[top], sums[bottom]
    total = below[:, right] - below[:, left] - above[:, right] + above[:, left]
    return total / np.outer(bottom - top, right - left)


def _window(extent: int, radius: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where the window of each position begins and ends."""
    at = np.arange(extent)
    return np.maximum(at - radius, 0), np.minimum(at + radius + 1, extent)
