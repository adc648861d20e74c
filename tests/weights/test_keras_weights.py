"""Weights from Keras and back: the same net there and here gives the same results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph import nn
from tinygraph.weights import from_keras, to_keras

# The nets below are written once: `k` is Keras or `tinygraph.nn`.


def separable(k: Any) -> Any:
    """Depthwise, separable, grouped, dilated; every second one without a bias."""
    return k.Sequential(
        [
            k.layers.Input((12, 11, 3)),
            k.layers.SeparableConv2D(8, 3, padding="same", activation="relu", depth_multiplier=2),
            k.layers.BatchNormalization(),
            k.layers.SeparableConv2D(6, 3, strides=2, padding="same", use_bias=False),
            k.layers.DepthwiseConv2D(3, depth_multiplier=2, activation="tanh"),
            k.layers.Conv2D(8, 3, groups=4, dilation_rate=1, padding="same"),
            k.layers.LayerNormalization(),
            k.layers.Flatten(),
            k.layers.Dropout(0.5),
            k.layers.Dense(4, activation="softmax"),
        ]
    )


def branches(k: Any) -> Any:
    """Layers of one shape in branches of different length: Keras orders them by depth."""
    x = k.layers.Input((8, 8, 4))
    a = k.layers.Conv2D(4, 3, padding="same", name="long1")(x)
    b = k.layers.Conv2D(4, 3, padding="same", name="short")(x)
    a = k.layers.Conv2D(4, 3, padding="same", name="long2")(k.layers.ReLU()(a))
    a = k.layers.BatchNormalization(name="norm")(a)
    c = k.layers.Add()([a, b])
    c = k.layers.Conv2D(4, 3, padding="same", name="after")(c)
    d = k.layers.Conv2D(4, 3, padding="same", name="aside")(b)
    e = k.layers.Concatenate()([d, c])
    return k.Model(x, [k.layers.Conv2D(2, 1, name="head")(e), d])


def shared(k: Any) -> Any:
    """A layer and a model that are used twice, at different depths."""
    inner_x = k.layers.Input((6,))
    inner = k.Model(inner_x, k.layers.Dense(6, name="i2")(k.layers.Dense(6, name="i1")(inner_x)))
    twice = k.layers.Dense(6, name="twice")
    one, two = k.layers.Input((6,)), k.layers.Input((6,))
    y = twice(k.layers.Dense(6, name="first")(one))
    z = inner(twice(two))
    y = inner(k.layers.Dense(6, name="second")(k.layers.Add()([y, z])))
    return k.Model([one, two], k.layers.Dense(6, name="last")(y))


def unet(k: Any) -> Any:
    """Two levels with transposed convolutions."""
    x = k.layers.Input((16, 16, 1))
    a = k.layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    b = k.layers.Conv2D(8, 3, padding="same", activation="relu")(k.layers.MaxPooling2D(2)(a))
    c = k.layers.Conv2D(16, 3, padding="same")(k.layers.MaxPooling2D(2)(b))
    up = k.layers.Conv2DTranspose(8, 3, strides=2, padding="same")(c)
    b = k.layers.Conv2D(8, 3, padding="same")(k.layers.Concatenate()([b, up]))
    up = k.layers.Conv2DTranspose(4, 2, strides=2)(b)
    a = k.layers.Conv2D(4, 3, padding="same")(k.layers.Concatenate()([a, up]))
    return k.Model(x, k.layers.Conv2D(2, 1)(a))


def lines(k: Any) -> Any:
    return k.Sequential(
        [
            k.layers.Input((12, 3)),
            k.layers.Conv1D(4, 3, activation="relu"),
            k.layers.SeparableConv1D(6, 3),
            k.layers.PReLU(shared_axes=[1]),
            k.layers.Conv1DTranspose(3, 4, strides=2, padding="same"),
            k.layers.BatchNormalization(scale=False),
            k.layers.GlobalAveragePooling1D(),
            k.layers.Dense(2, use_bias=False),
        ]
    )


NETS = [separable, branches, shared, unet, lines]


def results(model: Any, xs: list[np.ndarray]) -> list[np.ndarray]:
    y = model(xs if len(xs) > 1 else xs[0])
    y = y if isinstance(y, list | tuple) else [y]
    return [
        np.asarray(each.numpy() if isinstance(each, tg.Tensor) else each.detach()) for each in y
    ]


def random_weights(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Different everywhere, and positive where a variance must be."""
    rng = np.random.default_rng(0)
    return [rng.uniform(0.1, 0.4, a.shape).astype(np.float32) for a in arrays]


def close(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-5 * float(np.abs(y).max()))


@pytest.mark.reference
@pytest.mark.parametrize("make", NETS)
def test_there_and_back(make: Callable[[Any], Any], keras: Any, tmp_path: Path) -> None:
    net, model = make(keras), make(nn)
    rng = np.random.default_rng(2)
    xs = [rng.normal(size=(2, *x.shape[1:])).astype(np.float32) for x in net.inputs]
    net.set_weights(random_weights(net.get_weights()))
    np.savez(tmp_path / "w.npz", *net.get_weights())
    loaded = from_keras(model, tmp_path / "w.npz")
    assert len(loaded.loaded) == len(net.get_weights())
    close(results(model, xs), results(net, xs))

    model.initialize(5)
    for p in model.state:
        if p.dtype.is_float:
            p.assign(p + 0.25)
    to_keras(model, tmp_path / "v.npz")
    with np.load(tmp_path / "v.npz") as file:
        net.set_weights([file[name] for name in file.files])
    close(results(model, xs), results(net, xs))
    for a, b in zip(to_keras(model), net.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def small() -> nn.Model:
    layers = [nn.Dense(3, name="a"), nn.BatchNormalization(name="n"), nn.Dense(2, name="b")]
    return nn.Sequential([nn.Input((4,)), *layers])


def values(model: nn.Model) -> dict[str, bytes]:
    return {name: p.numpy().tobytes() for name, p in model.named_parameters().items()}


SHAPES = [(4, 3), (3,), (3,), (3,), (3,), (3,), (3, 2), (2,)]


def arrays(**changed: Any) -> list[np.ndarray]:
    shapes = {f"k{k}": shape for k, shape in enumerate(SHAPES)} | changed
    return [np.full(s, 0.5, np.float32) for s in shapes.values() if s is not None]


@pytest.mark.parametrize(
    ("given_arrays", "message"),
    [
        (arrays(k6=(3, 5)), r"number 6 is float32\[3,5\], and b/kernel, .* is float32\[3,2\]"),
        (arrays(k7=None), "it has 7 arrays, the model 8 weights"),
        ([*arrays(), np.ones(2)], "it has 9 arrays, the model 8 weights"),
        ([*arrays()[:-1], np.ones(2, np.int32)], r"number 7 is int32\[2\], and b/bias"),
        ([], "it has 0 arrays"),
    ],
)
def test_what_does_not_fit(given_arrays: Any, message: str) -> None:
    model = small()
    before = values(model)
    with pytest.raises(tg.DataError, match=message):
        from_keras(model, given_arrays)
    assert values(model) == before


def test_the_order_of_a_layers_weights(capsys: pytest.CaptureFixture[str]) -> None:
    """What is trained, then the rest; printed where asked for."""
    model = small()
    numbered = [np.full(s, k, np.float32) for k, s in enumerate(SHAPES)]
    from_keras(model, numbered, verbose=True)
    found = {name: float(p.numpy().max()) for name, p in model.named_parameters().items()}
    assert [*found.values()] == [*range(8)]
    assert "  2: n/gamma\n  3: n/beta\n  4: n/moving_mean" in capsys.readouterr().out


def test_files_that_are_none(tmp_path: Path) -> None:
    model = small()
    np.save(tmp_path / "one.npy", np.ones(3))
    np.savez(tmp_path / "objects.npz", np.array([{}], object))
    (tmp_path / "text").write_text("text")
    for name, message in [
        ("one.npy", "holds one array"),
        ("objects.npz", r"damaged, or no npz .*allow_pickle=False"),
        ("text", "damaged, or no npz file"),
        ("nothing", "cannot read .*No such file"),
    ]:
        with pytest.raises(tg.DataError, match=message):
            from_keras(model, tmp_path / name)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("npz") / "w.npz"
    np.savez_compressed(path, *arrays())
    return path


@settings(max_examples=150)
@given(place=st.floats(0, 1, exclude_max=True), bits=st.integers(1, 255), cut=st.booleans())
def test_a_damaged_file(saved: Path, place: float, bits: int, cut: bool) -> None:
    """Zip files carry sums of what they hold: no damage gets through."""
    data = bytearray(saved.read_bytes())
    at = int(place * len(data))
    data[at] ^= bits
    (saved.parent / "damaged").write_bytes(data[:at] if cut else data)
    model = small()
    model.initialize(1)
    before = values(model)
    try:
        from_keras(model, saved.parent / "damaged")
    except tg.DataError:
        assert values(model) == before
    else:
        assert all((p.numpy() == 0.5).all() for p in model.named_parameters().values())


def test_weights_of_a_layer_as_a_list() -> None:
    model, other = small(), small()
    other.initialize(9)
    weights = model.get_weights()
    assert [w.shape for w in weights] == SHAPES
    other.set_weights(weights)
    assert values(other) == values(model)
    weights[0][:] = 7.0  # copies
    assert values(other) == values(model)
    other.get_layer("b").set_weights([np.ones((3, 2), np.float32), np.zeros(2, np.float32)])
    assert (other.get_layer("b").kernel.numpy() == 1).all()
    with pytest.raises(tg.DataError, match=r"number 1 is float64\[5\], and bias"):
        other.get_layer("b").set_weights([np.ones((3, 2)), np.ones(5)])
