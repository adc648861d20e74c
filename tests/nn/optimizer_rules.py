"""The rules of the optimizers once more, as plain NumPy: transcribed from papers, not from ours.

Each is a generator of what x is after each step, for the gradient of `loss`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import optimizers as o

START = np.array([1.0, -2.0, 0.5, 0.0])
Rule = Iterator[np.ndarray]


def loss(x: Any) -> Any:
    return tg.sum(x**4 / 4 + tg.sin(x))


def slope(x: np.ndarray) -> np.ndarray:
    """The gradient of `loss`."""
    return x**3 + np.cos(x)


def sgd(rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False) -> Rule:
    x, v = START, np.zeros(4)
    while True:
        v = momentum * v - rate * slope(x)
        x = x + (momentum * v - rate * slope(x) if nesterov else v)
        yield x


def adam(
    rate: float = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-7,
    amsgrad: bool = False,
    decay: float = 0.0,
) -> Rule:
    x, m, v, largest, t = START, np.zeros(4), np.zeros(4), np.zeros(4), 0
    while True:
        g, t = slope(x), t + 1
        x = x * (1 - rate * decay)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        largest = np.maximum(largest, v) if amsgrad else v
        x = x - rate * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(largest) + eps)
        yield x


def rmsprop(
    rate: float = 0.001,
    rho: float = 0.9,
    momentum: float = 0.0,
    eps: float = 1e-7,
    centered: bool = False,
) -> Rule:
    x, s, m, v = START, np.zeros(4), np.zeros(4), np.zeros(4)
    while True:
        g = slope(x)
        s = rho * s + (1 - rho) * g * g
        m = rho * m + (1 - rho) * g
        v = momentum * v + rate * g / np.sqrt((s - m * m if centered else s) + eps)
        x = x - v
        yield x


def adagrad(rate: float = 0.001, first: float = 0.1, eps: float = 1e-7) -> Rule:
    x, s = START, np.full(4, first)
    while True:
        g = slope(x)
        s = s + g * g
        x = x - rate * g / np.sqrt(s + eps)
        yield x


def proximal_adagrad(
    rate: float = 0.001, first: float = 0.1, l1: float = 0.0, l2: float = 0.0
) -> Rule:
    """Each number apart: the point of least (y - z)**2 / 2 + r (l1 |y| + l2 y**2 / 2).

    Where y > 0 the slope y - z + r l1 + r l2 y is 0 at (z - r l1) / (1 + r l2), which must be above
    0; likewise where y < 0; else y is 0. Source: Duchi and Singer (2009), with the rate r of
    Duchi et al. (2011).
    """
    x, s = START, np.full(4, first)
    while True:
        g = slope(x)
        s = s + g * g
        x = x.copy()
        for k in range(4):
            r = rate / np.sqrt(s[k])
            z = x[k] - r * g[k]
            right, left = (z - r * l1) / (1 + r * l2), (z + r * l1) / (1 + r * l2)
            x[k] = right if right > 0 else left if left < 0 else 0.0
        yield x


def adadelta(rate: float = 0.001, rho: float = 0.95, eps: float = 1e-7) -> Rule:
    """Source: Zeiler (2012), algorithm 1; the rate is Keras's."""
    x, squares, steps = START, np.zeros(4), np.zeros(4)
    while True:
        g = slope(x)
        squares = rho * squares + (1 - rho) * g**2
        step = -np.sqrt(steps + eps) / np.sqrt(squares + eps) * g
        steps = rho * steps + (1 - rho) * step**2
        x = x + rate * step
        yield x


def ftrl(
    alpha: float = 0.001,
    beta: float = 0.0,
    lambda_1: float = 0.0,
    lambda_2: float = 0.0,
    first: float = 0.1,
    power: float = 0.5,
    shrinkage: float = 0.0,
) -> Rule:
    """Source: McMahan et al. (2013), algorithm 1, number by number, with its order of lines.

    There x follows from z and n before each gradient; `first`, `power` and `shrinkage`, and an x to
    start from other than 0, are Keras's.
    """
    x, z, n = START.copy(), np.zeros(4), np.full(4, first)
    while True:
        g = slope(x)
        for i in range(4):
            sigma = ((n[i] + g[i] ** 2) ** power - n[i] ** power) / alpha
            z[i] = z[i] + g[i] + 2 * shrinkage * x[i] - sigma * x[i]
            n[i] = n[i] + g[i] ** 2
        x = np.zeros(4)
        for i in range(4):
            if abs(z[i]) > lambda_1:
                scale = (beta + n[i] ** power) / alpha + lambda_2
                x[i] = -1 / scale * (z[i] - np.sign(z[i]) * lambda_1)
        yield x


def case(name: str, make: Callable[..., Any], rule: Callable[..., Rule]) -> Any:
    return pytest.param(make, rule, id=name)


STRENGTHS = {"l1_regularization_strength": 0.3, "l2_regularization_strength": 0.2}

CASES = [
    case("sgd", o.SGD, sgd),
    case("momentum", partial(o.SGD, 0.02, 0.9), partial(sgd, 0.02, 0.9)),
    case("nesterov", partial(o.SGD, 0.02, 0.9, True), partial(sgd, 0.02, 0.9, True)),
    case("adam", o.Adam, adam),
    case("adam-own", partial(o.Adam, 0.1, 0.8, 0.9, 1e-3), partial(adam, 0.1, 0.8, 0.9, 1e-3)),
    case("amsgrad", partial(o.Adam, 0.3, amsgrad=True), partial(adam, 0.3, amsgrad=True)),
    case("adamw", o.AdamW, partial(adam, decay=0.004)),
    case("adamw-own", partial(o.AdamW, 0.1, 0.5), partial(adam, 0.1, decay=0.5)),
    case("rmsprop", o.RMSprop, rmsprop),
    case(
        "rmsprop-own",
        partial(o.RMSprop, 0.02, 0.8, 0.5, 1e-3, True),
        partial(rmsprop, 0.02, 0.8, 0.5, 1e-3, True),
    ),
    case("adagrad", o.Adagrad, adagrad),
    case("adagrad-own", partial(o.Adagrad, 0.5, 0.0, 1e-3), partial(adagrad, 0.5, 0.0, 1e-3)),
    case("proximal-adagrad", o.ProximalAdagrad, proximal_adagrad),
    case(
        "proximal-adagrad-own",
        partial(o.ProximalAdagrad, 0.5, 0.2, **STRENGTHS),
        partial(proximal_adagrad, 0.5, 0.2, 0.3, 0.2),
    ),
    case("adadelta", o.Adadelta, adadelta),
    case("adadelta-own", partial(o.Adadelta, 1.0, 0.9, 1e-6), partial(adadelta, 1.0, 0.9, 1e-6)),
    case("ftrl", o.Ftrl, ftrl),
    case(
        "ftrl-paper",
        partial(o.Ftrl, 0.5, initial_accumulator_value=0, beta=1.0, **STRENGTHS),
        partial(ftrl, 0.5, 1.0, 0.3, 0.4, 0.0),
    ),
    case(
        "ftrl-own",
        partial(o.Ftrl, 0.1, -0.7, l2_shrinkage_regularization_strength=0.4, **STRENGTHS),
        partial(ftrl, 0.1, 0.0, 0.3, 0.4, 0.1, 0.7, 0.4),
    ),
]
"""What makes an optimizer, and the rule it must follow."""
