"""Section 1, gates and activations: the neuron of lecture 5, the gates' roles, every activation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from section_1 import both_backends, compiled

import tinygraph as tg
from tinygraph import nn


@both_backends
def test_the_neuron(backend: str) -> None:
    """Lecture 5; it prints the signs of w swapped, with the right 4.0 - 3.0."""

    def neuron(x: tg.Tensor, w: tg.Tensor, b: tg.Tensor) -> list[tg.Tensor]:
        products = w * x
        z = products.sum() + b
        y = tg.sigmoid(z)
        return [products, z, y, *tg.grad(y, [z, w, x, b])]

    given = map(tg.tensor, ([-1.0, -2.0], [2.0, -3.0], -3.0))
    products, z, y, dz, dw, dx, db = compiled(backend, neuron, *given)
    assert products.numpy().tolist() == [-2, 6]
    assert float(z) == 1
    numbers = [y, dz, *dw.numpy(), *dx.numpy(), db]
    printed = [0.7311, 0.1966, -0.1966, -0.3932, 0.3932, -0.5898, 0.1966]
    np.testing.assert_allclose([float(n) for n in numbers], printed, atol=5e-5)


def test_the_gates_have_the_lectures_names() -> None:
    a, b = tg.parameter(2.0), tg.parameter(3.0)
    assert (a + b).node.op.nickname == "gradient distributor"
    assert (a * b).node.op.nickname == "swap multiplier"
    assert tg.maximum(a, b).node.op.nickname == "gradient router"


@both_backends
def test_the_roles_of_the_gates(backend: str) -> None:
    """With 5 coming in: add distributes, mul swaps, max routes, a copy adds."""

    def roles(a: tg.Tensor, b: tg.Tensor) -> list[tg.Tensor]:
        gates = [a + b, a * b, tg.maximum(a, b), a * 2 + a * 3]
        return [g for y in gates for g in tg.grad(y * 5, [a, b])]

    found = compiled(backend, roles, tg.tensor(2.0), tg.tensor(7.0))
    assert [float(g) for g in found] == [5, 5, 35, 10, 0, 5, 25, 0]


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3))
def test_the_roles_hold_for_all_numbers(a: float, b: float, g: float) -> None:
    x, y = tg.tensor(a, dtype="float64"), tg.tensor(b, dtype="float64")
    grads = [[float(d) for d in tg.grad(z * g, [x, y])] for z in (x + y, x * y, tg.maximum(x, y))]
    assert grads == [[g, g], [b * g, a * g], [g, 0] if a >= b else [0, g]]


@both_backends
def test_softmax(backend: str) -> None:
    p = compiled(backend, tg.softmax, tg.tensor([3.2, 5.1, -1.7])).numpy()
    assert [f"{n:.2f}" for n in p] == ["0.13", "0.87", "0.00"]
    assert p.sum() == pytest.approx(1)
    powers = compiled(backend, tg.exp, tg.tensor([3.2, 5.1, -1.7])).numpy()
    assert [f"{n:.1f}" for n in powers] == ["24.5", "164.0", "0.2"]


@both_backends
def test_activations(backend: str) -> None:
    x = tg.tensor([-2.0, -0.5, 0.0, 3.0])
    listed: list[tuple[Any, list[float]]] = [
        (tg.sigmoid, [0.11920, 0.37754, 0.5, 0.95257]),
        (tg.tanh, [-0.96403, -0.46212, 0, 0.99505]),
        (tg.relu, [0, 0, 0, 3]),
        (lambda x: tg.leaky_relu(x, 0.1), [-0.2, -0.05, 0, 3]),
        (tg.elu, [-0.86466, -0.39347, 0, 3]),
        (lambda x: tg.maxout(x, 2), [-0.5, 3]),
        (tg.softplus, [0.12693, 0.47408, 0.69315, 3.04859]),
        (tg.silu, [-0.23841, -0.18877, 0, 2.85772]),
        (tg.gelu, [-0.04550, -0.15427, 0, 2.99595]),
        (tg.selu, [-1.52017, -0.69176, 0, 3.15210]),
        (tg.hard_sigmoid, [1 / 6, 2.5 / 6, 0.5, 1]),
    ]
    for fn, want in listed:
        np.testing.assert_allclose(compiled(backend, fn, x).numpy(), want, atol=6e-6)


@both_backends
def test_maxout_is_the_largest_of_linear_pieces(backend: str) -> None:
    """max(w1 x + b1, w2 x + b2), lecture 4: a relu where the second piece is 0."""
    x, w = tg.tensor([[-2.0], [1.5]]), tg.tensor([[3.0, 0.0]])
    y = compiled(backend, lambda x, w: tg.maxout(x @ w, 2), x, w)
    assert y.numpy().tolist() == [[0], [4.5]]


@both_backends
def test_batch_normalisation(backend: str) -> None:
    """gamma and beta are trained, mean and variance are kept: four numbers a channel."""
    x = np.random.default_rng(0).normal(3, 2, (8, 5, 5, 2))
    state = [np.ones(2), np.zeros(2), np.zeros(2), np.ones(2)]

    def norm(x: tg.Tensor, *state: tg.Tensor) -> tuple[tg.Tensor, ...]:
        return tg.batch_norm(x, *state, training=True, epsilon=0.0)

    y, mean, variance = compiled(backend, norm, *map(tg.tensor, (x, *state)))
    np.testing.assert_allclose(y.numpy().mean((0, 1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(y.numpy().var((0, 1, 2)), 1, rtol=1e-12)
    np.testing.assert_allclose(mean.numpy(), 0.01 * x.mean((0, 1, 2)), rtol=1e-9)
    np.testing.assert_allclose(variance.numpy(), 0.99 + 0.01 * x.var((0, 1, 2)), rtol=1e-9)


@both_backends
def test_dropout(backend: str) -> None:
    """Half of the values are left out, the others doubled: the mean stays. In use, nothing."""
    layer = nn.Dropout(0.5, seed=3)
    x = tg.ones((100, 100))
    y = compiled(backend, lambda x: layer(x, training=True), x).numpy()
    assert {*np.unique(y)} == {0.0, 2.0}
    assert y.mean() == pytest.approx(1, abs=0.03)
    assert (compiled(backend, lambda x: layer(x, training=False), x).numpy() == 1).all()
