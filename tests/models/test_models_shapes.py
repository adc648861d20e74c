"""What the decks and papers say of the shapes inside, and what the models refuse."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import models
from tinygraph.models.unet import output_extent
from tinygraph.nn.summary import rows


def spaces(name: str, *kinds: str, **options: object) -> list[int]:
    """The heights of the outputs of all layers of these kinds."""
    found = rows(models.build(name, None, **options))
    return [int(row.shape.split(",")[1]) for row in found if row.kind in kinds]


CONV_POOL = ("Conv2D", "MaxPooling2D", "AveragePooling2D")


def test_lenet5_as_lecture_3_draws_it() -> None:
    assert spaces("lenet5", *CONV_POOL) == [28, 14, 10, 5]


def test_alexnet() -> None:
    assert spaces("alexnet", *CONV_POOL) == [55, 27, 27, 13, 13, 13, 13, 6]
    assert spaces("alexnet_224", *CONV_POOL) == [54, 26, 26, 12, 12, 12, 12, 5]


def test_zfnet() -> None:
    assert spaces("zfnet", *CONV_POOL) == [110, 55, 26, 13, 13, 13, 13, 6]


def test_vgg_halves_five_times() -> None:
    assert spaces("vgg16", "MaxPooling2D") == [112, 56, 28, 14, 7]


def test_googlenet() -> None:
    assert spaces("googlenet", "Concatenate") == [28, 28, 14, 14, 14, 14, 14, 7, 7]
    found = {row.name: row.shape for row in rows(models.build("googlenet", None))}
    channels = [int(s.split(",")[-1][:-1]) for n, s in found.items() if n.endswith("/concat")]
    assert channels == [256, 480, 512, 512, 512, 528, 832, 832, 1024]


def test_resnet() -> None:
    assert sorted(set(spaces("resnet50", "Add"))) == [7, 14, 28, 56]
    names = [row.name for row in rows(models.build("resnet152", None)) if row.kind == "Add"]
    assert names[:2] == ["res2a/add", "res2b/add"]
    assert names[11:47][0] == "res4a/add"
    assert names[46] == "res4b35/add"
    assert len(names) == 3 + 8 + 36 + 3


def test_xception() -> None:
    assert spaces("xception", "Add") == [74, 37, 19, *[19] * 8, 10]


def test_unet_of_the_paper() -> None:
    """The heights in figure 1, and the margins that are cropped."""
    convs = [570, 568, 282, 280, 138, 136, 66, 64, 30, 28, 54, 52, 102, 100, 198, 196, 390, 388]
    assert spaces("unet", "Conv2D") == [*convs, 388]
    assert spaces("unet", "Cropping2D") == [56, 104, 200, 392]


@pytest.mark.parametrize("extent", [188, 204, 572, 700])
def test_unet_gives_184_less(extent: int) -> None:
    assert output_extent(extent, 4) == extent - 184


def test_unet_says_which_sizes_fit() -> None:
    with pytest.raises(tg.ShapeError, match=r"cannot halve 500 rows.*; 492 or 508 would fit"):
        models.unet(image_size=500)
    assert output_extent(492, 4) == 308
    assert output_extent(508, 4) == 324
    with pytest.raises(tg.ShapeError, match=r"cannot halve 64 .*188 would fit"):
        models.unet(image_size=64)
    with pytest.raises(tg.ShapeError, match="needs to know the image size; classic_unet takes any"):
        models.unet(image_size=None)


def test_unet_crops_the_middle() -> None:
    """With one level and kernels that copy the middle pixel, what comes out is the middle."""
    model = models.unet(image_size=20, base=1, depth=1, classes=1, dropout=0)
    x = np.random.default_rng(0).random((1, 20, 20, 1), np.float32)
    for path, parameter in model.named_parameters().items():
        value = np.zeros(parameter.shape, np.float32)
        if path.startswith("down1") and path.endswith("kernel"):
            value[1, 1] = 1
        if path.startswith("up1/conv2d") and path.endswith("kernel") and value.shape[0] == 3:
            value[1, 1, 0, 0] = 1  # the first channel is the copy's
        if path == "head/kernel":
            value[...] = 1
        parameter.assign(value)
    y = model(x).numpy()
    assert y.shape == (1, 4, 4, 1)
    np.testing.assert_allclose(y, x[:, 8:12, 8:12])


def test_lenet5_1998_sees_the_channels_of_table_1() -> None:
    """60,000 trained numbers: filter k of C3 depends on the channels that the table names."""
    from tinygraph.models.lenet import SEEN

    layer = models.build("lenet5_1998", 0).get_layer("c3")
    x = np.zeros((6, 5, 5, 6), np.float32)
    for channel in range(6):
        x[channel, ..., channel] = 1
    depends = layer(x).numpy()[:, 0, 0] != layer(np.zeros_like(x)).numpy()[:, 0, 0]
    assert [tuple(np.flatnonzero(column)) for column in depends.T] == list(SEEN)


def test_lenet5_1998_finds_its_own_bitmaps() -> None:
    model = models.build("lenet5_1998", 0)
    layer, bitmaps = model.get_layer("output"), model.named_parameters()["output/bitmaps"].numpy()
    assert sorted(set(bitmaps.ravel())) == [-1, 1]
    logits = layer(bitmaps.copy()).numpy()
    assert (logits.argmax(1) == np.arange(10)).all()
    assert (np.diag(logits) == 0).all()
    assert np.partition(-logits, 1, axis=1)[:, 1].min() >= 4 * 6  # digits differ in six places


def test_squash_is_one_at_one() -> None:
    from tinygraph.models.lenet import squash

    np.testing.assert_allclose(squash(tg.tensor([-1.0, 0, 1])).numpy(), [-1, 0, 1], atol=1e-4)


def test_free_image_sizes() -> None:
    model = models.build("resnet18", None, image_size=None, classes=3)
    assert model(np.zeros((1, 40, 56, 3), np.float32)).shape == (1, 3)
    assert models.build("pets_unet", None, image_size=(32, 48)).outputs.shape == (None, 32, 48, 3)


def test_too_small_an_image_is_an_error_that_names_the_layer() -> None:
    with pytest.raises(tg.ShapeError, match=re.escape("pool2")):
        models.alexnet(image_size=20)
