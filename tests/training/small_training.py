"""Small data and small models to train."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from tinygraph import nn


class Blobs(NamedTuple):
    """Points of three classes: x float32 [N,8], y int64 [N]."""

    x: np.ndarray
    y: np.ndarray


def blobs(examples: int = 90, seed: int = 0) -> Blobs:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, examples)
    centres = np.random.default_rng(99).normal(size=(3, 8)) * 2
    return Blobs((centres[y] + rng.normal(size=(examples, 8))).astype(np.float32), y)


def classifier(seed: int = 0, dropout: float = 0.0) -> nn.Model:
    """8 numbers in, the probabilities of three classes out."""
    layers = [nn.Input((8,)), nn.Dense(12, "relu"), nn.Dense(3, "softmax")]
    if dropout:
        layers[2:2] = [nn.Dropout(dropout), nn.BatchNormalization()]
    model = nn.Sequential(layers)
    model.initialize(seed)
    return model


def compiled(backend: str = "numpy", **options: object) -> nn.Model:
    model = classifier()
    said = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", **options}
    model.compile(backend=backend, **said)
    return model


def weights(model: nn.Model) -> dict[str, np.ndarray]:
    return {name: p.numpy() for name, p in model.named_parameters().items()}


def assert_same_weights(a: nn.Model, b: nn.Model) -> None:
    ours, theirs = weights(a), weights(b)
    assert [*ours] == [*theirs]
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)


@pytest.fixture
def data() -> Blobs:
    return blobs()
