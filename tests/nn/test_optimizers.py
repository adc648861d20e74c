"""Optimizers: against NumPy in float64, eager and jitted, and what they keep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.optimizers import SGD, Adam, Optimizer

START = np.array([1.0, -2.0, 0.5])
Rule = Iterator[np.ndarray]


def slope(x: np.ndarray) -> np.ndarray:
    """The gradient of sum(x**4 / 4 + sin(x))."""
    return x**3 + np.cos(x)


def loss(x: Any) -> Any:
    return tg.sum(x**4 / 4 + tg.sin(x))


def sgd(rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False) -> Rule:
    x, v = START, np.zeros(3)
    while True:
        v = momentum * v - rate * slope(x)
        x = x + (momentum * v - rate * slope(x) if nesterov else v)
        yield x


def adam(rate: float = 0.001, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-7) -> Rule:
    x, m, v, t = START, np.zeros(3), np.zeros(3), 0
    while True:
        g, t = slope(x), t + 1
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        x = x - rate * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + eps)
        yield x


def cases() -> list[Any]:
    return [
        pytest.param(lambda p: SGD(parameters=p), sgd, id="sgd"),
        pytest.param(lambda p: SGD(0.02, 0.9, parameters=p), lambda: sgd(0.02, 0.9), id="momentum"),
        pytest.param(
            lambda p: SGD(0.02, 0.9, True, parameters=p),
            lambda: sgd(0.02, 0.9, True),
            id="nesterov",
        ),
        pytest.param(lambda p: Adam(parameters=p), adam, id="adam"),
        pytest.param(
            lambda p: Adam(0.1, 0.8, 0.9, 1e-3, parameters=p),
            lambda: adam(0.1, 0.8, 0.9, 1e-3),
            id="adam-own",
        ),
    ]


@pytest.mark.parametrize("mode", ["eager", "numpy", "llvm"])
@pytest.mark.parametrize(("make", "rule"), cases())
def test_twenty_steps(make: Any, rule: Any, mode: str) -> None:
    x = tg.parameter(START, "x")
    optimizer = make([x])

    def step() -> tg.Tensor:
        y = loss(x)
        optimizer.apply(tg.grad(y, optimizer.parameters))
        return y

    run = step if mode == "eager" else tg.jit(step, backend=mode)
    for _, expected in zip(range(20), rule()):
        run()
        np.testing.assert_allclose(x.numpy(), expected, rtol=1e-9, atol=1e-9)
    assert int(optimizer.iterations) == 20


def test_gradients_by_parameter() -> None:
    x, y = tg.parameter([1.0], "x"), tg.parameter([2.0], "y")
    optimizer = SGD(0.5, parameters=[x, y])
    optimizer.apply({y: tg.tensor([2.0]), x: tg.tensor([4.0])})
    assert (x.item(), y.item()) == (-1, 1)


def test_the_learning_rate_is_state() -> None:
    x = tg.parameter(0.0)
    optimizer = SGD(1.0, parameters=[x])

    @tg.jit(backend="numpy")
    def step() -> None:
        optimizer.apply([tg.ones(())])

    step()
    optimizer.learning_rate.assign(0.25)
    step()
    assert x.item() == -1.25
    assert len(step._compiled) == 1


def test_state_can_be_saved_and_put_back() -> None:
    def fresh() -> tuple[Any, Optimizer]:
        x = tg.parameter(START)
        return x, Adam(0.1, parameters=[x])

    def steps(x: Any, optimizer: Optimizer, count: int) -> None:
        for _ in range(count):
            optimizer.apply(tg.grad(loss(x), [x]))

    x, optimizer = fresh()
    steps(x, optimizer, 3)
    state = {name: p.numpy().copy() for name, p in optimizer.named_state().items()}
    middle = x.numpy().copy()
    steps(x, optimizer, 3)
    other, resumed = fresh()
    other.assign(middle)
    for name, p in resumed.named_state().items():
        p.assign(state[name])
    steps(other, resumed, 3)
    np.testing.assert_array_equal(other.numpy(), x.numpy())


def test_an_optimizer_of_ones_own() -> None:
    class SignSGD(Optimizer):
        def update(self, x: Any, g: Any, slots: Any, rate: Any, **shared: Any) -> Any:
            return x - rate * tg.where(g > 0, 1.0, -1.0), {}

    x = tg.parameter([1.0, -1.0])
    SignSGD(0.5, parameters=[x]).apply([tg.tensor([3.0, -0.1])])
    assert x.numpy().tolist() == [0.5, -0.5]


def test_mixed_precision_keeps_each_dtype() -> None:
    x, y = tg.parameter(np.zeros(2)), tg.parameter(np.zeros(2, np.float32))
    optimizer = Adam(0.1, parameters=[x, y])
    optimizer.apply([tg.tensor(np.ones(2)), tg.ones(2)])
    assert (x.dtype, y.dtype) == ("float64", "float32")
    np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(0.1).apply([]), "trains nothing yet"),
        (lambda: SGD(0.1, parameters=[tg.tensor(1.0)]), "an optimizer trains parameters"),  # type: ignore[list-item]
        (lambda: SGD(0.1, parameters=[]), "an optimizer trains parameters"),
        (lambda: SGD(0.1, momentum=2), "a momentum from 0 to 1"),
        (lambda: SGD(0.1, parameters=[tg.parameter(1.0)]).apply([]), "trains 1 parameters, got 0"),
        (
            lambda: SGD(0.1, parameters=[tg.parameter(1.0, "w")]).apply({}),
            "there is no gradient for w",
        ),
        (lambda: built_twice(), "trains other parameters already"),
    ],
)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises(tg.TinygraphError, match=message):
        make()


def built_twice() -> None:
    SGD(0.1, parameters=[tg.parameter(1.0)]).build([tg.parameter(1.0)])
