"""What pets_unet.py draws: a contact sheet of predictions, and how the training went."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _figures import new_figure, save_figure, show_image
from _scores import Mask
from numpy.typing import NDArray

MOST, COLUMNS = 30, 6
TRUTH, FOUND = "deepskyblue", "orangered"


def save_sheet(
    path: Path,
    images: NDArray[Any],
    truth: Sequence[Mask],
    found: Sequence[Mask],
    titles: Sequence[str],
) -> None:
    """The first images, each with the outlines of what is there and of what was found."""
    count = min(MOST, len(images))
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    figure, axes = new_figure(rows, columns, 2.1 * columns, 2.3 * rows + 0.3)
    for axis in axes.ravel():
        axis.set_axis_off()
    for axis, image, t, f, title in zip(axes.ravel(), images[:count], truth, found, titles):
        show_image(axis, stretched(image), title)
        for mask, colour in ((t, TRUTH), (f, FOUND)):
            if mask.any() and not mask.all():
                axis.contour(mask, [0.5], colors=colour, linewidths=0.8)
    figure.suptitle("test images with their Dice: truth blue, prediction red", fontsize=10)
    save_figure(figure, path)


def stretched(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """From black to white, so that dark images are seen too."""
    low, high = np.percentile(image, (0.5, 99.5))
    part = (image.astype(np.float64) - low) / max(1.0, high - low)
    return (255 * np.clip(part, 0, 1)).astype(np.uint8)


def save_curves(path: Path, history: dict[str, list[float]], every: int) -> None:
    """Loss and Dice after each epoch; of the validation images after every so many."""
    figure, axes = new_figure(1, 2, 9, 3.4)
    for axis, name in zip(axes[0], ("loss", "dice")):
        values = history[name]
        axis.plot(np.arange(1, len(values) + 1), values, label="training, augmented")
        validated = history.get(f"val_{name}", [])
        epochs = every * np.arange(1, len(validated) + 1)
        axis.plot(epochs, validated, "o-", markersize=3, label="validation")
        axis.set(xlabel="epoch", ylabel=name)
        axis.legend(fontsize=8)
    axes[0, 0].set_yscale("log")
    axes[0, 1].set_ylim(0, 1)
    save_figure(figure, path)
