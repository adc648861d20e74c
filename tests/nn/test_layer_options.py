"""Options of layers: input_shape, regularizers, noise, errors that say what would fit."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import nn

L = nn.layers
X = np.random.default_rng(0).normal(size=(2, 8, 6, 4)).astype(np.float32)


# Parameter counts of the lectures


@pytest.mark.parametrize(
    ("layers", "shape", "count"),
    [
        ([L.SeparableConv2D(64, 3)], (16, 16, 32), 2400),  # deck 5: 288 + 2048 + 64
        ([L.Dense(3, use_bias=False)], (5,), 15),  # deck 2: dense ...
        ([L.LocallyConnected1D(1, 3, use_bias=False)], (5, 1), 9),  # ... sparse ...
        ([L.Conv1D(1, 3, use_bias=False)], (5, 1), 3),  # ... shared
        ([L.Flatten(), L.Dense(3), L.Dense(1)], (5, 5), 82),  # deck 2: (25 + 1) * 3 + 4
        ([L.ZeroPadding2D(2), L.Conv2D(10, 5)], (32, 32, 3), 760),  # deck 3
        ([L.Conv2D(6, 5)], (32, 32, 3), 456),  # deck 3 prints 468
        ([L.BatchNormalization()], (8, 8, 32), 128),  # deck 5
        ([L.BatchNormalization()], (8, 8, 256), 1024),  # deck 5 prints 512
        ([L.Conv2D(96, 11, 4)], (227, 227, 3), 34944),  # deck 3, AlexNet's first
    ],
)
def test_counts_of_the_lectures(layers: list[nn.Layer], shape: tuple[int, ...], count: int) -> None:
    assert nn.Sequential([nn.Input(shape), *layers]).count_params() == count


def test_sizes_of_the_lectures() -> None:
    def size(shape: tuple[int, ...], *layers: nn.Layer) -> tuple[int, ...]:
        return nn.Sequential([nn.Input(shape), *layers]).outputs.shape[1:]

    assert size((32, 32, 3), L.Conv2D(10, 5, padding=2)) == (32, 32, 10)
    assert size((227, 227, 3), L.Conv2D(96, 11, 4)) == (55, 55, 96)
    assert size((7, 7, 1), L.Conv2D(1, 3, 3)) == (2, 2, 1)
    assert size((7, 7, 1), L.ZeroPadding2D(1), L.Conv2D(1, 3, 3)) == (3, 3, 1)
    assert L.Conv2D(1, 3, 3).remark((None, 7, 7, 1)) == (
        "leaves out at the end 1 of 7 (padding (0, 2) would fit)"
    )


# The beginning of a Sequential


@pytest.mark.parametrize(
    "layers",
    [
        [L.Flatten(input_shape=(28, 28)), L.Dense(16)],
        [nn.Input((28, 28)), L.Flatten(), L.Dense(16)],
        [L.InputLayer((28, 28)), L.Flatten(), L.Dense(16)],
        [L.InputLayer(input_shape=(28, 28)), L.Flatten(), L.Dense(16)],
        [L.Reshape(input_shape=(28, 28), target_shape=(784,)), L.Dense(16, input_shape=(3,))],
    ],
)
def test_input_shape(layers: list[Any]) -> None:
    model = nn.Sequential(layers)
    assert model.count_params() == 784 * 16 + 16
    assert model.outputs.shape == (None, 16)
    assert model(np.zeros((3, 28, 28), np.float32)).shape == (3, 16)
    with pytest.raises(tg.ShapeError, match=r"needs float32\[N,28,28\], got float32\[3,28,27\]"):
        model(np.zeros((3, 28, 27), np.float32))


def test_a_model_at_the_beginning() -> None:
    inner = nn.Sequential([nn.Input((3,)), L.Dense(2)])
    model = nn.Sequential([inner, L.Dense(1)])
    assert model.outputs.shape == (None, 1)
    assert model.count_params() == 8 + 3


def test_layers_are_added_and_taken_off() -> None:
    model = nn.Sequential()
    model.add(L.Flatten(input_shape=(2, 3)))
    model.add(L.Dense(4))
    model.add(L.Dense(5))
    with pytest.raises(tg.ShapeError, match=r"needs \[N,H,W,C\]"):
        model.add(L.Conv2D(3, 3))
    assert model.outputs.shape == (None, 5)
    assert model.count_params() == 28 + 25
    model.pop()
    assert model.outputs.shape == (None, 4)
    assert [layer.name for layer in model.layers] == ["flatten", "dense"]
    model.add(L.Dense(1))
    assert model(np.ones((1, 2, 3), np.float32)).shape == (1, 1)
    for _ in range(3):
        model.pop()
    with pytest.raises(tg.TinygraphError, match="has no layer to take off"):
        model.pop()


def test_input_shape_goes_with_the_configuration() -> None:
    layer = L.Dense(3, input_shape=(5,))
    again = type(layer)(**layer.get_config())
    assert nn.Sequential([again]).count_params() == 18


# Regularizers


@pytest.mark.parametrize(
    ("make", "weights"),
    [
        (L.Dense, ("kernel", "bias")),
        (lambda **o: L.Conv1D(2, 3, **o), ("kernel", "bias")),
        (lambda **o: L.Conv2D(2, 3, **o), ("kernel", "bias")),
        (lambda **o: L.Conv2DTranspose(2, 3, **o), ("kernel", "bias")),
        (lambda **o: L.LocallyConnected2D(2, 3, **o), ("kernel", "bias")),
        (lambda **o: L.DepthwiseConv2D(3, **o), ("depthwise", "bias")),
        (lambda **o: L.SeparableConv2D(2, 3, **o), ("depthwise", "pointwise", "bias")),
        (L.BatchNormalization, ("gamma", "beta")),
        (L.LayerNormalization, ("gamma", "beta")),
        (L.PReLU, ("alpha",)),
    ],
)
def test_regularizers(make: Any, weights: tuple[str, ...]) -> None:
    given = {"units": 3} if make is L.Dense else {}
    x = X[:, 0] if make(**given).__class__ is L.Conv1D else X
    for name in weights:
        layer = make(**given, **{f"{name}_regularizer": lambda w: 2 * tg.sum(w)})
        layer(x)
        (weight,) = [w for w in vars(layer).values() if _is_weight(w, name)]
        weight.assign(np.full(weight.shape, 0.5, np.float32))
        assert [float(loss) for loss in layer.losses] == [weight.size]


def _is_weight(value: Any, name: str) -> bool:
    return isinstance(value, tg.Parameter) and str(value.name).split("_")[0] == name


def test_activity_regularizer() -> None:
    layer = L.ReLU(activity_regularizer=lambda y: tg.sum(y))
    y = layer(X).numpy()
    (loss,) = layer.losses
    assert float(loss) == pytest.approx(y.sum() / len(X), rel=1e-5)


# Noise


def test_spatial_dropout_drops_whole_channels() -> None:
    y = L.SpatialDropout2D(0.5, seed=1)(np.ones((8, 5, 5, 16), np.float32), training=True).numpy()
    assert set(np.unique(y)) == {0, 2}
    assert (y == y[:, :1, :1]).all()
    assert 0.3 < (y[:, 0, 0] == 0).mean() < 0.7


def test_noise_shape() -> None:
    x = np.ones((8, 5, 6), np.float32)
    y = L.Dropout(0.5, noise_shape=(None, 1, None), seed=1)(x, training=True).numpy()
    assert set(np.unique(y)) == {0, 2}
    assert (y == y[:, :1]).all()
    assert (y != y[:, :, :1]).any()


def test_gaussian_noise_and_dropout() -> None:
    x = np.full((64, 64), 3, np.float32)
    added = L.GaussianNoise(0.5, seed=1)(x, training=True).numpy()
    assert added.mean() == pytest.approx(3, abs=0.05)
    assert added.std() == pytest.approx(0.5, abs=0.05)
    times = L.GaussianDropout(0.2, seed=1)(x, training=True).numpy()
    assert times.mean() == pytest.approx(3, abs=0.1)
    assert times.std() == pytest.approx(1.5, abs=0.1)


@pytest.mark.parametrize(
    "make", [lambda: L.SpatialDropout2D(0.5), lambda: L.GaussianNoise(0.5), lambda: L.Dropout(0.5)]
)
def test_noise_is_in_training_alone_and_follows_the_state(make: Any) -> None:
    layer = make()
    np.testing.assert_array_equal(layer(X).numpy(), X)
    start = layer.random_state.numpy()
    first, second = layer(X, training=True).numpy(), layer(X, training=True).numpy()
    assert (first != second).any()
    layer.random_state.assign(start)
    np.testing.assert_array_equal(layer(X, training=True).numpy(), first)


# Unpooling, preprocessing


def test_unpooling_puts_values_back() -> None:
    x = np.array([[1, 2, 6, 3], [3, 5, 2, 1], [1, 2, 2, 1], [7, 3, 4, 8]], np.float32)
    y = np.array([[1, 2], [3, 4]], np.float32)
    back = L.MaxUnpooling2D()([y.reshape(1, 2, 2, 1), x.reshape(1, 4, 4, 1)])
    wanted = [[0, 0, 2, 0], [0, 1, 0, 0], [0, 0, 0, 0], [3, 0, 0, 4]]  # lecture 5
    assert back.numpy().squeeze().tolist() == wanted


def test_normalization_adapts_to_batches_and_is_saved(tmp_path: Any) -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(3, 2, (10, 4)).astype(np.float32)
    whole, parts = L.Normalization(), L.Normalization()
    whole.adapt(data)
    parts.adapt((data[k : k + 3], None) for k in range(0, 10, 3))
    np.testing.assert_allclose(whole(data).numpy(), parts(data).numpy(), atol=1e-5)
    np.testing.assert_allclose(whole(data).numpy().mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(whole(data).numpy().std(0), 1, atol=1e-5)
    np.testing.assert_allclose(
        L.Normalization(mean=3, variance=4)(data).numpy(), (data - 3) / 2, rtol=1e-5
    )
    assert whole.parameters == []
    far = L.Normalization(dtype="float64")
    far.adapt(data.astype(np.float64) + 1e9)  # a variance that sums of squares would lose
    np.testing.assert_allclose(far.variance.numpy()[0], data.var(0), rtol=1e-5)
    lists = L.Normalization()
    lists.adapt(data.tolist())
    np.testing.assert_array_equal(lists.mean.numpy(), whole.mean.numpy())
    whole.adapt(data + 100)  # starts anew
    np.testing.assert_allclose(whole(data + 100).numpy().mean(0), 0, atol=1e-3)


def test_rescaling_takes_bytes() -> None:
    y = L.Rescaling(1 / 255)(np.array([[0, 255]], np.int32))
    assert y.dtype == "float32"
    assert y.numpy().tolist() == [[0, 1]]
    per_channel = L.Rescaling([1.0, 2.0], [0.0, -1.0])(np.ones((1, 2), np.float32))
    assert per_channel.numpy().tolist() == [[1, 1]]


# Errors


@pytest.mark.parametrize(
    ("layer", "fits"),
    [
        (L.Conv2D(3, 3), "[N,?,?,4]"),
        (L.Conv2DTranspose(3, 3), "[N,?,?,4]"),
        (L.Dense(3), "[N,?,?,4]"),
        (L.SeparableConv2D(3, 3), "[N,?,?,4]"),
        (L.LocallyConnected2D(3, 3), "[N,8,6,4]"),
        (L.BatchNormalization(), "[N,?,?,4]"),
        (L.LayerNormalization((1, 3)), "[N,8,?,4]"),
        (L.PReLU(shared_axes=1), "[N,?,6,4]"),
        (L.Normalization(), "[N,?,?,4]"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Layer) else "",
)
def test_weights_that_do_not_fit(layer: nn.Layer, fits: str) -> None:
    layer(X)
    assert layer(X[:1]).shape[0] == 1
    with pytest.raises(tg.ShapeError, match=re.escape(f"has weights for {fits}, got [2,8,6,3]")):
        layer(X[..., :3])
    with pytest.raises(tg.ShapeError, match=r"has weights for .*, got \[N,8,6,3\]|\[2,8,6,3\]"):
        layer(nn.Input((8, 6, 3)))


def test_one_tensor_too_many() -> None:
    for layer in (L.Activation("relu"), L.Flatten(), L.Dropout(0.5)):
        with pytest.raises(tg.ShapeError, match="takes one tensor, got 2; layers"):
            layer([X, X])
        with pytest.raises(tg.ShapeError, match="takes one tensor, got 2"):
            layer(X, X)
        with pytest.raises(tg.ShapeError, match="takes one tensor, got 2"):
            layer([nn.Input((8, 6, 4)), nn.Input((8, 6, 4))])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L.MaxPooling2D(3, stride=2), "no argument 'stride'; did you mean strides?"),
        (lambda: L.Dense(3, activaton="relu"), "did you mean activation?"),
        (lambda: L.ELU(foo=1), "ELU has no argument 'foo'; it takes alpha, name, trainable"),
        (lambda: L.Conv2D(3, 3, data_format="channels_first"), r"Permute\(\(2, 3, 1\)\)"),
        (lambda: L.Conv2D(3, 3, padding="full"), "padding is 'valid' or 'same', a number or"),
        (lambda: L.Conv2D(3, 3, padding="causal"), "padding is 'valid' or 'same', a number or"),
        (lambda: L.Conv2D(2.5, 3), "Conv2D: filters needs a whole number, got 2.5"),
        (lambda: L.Conv1D(3, (3, 3)), "Conv1D: kernel_size needs one number, or 1"),
        (lambda: L.Dense(0), "at least one unit, got 0"),
        (lambda: L.SeparableConv2D(0, 3), "at least one filter"),
        (lambda: L.DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier of at least 1"),
        (lambda: L.Conv2DTranspose(4, 3, groups=2), "Conv2DTranspose has no groups"),
        (lambda: L.Conv2D(3, 9)(X), r"9 x 9 does not fit into \[2,8,6,4\], which is 8 x 6 with"),
        (lambda: L.MaxPooling2D(7)(X), "7 x 7 does not fit into"),
        (lambda: L.LocallyConnected2D(3, 7)(X), "7 x 7 does not fit into"),
        (lambda: L.Conv2D(3, 9)(nn.Input((8, 6, 4))), "9 x 9 does not fit into"),
        (lambda: L.MaxPooling2D(2)(X[0]), r"MaxPooling2D max_pooling2d needs \[N,H,W,C\]"),
        (lambda: L.Conv1D(3, 3)(X), r"needs \[N,L,C\] with a known C, got \[2,8,6,4\]"),
        (lambda: L.Conv3D(3, 3)(X), r"needs \[N,D,H,W,C\]"),
        (lambda: L.GlobalMaxPooling2D()(X[0]), r"needs \[N,H,W,C\]"),
        (lambda: L.UpSampling2D()(X[0]), r"needs \[N,H,W,C\]"),
        (lambda: L.UpSampling2D(2, interpolation="bilinear"), "a Conv2DTranspose can learn"),
        (lambda: L.ZeroPadding2D((1, 2, 3)), "a number, or for each of 2 spatial axes"),
        (lambda: L.ZeroPadding2D(-1), "is not negative"),
        (lambda: L.Cropping2D(4)(X), "leaves nothing of"),
        (lambda: L.LocallyConnected1D(1, 3)(nn.Input((None, 2))), "needs a known size"),
        (lambda: L.MaxUnpooling2D()(X), r"takes \[y, x\]"),
        (lambda: L.MaxUnpooling2D()([X, X]), r"gives \[2,4,3,4\], got \[2,8,6,4\] to unpool"),
        (lambda: L.ReLU(max_value=-1), "max_value of at least 0"),
        (lambda: L.PReLU(shared_axes=[0])(X), "shared_axes are from 1 to 3"),
        (lambda: L.PReLU()(nn.Input((None, 3))), "alpha needs a known shape"),
        (lambda: L.Maxout(3)(X), "a last axis that 3 divides"),
        (lambda: L.Permute((1, 3)), "each of the axes 1 to 2 once"),
        (lambda: L.Permute((2, 1))(X), "for examples with 2 axes"),
        (lambda: L.RepeatVector(2)(X), r"needs \[N,C\]"),
        (lambda: L.Reshape((-1, -1)), "at most one -1"),
        (lambda: L.Reshape((5, -1))(X), "no extent fits for -1"),
        (lambda: L.Add()([X]), "at least two inputs, got 1"),
        (lambda: L.Subtract()([X, X, X]), "takes two inputs, got 3"),
        (lambda: L.Add()([X, X[:, :5]]), "add"),
        (lambda: L.Dot(0)([X, X]), "an axis after the batch"),
        (lambda: L.Dot(1)([X, X[:, :5]]), "equal extents there"),
        (lambda: L.BatchNormalization(axis=0)(X), "an axis after the batch, got axis 0"),
        (lambda: L.LayerNormalization(axis=4)(X), "an axis after the batch, got axis 4"),
        (lambda: L.GaussianNoise(-1), "stddev of at least 0"),
        (lambda: L.SpatialDropout1D(0.5)(X, training=True), r"needs \[N,L,C\]"),
        (lambda: L.Dropout(0.5, (None, 2, 1, 1))(X, training=True), "noise_shape has 1, None"),
        (lambda: L.Dropout("half"), "below 1, got 'half'"),
        (lambda: L.Dropout(0.5, seed=-1), "a seed of at least 0, got -1"),
        (lambda: L.Rescaling("1/255"), "takes numbers, got '1/255'"),
        (lambda: L.Normalization(mean=1.0), "both mean and variance, or neither"),
        (lambda: L.Normalization().adapt(np.zeros((0, 3))), "no data to adapt to"),
        (lambda: L.Normalization().adapt(np.full((2, 3), np.nan)), "NaN or infinity"),
        (lambda: L.InputLayer(), "needs the shape of one example"),
    ],
)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises(tg.TinygraphError, match=message):
        make()


def test_no_dtype_is_float32() -> None:
    assert L.Dense(3, dtype=None)(np.ones((1, 2), np.float32)).dtype == "float32"
