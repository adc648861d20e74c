"""The U-Net, as its paper has it and with same padding.

Source: Ronneberger, Fischer and Brox, "U-Net: convolutional networks for biomedical image
segmentation" (2015), figure 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph.errors import ShapeError
from tinygraph.graph import origin_here, place_of, scope
from tinygraph.models.parts import ImageSize, image_input
from tinygraph.nn import (
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    Dropout,
    Input,
    MaxPooling2D,
    Model,
)
from tinygraph.nn.layers import Cropping2D
from tinygraph.nn.symbol import Symbol


def unet(
    classes: int = 2,
    image_size: ImageSize = 572,
    channels: int = 1,
    base: int = 64,
    depth: int = 4,
    dropout: float = 0.5,
    activation: Any = None,
) -> Model:
    """The paper's: N,572,572,1 -> N,388,388,2 (logits). 31,030,658 parameters as it stands.

    Its convolutions do not pad: each takes two rows and columns away, so the copies on the way up
    are cropped to what is left. An image size for which a pool would leave something out is an
    error that names the next ones. `dropout` is at the end of the way down.
    """
    inputs = image_input(image_size, channels)
    require_fitting(inputs.shape[1:3], depth)
    x = inputs
    copies: list[Symbol] = []
    for level in range(depth):
        with scope(f"down{level + 1}"):
            x = double_conv(x, base * 2**level, "valid")
            if dropout and level == depth - 1:
                x = Dropout(dropout)(x)
            copies.append(x)
            x = MaxPooling2D(2)(x)
    with scope("bottom"):
        x = double_conv(x, base * 2**depth, "valid")
        x = Dropout(dropout)(x) if dropout else x
    for level in reversed(range(depth)):
        with scope(f"up{level + 1}"):
            x = Conv2DTranspose(
                base * 2**level, 2, strides=2, activation="relu", kernel_initializer="he_normal"
            )(x)
            x = Concatenate()([crop_to(copies[level], x), x])
            x = double_conv(x, base * 2**level, "valid")
    return Model(inputs, Conv2D(classes, 1, activation=activation, name="head")(x), name="unet")


def classic_unet(base: int = 32, depth: int = 4, channels: int = 1, classes: int = 2) -> Model:
    """N,H,W,channels -> N,H,W,classes (logits), for H and W that 2**depth divides.

    Each of `depth` levels halves the image and doubles the channels, beginning with `base`; on the
    way back up each level joins its copy. 7,759,554 parameters as it stands.
    """
    x = inputs = Input((None, None, channels))
    copies: list[Symbol] = []
    for level in range(depth):
        with scope(f"down{level + 1}"):
            x = double_conv(x, base * 2**level)
            copies.append(x)
            x = MaxPooling2D(2)(x)
    with scope("bottom"):
        x = double_conv(x, base * 2**depth)
    for level in reversed(range(depth)):
        with scope(f"up{level + 1}"):
            x = Conv2DTranspose(base * 2**level, 2, strides=2)(x)
            x = Concatenate()([copies[level], x])
            x = double_conv(x, base * 2**level)
    return Model(inputs, Conv2D(classes, 1, name="head")(x), name="classic_unet")


def double_conv(x: Symbol, filters: int, padding: str = "same") -> Symbol:
    """Two 3x3 convolutions with ReLU; He's initialisation, as in the paper."""
    for _ in range(2):
        x = Conv2D(filters, 3, padding=padding, activation="relu", kernel_initializer="he_normal")(
            x
        )
    return x


def crop_to(copy: Symbol, x: Symbol) -> Symbol:
    """The middle of `copy`, as high and wide as x."""
    margins: list[tuple[int, int]] = []
    for large, small in zip(copy.shape[1:3], x.shape[1:3], strict=True):
        extra = (large or 0) - (small or 0)
        margins.append((extra // 2, extra - extra // 2))
    return Cropping2D(margins)(copy)


def output_extent(extent: int, depth: int) -> int | None:
    """What the U-Net without padding gives for an extent; None where it does not fit."""
    for _ in range(depth):
        extent -= 4
        if extent <= 0 or extent % 2:
            return None
        extent //= 2
    extent -= 4
    if extent <= 0:
        return None
    for _ in range(depth):
        extent = 2 * extent - 4
    return extent if extent > 0 else None


def require_fitting(extents: Sequence[int | None], depth: int) -> None:
    """Refuses images that the U-Net without padding cannot halve `depth` times."""
    for extent in extents:
        if extent is None:
            raise ShapeError(
                "unet crops its copies, so it needs to know the image size; classic_unet takes any"
                f"{place_of(origin_here())}"
            )
        if output_extent(extent, depth) is None:
            step, least = 2**depth, _least(depth)
            below = max(least, extent - (extent - least) % step)
            above = below if below > extent else below + step
            fitting = f"{below} or {above}" if below < extent else f"{above}"
            raise ShapeError(
                f"unet with depth {depth} cannot halve {extent} rows or columns; {fitting} would "
                f"fit{place_of(origin_here())}"
            )


def _least(depth: int) -> int:
    """The smallest extent that fits."""
    return next(n for n in range(1, 16 * 2**depth + 16) if output_extent(n, depth) is not None)
