"""The VGG networks.

Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition"
(2014), table 1, columns A to E.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph.graph import scope
from tinygraph.models.parts import ImageSize, dense_head, image_input
from tinygraph.nn import Conv2D, LocalResponseNormalization, MaxPooling2D, Model

WIDTHS = (64, 128, 256, 512, 512)
"""The filters in each block."""


def vgg11(classes: int = 1000, **options: Any) -> Model:
    """Column A: N,H,W,channels -> N,classes (logits). 132,863,336 parameters.

    Options: image_size=224, channels=3, activation=None.
    """
    return vgg("vgg11", [(3,), (3,), (3, 3), (3, 3), (3, 3)], classes, **options)


def vgg11_lrn(classes: int = 1000, **options: Any) -> Model:
    """Column A-LRN: local response normalisation after the first convolution; as `vgg11`."""
    blocks = [(3,), (3,), (3, 3), (3, 3), (3, 3)]
    return vgg("vgg11_lrn", blocks, classes, normalized=True, **options)


def vgg13(classes: int = 1000, **options: Any) -> Model:
    """Column B; as `vgg11`. 133,047,848 parameters."""
    return vgg("vgg13", [(3, 3)] * 5, classes, **options)


def vgg16_c(classes: int = 1000, **options: Any) -> Model:
    """Column C, with 1x1 convolutions; as `vgg11`. 133,638,952 parameters."""
    blocks = [(3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)]
    return vgg("vgg16_c", blocks, classes, **options)


def vgg16(classes: int = 1000, **options: Any) -> Model:
    """Column D; as `vgg11`. 138,357,544 parameters."""
    blocks = [(3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)]
    return vgg("vgg16", blocks, classes, **options)


def vgg19(classes: int = 1000, **options: Any) -> Model:
    """Column E; as `vgg11`. 143,667,240 parameters."""
    blocks = [(3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)]
    return vgg("vgg19", blocks, classes, **options)


def vgg(
    name: str,
    blocks: Sequence[Sequence[int]],
    classes: int,
    image_size: ImageSize = 224,
    channels: int = 3,
    normalized: bool = False,
    activation: Any = None,
) -> Model:
    """Blocks of convolutions, whose kernel sizes are given, with a pool after each."""
    x = inputs = image_input(image_size, channels)
    for number, (kernel_sizes, filters) in enumerate(zip(blocks, WIDTHS, strict=True), 1):
        with scope(f"block{number}"):
            for k, size in enumerate(kernel_sizes, 1):
                conv = Conv2D(
                    filters,
                    size,
                    padding="same",
                    activation="relu",
                    kernel_initializer="he_normal",
                    name=f"conv{k}",
                )
                x = conv(x)
            if normalized and number == 1:
                x = LocalResponseNormalization(name="norm")(x)
            x = MaxPooling2D(2, name="pool")(x)
    return Model(inputs, dense_head(x, classes, activation), name=name)
