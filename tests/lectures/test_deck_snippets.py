"""The lectures' Keras code builds what the lectures say; deck_code.py quotes it."""

from __future__ import annotations

from typing import Any

import deck_code as deck
import pytest

import tinygraph as tg
from tinygraph import nn as keras
from tinygraph.nn import layers

KERAS: dict[str, Any] = {"keras": keras, "layers": layers}


def test_lecture_2_imports() -> None:
    assert deck.run(deck.KERAS_IMPORTS)["layer"] is keras.layers.Dense


def test_lecture_2_two_convolutions() -> None:
    names = deck.run(deck.TWO_CONV, keras=keras, flatten=keras.layers.Flatten())
    model = keras.Model(names["inputs"], names["outputs"])
    assert model.count_params() == 824_201
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == [*["Conv2D", "MaxPooling2D"] * 2, "Flatten", "Dense", "Dense"]


def test_lecture_5_mlp(mnist: Any) -> None:
    names = deck.run(deck.MNIST_MLP)
    model = names["model"]
    rows = [(layer.name, layer.count_params()) for layer in model.layers]
    assert rows == [("flatten", 0), ("dense", 12560), ("dense", 272), ("dense", 170)]
    assert model.count_params() == 13_002
    assert model(names["x_test"]).shape == (len(mnist.test), 10)


def test_lecture_5_conv_net_line_by_line() -> None:
    model = keras.Sequential([eval(deck.edited(line), KERAS) for line in deck.MNIST_CONV_LAYERS])
    counts = [layer.count_params() for layer in model.layers]
    assert counts == [0, 120, 10_392, 27_680, 0, 313_800, 2_010]
    assert model.count_params() == 354_002
    flat = model.calls[4].result
    assert flat.shape == (None, 7 * 7 * 32)  # the slide: 7x6x32, and [1558,200] for the weights


def test_lecture_5_mnist_convnet(mnist: Any, capsys: pytest.CaptureFixture[str]) -> None:
    names = deck.run(deck.MNIST_CONVNET)
    assert names["model"].count_params() == 34_826
    assert names["y_train"].shape == (len(mnist.train), 10)
    printed = capsys.readouterr().out
    assert f"x_train shape: ({len(mnist.train)}, 28, 28)\n" in printed
    assert f"x_train shape: ({len(mnist.train)}, 28, 28, 1)\n" in printed
    assert "34,826" in printed


@pytest.mark.parametrize(
    ("second_half", "shape", "total", "trainable"),
    [
        (deck.PETS_CLASSIFIER, (None, 100), 232_644, None),
        (deck.PETS_DECODER, (None, 160, 160, 3), 2_058_979, 2_055_203),
    ],
)
def test_lecture_5_pets(second_half: str, shape: Any, total: int, trainable: int | None) -> None:
    names = deck.run(deck.PETS_ENCODER + second_half + deck.PETS_NUMBERS, **KERAS)
    model = names["get_model"](names["img_size"], names["num_classes"])
    assert model.outputs.shape == shape
    assert model.count_params() == total
    if trainable is not None:
        assert sum(p.size for p in model.parameters) == trainable
        assert total - trainable == 3_776


def test_the_slides_lines_about_one_block() -> None:
    """Deck 5 repeats single lines beside the pictures, with their numbers."""
    x = keras.Input((80, 80, 32))
    lines = """
X = layers.Activation("relu")(x)
X = layers.SeparableConv2D(64, 3, padding='same')(x)
X = layers.BatchNormalization()(x)
residual = layers.Upsampling2D(2)(previous_block_activation)
residual = layers.Conv2D(256, 1, padding='same')(residual)
"""
    names = deck.run(lines, x=x, previous_block_activation=keras.Input((10, 10, 256)), **KERAS)
    assert names["residual"].shape == (None, 20, 20, 256)
    assert names["X"].shape == (None, 80, 80, 32)
    assert layers.SeparableConv2D(64, 3, padding="same")(x).shape == (None, 80, 80, 64)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("layers.MaxPooling2D(3, stride= 2, padding='same')(x)", "did you mean strides?"),
        ("layers.Conv2D(64, 1, stride=2, padding='same')(x)", "did you mean strides?"),
        ("layers.add(x, residual)", r"add takes one list of inputs: layers.add\(\[a, b\]\)"),
    ],
)
def test_slips_of_the_slides_are_explained(line: str, message: str) -> None:
    x = keras.Input((8, 8, 4))
    with pytest.raises(tg.TinygraphError, match=message):
        deck.run(line, x=x, residual=x, **KERAS)


def test_the_lectures_modules_are_there() -> None:
    for name in ("losses", "metrics", "callbacks", "optimizers", "regularizers"):
        assert getattr(keras, name) is getattr(tg, name)
        assert name in dir(keras)
    assert keras.models.Sequential is keras.Sequential is tg.nn.Sequential
    assert keras.activations.relu is tg.relu
    assert keras.initializers.find_initializer("he_normal")
    assert keras.layers.Input is keras.Input
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = keras.nothing
