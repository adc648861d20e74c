"""Layers: shapes, weights, options and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import nn

X = np.random.default_rng(0).normal(size=(2, 8, 6, 4)).astype(np.float32)


@pytest.mark.parametrize(
    ("layer", "shape", "count"),
    [
        (nn.Conv2D(3, 3), (2, 6, 4, 3), 111),
        (nn.Conv2D(3, (3, 1), strides=2, padding="same"), (2, 4, 3, 3), 39),
        (nn.Conv2D(6, 3, groups=2, use_bias=False), (2, 6, 4, 6), 108),
        (nn.Conv2D(3, 3, dilation_rate=2), (2, 4, 2, 3), 111),
        (nn.Conv2D(3, 3, padding=((1, 0), (2, 1))), (2, 7, 7, 3), 111),
        (nn.Conv2DTranspose(3, 2, strides=2), (2, 16, 12, 3), 51),
        (nn.Conv2DTranspose(3, 3, strides=2, padding="same"), (2, 16, 12, 3), 111),
        (nn.Conv2DTranspose(3, 3, strides=2, output_padding=1), (2, 18, 14, 3), 111),
        (nn.MaxPooling2D(), (2, 4, 3, 4), 0),
        (nn.MaxPooling2D(3, strides=2, padding="same"), (2, 4, 3, 4), 0),
        (nn.AveragePooling2D((2, 3)), (2, 4, 2, 4), 0),
        (nn.GlobalAveragePooling2D(), (2, 4), 0),
        (nn.UpSampling2D((2, 3)), (2, 16, 18, 4), 0),
        (nn.Flatten(), (2, 192), 0),
        (nn.Reshape((4, -1)), (2, 4, 48), 0),
        (nn.Dense(5), (2, 8, 6, 5), 25),
        (nn.Dense(5, use_bias=False), (2, 8, 6, 5), 20),
        (nn.BatchNormalization(), (2, 8, 6, 4), 16),
        (nn.Dropout(0.5), (2, 8, 6, 4), 0),
        (nn.ReLU(), (2, 8, 6, 4), 0),
        (nn.Softmax(), (2, 8, 6, 4), 0),
        (nn.Activation("tanh"), (2, 8, 6, 4), 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Layer) else "",
)
def test_shape_and_weights(layer: nn.Layer, shape: tuple[int, ...], count: int) -> None:
    assert layer(X).shape == shape
    assert layer.count_params() == count
    symbol = layer(nn.Input(X.shape[1:]))
    assert symbol.shape == (None, *shape[1:])


def test_dense_is_a_product() -> None:
    layer = nn.Dense(2, kernel_initializer="ones", activation="relu")
    x = tg.tensor([[1.0, 2.0], [-3.0, 1.0]])
    assert layer(x).numpy().tolist() == [[3, 3], [0, 0]]
    layer.bias.assign([1.0, 10.0])
    assert layer(x).numpy().tolist() == [[4, 13], [0, 8]]


def test_transposed_convolution_has_kerass_order() -> None:
    layer = nn.Conv2DTranspose(2, 2, strides=2)
    layer(X)
    assert layer.kernel.shape == (2, 2, 2, 4)
    y = nn.Conv2DTranspose(1, 2, strides=2, kernel_initializer=lambda shape, rng: KERNEL)
    assert y(np.array([[3.0], [1]], np.float32).reshape(1, 1, 2, 1)).numpy().squeeze().tolist() == [
        [3, -3, 1, -1],
        [6, 3, 2, 1],
    ]


KERNEL = np.array([[1.0, -1.0], [2.0, 1.0]]).reshape(2, 2, 1, 1)


def test_merging() -> None:
    assert nn.Concatenate()([X, X]).shape == (2, 8, 6, 8)
    assert nn.Concatenate(axis=1)([X, X]).shape == (2, 16, 6, 4)
    np.testing.assert_array_equal(nn.Add()([X, X, X]).numpy(), X + X + X)


def test_batch_normalization_keeps_running_statistics() -> None:
    layer = nn.BatchNormalization(momentum=0.9)
    y = layer(X, training=True).numpy()
    np.testing.assert_allclose(y.mean((0, 1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.1 * X.mean((0, 1, 2)), rtol=1e-4)
    expected = 0.9 + 0.1 * X.var((0, 1, 2))
    np.testing.assert_allclose(layer.moving_variance.numpy(), expected, rtol=1e-5)
    before = layer.moving_mean.numpy()
    later = layer(X).numpy()
    np.testing.assert_array_equal(layer.moving_mean.numpy(), before)
    assert np.abs(later - X).max() < 0.3  # close to the input: the statistics have hardly moved
    assert [p is q for p, q in zip(layer.parameters, (layer.gamma, layer.beta))] == [True, True]
    assert len(layer.state) == 2


def test_frozen_batch_normalization_is_as_in_inference() -> None:
    layer = nn.BatchNormalization()
    layer.trainable = False
    np.testing.assert_array_equal(layer(X, training=True).numpy(), layer(X).numpy())
    assert layer.parameters == []


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_dropout_draws_anew_and_keeps_count(backend: str) -> None:
    layer = nn.Dropout(0.25, seed=3)
    x = np.ones((64, 64), np.float32)

    @tg.jit(backend=backend)
    def dropped(x: tg.Tensor) -> tg.Tensor:
        return layer(x, training=True)

    first, second = dropped(x).numpy(), dropped(x).numpy()
    assert set(np.unique(first)) == {0.0, np.float32(1 / 0.75)}
    assert abs((first == 0).mean() - 0.25) < 0.02
    assert (first != second).any()
    again = nn.Dropout(0.25, seed=3)
    np.testing.assert_array_equal(again(x, training=True).numpy(), first)
    np.testing.assert_array_equal(again(x, training=True).numpy(), second)
    np.testing.assert_array_equal(again(x).numpy(), x)


def test_seeds_decide_the_weights() -> None:
    def kernel() -> np.ndarray:
        layer = nn.Dense(3)
        layer(np.ones((1, 4), np.float32))
        return layer.kernel.numpy()

    nn.set_random_seed(1)
    first, second = kernel(), kernel()
    nn.set_random_seed(1)
    np.testing.assert_array_equal(kernel(), first)
    assert (first != second).any()
    nn.set_random_seed(0)


def test_float64_layers() -> None:
    layer = nn.Dense(3, dtype="float64")
    assert layer(np.ones((1, 4))).dtype == "float64"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Dense(3)(np.float32(1)), r"Dense dense needs \[...,C\] with a known C"),
        (lambda: nn.Dense(3)([[1.0, 2.0]]), "layer dense takes tensors and arrays, got 1.0"),
        (lambda: nn.Dense(3)(nn.Input((None,))), "Dense dense needs .* known C"),
        (lambda: nn.Conv2D(3, 3)(np.ones((2, 8, 4), np.float32)), r"needs \[N,H,W,C\]"),
        (lambda: nn.Conv2D(3, 3, groups=2), "filters that groups divide"),
        (lambda: nn.Conv2D(4, 3, groups=3), "filters that groups divide"),
        (lambda: nn.Conv2D(3, 9)(X), "conv"),
        (lambda: nn.Conv2D(3, 3, kernel_initializer="glorot")(X), "no initializer 'glorot'"),
        (lambda: nn.Dense(3, activation="rely"), "there is no activation 'rely'"),
        (lambda: nn.Concatenate()(X), "takes a list of inputs"),
        (lambda: nn.Dropout(1.0), "rate of at least 0 and below 1"),
        (lambda: nn.MaxPooling2D((2, 2, 2)), "pool_size needs one number, or 2"),
        (lambda: tg.relu(nn.Input((3,))), "a symbol of a model has no numbers"),
    ],
)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises(tg.TinygraphError, match=message):
        make()
