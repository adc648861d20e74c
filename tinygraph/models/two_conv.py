"""The classifier of lecture 2: two convolutions with pools, for images of one class or another."""

from __future__ import annotations

from tinygraph.models.parts import ImageSize, image_input
from tinygraph.nn import Conv2D, Dense, Flatten, MaxPooling2D, Model


def two_conv(image_size: ImageSize = 64, channels: int = 1) -> Model:
    """N,H,W,channels -> N,1 (a probability). 824,201 parameters.

    Its loss is binary cross-entropy: the categorical one of the lecture is 0 on a single sigmoid.
    """
    x = inputs = image_input(image_size, channels)
    x = Conv2D(16, 3, strides=(1, 1), padding="same", activation="relu")(x)
    x = MaxPooling2D((2, 2), strides=(2, 2), padding="valid")(x)
    x = Conv2D(32, 3, strides=(1, 1), padding="same", activation="relu")(x)
    x = MaxPooling2D((2, 2), strides=(2, 2), padding="valid")(x)
    x = Flatten()(x)
    x = Dense(100, activation="relu")(x)
    return Model(inputs, Dense(1, activation="sigmoid")(x), name="two_conv")
