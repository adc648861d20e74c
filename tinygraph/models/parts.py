"""What several families of models are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph.nn import Dense, Dropout, Flatten, Input
from tinygraph.nn.symbol import Symbol

ImageSize = int | Sequence[int | None] | None
"""Height and width of images: one extent for both, two, or None for any."""


def image_input(image_size: ImageSize, channels: int) -> Symbol:
    """The input for images N,H,W,channels."""
    height, width = image_size if isinstance(image_size, Sequence) else (image_size, image_size)
    return Input((height, width, channels))


def dense_head(x: Symbol, classes: int, activation: Any, first: int = 6) -> Symbol:
    """AlexNet's and VGG's end: two layers of 4096 with dropout, then the classes."""
    x = Flatten()(x)
    for number in (first, first + 1):
        x = Dense(4096, activation="relu", name=f"fc{number}")(x)
        x = Dropout(0.5, name=f"drop{number}")(x)
    return Dense(classes, activation=activation, name=f"fc{first + 2}")(x)
