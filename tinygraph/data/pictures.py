"""Image files as arrays of one size. Needs Pillow, which is imported when the first is read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tinygraph.errors import DataError, TinygraphError

if TYPE_CHECKING:
    from PIL import Image as Pillow

SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp"}
Size = int | tuple[int, int] | None
Bytes = NDArray[np.uint8]


def image_files(folder: Path) -> list[Path]:
    """The images in a folder, by name; hidden files are none."""
    return sorted(
        p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")
    )


def read_image(path: Path, channels: Literal[1, 3], size: Size) -> Bytes:
    """uint8 [H,W,channels]: grey (ITU-R 601) or RGB, turned upright as the camera says.

    16-bit grey becomes the upper 8 bits. With a size, stretched to it by averaging.
    """
    from PIL import Image, ImageOps

    def convert(image: Pillow.Image) -> Bytes:
        image = ImageOps.exif_transpose(image)
        if image.mode == "F":
            raise ValueError("its pixels are floats, which have no known range")
        if image.mode == "I" or image.mode.startswith("I;16"):
            values = np.asarray(image, np.int64)
            if values.min() < 0 or values.max() > 65535:
                raise ValueError("its pixels are integers of more than 16 bits")
            image = Image.fromarray((values >> 8).astype(np.uint8))
        image = image.convert("L" if channels == 1 else "RGB")
        if (extent := _extent(size)) is not None:
            image = image.resize(extent, Image.Resampling.BILINEAR)
        return np.asarray(image, np.uint8).reshape(image.height, image.width, channels)

    return _opened(path, convert)


def read_mask(path: Path, size: Size) -> Bytes:
    """uint8 [H,W]: the numbers in a grey, palette or black-and-white image file. With a size,
    the nearest pixel of each."""
    from PIL import Image, ImageOps

    def convert(image: Pillow.Image) -> Bytes:
        image = ImageOps.exif_transpose(image)
        if image.mode not in ("1", "L", "P") and not image.mode.startswith("I"):
            raise ValueError(
                f"a mask has one number a pixel, this image is {image.mode}; save it as grey"
            )
        if (extent := _extent(size)) is not None:
            image = image.resize(extent, Image.Resampling.NEAREST)
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 255:
            raise ValueError(f"its labels go to {values.max()}, more than 255")
        return values.astype(np.uint8)

    return _opened(path, convert)


def stacked(pictures: Iterable[Bytes], files: list[Path]) -> Bytes:
    """All in one array; a `DataError` where they differ in size."""
    each = list(pictures)
    for array, path in zip(each, files):
        if array.shape != each[0].shape:
            raise DataError(
                f"images must have one size: {files[0]} is {_by(each[0])}, {path} is {_by(array)}; "
                "size=(height, width) makes them equal"
            )
    return np.stack(each)


def _opened(path: Path, convert: Any) -> Bytes:
    """What `convert` makes of the image; a `DataError` that names the file for what goes wrong."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return convert(image)
    except UnidentifiedImageError:
        raise DataError(f"cannot read {path}: it is no image that Pillow knows") from None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {path}: {reason}") from None


def need_pillow() -> None:
    """A clear error where Pillow is not installed."""
    try:
        import PIL  # noqa: F401
    except ImportError:
        raise TinygraphError(
            'reading images needs Pillow: pip install "tinygraph[examples]"'
        ) from None


def _extent(size: Size) -> tuple[int, int] | None:
    """(width, height), as Pillow has it."""
    if size is None:
        return None
    height, width = (size, size) if isinstance(size, int) else size
    if height < 1 or width < 1:
        raise DataError(f"size must be (height, width) of at least one pixel, got {size}")
    return width, height


def _by(array: Bytes) -> str:
    return f"{array.shape[0]}x{array.shape[1]}"
