"""The U-Net with same padding.

Source: Ronneberger, Fischer and Brox, "U-Net: convolutional networks for biomedical image
segmentation" (2015); there the convolutions are unpadded and the copies cropped.
"""

from __future__ import annotations

from tinygraph.graph import scope
from tinygraph.nn import Concatenate, Conv2D, Conv2DTranspose, Input, MaxPooling2D, Model
from tinygraph.nn.symbol import Symbol


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


def double_conv(x: Symbol, filters: int) -> Symbol:
    """Two 3x3 convolutions with ReLU that keep the size; He's initialisation, as in the paper."""
    for _ in range(2):
        x = Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal")(x)
    return x
