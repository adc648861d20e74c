"""Image folders: a class a sub-folder, or images beside their masks."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from tinygraph.data.examples import Examples
from tinygraph.data.pictures import (
    Bytes,
    Size,
    image_files,
    need_pillow,
    read_image,
    read_mask,
    stacked,
)
from tinygraph.errors import DataError

__all__ = ["image_folder"]


def image_folder(
    path: str | Path,
    size: Size = None,
    channels: Literal[1, 3] = 3,
    images: str = "images",
    masks: str | None = None,
) -> Examples:
    """The images of a folder. Two arrangements are known:

        path/cat/1.jpg, path/dog/1.jpg        a class a sub-folder: y int32 [N], in the order of
                                              the names, which are `classes`
        path/images/1.jpg, path/masks/1.png   an image and its mask have the same name but for
                                              the suffix: y uint8 [N,H,W]

    x is uint8 [N,H,W,channels], RGB or grey. Without a `size`, an int or (height, width), all
    images must have the same; with one, images are stretched to it (averaging) and masks too
    (nearest pixel). `images` and `masks` name the two sub-folders of the second arrangement, which
    is taken where `masks` is given, or where the sub-folders are just those two. Masks that hold 0
    and 255 only hold 0 and 1 then.

    PNG, JPEG, TIFF, BMP, GIF and WebP are read; other and hidden files are left alone. All is held
    in memory. A `DataError` names the file or folder that is missing, empty, damaged or of another
    size. Needs Pillow.
    """
    need_pillow()
    folder = Path(path).expanduser()
    if channels not in (1, 3):
        raise DataError(f"channels must be 1 (grey) or 3 (RGB), got {channels}")
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    below = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if masks is None and {p.name for p in below} == {images, "masks"}:
        masks = "masks"
    if masks is not None:
        return pairs(folder / images, folder / masks, size, channels)
    if not below:
        raise DataError(
            f"{folder} has no sub-folders: images lie in one sub-folder a class, or in images/ "
            "with their masks in masks/"
        )
    found = [(file, label) for label, each in enumerate(below) for file in _some(each)]
    files = [file for file, _ in found]
    x = stacked((read_image(file, channels, size) for file in files), files)
    y = np.array([label for _, label in found], np.int32)
    return Examples(x, y, tuple(p.name for p in below))


def pairs(images: Path, masks: Path, size: Size, channels: Literal[1, 3]) -> Examples:
    """Images and the masks of the same names."""
    for each in (images, masks):
        if not each.is_dir():
            raise DataError(f"there is no folder {each}")
    files, of = _some(images), {p.stem: p for p in _some(masks)}
    lacking = [file.name for file in files if file.stem not in of]
    if lacking:
        more = f", nor for {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise DataError(f"{masks} has no mask for {lacking[0]}{more}")
    x, y = read_pairs(files, [of[file.stem] for file in files], size, channels)
    if set(np.unique(y)) <= {0, 255}:
        y = (y > 0).astype(np.uint8)
    return Examples(x, y)


def read_pairs(
    files: list[Path], masks: list[Path], size: Size, channels: Literal[1, 3]
) -> tuple[Bytes, Bytes]:
    """x [N,H,W,channels] and y [N,H,W]; a `DataError` where a mask has another size."""
    images, labels = [], []
    for file, mask in zip(files, masks):
        image, label = read_image(file, channels, size), read_mask(mask, size)
        if image.shape[:2] != label.shape:
            raise DataError(
                f"{mask} is {label.shape[0]}x{label.shape[1]}, but its image {file} "
                f"{image.shape[0]}x{image.shape[1]}"
            )
        images.append(image)
        labels.append(label)
    return stacked(images, files), stacked(labels, masks)


def _some(folder: Path) -> list[Path]:
    files = image_files(folder)
    if not files:
        raise DataError(f"there are no images in {folder}")
    return files
