"""The summary of the pets U-Net, row by row as lecture 5 prints it.

Keras's own figures are right there; the slips are in the text beside the tables: 147587 for
147,584, 32890 for 32,896, 8256 for 867 in the head, and 2048 for the 8,192 weights of conv2d_2.
"""

from __future__ import annotations

import re

import pytest

from tinygraph import models
from tinygraph.nn.layer import snake_case
from tinygraph.nn.summary import rows, summary_text

FIRST = """
input_1                       160,160,3     0
conv2d                        80,80,32    896  input_1
batch_normalization           80,80,32    128  conv2d
activation                    80,80,32      0  batch_normalization
activation_1                  80,80,32      0  activation
separable_conv2d              80,80,64   2400  activation_1
batch_normalization_1         80,80,64    256  separable_conv2d
activation_2                  80,80,64      0  batch_normalization_1
separable_conv2d_1            80,80,64   4736  activation_2
batch_normalization_2         80,80,64    256  separable_conv2d_1
max_pooling2d                 40,40,64      0  batch_normalization_2
conv2d_1                      40,40,64   2112  activation
add                           40,40,64      0  max_pooling2d conv2d_1
"""
SECOND = """
activation_3                  40,40,64      0  add
separable_conv2d_2            40,40,128  8896  activation_3
batch_normalization_3         40,40,128   512  separable_conv2d_2
activation_4                  40,40,128     0  batch_normalization_3
separable_conv2d_3            40,40,128 17664  activation_4
batch_normalization_4         40,40,128   512  separable_conv2d_3
max_pooling2d_1               20,20,128     0  batch_normalization_4
conv2d_2                      20,20,128  8320  add
add_1                         20,20,128     0  max_pooling2d_1 conv2d_2
activation_5                  20,20,128     0  add_1
separable_conv2d_4            20,20,256 34176  activation_5
batch_normalization_5         20,20,256  1024  separable_conv2d_4
activation_6                  20,20,256     0  batch_normalization_5
separable_conv2d_5            20,20,256 68096  activation_6
batch_normalization_6         20,20,256  1024  separable_conv2d_5
max_pooling2d_2               10,10,256     0  batch_normalization_6
conv2d_3                      10,10,256 33024  add_1
add_2                         10,10,256     0  max_pooling2d_2 conv2d_3
"""
THIRD = """
activation_7                  10,10,256      0  add_2
conv2d_transpose              10,10,256 590080  activation_7
batch_normalization_7         10,10,256   1024  conv2d_transpose
activation_8                  10,10,256      0  batch_normalization_7
conv2d_transpose_1            10,10,256 590080  activation_8
batch_normalization_8         10,10,256   1024  conv2d_transpose_1
up_sampling2d_1               20,20,256      0  add_2
up_sampling2d                 20,20,256      0  batch_normalization_8
conv2d_4                      20,20,256  65792  up_sampling2d_1
add_3                         20,20,256      0  up_sampling2d conv2d_4
activation_9                  20,20,256      0  add_3
conv2d_transpose_2            20,20,128 295040  activation_9
batch_normalization_9         20,20,128    512  conv2d_transpose_2
activation_10                 20,20,128      0  batch_normalization_9
conv2d_transpose_3            20,20,128 147584  activation_10
batch_normalization_10        20,20,128    512  conv2d_transpose_3
up_sampling2d_3               40,40,256      0  add_3
up_sampling2d_2               40,40,128      0  batch_normalization_10
conv2d_5                      40,40,128  32896  up_sampling2d_3
add_4                         40,40,128      0  up_sampling2d_2 conv2d_5
activation_11                 40,40,128      0  add_4
conv2d_transpose_4            40,40,64   73792  activation_11
batch_normalization_11        40,40,64     256  conv2d_transpose_4
activation_12                 40,40,64       0  batch_normalization_11
conv2d_transpose_5            40,40,64   36928  activation_12
batch_normalization_12        40,40,64     256  conv2d_transpose_5
up_sampling2d_5               80,80,128      0  add_4
up_sampling2d_4               80,80,64       0  batch_normalization_12
conv2d_6                      80,80,64    8256  up_sampling2d_5
add_5                         80,80,64       0  up_sampling2d_4 conv2d_6
activation_13                 80,80,64       0  add_5
conv2d_transpose_6            80,80,32   18464  activation_13
batch_normalization_13        80,80,32     128  conv2d_transpose_6
activation_14                 80,80,32       0  batch_normalization_13
conv2d_transpose_7            80,80,32    9248  activation_14
batch_normalization_14        80,80,32     128  conv2d_transpose_7
up_sampling2d_7               160,160,64     0  add_5
up_sampling2d_6               160,160,32     0  batch_normalization_14
conv2d_7                      160,160,32  2080  up_sampling2d_7
add_6                         160,160,32     0  up_sampling2d_6 conv2d_7
conv2d_8                      160,160,3    867  add_6
"""
Said = tuple[str, int, tuple[str, ...]]
"""Shape, parameters, connected to."""


@pytest.fixture(scope="module")
def ours() -> dict[str, Said]:
    """The rows of our summary by the names that Keras gives: of a kind, and numbered."""
    counts: dict[str, int] = {}
    names: dict[str, str] = {}
    found: dict[str, Said] = {}
    for row in rows(models.build("pets_unet", None)):
        kind = snake_case(row.kind)
        number = counts[kind] = counts.get(kind, -1) + 1
        names[row.name] = f"{kind}_{number}" if number else kind
        if kind == "input":
            names[row.name] = "input_1"
        sources = tuple(names[name] for name in row.connected.split(", ") if name)
        found[names[row.name]] = (row.shape.removeprefix("[N,")[:-1], row.parameters, sources)
    return found


LINES = [line.split() for line in (FIRST + SECOND + THIRD).splitlines() if line]


@pytest.mark.parametrize(
    ("name", "shape", "parameters", "sources"),
    [(line[0], line[1], int(line[2]), tuple(line[3:])) for line in LINES],
)
def test_row(
    ours: dict[str, Said], name: str, shape: str, parameters: int, sources: tuple[str, ...]
) -> None:
    assert ours[name] == (shape, parameters, sources)


def test_there_is_no_other_row(ours: dict[str, Said]) -> None:
    assert set(ours) == {line[0] for line in LINES}
    assert sum(parameters for _, parameters, _ in ours.values()) == 2_058_979


def test_totals() -> None:
    text = summary_text(models.build("pets_unet", None))
    assert re.search(r"2,058,979 parameters: 2,055,203 trainable, 3,776 not trainable", text)


def test_the_mended_slips(ours: dict[str, Said]) -> None:
    """By the arithmetic beside the tables."""
    assert ours["conv2d_transpose_3"][1] == 3 * 3 * 128 * 128 + 128 == 147_584
    assert ours["conv2d_5"][1] == 256 * 128 + 128 == 32_896
    assert ours["conv2d_8"][1] == 3 * 3 * 32 * 3 + 3 == 867
    assert ours["conv2d_2"][1] - 128 == 64 * 128 == 8_192


def test_the_encoder_as_a_classifier() -> None:
    """Its last rows: separable convolution on 256 channels, normalisation, dense layer."""
    last = rows(models.build("encoder_classifier", None))[-6:]
    assert [row.kind for row in last] == [
        "SeparableConv2D",
        "BatchNormalization",
        "Activation",
        "GlobalAveragePooling2D",
        "Dense",
        "Dropout",
    ]
    assert [row.parameters for row in last] == [35_200, 512, 0, 0, 12_900, 0]
