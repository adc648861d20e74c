"""Schedules: closed forms, their ends and corners, and clear errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph.optimizers.schedules import (
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
)

FORMS: dict[str, tuple[LearningRateSchedule, Callable[[int], float]]] = {
    "exponential": (ExponentialDecay(0.1, 10, 0.5), lambda t: 0.1 * 0.5 ** (t / 10)),
    "exponential-stairs": (ExponentialDecay(0.1, 10, 0.5, True), lambda t: 0.1 * 0.5 ** (t // 10)),
    "inverse": (InverseTimeDecay(0.1, 10, 0.5), lambda t: 0.1 / (1 + 0.05 * t)),
    "inverse-stairs": (InverseTimeDecay(0.1, 10, 0.5, True), lambda t: 0.1 / (1 + 0.5 * (t // 10))),
    "polynomial": (
        PolynomialDecay(0.1, 20, 0.01),
        lambda t: 0.09 * (1 - min(t, 20) / 20) + 0.01,
    ),
    "polynomial-power": (
        PolynomialDecay(0.1, 20, 0.01, 1.5),
        lambda t: 0.09 * (1 - min(t, 20) / 20) ** 1.5 + 0.01,
    ),
    "polynomial-cycle": (
        PolynomialDecay(0.1, 20, 0.01, cycle=True),
        lambda t: 0.09 * (1 - t / (20 * max(1, math.ceil(t / 20)))) + 0.01,
    ),
    "piecewise": (
        PiecewiseConstantDecay([5, 11.0], [1, 0.5, 0.1]),
        lambda t: 1.0 if t <= 5 else 0.5 if t <= 11 else 0.1,
    ),
    "constant": (PiecewiseConstantDecay([], [0.25]), lambda t: 0.25),
    "cosine": (
        CosineDecay(0.1, 20, 0.2),
        lambda t: 0.1 * (0.8 * (1 + math.cos(math.pi * min(t, 20) / 20)) / 2 + 0.2),
    ),
    "cosine-warmup": (
        CosineDecay(0.0, 20, warmup_target=0.1, warmup_steps=4),
        lambda t: 0.025 * t if t < 4 else 0.05 * (1 + math.cos(math.pi * min(t - 4, 20) / 20)),
    ),
}


@pytest.mark.parametrize("mode", ["eager", "numpy", "llvm"])
@pytest.mark.parametrize("form", FORMS)
def test_closed_forms(form: str, mode: str) -> None:
    schedule, expected = FORMS[form]
    compute: Any = schedule if mode == "eager" else tg.jit(schedule, backend=mode)
    for step in [*range(26), 39, 40, 41, 100_000]:
        rate = compute(np.int32(step))
        assert rate.type == tg.zeros((), "float64").type
        assert rate.item() == pytest.approx(expected(step), rel=1e-12, abs=1e-15), step


@given(steps=st.integers(1, 1000), power=st.sampled_from([0.5, 1.0, 2.0]), seed=st.integers(0, 99))
def test_a_decay_never_rises_and_ends_where_it_says(steps: int, power: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for schedule, end in (
        (PolynomialDecay(1.0, steps, 0.25, power), 0.25),
        (CosineDecay(1.0, steps, 0.25), 0.25),
        (ExponentialDecay(1.0, steps, 0.25), 0.25),
        (InverseTimeDecay(1.0, steps, 3.0), 0.25),
    ):
        assert schedule(0).item() == 1
        assert schedule(steps).item() == pytest.approx(end)
        rates = [schedule(int(t)).item() for t in np.sort(rng.integers(0, 2 * steps, 8))]
        assert all(a >= b for a, b in pairwise(rates))


def test_one_of_ones_own() -> None:
    @dataclass(frozen=True)
    class Halved(LearningRateSchedule):
        start: float

        def rate(self, step: tg.Tensor) -> tg.Tensor:
            return self.start * 0.5**step

    assert Halved(8.0)(3).item() == 1
    assert Halved.from_config(Halved(8.0).get_config()) == Halved(8.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ExponentialDecay(0.1, 0, 0.5),
            "ExponentialDecay needs decay_steps= a number above 0",
        ),
        (lambda: ExponentialDecay(0.1, 5, -0.5), "needs decay_rate= a number above 0, got -0.5"),
        (lambda: InverseTimeDecay("fast", 5, 1), "initial_learning_rate= a number of at least 0"),
        (lambda: PiecewiseConstantDecay([1], [1, -1]), "needs values= a number of at least 0"),
        (lambda: PolynomialDecay(0.1, 5, power=0), "needs power= a number above 0"),
        (lambda: PiecewiseConstantDecay([1], [1]), "got 1 boundaries and 1 values"),
        (lambda: PiecewiseConstantDecay([2, 1], [1, 2, 3]), r"boundaries that rise, got \[2, 1\]"),
        (lambda: CosineDecay(0.1, 5, warmup_steps=3), "needs a warmup_target= where"),
        (
            lambda: CosineDecay(0.1, 5, warmup_target=1, warmup_steps=-1),
            "warmup_steps= a number of at least 0, got -1",
        ),
    ],
)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises(tg.TinygraphError, match=message):
        make()
