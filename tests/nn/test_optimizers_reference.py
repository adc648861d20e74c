"""Optimizers against Keras and PyTorch: twenty steps in float64, to 1e-9."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import optimizers as ours
from tinygraph.optimizers import schedules

pytestmark = [
    pytest.mark.reference,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
torch: Any = importlib.import_module("torch") if importlib.util.find_spec("torch") else None

RNG = np.random.default_rng(5)
W, B = RNG.normal(size=(3, 2)), np.zeros(2)
X, Y = RNG.normal(size=(8, 3)), RNG.normal(size=(8, 2))


def our_steps(optimizer: Any, mode: str) -> list[np.ndarray]:
    w, b = tg.parameter(W, "w"), tg.parameter(B, "b")
    optimizer.build([w, b])

    def step() -> None:
        loss = tg.mean((tg.tensor(X) @ w + b - tg.tensor(Y)) ** 2) + tg.sum(tg.sin(3 * w))
        optimizer.apply(tg.grad(loss, [w, b]))

    run = step if mode == "eager" else tg.jit(step, backend=mode)
    for _ in range(20):
        run()
    return [w.numpy(), b.numpy()]


def their_loss(w: Any, b: Any) -> Any:
    wrong = torch.tensor(X) @ w + b - torch.tensor(Y)
    return (wrong**2).mean() + torch.sin(3 * w).sum()


def torch_steps(make: Any) -> list[np.ndarray]:
    parameters = [torch.tensor(each, requires_grad=True) for each in (W, B)]
    optimizer = make(parameters)
    for _ in range(20):
        optimizer.zero_grad()
        their_loss(*parameters).backward()
        optimizer.step()
    return [p.detach().numpy() for p in parameters]


def keras_steps(keras: Any, optimizer: Any) -> list[np.ndarray]:
    w, b = keras.Variable(W, name="w"), keras.Variable(B, name="b")
    for _ in range(20):
        values = [torch.tensor(v.numpy(), requires_grad=True) for v in (w, b)]
        their_loss(*values).backward()
        optimizer.apply([v.grad for v in values], [w, b])
    return [w.numpy(), b.numpy()]


def compare(found: list[np.ndarray], expected: list[np.ndarray], within: float = 1e-9) -> None:
    assert abs(found[0] - W).max() > 100 * within  # it has moved
    for f, e in zip(found, expected, strict=True):
        np.testing.assert_allclose(f, e, rtol=within, atol=within)


KERAS_CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"learning_rate": 0.02, "momentum": 0.9}),
    "nesterov": ("SGD", {"learning_rate": 0.02, "momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {}),
    "amsgrad": ("Adam", {"learning_rate": 0.2, "amsgrad": True}),
    "adamw": ("AdamW", {}),
    "adamw-own": ("AdamW", {"learning_rate": 0.05, "weight_decay": 0.3, "beta_1": 0.8}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop-momentum": ("RMSprop", {"learning_rate": 0.01, "rho": 0.8, "momentum": 0.7}),
    "rmsprop-centered": ("RMSprop", {"learning_rate": 0.01, "centered": True, "epsilon": 1e-4}),
    "adagrad": ("Adagrad", {}),
    "adagrad-own": ("Adagrad", {"learning_rate": 0.4, "initial_accumulator_value": 0.5}),
    "adadelta": ("Adadelta", {}),
    "adadelta-own": ("Adadelta", {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-5}),
    "ftrl": ("Ftrl", {"learning_rate": 0.1}),
    "ftrl-own": (
        "Ftrl",
        {
            "learning_rate": 0.2,
            "learning_rate_power": -0.6,
            "initial_accumulator_value": 0.3,
            "l1_regularization_strength": 0.2,
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.05,
            "beta": 0.4,
        },
    ),
    "clipnorm": ("SGD", {"learning_rate": 0.1, "clipnorm": 0.5}),
    "clipvalue": ("SGD", {"learning_rate": 0.1, "clipvalue": 0.3}),
    "global_clipnorm": ("SGD", {"learning_rate": 0.1, "global_clipnorm": 0.5}),
    "weight_decay": ("RMSprop", {"learning_rate": 0.01, "weight_decay": 0.2}),
}


@pytest.mark.parametrize("mode", ["eager", "numpy", "llvm"])
@pytest.mark.parametrize("case", KERAS_CASES)
def test_keras(keras64: Any, case: str, mode: str) -> None:
    name, options = KERAS_CASES[case]
    expected = keras_steps(keras64, getattr(keras64.optimizers, name)(**options))
    within = 1e-6 if case == "global_clipnorm" else 1e-9  # Keras rounds that factor to float32
    compare(our_steps(getattr(ours, name)(**options), mode), expected, within)


def test_keras_names_order_and_defaults(keras: Any) -> None:
    for name in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Ftrl"):
        theirs = inspect.signature(getattr(keras.optimizers, name)).parameters
        mine = [*inspect.signature(getattr(ours, name)).parameters.values()][:-1]  # no **options
        assert [p.name for p in mine] == [*theirs][: len(mine)], name
        assert [p.default for p in mine] == [theirs[p.name].default for p in mine], name
    for name in ("ExponentialDecay", "InverseTimeDecay", "PolynomialDecay", "CosineDecay"):
        theirs = inspect.signature(getattr(keras.optimizers.schedules, name)).parameters
        mine = [*inspect.signature(getattr(schedules, name)).parameters.values()]
        assert [p.name for p in mine] == [key for key in theirs if key != "name"], name
        assert [p.default for p in mine] == [theirs[p.name].default for p in mine], name


TORCH_CASES: dict[str, tuple[Any, Any]] = {
    "sgd": (lambda: ours.SGD(0.05), lambda p: torch.optim.SGD(p, 0.05)),
    "momentum": (
        lambda: ours.SGD(0.05, 0.9),
        lambda p: torch.optim.SGD(p, 0.05, momentum=0.9),
    ),
    "nesterov": (
        lambda: ours.SGD(0.05, 0.9, True),
        lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, nesterov=True),
    ),
    "adam": (
        lambda: ours.Adam(0.02, epsilon=0),
        lambda p: torch.optim.Adam(p, 0.02, eps=0),
    ),
    "amsgrad": (
        lambda: ours.Adam(0.2, epsilon=0, amsgrad=True),
        lambda p: torch.optim.Adam(p, 0.2, eps=0, amsgrad=True),
    ),
    "adamw": (
        lambda: ours.AdamW(0.02, 0.1, epsilon=0),
        lambda p: torch.optim.AdamW(p, 0.02, eps=0, weight_decay=0.1),
    ),
    "rmsprop": (
        lambda: ours.RMSprop(0.02, 0.9, 0.5, 0, True),
        lambda p: torch.optim.RMSprop(p, 0.02, 0.9, 0, momentum=0.5, centered=True),
    ),
    "adagrad": (
        lambda: ours.Adagrad(0.2, 0.3, 0),
        lambda p: torch.optim.Adagrad(p, 0.2, initial_accumulator_value=0.3, eps=0),
    ),
    "adadelta": (
        lambda: ours.Adadelta(1.0, 0.9, 1e-6),
        lambda p: torch.optim.Adadelta(p, 1.0, 0.9, 1e-6),
    ),
}
"""With epsilon 0 where the two add it in different places: ours as Keras."""


@pytest.mark.parametrize("mode", ["eager", "numpy", "llvm"])
@pytest.mark.parametrize("case", TORCH_CASES)
def test_torch(case: str, mode: str) -> None:
    make, theirs = TORCH_CASES[case]
    compare(our_steps(make(), mode), torch_steps(theirs))


SCHEDULES: dict[str, tuple[str, dict[str, Any]]] = {
    "exponential": ("ExponentialDecay", {"decay_steps": 7, "decay_rate": 0.6}),
    "staircase": ("ExponentialDecay", {"decay_steps": 7, "decay_rate": 0.6, "staircase": True}),
    "inverse": ("InverseTimeDecay", {"decay_steps": 5, "decay_rate": 0.4}),
    "inverse-stairs": (
        "InverseTimeDecay",
        {"decay_steps": 5, "decay_rate": 0.4, "staircase": True},
    ),
    "polynomial": ("PolynomialDecay", {"decay_steps": 12}),
    "polynomial-own": (
        "PolynomialDecay",
        {"decay_steps": 12, "end_learning_rate": 0.02, "power": 0.5},
    ),
    "polynomial-cycle": ("PolynomialDecay", {"decay_steps": 6, "power": 2.0, "cycle": True}),
    "cosine": ("CosineDecay", {"decay_steps": 15, "alpha": 0.1}),
    "cosine-warmup": ("CosineDecay", {"decay_steps": 15, "warmup_target": 0.5, "warmup_steps": 6}),
}


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("case", SCHEDULES)
def test_keras_schedules(keras64: Any, case: str, backend: str) -> None:
    name, options = SCHEDULES[case]
    theirs = getattr(keras64.optimizers.schedules, name)(0.3, **options)
    mine = tg.jit(getattr(schedules, name)(0.3, **options), backend=backend)
    for step in range(25):
        found = mine(np.int32(step)).item()
        assert found == pytest.approx(float(theirs(step)), rel=1e-9, abs=1e-12), step


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_keras_piecewise(keras64: Any, backend: str) -> None:
    args = ([3, 8], [1.0, 0.5, 0.1])
    theirs = keras64.optimizers.schedules.PiecewiseConstantDecay(*args)
    mine = tg.jit(schedules.PiecewiseConstantDecay(*args), backend=backend)
    for step in range(12):
        assert mine(np.int32(step)).item() == pytest.approx(float(theirs(step)), rel=1e-7)


def test_keras_with_a_schedule(keras64: Any) -> None:
    args = (0.2, 10, 0.1)
    theirs = keras64.optimizers.Adam(keras64.optimizers.schedules.CosineDecay(*args))
    mine = ours.Adam(schedules.CosineDecay(*args))
    compare(our_steps(mine, "llvm"), keras_steps(keras64, theirs))


def test_torch_defaults_are_those_of_the_page() -> None:
    """docs/optimizers.md has a table of what differs."""
    wanted = {
        "SGD": {"lr": 0.001},
        "RMSprop": {"lr": 0.01, "alpha": 0.99, "eps": 1e-8},
        "Adagrad": {"lr": 0.01, "eps": 1e-10, "initial_accumulator_value": 0},
        "Adadelta": {"lr": 1.0, "rho": 0.9, "eps": 1e-6},
        "Adam": {"lr": 0.001, "betas": (0.9, 0.999), "eps": 1e-8},
        "AdamW": {"eps": 1e-8, "weight_decay": 0.01},
    }
    for name, defaults in wanted.items():
        parameters = inspect.signature(getattr(torch.optim, name)).parameters
        assert {key: parameters[key].default for key in defaults} == defaults, name
