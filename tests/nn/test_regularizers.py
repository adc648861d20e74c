"""Regularizers: their numbers and gradients, and the losses of layers and models."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph import nn
from tinygraph.regularizers import L1, L1L2, L2, Norm, Regularizer, elastic_net, find_regularizer

torch: Any = importlib.import_module("torch") if importlib.util.find_spec("torch") else None
W = np.array([[3.0, -4.0], [0.0, 2.0]])

CASES: list[tuple[Regularizer, float, Any]] = [
    (L1(0.5), 4.5, 0.5 * np.sign(W)),
    (L2(0.5), 14.5, W),
    (L1L2(0.5, 0.25), 4.5 + 7.25, 0.5 * np.sign(W) + 0.5 * W),
    (elastic_net(0.5, 3.0), 0.5 * (3 * 29 + 9), 0.5 * np.sign(W) + 3 * W),
    (Norm(0.5), 0.5 * 29**0.5, 0.5 * W / 29**0.5),
]


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize(("regularizer", "value", "slope"), CASES, ids=lambda c: type(c).__name__)
def test_values_and_gradients(
    regularizer: Regularizer, value: float, slope: Any, backend: str
) -> None:
    w = tg.parameter(W)

    @tg.jit(backend=backend)
    def both() -> Any:
        penalty = regularizer(w)
        return penalty, tg.grad(penalty, w)

    penalty, gradient = both()
    assert penalty.item() == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(gradient.numpy(), slope, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_the_norm_has_no_slope_at_zero(backend: str) -> None:
    w = tg.parameter(np.zeros(3))
    slope = tg.jit(lambda: tg.grad(Norm(1.0)(w), w), backend=backend)()
    assert slope.tolist() == [0, 0, 0]
    assert Norm(1.0)(w).item() == 0


@given(seed=st.integers(0, 999), size=st.integers(1, 20))
def test_l1_bounds_the_norm(seed: int, size: int) -> None:
    w = np.random.default_rng(seed).normal(size=size)
    l1, norm = L1(1.0)(w).item(), Norm(1.0)(w).item()
    assert norm <= l1 * (1 + 1e-12) <= size**0.5 * norm * (1 + 1e-9)
    assert L2(1.0)(w).item() == pytest.approx(norm**2)


@pytest.mark.reference
def test_keras(keras64: Any) -> None:
    theirs = keras64.regularizers
    for ours, other in ((L1(), theirs.L1()), (L2(), theirs.L2()), (L1L2(), theirs.L1L2())):
        assert ours(W).item() == pytest.approx(float(other(torch.tensor(W))), rel=1e-12)
    assert L1L2(0.1, 0.2)(W).item() == pytest.approx(
        float(theirs.L1L2(0.1, 0.2)(torch.tensor(W))), rel=1e-12
    )


@pytest.mark.reference
def test_losses_of_a_layer_are_kerass(keras64: Any) -> None:
    x, kernel, bias = W, W * 0.3 - 1, W[0] + 0.5
    theirs = keras64.layers.Dense(
        2,
        kernel_regularizer=keras64.regularizers.L1L2(0.1, 0.2),
        bias_regularizer="l2",
        activity_regularizer="l1",
    )
    theirs.build((None, 2))
    theirs.set_weights([kernel, bias])
    theirs(x)
    ours = nn.Dense(
        2,
        kernel_initializer=nn.initializers.Constant(kernel),
        bias_initializer=nn.initializers.Constant(bias),
        kernel_regularizer=L1L2(0.1, 0.2),
        bias_regularizer="l2",
        activity_regularizer="l1",
        dtype="float64",
    )
    ours(x)
    expected = sorted(float(loss.detach()) for loss in theirs.losses)
    found = sorted(loss.item() for loss in ours.losses)
    np.testing.assert_allclose(found, expected, rtol=1e-7)  # its L1 holds .01 as float32
    assert len(found) == 3


# Layers and models


def test_the_norms_of_two_layers() -> None:
    model = nn.Sequential(
        [
            nn.Input((3,)),
            nn.Dense(5, "relu", use_bias=False, kernel_regularizer=Norm(0.1)),
            nn.Dense(1, use_bias=False, kernel_regularizer=Norm(0.1)),
        ]
    )
    w1, w2 = (p.numpy() for p in model.parameters)
    expected = 0.1 * (np.linalg.norm(w1) + np.linalg.norm(w2))
    assert total(model.losses) == pytest.approx(expected, rel=1e-6)


def total(losses: list[tg.Tensor]) -> float:
    return sum(loss.item() for loss in losses)


def test_layers_take_names_and_values() -> None:
    layer = nn.Dense(2, kernel_regularizer="L2", bias_regularizer=L1(0.5), bias_initializer="ones")
    assert layer.losses == []
    layer(np.ones((1, 3), np.float32))
    kernel = layer.kernel.numpy()
    assert len(layer.losses) == 2
    assert total(layer.losses) == pytest.approx(0.01 * (kernel**2).sum() + 1.0)
    conv = nn.Conv2D(2, 3, kernel_regularizer=lambda w: tg.max(w))
    conv(np.ones((1, 5, 5, 1), np.float32))
    assert total(conv.losses) == pytest.approx(conv.kernel.numpy().max())


def test_a_shared_layer_counts_once_and_a_frozen_one_not_at_all() -> None:
    shared = nn.Dense(3, kernel_regularizer="l1", name="shared")
    frozen = nn.Dense(3, kernel_regularizer="l1", name="frozen")
    x = nn.Input((3,))
    inner = nn.Model(x, shared(frozen(x)))
    y = nn.Input((3,))
    model = nn.Model(y, shared(inner(shared(y))))
    assert len(model.losses) == 2
    frozen.trainable = False
    assert total(model.losses) == pytest.approx(0.01 * abs(shared.kernel.numpy()).sum(), rel=1e-6)


@pytest.mark.parametrize("mode", ["eager", "numpy", "llvm"])
def test_penalties_train(mode: str) -> None:
    model = nn.Sequential([nn.Input((2,)), nn.Dense(1, use_bias=False, kernel_regularizer=L2(0.5))])
    optimizer = tg.optimizers.SGD(0.25, parameters=model.parameters)
    before = model.parameters[0].numpy().copy()

    def step() -> None:
        optimizer.apply(tg.grad(model.losses[0], optimizer.parameters))

    (step if mode == "eager" else tg.jit(step, backend=mode))()
    np.testing.assert_allclose(model.parameters[0].numpy(), before * 0.75, rtol=1e-6)


@pytest.mark.parametrize("mode", ["eager", "numpy", "llvm"])
def test_an_activity_regularizer_penalises_the_last_output(mode: str) -> None:
    relu = nn.Activation("relu", activity_regularizer=L1(0.5))
    model = nn.Sequential([nn.Input((2,)), relu, nn.Lambda(lambda x: x * 3)])

    def penalty(x: Any) -> Any:
        model(x)
        (loss,) = model.losses
        return loss

    run = penalty if mode == "eager" else tg.jit(penalty, backend=mode)
    x = np.array([[1, -2], [3, 4]], np.float32)
    assert run(x).item() == 0.5 * 8 / 2  # divided by the batch
    assert run(x * 2).item() == 0.5 * 16 / 2
    assert len(relu.losses) == len(model.losses) == (1 if mode == "eager" else 0)


def test_add_loss_in_a_layer_of_ones_own() -> None:
    class Watched(nn.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(tg.mean(x))
            return x

    watched = Watched()
    model = nn.Sequential([watched, nn.Dense(2, kernel_regularizer="l2"), watched])
    y = model(np.full((2, 2), 4.0, np.float32))
    assert len(model.losses) == 3
    assert total(model.losses[1:]) == pytest.approx(4 + y.numpy().mean())
    assert len(watched.losses) == 2
    watched(np.ones((1, 2), np.float32))
    assert total(watched.losses) == 1


# Names and errors


def test_names_in_any_case() -> None:
    assert find_regularizer(None) is None
    assert find_regularizer("L1") == find_regularizer(L1) == L1(0.01)
    assert find_regularizer("l1-l2") == find_regularizer("L1 L2") == L1L2(0.01, 0.01)
    assert find_regularizer("l1_l2") == L1L2(0.01, 0.01)
    assert find_regularizer("elastic_net") == L1L2(0.01, 0.01)
    assert find_regularizer("norm") == Norm()
    assert L2(0.5).get_config() == {"l2": 0.5}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: find_regularizer("l3"), "no regularizer 'l3'; there are l1, l2"),
        (lambda: nn.Dense(1, kernel_regularizer=0.01)(np.ones((1, 1), np.float32)), "got 0.01"),
        (lambda: L2(-1), "L2 needs a number of at least 0 for l2=, got -1"),
        (lambda: L1("strong"), "L1 needs a number of at least 0 for l1=, got 'strong'"),
        (lambda: L1(float("nan")), "got nan"),
        (lambda: nn.Activation("relu", activity_regularizer="l0"), "no regularizer 'l0'"),
        (lambda: loss_of(lambda w: w * w), r"dense.kernel gave float32\[1,1\], a penalty is a sc"),
        (lambda: nn.Dense(1).add_loss(1.0), "layer dense: add_loss belongs into call"),
    ],
)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises(tg.TinygraphError, match=message):
        make()


def loss_of(regularizer: Any) -> Any:
    model = nn.Sequential([nn.Input((1,)), nn.Dense(1, kernel_regularizer=regularizer)])
    return model.losses
