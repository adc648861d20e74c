"""Reading an image between its pixels, and beyond its border."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Points = NDArray[np.float64]
"""[2,H,W]: the row and the column to read for each pixel; 0,0 is the middle of the first one."""

Border = Literal["reflect", "constant"]


def grid(height: int, width: int) -> Points:
    """The points that read each pixel where it is."""
    return np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij")).astype(float)


def bilinear(image: Array, points: Points, border: Border, fill: float) -> Array:
    """The image [H,W] or [H,W,C] at the points, weighted from the four pixels around each.

    The result has the image's dtype, rounded for integers, and no value that lies outside those
    of the image and of `fill`. A point on a pixel gives just this pixel.
    """
    exact = np.float32 if image.dtype.itemsize <= 2 or image.dtype == np.float32 else np.float64
    values = image.astype(exact)
    low, high = values.min(), values.max()
    if border == "constant":
        rim = ((1, 1), (1, 1)) + ((0, 0),) * (image.ndim - 2)
        values = np.pad(values, rim, constant_values=fill)
        points = np.stack([np.clip(p + 1, 0, n - 1) for p, n in zip(points, values.shape)])
        low, high = min(low, fill), max(high, fill)
    else:
        points = folded(points, image.shape)
    height, width = values.shape[:2]
    first = np.floor(points).astype(np.intp)
    i, j = first
    down = np.minimum(i + 1, height - 1) * width
    i, right = i * width, np.minimum(j + 1, width - 1)
    shape = points.shape[1:] + (1,) * (image.ndim - 2)
    part_i, part_j = ((p - f).astype(exact).reshape(shape) for p, f in zip(points, first))
    flat = values.reshape(height * width, *image.shape[2:])
    above = _between(flat.take(i + j, 0), flat.take(i + right, 0), part_j)
    below = _between(flat.take(down + j, 0), flat.take(down + right, 0), part_j)
    result = _between(above, below, part_i)
    if image.dtype.kind != "f":
        np.rint(result, out=result)
    return np.clip(result, low, high, out=result).astype(image.dtype)


def nearest(mask: Array, points: Points, border: Border, fill: float) -> Array:
    """The mask [H,W] or [H,W,K] at the pixel nearest to each point."""
    extents = np.array(mask.shape[:2])[:, None, None]
    if border == "reflect":
        points = folded(points, mask.shape)
    at = np.floor(points + 0.5).astype(np.intp)
    inside = np.clip(at, 0, extents - 1)
    result = mask[inside[0], inside[1]]
    if border == "constant":
        result[(at != inside).any(0)] = fill
    return result


def folded(points: Points, shape: tuple[int, ...]) -> Points:
    """The points inside that points outside are mirrored to, again and again; the mirror goes
    through the middle of the pixels at the border."""
    return np.stack([_folded(p, extent - 1) for p, extent in zip(points, shape)])


def _folded(p: Points, last: int) -> Points:
    if last == 0:
        return np.zeros_like(p)
    return last - np.abs(np.mod(p, 2 * last) - last)


def _between(a: Array, b: Array, part: Array) -> Array:
    return a + (b - a) * part
