"""Lecture 1's two examples: learned in one half of the image, known in the other."""

from __future__ import annotations

import numpy as np
import pytest

from tinygraph import data, models, nn, optimizers


@pytest.mark.parametrize("seed", [0, 1])
def test_a_smiley_is_found_where_none_was_in_training(seed: int) -> None:
    train, _, test = data.smileys()
    model = models.build("smiley_classifier", seed)
    assert accuracy(model, train, test, 0.02, 8) >= 0.99


def test_a_dense_net_knows_the_places_it_has_seen_only() -> None:
    train, validation, test = data.smileys()
    layers = [nn.Input((32, 32, 1)), nn.Flatten(), nn.Dense(32, "relu"), nn.Dense(1, "sigmoid")]
    model = nn.Sequential(layers)
    model.initialize(0)
    assert accuracy(model, train, test, 0.003, 20) < 0.7
    assert model.evaluate(validation.x, wanted(validation), verbose=0)[1] > 0.75


@pytest.mark.slow
def test_blurry_smileys_become_rings() -> None:
    train, _, test = data.smiley_rings()
    model = models.build("smiley_ring_unet", 0)
    model.compile(optimizers.Adam(0.003), "mse")
    model.fit(train.x, train.y, epochs=8, verbose=0)
    assert model.evaluate(test.x, test.y, verbose=0) < 0.1 * np.mean(test.y**2)


def accuracy(model: nn.Model, train: data.Examples, test: data.Examples, rate: float, epochs: int):
    model.compile(optimizers.Adam(rate), "binary_crossentropy", ["accuracy"])
    model.fit(train.x, wanted(train), epochs=epochs, verbose=0)
    return model.evaluate(test.x, wanted(test), verbose=0)[1]


def wanted(examples: data.Examples) -> np.ndarray:
    return examples.y[:, None].astype(np.float32)
