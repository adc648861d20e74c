"""The U-Net of Keras's pet segmentation example, in the style of Xception, from lecture 5.

Source: Chollet, "Image segmentation with a U-Net-like architecture" (keras.io, 2019), with the
residual blocks of separable convolutions of Xception (2017). Unlike the U-Net it has no copies
from the way down to the way up.
"""

from __future__ import annotations

from typing import Any

from tinygraph.graph import scope
from tinygraph.models.parts import ImageSize, image_input
from tinygraph.nn import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Dropout,
    GlobalAveragePooling2D,
    MaxPooling2D,
    Model,
    UpSampling2D,
)
from tinygraph.nn.layers import SeparableConv2D
from tinygraph.nn.symbol import Symbol

WIDTHS = (64, 128, 256)
"""The channels of the blocks on the way down."""


def pets_unet(
    classes: int = 3,
    image_size: ImageSize = 160,
    channels: int = 3,
    activation: Any = "softmax",
) -> Model:
    """N,H,W,channels -> N,H,W,classes (probabilities), for H and W that 16 divides.

    2,058,979 parameters as it stands, of which 2,055,203 are trained. `activation=None` gives
    logits.
    """
    inputs = image_input(image_size, channels)
    x = encoder(inputs)
    widths = [*reversed(WIDTHS), 32]
    for number, filters in zip(range(len(widths), 0, -1), widths, strict=True):
        with scope(f"up{number}"):
            x = up_block(x, filters)
    head = Conv2D(classes, 3, padding="same", activation=activation, name="head")
    return Model(inputs, head(x), name="pets_unet")


def encoder_classifier(
    classes: int = 100,
    image_size: ImageSize = 160,
    channels: int = 3,
    activation: Any = "softmax",
) -> Model:
    """The way down alone, as a classifier: N,H,W,channels -> N,classes (probabilities).

    232,644 parameters. As in the lecture, dropout comes after the softmax: in training half of the
    probabilities are 0, so evaluate, or use the activation None and drop before it, to see more.
    """
    inputs = image_input(image_size, channels)
    x = encoder(inputs)
    with scope("final"):
        x = SeparableConv2D(128, 3, padding="same")(x)
        x = BatchNormalization()(x)
        x = Activation("relu")(x)
    x = GlobalAveragePooling2D()(x)
    x = Dense(classes, activation=activation)(x)
    return Model(inputs, Dropout(0.5)(x), name="encoder_classifier")


def encoder(x: Symbol) -> Symbol:
    """The way down: H,W,C -> H/16,W/16,256"""
    with scope("entry"):
        x = Conv2D(32, 3, strides=2, padding="same")(x)
        x = BatchNormalization()(x)
        x = Activation("relu")(x)
    for number, filters in enumerate(WIDTHS, 1):
        with scope(f"down{number}"):
            x = down_block(x, filters)
    return x


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
