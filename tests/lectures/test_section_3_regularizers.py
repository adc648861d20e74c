"""Lecture 4 on regularisation: which of two equal scores a penalty prefers, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.optimizers import SGD, Ftrl, Optimizer, ProximalAdagrad
from tinygraph.regularizers import L1, L2, Norm, elastic_net

X = np.ones(4)
ONE = np.array([1.0, 0.0, 0.0, 0.0])
EVEN = np.full(4, 0.25)
BACKENDS = ["numpy", "llvm"]


def test_l2_prefers_the_even_weights_and_l1_is_indifferent() -> None:
    assert ONE @ X == EVEN @ X == 1
    assert (L2(1.0)(ONE).item(), L2(1.0)(EVEN).item()) == (1, 0.25)
    assert (L1(1.0)(ONE).item(), L1(1.0)(EVEN).item()) == (1, 1)
    assert (Norm(1.0)(ONE).item(), Norm(1.0)(EVEN).item()) == (1, 0.5)
    elastic = elastic_net(1.0, beta=2.0)  # sum(beta * w**2 + |w|)
    assert (elastic(ONE).item(), elastic(EVEN).item()) == (3, 1.5)


def descended(penalty: Any, backend: str) -> np.ndarray:
    """Where gradient descent goes from w = (1, 0, 0, 0) under (w . x - 1)**2 + penalty."""
    w = tg.parameter(ONE, "w")
    optimizer = SGD(0.1, parameters=[w])

    @tg.jit(backend=backend)
    def step() -> None:
        loss = (tg.sum(w * X) - 1) ** 2 + penalty(w)
        optimizer.apply(tg.grad(loss, [w]))

    for _ in range(500):
        step()
    return w.numpy()


@pytest.mark.parametrize("backend", BACKENDS)
def test_descent_under_l2_shares_the_weights_out(backend: str) -> None:
    w = descended(L2(0.1), backend)
    # At the end 2 (s - 1) + 0.2 w = 0 for each of the four, with s their sum: w = 1 / 4.1.
    np.testing.assert_allclose(w, np.full(4, 1 / 4.1), atol=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_descent_under_l1_keeps_the_one_weight(backend: str) -> None:
    w = descended(L1(0.1), backend)
    # The first settles where 2 (w - 1) + 0.1 = 0; the others' slope is smaller than the penalty's.
    assert w[0] == pytest.approx(0.95, abs=0.02)
    assert abs(w[1:]).max() < 0.02


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "proximal",  # FTRL's penalty counts once for all steps together, the other's in each step
    [
        lambda: ProximalAdagrad(0.5, l1_regularization_strength=0.1),
        lambda: Ftrl(0.5, l1_regularization_strength=0.1 * 200),
    ],
)
def test_proximal_steps_give_zeros_where_l1_in_the_loss_gives_small_numbers(
    proximal: Callable[[], Optimizer], backend: str
) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 8))
    y = x @ np.array([2.0, -1.0, 0, 0, 0, 0, 0, 0])

    def trained(optimizer: Optimizer, penalty: Any) -> np.ndarray:
        w = tg.parameter(np.full(8, 0.5))
        optimizer.build([w])

        @tg.jit(backend=backend)
        def step() -> None:
            loss = tg.mean((tg.tensor(x) @ w - tg.tensor(y)) ** 2) + penalty(w)
            optimizer.apply(tg.grad(loss, [w]))

        for _ in range(200):
            step()
        return w.numpy()

    sparse = trained(proximal(), lambda w: 0.0)
    plain = trained(SGD(0.05), L1(0.1))
    assert (sparse != 0).tolist() == [True] * 2 + [False] * 6
    np.testing.assert_allclose(sparse[:2], [2, -1], atol=0.15)
    assert (plain != 0).all()
    assert abs(plain[2:]).max() < 0.01


# "A two-layer neural network with regularization":
# L = mean(ln(1 + exp(-y W2 max(W1 x, 0)))) + strength * (|W1|_2 + |W2|_2)

RNG = np.random.default_rng(1)
W1, W2 = RNG.normal(size=(5, 3)), RNG.normal(size=(1, 5))
DATA, LABELS = RNG.normal(size=(3, 20)), RNG.choice([-1.0, 1.0], size=(1, 20))


def two_layer_loss(w1: Any, w2: Any) -> Any:
    score = w2 @ tg.relu(w1 @ tg.tensor(DATA))
    data = tg.mean(tg.log(1 + tg.exp(-tg.tensor(LABELS) * score)))
    return data + Norm(0.1)(w1) + Norm(0.1)(w2)


def numpy_loss(w1: np.ndarray, w2: np.ndarray) -> float:
    score = w2 @ np.maximum(w1 @ DATA, 0)
    norms = np.sqrt((w1**2).sum()) + np.sqrt((w2**2).sum())
    return np.log(1 + np.exp(-LABELS * score)).mean() + 0.1 * norms


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_regularised_two_layer_net(backend: str) -> None:
    w1, w2 = tg.parameter(W1), tg.parameter(W2)
    optimizer = SGD(0.1, parameters=[w1, w2])

    @tg.jit(backend=backend)
    def step() -> Any:
        loss = two_layer_loss(w1, w2)
        slopes = tg.grad(loss, [w1, w2])
        optimizer.apply(slopes)
        return loss, slopes

    first, slopes = step()
    assert first.item() == pytest.approx(numpy_loss(W1, W2), rel=1e-12)
    for which, slope in enumerate(slopes):
        direction = RNG.normal(size=slope.shape)
        nudged = [[W1, W2], [W1, W2]]
        nudged[0][which] = nudged[0][which] + 1e-6 * direction
        nudged[1][which] = nudged[1][which] - 1e-6 * direction
        expected = (numpy_loss(*nudged[0]) - numpy_loss(*nudged[1])) / 2e-6
        assert (slope.numpy() * direction).sum() == pytest.approx(expected, rel=1e-6)
    losses = [step()[0].item() for _ in range(50)]
    assert losses[-1] < losses[0] < first.item()
