"""What stands under Keras's other names: activations, utils, datasets."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import nn
from tinygraph.nn import datasets, utils


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("ReLU", tg.relu),
        ("relu", tg.relu),
        ("LeakyReLU", tg.leaky_relu),
        ("leaky_relu", tg.leaky_relu),
        ("Leaky-ReLU", tg.leaky_relu),
        ("SOFTMAX", tg.softmax),
        ("LogSoftmax", tg.log_softmax),
        ("Tanh", tg.tanh),
        ("swish", tg.silu),
        ("exponential", tg.exp),
    ],
)
def test_activations_in_any_spelling(name: str, function: Any) -> None:
    assert nn.Dense(3, activation=name).activation is function
    assert nn.activations.get(name) is function


@pytest.mark.reference
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_activations_are_kerass(keras: Any) -> None:
    x = np.linspace(-5, 5, 60, dtype=np.float32).reshape(6, 10)
    for name, function in nn.activations.ACTIVATIONS.items():
        theirs = getattr(keras.activations, name)
        expected = keras.ops.convert_to_numpy(theirs(keras.ops.convert_to_tensor(x)))
        np.testing.assert_allclose(
            function(tg.tensor(x)).numpy(), expected, 1e-5, 1e-6, err_msg=name
        )


def test_a_layer_may_be_an_activation() -> None:
    layer = nn.Dense(3, activation=nn.PReLU())
    layer(np.ones((2, 4), np.float32))
    assert layer.count_params() == 4 * 3 + 3 + 3
    for wrong in (3, nn.ReLU):
        with pytest.raises(tg.TinygraphError, match="a name, a function or a layer"):
            nn.Dense(3, activation=wrong)
    with pytest.raises(tg.TinygraphError, match=r"'rely'; did you mean 'relu'\?"):
        nn.Dense(3, activation="rely")


def test_to_categorical() -> None:
    assert utils.to_categorical([0, 2]).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert utils.to_categorical(np.array([[1], [0]]), 2).tolist() == [[0, 1], [1, 0]]
    assert utils.to_categorical([1.0, 0.0]).dtype == np.float32
    assert utils.to_categorical(np.zeros((4, 5), int), 3).shape == (4, 5, 3)
    assert utils.to_categorical([], 3).shape == (0, 3)
    for wrong, message in (
        ([0, 3], "label 3 is not among 0 to 2"),
        ([-1], "label -1 is not among"),
        ([0.5], "whole numbers as labels, got .*0.5"),
        ([np.nan], "whole numbers as labels, got .*nan"),
        (["a"], "whole numbers as labels"),
    ):
        with pytest.raises(tg.DataError, match=message):
            utils.to_categorical(wrong, 3)
    with pytest.raises(tg.DataError, match="needs num_classes"):
        utils.to_categorical([])


@pytest.mark.parametrize("ending", ["svg", "dot", "png"])
def test_plot_model(tmp_path: Path, ending: str) -> None:
    model = nn.Sequential([nn.Input((8, 8, 1)), nn.Conv2D(2, 3), nn.Flatten(), nn.Dense(1)])
    path = tmp_path / f"model.{ending}"
    drawing = utils.plot_model(model, path)
    assert path.stat().st_size > 500
    for layer in ("conv2d", "flatten", "dense"):
        assert layer in str(drawing)
    assert utils.plot_model(model, None, "LR") is not None
    assert utils.plot_model(model, to_file=None, show_shapes=True, expand_nested=True) is not None
    with pytest.raises(tg.TinygraphError, match="rankdir is 'TB' or 'LR', got 'UP'"):
        utils.plot_model(model, None, "UP")


def test_datasets_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(tg.DataError, match="train-images-idx3-ubyte"):
        datasets.mnist.load_data(tmp_path)
    with pytest.raises(tg.DataError, match="Fashion-MNIST is not in"):
        datasets.fashion_mnist.load_data(tmp_path)
    assert "load_data()" in repr(datasets.mnist)


def test_parameters_by_keras_names() -> None:
    model = nn.Sequential([nn.Input((3,)), nn.Dense(2), nn.BatchNormalization(), nn.Dropout(0.5)])
    assert model.trainable_weights == model.trainable_variables == model.parameters
    assert [p.name for p in model.weights[:3]] == [
        "dense/kernel",
        "dense/bias",
        "batch_normalization/gamma",
    ]
    assert [p.name for p in model.non_trainable_weights] == [
        "batch_normalization/moving_mean",
        "batch_normalization/moving_variance",
    ]
    model.trainable = False
    assert model.trainable_weights == []
    assert model.non_trainable_weights == model.weights
    assert sum(p.size for p in model.weights) == model.count_params()


def test_parts_of_keras_that_are_elsewhere() -> None:
    with pytest.raises(AttributeError, match=r"tg.grad\(loss, model.trainable_variables\)") as told:
        _ = nn.GradientTape  # pyright: ignore[reportAttributeAccessIssue]
    assert (told.value.name, told.value.obj) == ("GradientTape", nn)
    with pytest.raises(AttributeError) as told:
        _ = tg.conv2D  # pyright: ignore[reportAttributeAccessIssue]
    assert (told.value.name, told.value.obj) == ("conv2D", tg)  # Python then says: did you mean


def test_clones_have_layers_of_their_own() -> None:
    x = nn.Input((4,))
    shared = nn.Dense(4, name="shared")
    model = nn.Model(x, nn.Dense(2)(shared(shared(x))))
    clone = nn.models.clone_model(model)
    assert [*clone.named_parameters()] == [*model.named_parameters()]
    assert {*clone.parameters}.isdisjoint(model.parameters)
    data = np.ones((3, 4), np.float32)
    assert (clone(data).numpy() != model(data).numpy()).any()
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone(data).numpy(), model(data).numpy())


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_models_are_cloned_or_saved_not_copied(copied: Any) -> None:
    with pytest.raises(tg.TinygraphError, match=r"model sequential .*clone_model"):
        copied(nn.Sequential([nn.Input((3,)), nn.Dense(2)]))


def test_pictures_of_models_without_shapes() -> None:
    with pytest.raises(tg.TinygraphError, match="sequential has no shapes yet"):
        tg.draw(nn.Sequential([nn.Dense(3)]))
