"""Draws a sheet of augmented windows of the nuclei, each with the outlines of its moved mask.

python examples/augmentations.py [PICTURE.png]
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tinygraph as tg
from tinygraph.augment import (
    Colour,
    Compose,
    Crop,
    Flip,
    LocalWarp,
    Noise,
    QuarterTurn,
    Rotate,
    Shear,
    Transformation,
    Translate,
    Zoom,
)

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "augmentations.png"
WINDOW, COLUMNS = 128, 3
EXAMPLES = (19, 28)
"""Which training images: a fluorescence and a stained one."""

ROWS: dict[str, Transformation] = {
    "Flip(0.5, 0.5)": Flip(0.5, 0.5),
    "QuarterTurn()": QuarterTurn(),
    "Rotate(30)": Rotate(30),
    "Shear(20, 20)": Shear(20, 20),
    "Translate(0.2, 0.2)": Translate(0.2, 0.2, border="constant"),
    "Zoom(0.5)": Zoom(0.5),
    "LocalWarp(4, 20)": LocalWarp(4, 20),
    "Colour(0.05, 0.4)": Colour(brightness=0.05, contrast=0.4),
    "Noise((0, 0.04))": Noise((0.0, 0.04)),
    "all of them": Compose(
        [
            Flip(0.5, 0.5),
            QuarterTurn(),
            Rotate(15),
            Shear(10, 10),
            Zoom(0.2),
            LocalWarp(3, 24),
            Colour(brightness=0.02, contrast=0.3),
            Noise((0.0, 0.02)),
        ]
    ),
}


def main(path: Path = PICTURE) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from PIL import Image

    nuclei = tg.data.nuclei().train
    windows = [Crop(WINDOW)(nuclei.images[k], nuclei.masks[k], numbers_for(k)) for k in EXAMPLES]
    count = (1 + COLUMNS) * len(EXAMPLES)
    figure, axes = plt.subplots(
        len(ROWS), count, figsize=(1.3 * count, 1.36 * len(ROWS)), layout="constrained"
    )
    for row, (name, transformation) in zip(axes, ROWS.items()):
        for part, (image, mask) in zip(np.split(row, len(EXAMPLES)), windows):
            assert mask is not None
            brightest = int(image.max())
            show(part[0], image, mask, brightest, name if part[0] is row[0] else "")
            for k, axis in enumerate(part[1:]):
                changed, moved = transformation(image, mask, numbers_for(k + 10))
                assert moved is not None
                show(axis, changed, moved, brightest)
    for axis, title in zip(axes[0], (["as it is"] + ["augmented"] + [""] * (COLUMNS - 1)) * 2):
        axis.set_title(title, fontsize=9, loc="left")
    path.parent.mkdir(parents=True, exist_ok=True)
    data = io.BytesIO()
    figure.savefig(data, dpi=88)
    plt.close(figure)
    Image.open(data).convert("RGB").quantize(48).save(path, optimize=True)  # a third of the bytes
    print(path)


def numbers_for(sample: int) -> np.random.Generator:
    """The random numbers that `tg.data.Batches` gives this example in its first epoch."""
    return tg.data.sample_rng(seed=0, epoch=0, sample=sample)


def show(
    axis: Any, image: NDArray[Any], mask: NDArray[Any], brightest: int, name: str = ""
) -> None:
    """A window, the outlines of its mask, and the row's name."""
    axis.imshow(image, cmap="gray", vmin=0, vmax=brightest, interpolation="nearest")
    if mask.any() and not mask.all():
        axis.contour(mask, [0.5], colors="tab:orange", linewidths=0.7)
    axis.set(xticks=[], yticks=[])
    axis.set_ylabel(name, fontsize=8)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
