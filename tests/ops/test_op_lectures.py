"""The numbers of the lectures that one op, or a few, already give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tinygraph import ops
from tinygraph.evaluate import evaluate
from tinygraph.grad import gradients
from tinygraph.graph import Node, leaf
from tinygraph.types import int32

X = [[5, 4, 3, 8, 2], [8, 1, 2, 4, 1], [1, 7, 3, 2, 6], [2, 4, 0, 1, 4], [3, 1, 7, 3, 2]]
K = [[1, 0, 1], [0, 2, 1], [0, 0, 2]]
P = [
    [194, 194, 194, 120, 138],
    [1, 1, 1, 173, 132],
    [227, 179, 56, 16, 144],
    [34, 75, 52, 9, 175],
    [38, 52, 50, 8, 180],
]


def number(values: Any) -> Node:
    return leaf(np.array(values, float))


def image(values: Any) -> Node:
    """One image with one channel: 1,space...,1"""
    return leaf(np.array(values, float)[None, ..., None])


def kernel(values: Any) -> Node:
    """From one channel to one: window...,1,1"""
    return leaf(np.array(values, float)[..., None, None])


def plain(node: Node) -> list:
    """The image as a list, its channel and batch axes left out."""
    (value,) = evaluate([node])
    return value[0, ..., 0].tolist()


def test_neuron() -> None:
    x, w, b = number([-1, -2]), number([2, -3]), number(-3)
    z = ops.reduce_sum(x * w) + b
    y = ops.sigmoid(z)
    dz, dw, dx, db = gradients(y, [z, w, x, b])
    found = evaluate([n for n in (z, y, dz, dw, dx, db) if n is not None])
    expected = [1, 0.7311, 0.1966, [-0.1966, -0.3932], [0.3932, -0.5898], 0.1966]
    for value, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, right, atol=5e-5)


@pytest.mark.parametrize(
    ("x", "k", "y"),
    [
        ([5, 4, 3, 8, 2], [3, 1, 2], [25, 31, 21]),
        ([0, 0, 1, 0, 2, 1, 2, 0], [-1, 1], [0, 1, -1, 2, -1, 1, -2]),
        ([0, 0, 1, 0, 2, 1, 2, 0, 0], [-1, 2, -1], [-1, 2, -3, 3, -2, 3, -2]),
        (X, K, [[18, 24, 26], [27, 15, 21], [26, 16, 19]]),
        (P, [[1, 0, 1], [0, 1, 0], [1, 0, 1]], [[672, 510, 705], [267, 314, 376], [446, 307, 439]]),
        (P, [[1, 0, -1]] * 3, [[171, 65, -163], [153, 57, -342], [141, 273, -341]]),
        (
            P,
            [[1] * 3, [0] * 3, [-1] * 3],
            [[120, 257, 236], [-158, 39, 70], [322, 141, -22]],
        ),
    ],
)
def test_convolution(x: list, k: list, y: list) -> None:
    assert plain(ops.conv(image(x), kernel(k))) == y


def test_convolution_with_stride_and_padding() -> None:
    assert plain(ops.conv(image(X), kernel(K), stride=(2, 2))) == [[18, 26], [26, 19]]
    assert plain(ops.conv(image(X), kernel(K), padding=((1, 1), (1, 1)))) == [
        [16, 15, 22, 20, 4],
        [35, 18, 24, 26, 10],
        [18, 27, 15, 21, 16],
        [17, 26, 16, 19, 10],
        [11, 11, 22, 12, 5],
    ]


def test_channels_are_summed() -> None:
    channels = [
        [[2, 3, 1], [1, 1, 2], [3, 3, 2]],
        [[1, 0, 1], [0, 2, 1], [0, 0, 2]],
        [[2, 1, 3], [1, 2, 1], [1, 0, 0]],
    ]
    kernels = [[[1, 1], [0, 2]], [[1, 0], [1, 1]], [[1, 1], [2, 2]]]
    parts = [plain(ops.conv(image(c), kernel(k))) for c, k in zip(channels, kernels, strict=True)]
    assert parts == [[[7, 8], [8, 7]], [[3, 3], [0, 4]], [[9, 10], [5, 3]]]
    x = leaf(np.moveaxis(np.array(channels, float), 0, -1)[None])
    w = leaf(np.moveaxis(np.array(kernels, float), 0, -1)[..., None])
    assert plain(ops.conv(x, w)) == [[19, 21], [13, 14]]


@pytest.mark.parametrize(
    ("x", "w", "stride", "pad", "y"),
    [
        ((1, 32, 32, 3), (5, 5, 3, 10), 1, 2, (1, 32, 32, 10)),
        ((1, 227, 227, 3), (11, 11, 3, 96), 4, 0, (1, 55, 55, 96)),
        ((1, 7, 1), (3, 1, 1), 3, 1, (1, 3, 1)),
        ((1, 7, 1), (3, 1, 1), 3, 0, (1, 2, 1)),
    ],
)
def test_output_sizes(
    x: tuple[int, ...], w: tuple[int, ...], stride: int, pad: int, y: tuple[int, ...]
) -> None:
    rank = len(x) - 2
    node = ops.conv(leaf(np.zeros(x)), leaf(np.zeros(w)), (stride,) * rank, ((pad, pad),) * rank)
    assert node.shape == y


@pytest.mark.parametrize(
    ("g", "w", "stride", "x"),
    [
        ([2, 1, 4], [3, 2], 1, [6, 7, 14, 8]),
        ([2, 1, 4], [3, 2], 2, [6, 4, 3, 2, 12, 8]),
        ([[1, 2], [3, 4]], [[2, 1], [1, 0]], 1, [[2, 5, 2], [7, 13, 4], [3, 4, 0]]),
        (
            [[1, 2], [3, 4]],
            [[2, 1], [1, 0]],
            2,
            [[2, 1, 4, 2], [1, 0, 2, 0], [6, 3, 8, 4], [3, 0, 4, 0]],
        ),
    ],
)
def test_transposed_convolution(g: list, w: list, stride: int, x: list) -> None:
    space = np.array(x).shape
    node = ops.conv_data_gradient(image(g), kernel(w), space, (stride,) * len(space))
    assert plain(node) == x


def test_transposed_convolution_of_two_channels() -> None:
    inputs = np.array([[[3, 1], [-1, 2]], [[1, 1], [2, 1]]], float)
    kernels = np.array([[[1, -1], [2, 1]], [[1, 0], [-1, -1]]], float)
    g = leaf(np.moveaxis(inputs, 0, -1)[None])
    w = leaf(np.moveaxis(kernels, 0, -1)[:, :, None])  # u,v,C_in of the forward conv,C_out
    x = ops.conv_data_gradient(g, w, (4, 4), (2, 2))
    assert plain(x) == [[4, -3, 2, -1], [5, 2, 1, 0], [1, 1, 3, -2], [-4, -3, 3, 1]]


def test_max_pooling() -> None:
    x = [[1, 2, 4, 1], [7, 3, 2, 6], [4, 0, 1, 4], [1, 7, 3, 2]]
    pooled = ops.max_pool(image(x), (2, 2), (1, 1))
    assert plain(pooled) == [[7, 4, 6], [7, 3, 6], [7, 7, 4]]


def test_max_unpooling() -> None:
    x = image([[1, 2, 6, 3], [3, 5, 2, 1], [1, 2, 2, 1], [7, 3, 4, 8]])
    assert plain(ops.max_pool(x, (2, 2))) == [[5, 6], [7, 8]]
    position = ops.max_pool_position(x, (2, 2))
    assert position.dtype is int32
    assert plain(position) == [[3, 0], [2, 3]]
    unpooled = ops.max_unpool(image([[1, 2], [3, 4]]), position, (4, 4), (2, 2))
    assert plain(unpooled) == [[0, 0, 2, 0], [0, 1, 0, 0], [0, 0, 0, 0], [3, 0, 0, 4]]


def test_bed_of_nails() -> None:
    x = image([[1, 2], [3, 4]])
    nails = ops.unslice(x, (1, 4, 4, 1), (0, 0, 0, 0), (1, 2, 2, 1))
    assert plain(nails) == [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]


def test_upsampling_and_average() -> None:
    x = image([[1, 2], [3, 4]])
    up = ops.upsample_nearest(x, (2, 2))
    assert plain(up) == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    assert plain(ops.avg_pool(up, (2, 2))) == [[1, 2], [3, 4]]
    assert plain(ops.avg_pool(x, (3, 3), (1, 1), ((1, 1), (1, 1)))) == [[2.5, 2.5], [2.5, 2.5]]


def rounded(node: Node | None) -> Sequence:
    assert node is not None
    (value,) = evaluate([node])
    return np.round(value.reshape([n for n in value.shape if n != 1]), 9).tolist()


def test_backpropagation_exercise() -> None:
    x, f = image([[1, 0, -1], [1, 0, 1], [0, 1, 1]]), kernel([[-1, 2], [3, 1]])
    d_out = image([[-0.2, 0.2], [0.1, -0.1]])
    df, dx = gradients(ops.conv(x, f), [f, x], d_out)
    assert rounded(df) == [[-0.1, -0.3], [-0.3, 0.2]]
    assert rounded(dx) == [[0.2, -0.6, 0.4], [-0.7, 0.7, 0], [0.3, -0.2, -0.1]]


def test_gradient_descent_on_a_square() -> None:
    x, losses, xs = 2.0, [], []
    for _ in range(4):
        at = number(x)
        loss = at**2
        (g,) = gradients(loss, [at])
        assert g is not None
        value, slope = evaluate([loss, g])
        x -= 0.2 * float(slope)
        losses.append(float(value))
        xs.append(x)
    np.testing.assert_allclose(losses, [4.0, 1.44, 0.5184, 0.186624])
    np.testing.assert_allclose(xs, [1.2, 0.72, 0.432, 0.2592])


def test_softmax_of_the_lecture() -> None:
    e = ops.exp(number([3.2, 5.1, -1.7]))
    (p,) = evaluate([e / ops.broadcast_to(ops.reduce_sum(e), (3,))])
    np.testing.assert_allclose(p, [0.13, 0.87, 0.00], atol=5e-3)
