"""Optimizers: against NumPy in float64, eager and jitted, and what they keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from optimizer_rules import CASES, START, loss

import tinygraph as tg
from tinygraph.optimizers import SGD, Adam, Optimizer


@pytest.mark.parametrize("mode", ["eager", "numpy", "llvm"])
@pytest.mark.parametrize(("make", "rule"), CASES)
def test_twenty_steps(make: Any, rule: Any, mode: str) -> None:
    x = tg.parameter(START, "x")
    optimizer = make(parameters=[x])

    def step() -> tg.Tensor:
        y = loss(x)
        optimizer.apply(tg.grad(y, optimizer.parameters))
        return y

    run = step if mode == "eager" else tg.jit(step, backend=mode)
    for _, expected in zip(range(20), rule()):
        run()
        np.testing.assert_allclose(x.numpy(), expected, rtol=1e-9, atol=1e-9)
    assert int(optimizer.iterations) == 20


@pytest.mark.parametrize("shape", [(), (5,), (2, 1, 3), (0, 2)])
@pytest.mark.parametrize(("make", "rule"), CASES)
def test_shapes_in_float32(make: Any, rule: Any, shape: tuple[int, ...]) -> None:
    """Each number goes its own way, wherever it stands: here all go that of START[0]."""
    x = tg.parameter(np.full(shape, START[0], np.float32))
    optimizer = make(parameters=[x])

    @tg.jit(backend="llvm")
    def step() -> None:
        optimizer.apply(tg.grad(loss(x), [x]))

    for _, expected in zip(range(3), rule()):
        step()
        np.testing.assert_allclose(x.numpy(), np.full(shape, expected[0]), rtol=1e-5, atol=1e-6)
    assert x.type == tg.zeros(shape).type


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


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize(("make", "rule"), CASES)
def test_a_resumed_run_has_the_same_bits(make: Any, rule: Any, backend: str) -> None:
    def fresh(start: np.ndarray) -> tuple[Any, Any, Any]:
        x = tg.parameter(start)
        optimizer = make(parameters=[x])

        @tg.jit(backend=backend)
        def step() -> None:
            optimizer.apply(tg.grad(loss(x), [x]))

        return x, optimizer, step

    def steps(step: Any, count: int) -> None:
        for _ in range(count):
            step()

    x, optimizer, step = fresh(START)
    steps(step, 3)
    state = {name: p.numpy().copy() for name, p in optimizer.named_state().items()}
    middle = x.numpy().copy()
    steps(step, 3)
    other, resumed, step = fresh(middle)
    assert [*resumed.named_state()] == [*state]
    for name, p in resumed.named_state().items():
        p.assign(state[name])
    steps(step, 3)
    np.testing.assert_array_equal(other.numpy(), x.numpy())
    assert int(resumed.iterations) == 6


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
