"""The U-Net of Keras's pet segmentation example, in the style of Xception, from lecture 5.

Source: F. Chollet, "Image segmentation with a U-Net-like architecture" (keras.io, 2019), with the
residual blocks of separable convolutions of Xception (2017). Unlike the U-Net it has no copies
from the way down to the way up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph.graph import scope
from tinygraph.models.separable import SeparableConv2D
from tinygraph.nn import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Input,
    MaxPooling2D,
    Model,
    UpSampling2D,
)
from tinygraph.nn.symbol import Symbol

WIDTHS = (64, 128, 256)
"""The channels of the blocks on the way down."""


def pets_unet(
    classes: int = 3,
    image_size: int | Sequence[int | None] | None = 160,
    channels: int = 3,
    activation: Any = "softmax",
) -> Model:
    """N,H,W,channels -> N,H,W,classes (probabilities), for H and W that 16 divides.

    `image_size` is one extent, two, or None for any. 2,058,979 parameters as it stands, of which
    2,055,203 are trained. `activation=None` gives logits.
    """
    height, width = image_size if isinstance(image_size, Sequence) else (image_size, image_size)
    inputs = Input((height, width, channels))
    with scope("entry"):
        x = entry_block(inputs)
    for number, filters in enumerate(WIDTHS, 1):
        with scope(f"down{number}"):
            x = down_block(x, filters)
    widths = [*reversed(WIDTHS), 32]
    for number, filters in zip(range(len(widths), 0, -1), widths, strict=True):
        with scope(f"up{number}"):
            x = up_block(x, filters)
    head = Conv2D(classes, 3, padding="same", activation=activation, name="head")
    return Model(inputs, head(x), name="pets_unet")


def entry_block(x: Symbol) -> Symbol:
    """A convolution that halves the image: H,W,C -> H/2,W/2,32"""
    x = Conv2D(32, 3, strides=2, padding="same")(x)
    x = BatchNormalization()(x)
    return Activation("relu")(x)


def down_block(x: Symbol, filters: int) -> Symbol:
    """Two separable convolutions and a pool, beside a 1x1 convolution: H,W -> H/2,W/2"""
    before = x
    for _ in range(2):
        x = Activation("relu")(x)
        x = SeparableConv2D(filters, 3, padding="same")(x)
        x = BatchNormalization()(x)
    x = MaxPooling2D(3, strides=2, padding="same")(x)
    residual = Conv2D(filters, 1, strides=2, padding="same")(before)
    return Add()([x, residual])


def up_block(x: Symbol, filters: int) -> Symbol:
    """Two transposed convolutions, then upsampling, beside a 1x1 convolution: H,W -> 2H,2W"""
    before = x
    for _ in range(2):
        x = Activation("relu")(x)
        x = Conv2DTranspose(filters, 3, padding="same")(x)
        x = BatchNormalization()(x)
    x = UpSampling2D(2)(x)
    residual = UpSampling2D(2)(before)
    residual = Conv2D(filters, 1, padding="same")(residual)
    return Add()([x, residual])
