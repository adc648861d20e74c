"""Convolutions and pools: padding rules, sizes, values beside a naive sum and PyTorch."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg

RNG = np.random.default_rng(2)


def array(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape)


def naive_conv2d(x: Any, w: Any, stride: int, pairs: Any, dilation: int, groups: int) -> Any:
    """The sum of the docstring, term by term."""
    x = np.pad(x, ((0, 0), *pairs, (0, 0)))
    f, g, c_in, c_out = w.shape
    high = (x.shape[1] - (f - 1) * dilation - 1) // stride + 1
    wide = (x.shape[2] - (g - 1) * dilation - 1) // stride + 1
    y = np.zeros((x.shape[0], high, wide, c_out))
    for n, i, j, o, u, v, c in product(*map(range, (*y.shape, f, g, c_in))):
        channel = o // (c_out // groups) * c_in + c
        y[n, i, j, o] += (
            x[n, i * stride + u * dilation, j * stride + v * dilation, channel] * w[u, v, c, o]
        )
    return y


@given(
    st.integers(1, 3),
    st.integers(1, 2),
    st.sampled_from([1, 2]),
    st.integers(0, 2),
    st.integers(1, 3),
)
def test_conv2d_is_its_formula(
    stride: int, dilation: int, groups: int, pad: int, window: int
) -> None:
    x, w = array(2, 6, 5, 4), array(window, 2, 4 // groups, 2 * groups)
    pairs = ((pad, 0), (1, pad))
    got = tg.conv2d(x, w, stride, pairs, dilation, groups)
    np.testing.assert_allclose(
        got.numpy(), naive_conv2d(x, w, stride, pairs, dilation, groups), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("window", [1, 2, 3, 5])
@pytest.mark.parametrize("extent", [5, 6, 7])
def test_same_is_kerass_rule(extent: int, window: int, stride: int) -> None:
    """ceil(n / s) outputs; what is odd of the padding comes at the end."""
    outputs = -(-extent // stride)
    total = max((outputs - 1) * stride + window - extent, 0)
    x, w = array(1, extent, 1), array(window, 1, 1)
    got = tg.conv1d(x, w, stride, "same")
    assert got.shape[1] == outputs
    padded = np.pad(x, ((0, 0), (total // 2, total - total // 2), (0, 0)))
    np.testing.assert_allclose(got.numpy(), tg.conv1d(padded, w, stride).numpy())


def test_max_pooling_pads_with_minus_infinity_and_average_pooling_does_not_count_it() -> None:
    x = -np.ones((1, 3, 3, 1), np.float32)
    assert tg.max_pool2d(x, 2, padding="same").numpy().max() == -1
    assert tg.avg_pool2d(x, 2, padding="same").numpy().tolist() == [[[[-1], [-1]], [[-1], [-1]]]]
    assert tg.avg_pool2d(x, 3, 1, 1).numpy().ravel().tolist() == [-1] * 9
    assert tg.sum_pool2d(x, 2, padding="same").numpy().ravel().tolist() == [-4, -2, -2, -1]


def test_windows_floor_and_output_size_shows_the_border() -> None:
    assert tg.conv1d(array(1, 6, 1), array(3, 1, 1), 2).shape == (1, 2, 1)
    size = tg.output_size(6, 3, stride=2)
    assert (int(size), size.unused, size.fitting) == (2, 1, (0, 1))
    assert str(size) == "2 (of 2.50): 1 unused at the end; padding (0, 1) would fit"
    assert str(tg.output_size(7, 3, stride=2)) == "3: every element is used"
    assert repr(tg.output_size(7, 3, stride=2)) == "<output size 3: every element is used>"
    with pytest.raises(tg.ShapeError, match=r"of one axis, got extent=\(227, 227\)"):
        tg.output_size((227, 227), 11, 4)  # pyright: ignore[reportArgumentType]
    assert tg.output_size(7, 3, 2, "same").size == 4
    assert tg.output_size(6, 3, 2, [(0, 1)]).fitting is None
    with pytest.raises(tg.ShapeError, match="does not fit into 2"):
        tg.output_size(2, 3)


@pytest.mark.parametrize("padding", ["valid", "same", 0, 1, ((0, 1),)])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_conv_transpose_is_the_data_gradient_with_the_last_axes_swapped(
    stride: int, padding: Any
) -> None:
    x, w = tg.tensor(array(2, 4, 6)), tg.tensor(array(3, 6, 2))
    y = tg.conv_transpose1d(x, w, stride, padding, groups=2)
    if padding == "same":
        assert y.shape[1] == 4 * stride
    z = tg.zeros(y.shape, "float64")
    forward = tg.conv1d(z, w.transpose(0, 2, 1), stride, padding, groups=2)
    assert forward.shape == x.shape
    np.testing.assert_allclose(y.numpy(), tg.grad(forward, z, x).numpy(), rtol=1e-12)


def test_output_padding_makes_the_end_longer() -> None:
    x, w = array(1, 4, 1), array(3, 1, 1)
    short = tg.conv_transpose1d(x, w, 2, 1)
    long = tg.conv_transpose1d(x, w, 2, 1, output_padding=1)
    assert (short.shape[1], long.shape[1]) == (7, 8)
    np.testing.assert_allclose(long.numpy()[:, :7], short.numpy())
    with pytest.raises(tg.ShapeError, match="smaller than the stride"):
        tg.conv_transpose1d(x, w, 2, output_padding=2)
    with pytest.raises(tg.ShapeError, match="leaves no choice"):
        tg.conv_transpose1d(x, w, 2, "same", output_padding=1)


def test_depthwise_is_a_convolution_for_each_channel() -> None:
    x, w = array(1, 4, 5, 3), array(2, 2, 3, 2)
    y = tg.depthwise_conv2d(x, w).numpy()
    for c in range(3):
        one = tg.conv2d(x[..., c : c + 1], w[:, :, c : c + 1]).numpy()
        np.testing.assert_allclose(y[..., 2 * c : 2 * c + 2], one)


def test_pooling_back_up() -> None:
    x = tg.tensor(np.arange(1.0, 17, dtype="f").reshape(1, 4, 4, 1))
    high, where = tg.max_pool2d(x), tg.max_pool_position2d(x)
    back = tg.max_unpool2d(high, where, 4)
    assert back.numpy().reshape(4, 4).tolist() == [
        [0, 0, 0, 0],
        [0, 6, 0, 8],
        [0, 0, 0, 0],
        [0, 14, 0, 16],
    ]
    assert tg.upsample_nearest([[[1.0], [2.0]]]).numpy().ravel().tolist() == [1, 1, 2, 2]
    assert tg.bed_of_nails([[[1.0], [2.0]]], 3).numpy().ravel().tolist() == [1, 0, 0, 2, 0, 0]
    assert tg.global_avg_pool2d(x).numpy().tolist() == [[8.5]]
    with pytest.raises(tg.ShapeError, match=r"x and position \[N,1,1,C\].*max_pool_position2d"):
        tg.max_unpool2d(high, where, 2)


def test_arguments_are_checked() -> None:
    x, w = tg.tensor(array(1, 4, 4, 2)), tg.tensor(array(3, 3, 2, 4))
    cases: list[tuple[Any, str]] = [
        (lambda: tg.conv2d(x[0], w), r"conv2d needs x \[N,H,W,C\] and w \[F,G,C_in,C_out\]"),
        (lambda: tg.conv2d(x, w[:, :, :1]), r"w\[\.\.\., 2, 4\] would fit"),
        (lambda: tg.conv2d(x, w, padding="full"), 'padding is "valid", "same"'),
        (lambda: tg.conv2d(x, w, padding=-1), "padding is not negative"),
        (lambda: tg.conv2d(x, w, padding=(1, 2, 3)), "2 spatial axes"),
        (lambda: tg.conv2d(x, w, stride=0), "stride needs numbers of at least 1"),
        (lambda: tg.conv2d(x, w, stride=1.5), "stride needs a whole number"),
        (lambda: tg.conv2d(x, w, dilation=2), "does not fit into x"),
        (lambda: tg.max_pool2d(x, 5), "does not fit into x"),
        (lambda: tg.max_pool2d(x[0]), r"max_pool2d needs x \[N,H,W,C\]"),
        (lambda: tg.conv_transpose2d(x, w, groups=3), "a multiple of groups=3"),
        (lambda: tg.conv_transpose2d(x, w[:, :, :, :], padding=7), "leaves nothing"),
        (lambda: tg.depthwise_conv2d(x, w[:, :, :1]), r"w with \[F,G,C,M\]"),
    ]
    for call, message in cases:
        with pytest.raises(tg.ShapeError, match=message):
            call()
    with pytest.raises(tg.DtypeError, match=r"conv2d needs operands of one dtype"):
        tg.conv2d(x, w.astype("float32"))


@pytest.mark.reference
@pytest.mark.parametrize("case", range(40))
def test_convolutions_are_torchs(case: int) -> None:
    import torch

    rng = np.random.default_rng(case)
    rank = int(rng.integers(1, 4))
    groups = int(rng.choice([1, 1, 2, 3]))
    c_in, c_out = groups * int(rng.integers(1, 3)), groups * int(rng.integers(1, 3))
    window = [int(n) for n in rng.integers(1, 4, rank)]
    stride, dilation = ([int(n) for n in rng.integers(1, 4, rank)] for _ in range(2))
    pad = [int(n) for n in rng.integers(0, 3, rank)]
    space = [int(n) for n in rng.integers(7, 10, rank)]
    x, w = rng.normal(size=(2, *space, c_in)), rng.normal(size=(*window, c_in // groups, c_out))
    tx, tw = tg.tensor(x), tg.tensor(w)
    fn = (tg.conv1d, tg.conv2d, tg.conv3d)[rank - 1]
    y = fn(tx, tw, tuple(stride), tuple(pad), tuple(dilation), groups)
    px = torch.from_numpy(np.moveaxis(x, -1, 1).copy()).requires_grad_()
    pw = torch.from_numpy(np.moveaxis(w, (-1, -2), (0, 1)).copy()).requires_grad_()
    name = f"conv{rank}d"
    want = getattr(torch.nn.functional, name)(px, pw, None, stride, pad, dilation, groups)
    g = rng.normal(size=y.shape)
    want.backward(torch.from_numpy(np.moveaxis(g, -1, 1).copy()))
    dx, dw = tg.grad(y, [tx, tw], g)
    np.testing.assert_allclose(y.numpy(), np.moveaxis(want.detach().numpy(), 1, -1), atol=1e-10)
    np.testing.assert_allclose(dx.numpy(), np.moveaxis(px.grad.numpy(), 1, -1), atol=1e-10)
    np.testing.assert_allclose(
        dw.numpy(), np.moveaxis(pw.grad.numpy(), (0, 1), (-1, -2)), atol=1e-10
    )


@pytest.mark.reference
@pytest.mark.parametrize("case", range(30))
def test_transposed_convolutions_are_torchs(case: int) -> None:
    import torch

    rng = np.random.default_rng(case)
    rank = int(rng.integers(1, 3))
    groups = int(rng.choice([1, 2]))
    c_in, c_out = groups * int(rng.integers(1, 3)), groups * int(rng.integers(1, 3))
    window = [int(n) for n in rng.integers(1, 4, rank)]
    stride, dilation = ([int(n) for n in rng.integers(1, 4, rank)] for _ in range(2))
    pad = [int(rng.integers(0, (f - 1) * d + 1)) for f, d in zip(window, dilation)]
    extra = [int(rng.integers(0, max(s, d))) for s, d in zip(stride, dilation)]
    x = rng.normal(size=(2, *rng.integers(3, 6, rank), c_in))
    w = rng.normal(size=(*window, c_in, c_out // groups))
    fn = (tg.conv_transpose1d, tg.conv_transpose2d)[rank - 1]
    reference = getattr(torch.nn.functional, f"conv_transpose{rank}d")
    px = torch.from_numpy(np.moveaxis(x, -1, 1).copy())
    pw = torch.from_numpy(np.moveaxis(w, (-2, -1), (0, 1)).copy())
    want = reference(px, pw, None, stride, pad, extra, groups, dilation).numpy()
    if min(want.shape) < 1:
        return
    got = fn(x, w, tuple(stride), tuple(pad), tuple(extra), tuple(dilation), groups)
    np.testing.assert_allclose(got.numpy(), np.moveaxis(want, 1, -1), atol=1e-10)
