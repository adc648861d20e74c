"""Residual networks.

Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2015), table 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tinygraph.errors import TinygraphError
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
from tinygraph.nn.symbol import Symbol


@dataclass(frozen=True)
class Style:
    """What differs between the residual networks in use."""

    bias: bool = False
    """Whether convolutions have a bias, as in keras.applications; the batch norm has one anyway."""
    stride_in: str = "1x1"
    """The convolution of a bottleneck that halves the image: "1x1" (paper) or "3x3" (PyTorch)."""
    shortcut_first: bool = False
    """Whether the projection is made before the convolutions beside it: the order of weights."""
    momentum: float = 0.9
    epsilon: float = 1e-5


STYLES = {
    "paper": Style(),
    "torch": Style(stride_in="3x3"),
    "keras": Style(bias=True, shortcut_first=True, momentum=0.99, epsilon=1.001e-5),
}
"""The paper's, torchvision's (where ResNet-18 and 34 are the paper's) and keras.applications'."""


def resnet18(classes: int = 1000, **options: Any) -> Model:
    """ResNet-18: N,H,W,channels -> N,classes (logits). 11,689,512 trained parameters.

    Options: image_size=224 (one extent, two, or None for any), channels=3,
    style="paper" (or "torch", "keras", or a `Style`), activation=None.
    """
    return resnet("resnet18", basic_block, (2, 2, 2, 2), classes, **options)


def resnet34(classes: int = 1000, **options: Any) -> Model:
    """ResNet-34; as `resnet18`. 21,797,672 trained parameters."""
    return resnet("resnet34", basic_block, (3, 4, 6, 3), classes, **options)


def resnet50(classes: int = 1000, **options: Any) -> Model:
    """ResNet-50; as `resnet18`. 25,557,032 trained parameters.

    With style="keras" 25,636,712 in all.
    """
    return resnet("resnet50", bottleneck, (3, 4, 6, 3), classes, **options)


def resnet101(classes: int = 1000, **options: Any) -> Model:
    """ResNet-101; as `resnet18`. 44,549,160 trained parameters.

    With style="keras" 44,707,176 in all.
    """
    return resnet("resnet101", bottleneck, (3, 4, 23, 3), classes, **options)


def resnet152(classes: int = 1000, **options: Any) -> Model:
    """ResNet-152; as `resnet18`. 60,192,808 trained parameters.

    With style="keras" 60,419,944 in all.
    """
    return resnet("resnet152", bottleneck, (3, 8, 36, 3), classes, **options)


Block = Callable[[Symbol, int, int, Style], Symbol]
"""A block for (input, width, stride, style)."""


def resnet(
    name: str,
    block: Block,
    depths: Sequence[int],
    classes: int,
    image_size: ImageSize = 224,
    channels: int = 3,
    style: str | Style = "paper",
    activation: Any = None,
) -> Model:
    """A stem, four stages of `depths` blocks with 64, 128, 256, 512 channels, one dense layer."""
    if isinstance(style, str):
        if style not in STYLES:
            raise TinygraphError(f"{name}: style is {', '.join(STYLES)}, or a Style; got {style!r}")
        style = STYLES[style]
    inputs = image_input(image_size, channels)
    with scope("stem"):
        x = ReLU()(conv_bn(inputs, 64, 7, 2, style))
        x = MaxPooling2D(3, strides=2, padding=1)(x)
    for stage, depth in enumerate(depths):
        for number in range(depth):
            with scope(f"res{stage + 2}{block_letter(number, depth)}"):
                stride = 2 if stage > 0 and number == 0 else 1
                x = block(x, 64 * 2**stage, stride, style)
    x = GlobalAveragePooling2D()(x)
    return Model(inputs, Dense(classes, activation=activation, name="fc")(x), name=name)


def basic_block(x: Symbol, width: int, stride: int, style: Style) -> Symbol:
    """relu(x + two 3x3 convolutions of x): H,W,C -> H/stride,W/stride,width"""

    def convolved(x: Symbol) -> Symbol:
        y = ReLU()(conv_bn(x, width, 3, stride, style))
        return conv_bn(y, width, 3, 1, style)

    return residual(x, convolved, width, stride, style)


def bottleneck(x: Symbol, width: int, stride: int, style: Style) -> Symbol:
    """relu(x + a 1x1, a 3x3 and a 1x1 convolution of x): H,W,C -> H/stride,W/stride,4*width"""
    first, second = (stride, 1) if style.stride_in == "1x1" else (1, stride)

    def convolved(x: Symbol) -> Symbol:
        y = ReLU()(conv_bn(x, width, 1, first, style))
        y = ReLU()(conv_bn(y, width, 3, second, style))
        return conv_bn(y, 4 * width, 1, 1, style)

    return residual(x, convolved, 4 * width, stride, style)


def residual(
    x: Symbol, convolved: Callable[[Symbol], Symbol], width: int, stride: int, style: Style
) -> Symbol:
    """relu(x + convolved(x)), where x is projected if its shape is another."""
    if style.shortcut_first:
        both = [shortcut(x, width, stride, style), convolved(x)]
    else:
        both = [convolved(x), shortcut(x, width, stride, style)]
    return ReLU()(Add()(both))


def shortcut(x: Symbol, width: int, stride: int, style: Style) -> Symbol:
    """x itself where its shape stays, else projected by a 1x1 convolution (the paper's B)."""
    if stride == 1 and x.shape[-1] == width:
        return x
    with scope("shortcut"):
        return conv_bn(x, width, 1, stride, style)


def conv_bn(x: Symbol, filters: int, size: int, stride: int, style: Style) -> Symbol:
    """A convolution that keeps the size but for its stride, and batch normalisation."""
    x = Conv2D(
        filters,
        size,
        strides=stride,
        padding=size // 2,
        use_bias=style.bias,
        kernel_initializer="he_normal",
    )(x)
    return BatchNormalization(momentum=style.momentum, epsilon=style.epsilon)(x)


def block_letter(number: int, depth: int) -> str:
    """a, b, c ... as in the paper's models; a, b1, b2 ... where letters run out."""
    if depth <= 26:
        return chr(ord("a") + number)
    return "a" if number == 0 else f"b{number}"
