"""ZFNet: AlexNet with a finer beginning.

Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2013), figure 3;
the wide one is the last row of their table 1, which ImageNet 2013 was won with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph.models.parts import ImageSize, dense_head, image_input
from tinygraph.nn import Conv2D, LocalResponseNormalization, MaxPooling2D, Model


def zfnet(
    classes: int = 1000,
    image_size: ImageSize = 224,
    channels: int = 3,
    widths: Sequence[int] = (384, 384, 256),
    activation: Any = None,
) -> Model:
    """N,H,W,channels -> N,classes (logits); `widths` are the filters of the last convolutions.

    62,357,608 parameters; 107,627,624 with widths 512, 1024, 512.
    """
    x = inputs = image_input(image_size, channels)
    x = Conv2D(96, 7, strides=2, padding=1, activation="relu", name="conv1")(x)
    x = MaxPooling2D(3, strides=2, padding=1, name="pool1")(x)
    x = LocalResponseNormalization(name="norm1")(x)
    x = Conv2D(256, 5, strides=2, activation="relu", name="conv2")(x)
    x = MaxPooling2D(3, strides=2, padding=1, name="pool2")(x)
    x = LocalResponseNormalization(name="norm2")(x)
    for number, filters in enumerate(widths, 3):
        x = Conv2D(filters, 3, padding=1, activation="relu", name=f"conv{number}")(x)
    x = MaxPooling2D(3, strides=2, name="pool5")(x)
    return Model(inputs, dense_head(x, classes, activation), name="zfnet")
