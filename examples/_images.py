"""Image files of any kind in, masks out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from _prepare import prepared
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from tinygraph.errors import DataError
from tinygraph.weights import written_whole

Floats = NDArray[np.float32]
Logits = Callable[[Floats], Floats]
"""From tiles [SIDES,TILE,TILE,channels] to how much each pixel speaks for a nucleus."""

SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp"}
TILE, MARGIN, SIDES = 256, 32, 4
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R 601, with which the training images were turned to grey."""


def read_grey(path: Path) -> Floats:
    """The grey values of an image file, whatever its range: colour, palette, 16 bit, alpha."""
    try:
        with Image.open(path) as image:
            return _grey(image)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        reason = "it is no image" if isinstance(error, UnidentifiedImageError) else error
        raise DataError(f"cannot read {path}: {reason}") from None
    except Image.DecompressionBombError as error:
        raise DataError(f"cannot read {path}: {error}") from None


def _grey(image: Image.Image) -> Floats:
    if image.mode in ("1", "L", "I", "F") or image.mode.startswith("I;16"):
        values = np.asarray(image, np.float32)
    elif image.mode in ("LA", "La"):
        values = np.asarray(image, np.float32)[..., 0]
    else:  # colour; what an alpha channel hides counts too
        values = np.asarray(image.convert("RGB"), np.float32) @ LUMA
    if not np.isfinite(values).all():
        raise ValueError("some of its pixels are no numbers")
    return values


def image_files(path: Path) -> list[Path]:
    """The images that a path stands for: itself, or those of a folder."""
    if not path.exists():
        raise DataError(f"there is no file or folder {path}")
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
    if not found:
        raise DataError(f"there are no images in {path}: none ends in {' '.join(sorted(SUFFIXES))}")
    return found


def write_mask(path: Path, mask: NDArray[np.bool_]) -> None:
    """A PNG with 255 where the mask is true, else 0."""
    with written_whole(path) as file:
        Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0))).save(file, "PNG")


def votes(image: NDArray[np.number], logits: Logits) -> Floats:
    """How much each pixel of an image of any size speaks for a nucleus.

    The image is cut into tiles that overlap, and each tile is seen from four sides: as it is and
    mirrored. So one compiled program does for all sizes.
    """
    seen = prepared(image)
    height, width, _ = seen.shape
    missing = (0, max(0, TILE - height)), (0, max(0, TILE - width))
    padded = np.pad(seen, (*missing, (0, 0)), mode="symmetric")
    result = np.zeros(padded.shape[:2], np.float32)
    for i, top in tile_starts(padded.shape[0]):
        for j, left in tile_starts(padded.shape[1]):
            tile = _seen_from_all_sides(padded[i : i + TILE, j : j + TILE], logits)
            result[i + top : i + TILE, j + left : j + TILE] = tile[top:, left:]
    return result[:height, :width]


def tile_starts(extent: int) -> list[tuple[int, int]]:
    """Where tiles begin, and from which of its rows on a tile counts.

    Each covers the end of the one before, which saw less around it.
    """
    last = extent - TILE
    inner = list(range(TILE - 2 * MARGIN, last, TILE - 2 * MARGIN))
    return [(0, 0), *((start, MARGIN) for start in (*inner, last) if start > 0)]


def _seen_from_all_sides(tile: Floats, logits: Logits) -> Floats:
    views = np.stack([tile, tile[::-1], tile[:, ::-1], tile[::-1, ::-1]])
    each = logits(np.ascontiguousarray(views))
    return (each[0] + each[1, ::-1] + each[2, :, ::-1] + each[3, ::-1, ::-1]) / SIDES
