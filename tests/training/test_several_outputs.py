"""Models with several inputs and outputs: lists and dicts, weights of losses, metrics by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import nn

rng = np.random.default_rng(0)
A, B = rng.normal(size=(20, 4)).astype(np.float32), rng.normal(size=(20, 3)).astype(np.float32)
CLASSES = rng.integers(0, 2, 20)
SIZES = rng.normal(size=(20, 1))


def two_headed(kind: str = "list") -> nn.Model:
    a, b = nn.Input((4,), name="a"), nn.Input((3,), name="b")
    h = nn.Concatenate()([nn.Dense(5, "tanh")(a), nn.Dense(5, "tanh")(b)])
    kinds, size = nn.Dense(2, "softmax", name="kind")(h), nn.Dense(1, name="size")(h)
    if kind == "dict":
        model = nn.Model({"a": a, "b": b}, {"kind": kinds, "size": size})
    else:
        model = nn.Model([a, b], [kinds, size])
    model.initialize(1)
    return model


FORMS = [
    pytest.param([A, B], [CLASSES, SIZES], id="lists"),
    pytest.param({"a": A, "b": B}, {"kind": CLASSES, "size": SIZES}, id="dicts"),
    pytest.param({"b": B, "a": A}, {"size": SIZES, "kind": CLASSES}, id="dicts in another order"),
    pytest.param((A, B), [CLASSES, SIZES], id="a tuple"),
]


@pytest.mark.parametrize("kind", ["list", "dict"])
@pytest.mark.parametrize(("x", "y"), FORMS)
def test_lists_and_dicts(x: Any, y: Any, kind: str) -> None:
    model = two_headed(kind)
    model.compile(
        "sgd",
        {"kind": "sparse_categorical_crossentropy", "size": "mse"},
        {"kind": ["accuracy"], "size": "mae"},
        loss_weights={"size": 0.25},
        backend="numpy",
    )
    found = model.evaluate(x, y, batch_size=6, verbose=0, return_dict=True)
    assert [*found] == ["loss", "kind_loss", "size_loss", "kind_accuracy", "size_mae"]
    p = model.predict(x, verbose=0)
    kinds, sizes = (p["kind"], p["size"]) if kind == "dict" else p
    assert kinds.shape, sizes.shape == ((20, 2), (20, 1))
    cross = -np.log(kinds[np.arange(20), CLASSES]).mean()
    square = np.square(sizes - SIZES).mean()
    assert found["kind_loss"] == pytest.approx(cross, rel=1e-5)
    assert found["size_loss"] == pytest.approx(square, rel=1e-5)
    assert found["loss"] == pytest.approx(cross + 0.25 * square, rel=1e-5)
    assert found["kind_accuracy"] == pytest.approx((kinds.argmax(-1) == CLASSES).mean())
    assert found["size_mae"] == pytest.approx(np.abs(sizes - SIZES).mean(), rel=1e-5)
    history = model.fit(x, y, epochs=3, verbose=0, validation_data=(x, y))
    assert history.history["val_loss"][-1] < found["loss"]


def test_by_order_and_by_name_is_the_same_training() -> None:
    losses = ["sparse_categorical_crossentropy", tg.losses.MeanSquaredError()]
    models = []
    for loss, weight in (
        (losses, [1, 2]),
        (dict(zip(("kind", "size"), losses)), {"size": 2}),
    ):
        model = two_headed()
        model.compile("adam", loss, loss_weights=weight, backend="numpy")
        model.fit([A, B], [CLASSES, SIZES], epochs=2, verbose=0)
        models.append([p.numpy() for p in model.parameters])
    for a, b in zip(*models):
        np.testing.assert_array_equal(a, b)


def test_an_output_without_a_loss_is_not_trained() -> None:
    model = two_headed()
    model.compile("sgd", {"kind": "sparse_categorical_crossentropy"}, backend="numpy")
    before = model.get_layer("size").named_parameters()["kernel"].numpy()
    model.fit([A, B], {"kind": CLASSES}, epochs=2, verbose=0)
    np.testing.assert_array_equal(
        model.get_layer("size").named_parameters()["kernel"].numpy(), before
    )
    assert [*model.history.history] == ["loss", "kind_loss"]


def test_sample_weights_by_output() -> None:
    model = two_headed()
    model.compile(
        "sgd", {"kind": "sparse_categorical_crossentropy", "size": "mse"}, backend="numpy"
    )
    weight = np.linspace(0, 1, 20)
    found = model.evaluate(
        [A, B], [CLASSES, SIZES], sample_weight={"size": weight}, verbose=0, return_dict=True
    )
    kinds, sizes = model.predict([A, B], verbose=0)
    assert found["kind_loss"] == pytest.approx(
        -np.log(kinds[np.arange(20), CLASSES]).mean(), rel=1e-5
    )
    assert found["size_loss"] == pytest.approx(
        (weight * np.square(sizes - SIZES)[:, 0]).mean(), rel=1e-5
    )


@pytest.mark.parametrize(
    ("x", "y", "loss", "message"),
    [
        ([A], [CLASSES, SIZES], ["mse", "mse"], "takes 2 inputs, x has 1"),
        ({"a": A}, [CLASSES, SIZES], ["mse", "mse"], "nothing for the input 'b'"),
        ([A, B], [CLASSES], ["mse", "mse"], "y is given for 1, but there are 2: kind, size"),
        ([A, B], SIZES, ["mse", "mse"], "y is needed for each of kind, size"),
        ([A, B], [CLASSES, SIZES], ["mse"], "loss is given for 1"),
        ([A, B], [CLASSES, SIZES], {"sise": "mse"}, "loss is given for 'sise'; there are kind"),
        ([A, B], {"kind": CLASSES}, {"size": "mse"}, "the output size has a loss or metric, but y"),
    ],
)
def test_errors(x: Any, y: Any, loss: Any, message: str) -> None:
    model = two_headed()
    model.compile("sgd", loss, backend="numpy")
    with pytest.raises(tg.TinygraphError, match=message):
        model.fit(x, y, verbose=0)


def test_arrays_by_name_for_an_input_without_one() -> None:
    x = nn.Input((2,))
    model = nn.Model(x, nn.Dense(1)(x), name="net")
    model.compile("sgd", "mse", backend="numpy")
    data = np.ones((4, 2), np.float32)
    with pytest.raises(tg.DataError, match=r"'z'.*, but input 0 of model net has no name: "):
        model.fit({"z": data}, data[:, :1], verbose=0)
