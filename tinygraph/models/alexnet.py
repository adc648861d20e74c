"""AlexNet.

Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural
networks" (2012). The paper's two halves, each on a GPU of its own, are convolutions with
`groups=2`. Lecture 4 begins with 227x227 images, without halves; lecture 3 draws 224x224 images and
no normalisation.
"""

from __future__ import annotations

from typing import Any

from tinygraph.models.parts import ImageSize, dense_head, image_input
from tinygraph.nn import Conv2D, LocalResponseNormalization, MaxPooling2D, Model


def alexnet(
    classes: int = 1000,
    image_size: ImageSize = 227,
    channels: int = 3,
    groups: int = 1,
    normalized: bool = True,
    activation: Any = None,
) -> Model:
    """N,H,W,channels -> N,classes (logits).

    62,378,344 parameters; 60,965,224 with groups=2; 50,844,008 with image_size=224. `normalized`
    puts local response normalisation after the first two convolutions.
    """
    x = inputs = image_input(image_size, channels)
    x = Conv2D(96, 11, strides=4, activation="relu", name="conv1")(x)
    if normalized:
        x = LocalResponseNormalization(name="norm1")(x)
    x = MaxPooling2D(3, strides=2, name="pool1")(x)
    x = Conv2D(256, 5, padding=2, groups=groups, activation="relu", name="conv2")(x)
    if normalized:
        x = LocalResponseNormalization(name="norm2")(x)
    x = MaxPooling2D(3, strides=2, name="pool2")(x)
    x = Conv2D(384, 3, padding=1, activation="relu", name="conv3")(x)
    x = Conv2D(384, 3, padding=1, groups=groups, activation="relu", name="conv4")(x)
    x = Conv2D(256, 3, padding=1, groups=groups, activation="relu", name="conv5")(x)
    x = MaxPooling2D(3, strides=2, name="pool5")(x)
    return Model(inputs, dense_head(x, classes, activation), name="alexnet")
