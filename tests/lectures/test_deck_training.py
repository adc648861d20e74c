"""The lectures' Keras code trains, evaluates and predicts; deck_code.py quotes it."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Any

import deck_code as deck
import numpy as np
import pytest

import tinygraph as tg
from tinygraph import nn as keras

X = np.random.default_rng(0).random((40, 64, 64, 1), np.float32)
Y = (np.arange(40) % 2)[:, None]


def two_conv() -> dict[str, Any]:
    keras.utils.set_random_seed(0)
    names = deck.run(deck.TWO_CONV, keras=keras, flatten=keras.layers.Flatten())
    return {**names, "x_train": X, "y_train": Y}


def test_lecture_2_ends_in_the_error_that_names_binary_cross_entropy() -> None:
    """Categorical cross-entropy on one sigmoid would be 0 whatever the net says."""
    with pytest.raises(tg.ShapeError, match=r"one sigmoid output .* use binary_crossentropy"):
        deck.run(deck.TRAINING_A_MODEL, **two_conv())


def test_lecture_2_with_its_loss_mended() -> None:
    mended = deck.TRAINING_A_MODEL.replace("categorical_crossentropy", "binary_crossentropy")
    mended = mended.replace("epochs=5", "epochs=2")
    names = deck.run(mended, **two_conv())
    assert len(names["model"].history.history["loss"]) == 2

    def some_batch_generator(i: int) -> tuple[np.ndarray, np.ndarray]:
        return X[8 * i : 8 * i + 8], Y[8 * i : 8 * i + 8]

    before = [p.numpy() for p in names["model"].parameters]
    given = {**names, "num_iterations": 2, "some_batch_generator": some_batch_generator}
    deck.run(deck.TRAINING_BY_HAND, **given)
    assert all((p.numpy() != q).any() for p, q in zip(names["model"].parameters, before))
    names = deck.run(deck.MODEL_EVALUATION, model=names["model"], x_test=X, y_test=Y)
    assert 0 < names["loss_and_metrics"] < 2
    assert names["classes"].shape == (40, 1)


def test_lecture_5_mlp(
    mnist: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(0)
    names = deck.run(deck.MNIST_MLP)
    names = deck.run(deck.MNIST_MLP_TRAINING, **{**names, "os": os, "datetime": datetime})
    history = names["model"].history.history
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert len(history["loss"]) == 20
    assert history["val_accuracy"][-1] > 0.75
    assert list(tmp_path.glob("logs/*/*/events.out.tfevents*"))
    assert "13,002" in capsys.readouterr().out
    deck.run(deck.FIT, **names)


def test_lecture_5_mnist_convnet(
    mnist: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(0)
    names = deck.run(deck.MNIST_CONVNET + deck.MNIST_CONVNET_TRAINING)
    history = names["model"].history.history
    assert len(history["val_accuracy"]) == 5
    assert history["val_accuracy"][-1] > 0.5
    assert history["loss"][-1] < history["loss"][0] / 1.3
