"""Lecture 4: gradient descent on x**2, and the solvers that the deck lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import optimizers
from tinygraph.optimizers import SGD

LOSSES = [
    *(4.0, 1.44, 0.5184, 0.186624, 0.06718464),
    *(0.024186473, 0.008707129, 0.0031345668, 0.001128444, 0.00040623985),
]
PLACES = [
    *(1.2, 0.72, 0.432, 0.2592, 0.15552),
    *(0.093312, 0.0559872, 0.03359232, 0.020155393, 0.012093236),
]
"""What the deck prints after each of ten steps from x = 2 with rate .2."""

SOLVERS = {
    "stochastic gradient descent": lambda: SGD(0.1),
    "momentum": lambda: SGD(0.05, momentum=0.5),
    "Nesterov": lambda: SGD(0.05, momentum=0.5, nesterov=True),
    "Adam": lambda: optimizers.Adam(0.1),
    "AdaGrad": lambda: optimizers.Adagrad(0.5),
    "proximal AdaGrad": lambda: optimizers.ProximalAdagrad(0.5, l2_regularization_strength=0.01),
    "FTRL-proximal": lambda: optimizers.Ftrl(0.5, l2_regularization_strength=0.01),
    "AdaDelta": lambda: optimizers.Adadelta(1.0, epsilon=1e-3),
}


@pytest.mark.parametrize("mode", ["eager", "numpy", "llvm"])
def test_gradient_descent_on_x_squared(mode: str) -> None:
    x = tg.parameter(2.0, "x")
    optimizer = SGD(learning_rate=0.2)

    def step() -> Any:
        loss = x**2
        optimizer.apply_gradients([(tg.grad(loss, x), x)])
        return loss

    run = step if mode == "eager" else tg.jit(step, backend=mode)
    for loss, place in zip(LOSSES, PLACES, strict=True):
        assert run().item() == pytest.approx(loss, rel=1e-6)
        assert x.item() == pytest.approx(place, rel=1e-6)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_of_the_deck_goes_down(solver: str, backend: str) -> None:
    x = tg.parameter(np.array([2.0, -1.0]))
    optimizer = SOLVERS[solver]()
    optimizer.build([x])

    @tg.jit(backend=backend)
    def step() -> Any:
        loss = tg.sum(x**2)
        optimizer.apply(tg.grad(loss, [x]))
        return loss

    losses = [step().item() for _ in range(60)]
    assert losses[0] == 5
    assert losses[-1] < 0.05
