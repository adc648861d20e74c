"""`tg.receptive_field` beside what elements really depend on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph import nn

WINDOWS = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 2))


def reached(model: Any, size: int) -> int:
    """The most elements of an input of `size` that one element far from the border depends on."""
    x = tg.parameter(np.ones((1, size, 1), np.float32))
    y = model(x)
    most, middle = 0, y.shape[1] // 2
    for at in range(middle, min(middle + 8, y.shape[1])):
        (g,) = tg.grad(y[0, at].sum(), [x])
        (where,) = np.nonzero(g.numpy()[0, :, 0])
        if len(where):  # between the copies of a small kernel there is nothing
            most = max(most, where[-1] - where[0] + 1)
    return int(most)


@given(st.lists(WINDOWS, min_size=1, max_size=4))
def test_stacked_convolutions(windows: list[tuple[int, int, int]]) -> None:
    field = tg.receptive_field(windows)

    def model(x: tg.Tensor) -> tg.Tensor:
        for kernel, stride, dilation in windows:
            x = tg.conv1d(x, np.ones((kernel, 1, 1), np.float32), stride, "valid", dilation)
        return x

    assert int(field) == reached(model, int(field) + 3 * int(field[-1].step))
    assert len(field) == len(windows)
    assert field[0].size == (windows[0][0] - 1) * windows[0][2] + 1


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from([-3, -2, 1, 2])), max_size=4))
def test_up_and_down(layers: list[tuple[int, int]]) -> None:
    """A negative stride is an upsampling; the hull over all phases is what the most see."""
    stack: list[Any] = []
    for kernel, stride in layers:
        if stride < 0:
            stack.append(nn.UpSampling2D((-stride, 1)))
            stride = 1
        stack.append(nn.Conv2D(1, (kernel, 1), strides=(stride, 1), kernel_initializer="ones"))
    if not stack:
        return
    field = tg.receptive_field(stack)
    high, wide = field.size  # type: ignore
    assert wide == 1

    def model(x: tg.Tensor) -> tg.Tensor:
        x = tg.expand_dims(x, 2)
        for layer in stack:
            x = layer(x)
        return x[:, :, 0]

    assert high == reached(model, 4 * high + 40)


@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (4, 2), (3, 1), (2, 3), (5, 3)])
def test_transposed_convolution(kernel: int, stride: int) -> None:
    first = nn.Conv2D(1, (3, 1), kernel_initializer="ones")
    layer = nn.Conv2DTranspose(1, (kernel, 1), (stride, 1), kernel_initializer="ones")
    high, _ = tg.receptive_field([first, layer]).size  # type: ignore

    def model(x: tg.Tensor) -> tg.Tensor:
        return layer(first(tg.expand_dims(x, 2)))[:, :, 0]

    assert high == reached(model, 30)


def test_paths_that_join_see_what_both_saw() -> None:
    x = nn.Input((32, 32, 1))
    wide = nn.Conv2D(2, 5, padding="same")(x)
    long = nn.Conv2D(2, 3, padding="same")(nn.Conv2D(2, 3, padding="same", dilation_rate=2)(x))
    y = nn.Conv2D(1, 1)(nn.Concatenate()([wide, long]))
    field = tg.receptive_field(nn.Model(x, y))
    assert [seen.size for seen in field] == [(5, 5), (5, 5), (7, 7), (7, 7)]
    assert int(field) == 7


def test_a_model_of_models_and_the_end_that_sees_all() -> None:
    block = nn.Sequential([nn.Input((16, 16, 1)), nn.Conv2D(2, 3), nn.MaxPooling2D(2)])
    model = nn.Sequential([block, nn.Conv2D(2, 3), nn.Flatten(), nn.Dense(3)])
    assert tg.receptive_field(model).size == (8, 8)
    after = tg.receptive_field([nn.GlobalAveragePooling2D(), nn.Conv2D(1, 3, name="late")])
    assert after.size is None
    assert str(after).splitlines()[-1].split() == ["late", "3x3", "1x1", "1x1", "all"]
    with pytest.raises(tg.ShapeError, match="no single number"):
        int(after)


def test_its_names_are_those_of_the_summary() -> None:
    unet = tg.models.build("smiley_ring_unet", 0)
    x = nn.Input((32, 32, 1))
    outer = nn.Model(x, nn.Conv2D(1, 3)(unet(x)))
    for model in (unet, outer):
        lines: list[str] = []
        model.summary(print_fn=lines.append, expand_nested=True)
        listed = [line.split()[0] for line in "\n".join(lines).splitlines() if "2D" in line]
        assert [seen.name for seen in tg.receptive_field(model)] == [
            name for name in listed if "Concat" not in name
        ]
    names = [seen.name for seen in tg.receptive_field(outer)]
    assert names[0] == "smiley_ring_unet/down1/conv2d"
    assert names[-1] == "conv2d"
    assert [seen.name for seen in tg.receptive_field([nn.Conv2D(1, 3)])] == ["conv2d"]


def test_the_table() -> None:
    assert str(tg.receptive_field([(3, 1, 1), (2, 2), 3])).splitlines() == [
        "layer     window  stride  dilation  sees  step",
        "window 3  3       1       1         3     1",
        "window 2  2       2       1         4     2",
        "window 3  3       1       1         8     2",
    ]


def test_what_is_no_layer_is_refused() -> None:
    with pytest.raises(tg.ShapeError, match="needs a model made of symbols"):
        tg.receptive_field(3)
    with pytest.raises(tg.ShapeError, match=r"takes \(kernel, stride, dilation\)"):
        tg.receptive_field([(1, 2, 3, 4)])
    with pytest.raises(tg.ShapeError, match="2 axes, others 3"):
        tg.receptive_field([(3, 3), ((3, 3), 1), ((1, 1, 1), 1)])


# Araujo, Norris and Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill 2019
def test_published_fields_of_stacked_nets() -> None:
    alexnet = [(11, 4), (3, 2), 5, (3, 2), 3, 3, 3, (3, 2)]
    assert int(tg.receptive_field(alexnet)) == 195
    vgg16 = [w for convs in (2, 2, 3, 3, 3) for w in [*[3] * convs, (2, 2)]]
    assert int(tg.receptive_field(vgg16)) == 212
    assert tg.receptive_field(vgg16)[-1].step == 32


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), [("alexnet", 195), ("vgg16", 212), ("resnet50", 483)])
def test_published_fields_of_our_models(name: str, size: int) -> None:
    field = tg.receptive_field(tg.models.build(name, seed=0))
    assert [seen.size for seen in field if seen.size][-1] == (size, size)
