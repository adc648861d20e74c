"""The two nets of lecture 1: is there a smiley, and a ring around it in place of the smiley."""

from __future__ import annotations

from tinygraph.graph import scope
from tinygraph.models.parts import ImageSize, image_input
from tinygraph.models.unet import double_conv
from tinygraph.nn import Concatenate, Conv2D, Conv2DTranspose, Dense, MaxPooling2D, Model
from tinygraph.nn.layers import GlobalMaxPooling2D


def smiley_classifier(
    image_size: ImageSize = None, channels: int = 1, filters: int = 1, kernel_size: int = 11
) -> Model:
    """N,H,W,channels -> N,1: the probability that a smiley is somewhere in the image.

    One convolution looks for it everywhere, the maximum over all places says whether it was found.
    Its loss is binary cross-entropy. 124 parameters, whatever the size of the images: a kernel as
    large as a face of `tg.data.smileys`. The last weight begins at 1, so that a kernel becomes what
    is looked for; beginning below 0 it would become its negative, which noise hides.
    """
    x = inputs = image_input(image_size, channels)
    x = Conv2D(filters, kernel_size, name="conv")(x)
    x = GlobalMaxPooling2D(name="pool")(x)
    output = Dense(1, activation="sigmoid", kernel_initializer="ones", name="output")
    return Model(inputs, output(x), name="smiley_classifier")


def smiley_ring_unet(image_size: ImageSize = None, channels: int = 1, base: int = 8) -> Model:
    """N,H,W,channels -> N,H,W,1: a clean ring for a blurry smiley, for even H and W.

    A U-Net with one max pool and ReLU; its loss is the mean squared error. 6,425 parameters.
    """
    inputs = image_input(image_size, channels)
    with scope("down1"):
        copy = double_conv(inputs, base)
        x = MaxPooling2D(2)(copy)
    with scope("bottom"):
        x = double_conv(x, 2 * base)
    with scope("up1"):
        x = Conv2DTranspose(base, 2, strides=2)(x)
        x = Concatenate()([copy, x])
        x = double_conv(x, base)
    return Model(inputs, Conv2D(1, 1, name="head")(x), name="smiley_ring_unet")
