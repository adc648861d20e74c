"""Section 1, weights: how many there are in dense, local and convolutional layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from section_1 import both_backends, compiled, image

import tinygraph as tg
from tinygraph import nn
from tinygraph.bench.flops import contraction_flops
from tinygraph.graph import Graph


def count(shape: tuple[int, ...], *layers: Any) -> int:
    """The parameters of the layers, applied one after the other."""
    model = nn.Sequential([nn.Input(shape), *layers])
    return sum(math.prod(p.shape) for p in model.named_parameters().values())


def test_dense_local_and_convolutional() -> None:
    """Lecture 2: a 5x1 image and 3 neurons: 15, 9 and 3 weights."""
    assert count((5,), nn.Dense(3, use_bias=False)) == 15
    assert count((5, 1), nn.LocallyConnected1D(1, 3, use_bias=False)) == 9
    assert count((5, 1), nn.Conv1D(1, 3, use_bias=False)) == 3
    shared, local = tg.toeplitz([1, 2, 3], 5), tg.toeplitz(np.ones((3, 3)), 5, shared=False)
    assert (shared.matrix.size, local.weights, shared.weights) == (15, 9, 3)


@both_backends
def test_with_equal_weights_the_three_are_one(backend: str) -> None:
    x, w = image([5, 4, 3, 8, 2]), np.array([3, 1, 2], np.float32)
    conv = compiled(backend, tg.conv1d, x, tg.tensor(w[:, None, None]))
    each = tg.tensor(np.tile(w, (3, 1))[..., None, None])
    local = compiled(backend, tg.locally_connected1d, x, each)
    dense = tg.toeplitz(w, 5).matrix.astype(np.float32)
    full = compiled(backend, lambda m, x: m @ x.reshape(5), tg.tensor(dense), x)
    assert conv.numpy().ravel().tolist() == [25, 31, 21]
    assert local.numpy().ravel().tolist() == full.numpy().tolist() == [25, 31, 21]


def test_a_kernel_as_large_as_the_image_is_a_dense_layer() -> None:
    """(25+1)*3 + 4 = 82: three 5x5 kernels with bias, then one neuron; as dense layers the same."""
    assert count((5, 5, 1), nn.Conv2D(3, 5), nn.Flatten(), nn.Dense(1)) == 82
    assert count((5, 5, 1), nn.Flatten(), nn.Dense(3), nn.Dense(1)) == 82
    assert count((5, 5, 1), nn.Conv2D(3, 5)) == (25 + 1) * 3 == 78


def test_a_dense_layer_on_an_image() -> None:
    """Lecture 3: 32x32x3 to 28x28x6 is 3072 x 4704; the convolution has 456 (deck: 468)."""
    y = tg.conv2d(tg.ones((1, 32, 32, 3)), tg.ones((5, 5, 3, 6)))
    assert (32 * 32 * 3, math.prod(y.shape)) == (3072, 4704)
    assert 3072 * 4704 == 14_450_688
    assert count((32, 32, 3), nn.Conv2D(6, 5)) == 456 == 6 * (5 * 5 * 3 + 1)
    with pytest.raises(tg.ShapeError, match="shows small layers: this matrix has about"):
        tg.toeplitz(np.ones((5, 5, 3, 6)), (32, 32))


@pytest.mark.parametrize(
    ("shape", "layer", "parameters"),
    [
        ((32, 32, 3), lambda: nn.Conv2D(10, 5, padding="same"), 760),
        ((80, 80, 32), lambda: nn.SeparableConv2D(64, 3, padding="same"), 288 + 2048 + 64),
        ((80, 80, 64), lambda: nn.SeparableConv2D(64, 3, padding="same"), 576 + 4096 + 64),
        ((8, 8, 32), lambda: nn.BatchNormalization(), 128),
        ((8, 8, 256), lambda: nn.BatchNormalization(), 1024),  # deck: 512
        ((227, 227, 3), lambda: nn.Conv2D(96, 11, strides=4), 34_944),
    ],
)
def test_parameters_of_layers(shape: tuple[int, ...], layer: Any, parameters: int) -> None:
    assert count(shape, layer()) == parameters


def test_of_batch_normalisations_four_numbers_two_are_trained() -> None:
    layer = nn.BatchNormalization()
    layer(tg.ones((2, 4, 4, 32)), training=True)
    trained = [p for p in layer.named_parameters().values() if p.trainable]
    assert sum(math.prod(p.shape) for p in trained) == 64


@both_backends
def test_separable_convolution_is_two_convolutions(backend: str) -> None:
    """A depthwise convolution, 3*3*1 for each channel, then 1x1 (lecture 5)."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 6, 6, 4))
    d, p = rng.normal(size=(3, 3, 4, 1)), rng.normal(size=(1, 1, 4, 5))
    y = compiled(backend, tg.separable_conv2d, *map(tg.tensor, (x, d, p))).numpy()
    each = [tg.conv2d(x[..., c : c + 1], d[:, :, c : c + 1]).numpy() for c in range(4)]
    np.testing.assert_allclose(y, np.concatenate(each, -1) @ p[0, 0], rtol=1e-10, atol=1e-12)


def test_the_xception_module_mixes_channels_first() -> None:
    """Lecture 3: the separable layer is depthwise first; Xception's module 1x1 first, with a relu
    after each step. The parameters are the same where the channels are."""
    separable = count((8, 8, 16), nn.SeparableConv2D(16, 3, use_bias=False))
    pointwise = nn.Conv2D(16, 1, activation="relu", use_bias=False)
    module = count((8, 8, 16), pointwise, nn.DepthwiseConv2D(3, activation="relu", use_bias=False))
    assert separable == module == 16 * 16 + 9 * 16


def multiplications(y: tg.Tensor) -> int:
    return contraction_flops(Graph((), (y.node,))) // 2


def test_multiplications_of_a_whole_layer() -> None:
    """Lecture 5: a 15x15 RGB image, ten 3x3 kernels: 45,630; separable 9,633."""
    x = tg.parameter(np.ones((1, 15, 15, 3)))
    w = tg.parameter(np.ones((3, 3, 3, 10)))
    assert multiplications(tg.conv2d(x, w)) == 13 * 13 * 3 * 3 * 3 * 10 == 45_630
    d, p = tg.parameter(np.ones((3, 3, 3, 1))), tg.parameter(np.ones((1, 1, 3, 10)))
    first = tg.depthwise_conv2d(x, d)
    assert multiplications(first) == 4563
    assert multiplications(tg.separable_conv2d(x, d, p)) == 4563 + 5070 == 9633


def test_three_small_kernels_see_what_a_large_one_sees() -> None:
    """Lecture 3: three stacked 3x3 see 7x7, with 27 C^2 parameters against 49 C^2."""
    assert int(tg.receptive_field([(3, 1, 1)] * 3)) == int(tg.receptive_field([(7, 1, 1)])) == 7
    stack = [nn.Conv2D(8, 3, activation="relu") for _ in range(3)]
    assert tg.receptive_field(stack).size == (7, 7)
    for c in (1, 8):
        three = [nn.Conv2D(c, 3, use_bias=False) for _ in range(3)]
        assert count((9, 9, c), *three) == 27 * c**2
        assert count((9, 9, c), nn.Conv2D(c, 7, use_bias=False)) == 49 * c**2


@both_backends
def test_the_three_layer_net_of_lecture_4(backend: str) -> None:
    """ln(1 + exp(-y max(0, W3 max(0, W2 max(0, W1 x))))): full matrices have 530,576 weights
    (deck: 530,152); as convolutions with kernels of 3, and W3 full, 150."""
    full = count((1024,), *[nn.Dense(n, use_bias=False, activation="relu") for n in (512, 12, 12)])
    assert full == 1024 * 512 + 512 * 12 + 12 * 12 == 530_576
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4, 1024)), np.array([1.0, -1, 1, -1])[:, None]
    w1, w2, w3 = rng.normal(size=3), rng.normal(size=3), rng.normal(size=(12, 12))
    m1, m2 = tg.toeplitz(w1, 1024, 2, "same"), tg.toeplitz(w2, 512, 46)
    assert (m1.shape, m2.shape) == ((512, 1024), (12, 512))
    assert m1.weights + m2.weights + w3.size == 150

    def loss(x: tg.Tensor, w1: tg.Tensor, w2: tg.Tensor, w3: tg.Tensor, y: tg.Tensor) -> tg.Tensor:
        h = tg.relu(tg.conv1d(tg.expand_dims(x, -1), w1.reshape(3, 1, 1), 2, "same"))
        h = tg.relu(tg.conv1d(h, w2.reshape(3, 1, 1), 46))
        score = tg.relu(h.reshape(4, 12) @ w3)
        return tg.log(1 + tg.exp(-y * score)).mean()

    found = compiled(backend, loss, *map(tg.tensor, (x, w1, w2, w3, y)))
    h = np.maximum(0, m2.matrix @ np.maximum(0, m1.matrix @ x.T)).T
    want = np.log1p(np.exp(-y * np.maximum(0, h @ w3))).mean()
    assert float(found) == pytest.approx(want, rel=1e-9)
