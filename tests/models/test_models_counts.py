"""The parameters of every model, and how much work two of them are."""

from __future__ import annotations

import pytest

import tinygraph as tg
from tinygraph import models
from tinygraph.bench.flops import contraction_flops
from tinygraph.stages.subject import graph_of

TRAINED = {
    "smiley_classifier": 121 + 1 + 2,
    "smiley_ring_unet": 664 + 3_488 + 520 + 1_744 + 9,
    "two_conv": 824_201,
    "mnist_mlp": 12_560 + 272 + 170,
    "mlp_small": 13_002,
    "mlp_big": 669_706,
    "mnist_convnet": 34_826,
    "mnist_cnn": 34_826,
    "mnist_conv_net": 120 + 10_392 + 27_680 + 313_800 + 2_010,
    "lenet5": 61_706,
    "lenet5_1998": 60_000,
    "alexnet": 62_378_344,
    "alexnet_grouped": 60_965_224,
    "alexnet_224": 50_844_008,
    "zfnet": 62_357_608,
    "zfnet_wide": 107_627_624,
    "vgg11": 132_863_336,
    "vgg11_lrn": 132_863_336,
    "vgg13": 133_047_848,
    "vgg16_c": 133_638_952,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "googlenet": 6_998_552,
    "googlenet_auxiliary": 13_378_280,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnet50_keras": 25_636_712 - 53_120,
    "resnet101_keras": 44_707_176 - 105_344,
    "resnet152_keras": 60_419_944 - 151_424,
    "xception": 22_855_952,
    "unet": 31_030_658,
    "classic_unet": 7_759_554,
    "pets_unet": 2_055_203,
    "encoder_classifier": 232_644 - 2_112,
}
UNTRAINED = {
    "lenet5_1998": 840,
    "resnet18": 9_600,
    "resnet34": 17_024,
    "resnet50": 53_120,
    "resnet101": 105_344,
    "resnet152": 151_424,
    "resnet50_keras": 53_120,
    "resnet101_keras": 105_344,
    "resnet152_keras": 151_424,
    "xception": 22_910_480 - 22_855_952,
    "pets_unet": 3_776,
    "encoder_classifier": 2_112,
}


def test_every_model_is_counted_here() -> None:
    assert set(TRAINED) == set(models.MODELS)


@pytest.mark.parametrize("name", TRAINED)
def test_parameters(name: str) -> None:
    model, entry = models.build(name, None), models.MODELS[name]
    trained = sum(p.size for p in model.parameters)
    assert trained == TRAINED[name] == entry.trained
    assert model.count_params() - trained == UNTRAINED.get(name, 0) == entry.untrained


@pytest.mark.parametrize(("name", "giga"), [("resnet18", 1.81), ("resnet34", 3.66)])
def test_multiply_adds_at_224(name: str, giga: float) -> None:
    flops = contraction_flops(graph_of(models.build(name, None)))
    assert round(flops / 2e9, 2) == giga


def test_pytorch_strides_in_the_3x3_convolution() -> None:
    """Which costs ResNet-50 4.09 instead of 3.86 G multiply-adds, and no parameter."""
    ours, theirs = (models.build("resnet50", None, style=s) for s in ("paper", "torch"))
    assert ours.count_params() == theirs.count_params()
    giga = [round(contraction_flops(graph_of(m)) / 2e9, 2) for m in (ours, theirs)]
    assert giga == [3.86, 4.09]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ResNet-18", "resnet18"),
        ("VGG-16", "vgg16"),
        ("vgg_d", "vgg16"),
        ("Inception-v1", "googlenet"),
        ("lenet-5", "lenet5"),
        ("mnist_conv_net", "mnist_conv_net"),
        ("MNIST-convnet", "mnist_convnet"),
        ("mnist-conv-net", "mnist_conv_net"),
        ("U-Net", "unet"),
    ],
)
def test_names_and_aliases(name: str, found: str) -> None:
    assert models.find(name).name == found


def test_an_unknown_name_suggests_near_ones() -> None:
    with pytest.raises(tg.TinygraphError, match=r"'resnet20'; do you mean resnet"):
        models.build("resnet20")


def test_build_passes_options_and_draws_from_the_seed() -> None:
    small, again, other = (
        models.build("lenet5", seed, classes=7, image_size=20) for seed in (3, 3, 4)
    )
    first, second, third = (
        next(iter(m.named_parameters().values())) for m in (small, again, other)
    )
    assert small.outputs.shape == (None, 7)
    assert (first.numpy() == second.numpy()).all()
    assert (first.numpy() != third.numpy()).any()
    assert first.numpy().std() > 0


def test_a_model_that_is_not_drawn_can_be_initialized() -> None:
    model, drawn = models.build("mlp_small", None), models.build("mlp_small", 5)
    assert not any(p.numpy().any() for p in model.parameters)
    model.initialize(5)
    for mine, theirs in zip(model.parameters, drawn.parameters, strict=True):
        assert (mine.numpy() == theirs.numpy()).all()


def test_an_unknown_style_is_an_error() -> None:
    with pytest.raises(tg.TinygraphError, match=r"resnet18: style is paper, torch, keras, or"):
        models.resnet18(style="caffe")


def test_an_option_that_a_model_lacks() -> None:
    with pytest.raises(
        tg.TinygraphError, match=r"mlp_small: .*'image_size'; its options are: none"
    ):
        models.build("mlp_small", image_size=3)


def test_the_table_has_a_line_for_each() -> None:
    lines = models.table().splitlines()
    assert len(lines) == 1 + len(models.MODELS)
    (vgg,) = [line for line in lines if line.startswith("vgg16 = vgg_d ")]
    assert vgg.endswith("138,357,544")
