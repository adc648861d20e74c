"""Xception: residual blocks of depthwise separable convolutions.

Source: Chollet, "Xception: deep learning with depthwise separable convolutions" (2017), figure 5;
batch normalisation as in keras.applications.
"""

from __future__ import annotations

from typing import Any

from tinygraph.graph import scope
from tinygraph.models.parts import ImageSize, image_input
from tinygraph.nn import (
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    MaxPooling2D,
    Model,
    ReLU,
)
from tinygraph.nn.layers import SeparableConv2D
from tinygraph.nn.symbol import Symbol


def xception(
    classes: int = 1000,
    image_size: ImageSize = 299,
    channels: int = 3,
    middle: int = 8,
    activation: Any = None,
) -> Model:
    """N,H,W,channels -> N,classes (logits), with `middle` blocks in the middle.

    22,910,480 parameters, of which 22,855,952 are trained.
    """
    inputs = image_input(image_size, channels)
    with scope("stem"):
        x = ReLU()(BatchNormalization()(Conv2D(32, 3, strides=2, use_bias=False)(inputs)))
        x = ReLU()(BatchNormalization()(Conv2D(64, 3, use_bias=False)(x)))
    for number, filters in enumerate((128, 256, 728), 2):
        with scope(f"entry{number}"):
            x = shrinking_block(x, filters, filters, active=number > 2)
    for number in range(5, 5 + middle):
        with scope(f"middle{number}"):
            x = middle_block(x)
    with scope(f"exit{5 + middle}"):
        x = shrinking_block(x, x.shape[-1] or 728, 1024)
    with scope(f"exit{6 + middle}"):
        x = ReLU()(separable(x, 1536))
        x = ReLU()(separable(x, 2048))
    x = GlobalAveragePooling2D()(x)
    return Model(inputs, Dense(classes, activation=activation, name="fc")(x), name="xception")


def shrinking_block(x: Symbol, first: int, second: int, active: bool = True) -> Symbol:
    """Two separable convolutions and a pool, beside a 1x1 convolution: H,W -> H/2,W/2

    `active` puts a ReLU at the beginning.
    """
    y = separable(ReLU()(x) if active else x, first)
    y = separable(ReLU()(y), second)
    y = MaxPooling2D(3, strides=2, padding="same")(y)
    with scope("shortcut"):
        x = Conv2D(second, 1, strides=2, padding="same", use_bias=False)(x)
        x = BatchNormalization()(x)
    return Add()([y, x])


def middle_block(x: Symbol) -> Symbol:
    """x + three separable convolutions of x; the shape stays."""
    y = x
    for _ in range(3):
        y = separable(ReLU()(y), x.shape[-1] or 728)
    return Add()([y, x])


def separable(x: Symbol, filters: int) -> Symbol:
    """A separable 3x3 convolution and batch normalisation."""
    x = SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
    return BatchNormalization()(x)
