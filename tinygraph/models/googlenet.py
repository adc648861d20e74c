"""GoogLeNet, the first Inception network, without batch normalisation.

Source: Szegedy and others, "Going deeper with convolutions" (2014), table 1 and section 5.
"""

from __future__ import annotations

from typing import Any

from tinygraph.graph import scope
from tinygraph.models.parts import ImageSize, image_input
from tinygraph.nn import (
    AveragePooling2D,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    LocalResponseNormalization,
    MaxPooling2D,
    Model,
)
from tinygraph.nn.symbol import Symbol

MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""Filters of each module: 1x1, before 3x3, 3x3, before 5x5, 5x5, after the pool."""
POOLED = {"3b", "4e"}
"""The modules with a pool after them."""
WATCHED = {"4a": "aux1", "4d": "aux2"}
"""The modules with an auxiliary head."""


def googlenet(
    classes: int = 1000,
    image_size: ImageSize = 224,
    channels: int = 3,
    auxiliary: bool = False,
    activation: Any = None,
) -> Model:
    """N,H,W,channels -> N,classes (logits). 6,998,552 parameters.

    With `auxiliary` it gives a list of three: its own logits and those of the two heads in its
    middle, which helped to train it (their losses counted 0.3 each). 13,378,280 parameters.
    """
    inputs = image_input(image_size, channels)
    with scope("stem"):
        x = stem(inputs)
    heads: list[Symbol] = []
    for name, filters in MODULES.items():
        with scope(f"inception_{name}"):
            x = inception(x, *filters)
        if auxiliary and name in WATCHED:
            with scope(WATCHED[name]):
                heads.append(auxiliary_head(x, classes, activation))
        if name in POOLED:
            x = MaxPooling2D(3, strides=2, padding="same", name=f"pool{name[0]}")(x)
    x = GlobalAveragePooling2D(name="pool5")(x)
    x = Dropout(0.4, name="drop")(x)
    logits = Dense(classes, activation=activation, name="fc")(x)
    return Model(inputs, [logits, *heads] if auxiliary else logits, name="googlenet")


def stem(x: Symbol) -> Symbol:
    """H,W,C -> H/8,W/8,192"""
    x = Conv2D(64, 7, strides=2, padding="same", activation="relu", name="conv1")(x)
    x = MaxPooling2D(3, strides=2, padding="same", name="pool1")(x)
    x = LocalResponseNormalization(name="norm1")(x)
    x = Conv2D(64, 1, activation="relu", name="conv2_reduce")(x)
    x = Conv2D(192, 3, padding="same", activation="relu", name="conv2")(x)
    x = LocalResponseNormalization(name="norm2")(x)
    return MaxPooling2D(3, strides=2, padding="same", name="pool2")(x)


def inception(
    x: Symbol,
    ones: int,
    before_threes: int,
    threes: int,
    before_fives: int,
    fives: int,
    pooled: int,
) -> Symbol:
    """Four branches side by side, their channels one after the other."""
    one = Conv2D(ones, 1, activation="relu", name="1x1")(x)
    three = Conv2D(before_threes, 1, activation="relu", name="3x3_reduce")(x)
    three = Conv2D(threes, 3, padding="same", activation="relu", name="3x3")(three)
    five = Conv2D(before_fives, 1, activation="relu", name="5x5_reduce")(x)
    five = Conv2D(fives, 5, padding="same", activation="relu", name="5x5")(five)
    pool = MaxPooling2D(3, strides=1, padding="same", name="pool")(x)
    pool = Conv2D(pooled, 1, activation="relu", name="pool_proj")(pool)
    return Concatenate(name="concat")([one, three, five, pool])


def auxiliary_head(x: Symbol, classes: int, activation: Any) -> Symbol:
    """A small classifier on what the middle of the network sees."""
    x = AveragePooling2D(5, strides=3, name="pool")(x)
    x = Conv2D(128, 1, activation="relu", name="conv")(x)
    x = Flatten(name="flatten")(x)
    x = Dense(1024, activation="relu", name="fc1")(x)
    x = Dropout(0.7, name="drop")(x)
    return Dense(classes, activation=activation, name="fc2")(x)
