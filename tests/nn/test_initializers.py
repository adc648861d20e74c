"""Initializers: Keras's formulas, what the numbers follow from, and clear errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph import nn
from tinygraph.nn import initializers
from tinygraph.nn.initializers import (
    Constant,
    HeNormal,
    Identity,
    Initializer,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    find_initializer,
)

SHAPE = (3, 3, 64, 32)
FAN_IN, FAN_OUT = 9 * 64, 9 * 32


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    ("name", "variance", "bound"),
    [
        ("random_normal", 0.05**2, None),
        ("random_uniform", 0.1**2 / 12, 0.05),
        ("truncated_normal", 0.05**2 * 0.8796**2, 0.1),
        ("glorot_uniform", 2 / (FAN_IN + FAN_OUT), (6 / (FAN_IN + FAN_OUT)) ** 0.5),
        ("glorot_normal", 2 / (FAN_IN + FAN_OUT), None),
        ("he_uniform", 2 / FAN_IN, (6 / FAN_IN) ** 0.5),
        ("he_normal", 2 / FAN_IN, 2 * (2 / FAN_IN) ** 0.5 / 0.8796),
        ("lecun_uniform", 1 / FAN_IN, (3 / FAN_IN) ** 0.5),
        ("lecun_normal", 1 / FAN_IN, 2 * (1 / FAN_IN) ** 0.5 / 0.8796),
        ("variance_scaling", 1 / FAN_IN, None),
    ],
)
def test_mean_variance_and_bound(name: str, variance: float, bound: float | None) -> None:
    values = initializers.INITIALIZERS[name](SHAPE, rng())
    assert values.shape == SHAPE
    assert abs(values.mean()) < 4 * (variance / values.size) ** 0.5
    assert values.var() == pytest.approx(variance, rel=0.05)
    if bound is not None:
        assert 0.99 * bound < abs(values).max() <= bound * 1.0001


def test_modes_and_distributions_of_variance_scaling() -> None:
    for mode, n in (("fan_in", FAN_IN), ("fan_out", FAN_OUT), ("fan_avg", (FAN_IN + FAN_OUT) / 2)):
        for distribution in ("truncated_normal", "untruncated_normal", "uniform"):
            values = VarianceScaling(3.0, mode, distribution)(SHAPE, rng())
            assert values.var() == pytest.approx(3 / n, rel=0.05)


def test_constants() -> None:
    assert initializers.find_initializer("zeros")((2, 3), rng()).tolist() == [[0] * 3] * 2
    assert initializers.find_initializer("ones")((2,), rng()).tolist() == [1, 1]
    assert Constant(0.1)((3,), rng()).tolist() == [0.1] * 3
    assert Constant([[1, 2]])((2, 2), rng()).tolist() == [[1, 2], [1, 2]]
    assert Identity(2.0)((2, 3), rng()).tolist() == [[2, 0, 0], [0, 2, 0]]


@given(rows=st.integers(1, 9), columns=st.integers(1, 9), gain=st.floats(0.1, 3))
def test_orthogonal(rows: int, columns: int, gain: float) -> None:
    matrix = Orthogonal(gain)((rows, columns), rng())
    small = matrix.T @ matrix if rows >= columns else matrix @ matrix.T
    np.testing.assert_allclose(small, gain**2 * np.eye(min(rows, columns)), atol=1e-12)
    kernel = Orthogonal(gain)((rows, 2, columns), rng())
    assert kernel.shape == (rows, 2, columns)


def test_names_in_any_case_classes_and_functions() -> None:
    he = HeNormal()
    for form in (
        "he_normal",
        "HeNormal",
        "henormal",
        "HE_NORMAL",
        "He-Normal",
        "he normal",
        HeNormal,
        he,
    ):
        assert find_initializer(form) == he
    layer = nn.Dense(2, kernel_initializer=lambda shape, rng: np.full(shape, 7.0))
    layer(np.zeros((1, 2), np.float32))
    assert layer.kernel.tolist() == [[7, 7], [7, 7]]
    assert initializers.glorot_uniform(seed=1) == initializers.GlorotUniform(1)


def test_where_the_numbers_come_from() -> None:
    drawn, other = RandomNormal()((5,), rng()), RandomNormal()((5,), np.random.default_rng(1))
    np.testing.assert_array_equal(drawn, RandomNormal()((5,), rng()))
    assert (drawn != other).all()
    seeded = RandomUniform(seed=3)
    np.testing.assert_array_equal(seeded((5,), rng()), seeded((5,), np.random.default_rng(1)))


def test_they_say_what_they_were_made_with() -> None:
    assert TruncatedNormal(stddev=0.5).get_config() == {"stddev": 0.5}
    assert HeNormal(seed=3).get_config() == {"seed": 3}
    again = VarianceScaling.from_config(VarianceScaling(2.0, "fan_out").get_config())
    assert again == VarianceScaling(2.0, "fan_out")


def test_one_of_ones_own() -> None:
    class Ramp(Initializer):
        def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
            return np.linspace(0, 1, np.prod(shape, dtype=int)).reshape(shape)

    layer = nn.Dense(3, bias_initializer=Ramp())
    layer(np.zeros((1, 2), np.float32))
    assert layer.bias.tolist() == [0, 0.5, 1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: find_initializer("xavier"), "no initializer 'xavier'; there are zeros, ones"),
        (lambda: find_initializer(3), "no initializer 3"),
        (lambda: RandomNormal(stddev=-1), "RandomNormal needs stddev= of at least 0, got -1"),
        (lambda: RandomUniform(1, 0), "needs maxval= of at least minval, 1"),
        (lambda: VarianceScaling(0), "needs scale= above 0"),
        (lambda: VarianceScaling(1, "fan"), "needs mode= out of fan_in, fan_out, fan_avg"),
        (lambda: VarianceScaling(1, "fan_in", "normal"), "needs distribution= out of"),
        (lambda: Identity()((3,), rng()), "needs a weight of two axes"),
        (lambda: Orthogonal()((3,), rng()), "two axes or more"),
        (lambda: Constant([1, 2])((3,), rng()), r"values of shape \[2\], for a weight of \[3\]"),
        (lambda: nn.Dense(2, kernel_initializer=lambda s, r: np.ones(3))(np.ones((1, 2))), "gave"),
    ],
)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises(tg.TinygraphError, match=message):
        make()
