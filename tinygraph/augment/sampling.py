"""Reading an image between its pixels, and beyond its border."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tinygraph.errors import DataError

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
        _require_fits(fill, image.dtype, "fill")
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
    part_i, part_j = ((p - f).astype(exact) for p, f in zip(points, first))
    # One channel after the other: reading single numbers is much faster than reading short rows.
    channels = values.reshape(height * width, -1).T.copy()
    above = _between(channels.take(i + j, 1), channels.take(i + right, 1), part_j)
    below = _between(channels.take(down + j, 1), channels.take(down + right, 1), part_j)
    result = _between(above, below, part_i)
    if image.dtype.kind != "f":
        np.rint(result, out=result)
    np.clip(result, low, high, out=result)
    shape = points.shape[1:] + image.shape[2:]
    return np.moveaxis(result, 0, -1).reshape(shape).astype(image.dtype, order="C")


def nearest(mask: Array, points: Points, border: Border, fill: float) -> Array:
    """The mask [H,W] or [H,W,K] at the pixel nearest to each point."""
    extents = np.array(mask.shape[:2])[:, None, None]
    if border == "reflect":
        points = folded(points, mask.shape)
    at = np.floor(points + 0.5).astype(np.intp)
    inside = np.clip(at, 0, extents - 1)
    result = mask[inside[0], inside[1]]
    if border == "constant":
        _require_fits(fill, mask.dtype, "mask_fill")
        result[(at != inside).any(0)] = fill
    return result


def _require_fits(fill: float, dtype: np.dtype[Any], name: str) -> None:
    """A `DataError` where what lies beyond the border is no number of the image's dtype."""
    if dtype.kind in "iu" and not np.iinfo(dtype).min <= fill <= np.iinfo(dtype).max:
        raise DataError(f"{name}={fill:g} does not fit into {dtype}")


def folded(points: Points, shape: tuple[int, ...]) -> Points:
    """The points inside that points outside are mirrored to, again and again; the mirror goes
    through the middle of the pixels at the border."""
    return np.stack([_folded(p, extent - 1) for p, extent in zip(points, shape)])


def _folded(p: Points, last: int) -> Points:
    if p.min() >= 0 and p.max() <= last:
        return p
    if last == 0:
        return np.zeros_like(p)
    return last - np.abs(np.mod(p, 2 * last) - last)


def _between(a: Array, b: Array, part: Array) -> Array:
    """a where part is 0, b where it is 1; made in the memory of b."""
    b -= a
    b *= part
    b += a
    return b
