"""Lectures 4 and 5: every loss they list, by hand; minibatches; weights that begin at zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from section_1 import both_backends, compiled

import tinygraph as tg
from tinygraph import losses, nn

LN2 = np.log(2)
SCORES = [[0.0, np.log(3.0)], [0.0, 0.0]]
"""Softmax makes 1/4, 3/4 and 1/2, 1/2 of them."""

BY_HAND: dict[str, tuple[losses.Loss, Any, Any, float]] = {
    # errors 1 and 2 of one example
    "MSE": (losses.MeanSquaredError(), [[1.0, 0.0]], [[2.0, 2.0]], (1 + 4) / 2),
    "L1": (losses.MeanAbsoluteError(), [[1.0, 0.0]], [[2.0, 2.0]], (1 + 2) / 2),
    "pseudo-Huber": (
        losses.PseudoHuber(),
        [[1.0, 0.0]],
        [[2.0, 2.0]],
        (np.sqrt(2) - 1 + np.sqrt(5) - 1) / 2,
    ),
    "pseudo-Huber, delta 2": (losses.PseudoHuber(2.0), [[0.0]], [[2.0]], 4 * (np.sqrt(2) - 1)),
    "softmax, labels": (
        losses.SparseCategoricalCrossentropy(from_logits=True),
        np.array([0, 1]),
        SCORES,
        (np.log(4) + LN2) / 2,
    ),
    "softmax, one-hot": (
        losses.CategoricalCrossentropy(from_logits=True),
        [[1.0, 0.0], [0.0, 1.0]],
        SCORES,
        (np.log(4) + LN2) / 2,
    ),
    "weighted, by class": (
        losses.SparseCategoricalCrossentropy(from_logits=True, class_weight=[3.0, 1.0]),
        np.array([0, 1]),
        SCORES,
        (3 * np.log(4) + LN2) / 2,
    ),
    "weighted, towards true positives": (
        losses.BinaryCrossentropy(pos_weight=3.0),
        [[1.0], [0.0]],
        [[0.5], [0.75]],
        (3 * LN2 + np.log(4)) / 2,
    ),
    "sigmoid": (
        losses.BinaryCrossentropy(from_logits=True),
        [[1.0], [0.0]],
        [[0.0], [np.log(3.0)]],
        (LN2 + np.log(4)) / 2,
    ),
    "KL": (losses.KLDivergence(), [[0.5, 0.5]], [[0.25, 0.75]], (LN2 + np.log(2 / 3)) / 2),
    "logistic": (losses.Logistic(), [[1.0], [-1.0]], [[0.0], [np.log(3)]], (LN2 + np.log(4)) / 2),
    "a mixture": (
        losses.MeanSquaredError() + 0.5 * losses.MeanAbsoluteError(),
        [[1.0, 0.0]],
        [[2.0, 2.0]],
        2.5 + 0.75,
    ),
}


@both_backends
@pytest.mark.parametrize("name", BY_HAND)
def test_loss(name: str, backend: str) -> None:
    loss, target, prediction, expected = BY_HAND[name]
    arrays = tg.tensor(np.array(target)), tg.tensor(np.array(prediction, np.float64))
    assert compiled(backend, loss, *arrays).item() == pytest.approx(expected, rel=1e-9)


def slopes(w: tg.Tensor, x: np.ndarray, y: np.ndarray, backend: str) -> np.ndarray:
    def slope(x: tg.Tensor, y: tg.Tensor) -> tg.Tensor:
        return tg.grad(((x @ w - y) ** 2).mean(), w)

    return compiled(backend, slope, tg.tensor(x), tg.tensor(y)).numpy()


@both_backends
def test_the_mean_of_the_minibatches_is_the_whole(backend: str) -> None:
    """Lecture 4: each minibatch is an approximation; equally large, they agree on average."""
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=(64, 3)), rng.normal(size=64), tg.parameter(rng.normal(size=3))
    parts = [slopes(w, x[k : k + 16], y[k : k + 16], backend) for k in range(0, 64, 16)]
    whole = slopes(w, x, y, backend)
    np.testing.assert_allclose(np.mean(parts, axis=0), whole, rtol=1e-12)
    assert max(abs(part - whole).max() for part in parts) > 0.1


@pytest.mark.parametrize(("start", "kinds"), [("zeros", 1), ("glorot_uniform", 3)])
def test_neurons_that_begin_alike_stay_alike(start: str, kinds: int) -> None:
    """Lecture 5: weights are drawn, not set to zero."""
    hidden = nn.Dense(3, "tanh", kernel_initializer=start)
    output = nn.Dense(1, "sigmoid", kernel_initializer="ones")
    model = nn.Sequential([nn.Input((2,)), hidden, output])
    model.initialize(0)
    model.compile(tg.optimizers.SGD(0.1), "binary_crossentropy", backend="numpy")
    rng = np.random.default_rng(0)
    model.fit(rng.normal(size=(32, 2)), rng.integers(0, 2, (32, 1)), epochs=2, verbose=0)
    assert hidden.kernel.numpy().any()
    assert len(np.unique(hidden.kernel.numpy().round(6), axis=1).T) == kinds
