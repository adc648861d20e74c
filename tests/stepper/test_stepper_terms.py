"""The terms of an element, its formula in numbers, windows, and equations at many positions."""

from __future__ import annotations

import re
from random import Random

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from opened_elements import gate_of, some_indices

from tinygraph import ops
from tinygraph.graph import OPS, leaf
from tinygraph.stepper.rules.number_formula import formula_with_numbers
from tinygraph.stepper.scalars.grids import Grid
from tinygraph.stepper.scalars.opened import equation_of, open_element
from tinygraph.stepper.scalars.terms import terms_of
from tinygraph.stepper.scalars.window import Window
from tinygraph.testing.variants import variant
from tinygraph.types import float64

NAMES = sorted(name for name, op in OPS.items() if op.__module__.startswith("tinygraph."))
RNG = np.random.default_rng(0)
ONE = ((1, 1), (1, 1))


# ---- equations at many positions ----


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=5, suppress_health_check=list(HealthCheck), deadline=None)
def test_all_positions_at_once(name: str, seed: int) -> None:
    rng = Random(seed)
    example = variant(rng.choice(list(OPS[name].examples())), rng)
    arrays = example.arrays(seed, float64)
    gate = gate_of(example.op, arrays)
    with np.errstate(all="ignore"):
        whole = np.asarray(example.op.evaluate(*arrays))
    axes, e = equation_of(gate)
    flat = np.unravel_index(np.arange(whole.size), whole.shape) if whole.shape else ()
    got = Grid(arrays, dict(zip(axes, flat, strict=True))).value(e)
    assert got.dtype == whole.dtype
    got = np.broadcast_to(got, whole.size if whole.shape else ()).reshape(whole.shape)
    np.testing.assert_allclose(got, whole, rtol=1e-5, atol=1e-5)


# ---- terms ----


@pytest.mark.parametrize("name", NAMES)
def test_terms_make_the_element(name: str) -> None:
    for example in OPS[name].examples():
        arrays = example.arrays(2, float64)
        gate = gate_of(example.op, arrays)
        with np.errstate(all="ignore"):
            whole = np.asarray(example.op.evaluate(*arrays))
        for index in some_indices(gate, Random(name)):
            terms = terms_of(gate, index, arrays)
            assert terms.positions.shape == (len(terms), len(terms.axes))
            together = {"add": np.sum, "max": np.max, "min": np.min, "": np.squeeze}[terms.kind]
            value = together(terms.values) if len(terms) else whole.dtype.type(0)
            np.testing.assert_allclose(value, whole[index], rtol=1e-9, atol=1e-9)
            for read in terms.reads:
                assert read.at.shape == (len(terms), gate.inputs[read.input].ndim)
                array = arrays[read.input]
                found = [tuple(at) for at in read.at[read.inside].tolist()]
                assert all(0 <= k < n for at in found for k, n in zip(at, array.shape))


def test_terms_are_the_gates() -> None:
    x, w = RNG.normal(size=(1, 5, 5, 2)), RNG.normal(size=(3, 3, 2, 1))
    gate = ops.conv(leaf(x), leaf(w), padding=ONE)
    terms, opened = terms_of(gate, (0, 0, 3, 0), [x, w]), open_element(gate, (0, 0, 3, 0), [x, w])
    assert terms.kind == "add"
    assert terms.axes == ("u", "v", "c")
    assert len(terms) == opened.count == 18
    image, weights = terms.reads
    assert (image.input, weights.input) == (0, 1)
    assert opened.outside == np.count_nonzero(~image.inside) == 6
    assert set(map(tuple, image.at[image.inside].tolist())) == opened.reads[0]
    products = [x[tuple(a)] * w[tuple(b)] for a, b in zip(image.at[6:], weights.at[6:])]
    np.testing.assert_allclose(terms.values, [0.0] * 6 + products)
    k = terms.largest(1)[0]
    assert abs(terms.values[k]) == abs(terms.values).max()


def test_a_million_terms_of_a_weight_gradient() -> None:
    x = RNG.normal(size=(4, 512, 512, 1)).astype(np.float32)
    gate = ops.conv_weight_gradient(leaf(x), leaf(x), (3, 3), padding=ONE)
    terms = terms_of(gate, (0, 1, 0, 0), [x, x])
    assert len(terms) == 4 * 512 * 512
    want = (x[:, :-1].astype(np.float64) * x[:, 1:]).sum()
    np.testing.assert_allclose(terms.values.sum(dtype=np.float64), want, rtol=1e-4)
    assert np.count_nonzero(~terms.reads[0].inside) == 4 * 512


def test_conditions_leave_terms_out() -> None:
    """A strided convolution sends to a pixel only through the taps that met it."""
    g, w = RNG.normal(size=(1, 3, 1)), RNG.normal(size=(3, 1, 1))
    gate = ops.conv_data_gradient(leaf(g), leaf(w), (7,), stride=(2,))
    assert terms_of(gate, (0, 2, 0), [g, w]).positions.tolist() == [[0], [2]]
    assert terms_of(gate, (0, 3, 0), [g, w]).positions.tolist() == [[1]]
    point = ops.conv_data_gradient(leaf(g), leaf(w[:1]), (5,), stride=(2,))
    assert len(terms_of(point, (0, 1, 0), [g, w[:1]])) == 0
    assert len(terms_of(point, (0, 2, 0), [g, w[:1]])) == 1


# ---- formulas ----


def test_formulas_in_numbers() -> None:
    x, y = np.array([[0.5, -2.0], [1.0, 3.0]]), np.array([[4.0, 1.5], [0.0, -1.0]])
    a, b = leaf(x, "x"), leaf(y, "y")
    said = [
        formula_with_numbers(ops.mul(a, b), (0, 1), [x, y]),
        formula_with_numbers(ops.matmul(a, b), (0, 1), [x, y], {}),
        formula_with_numbers(ops.relu(a), (0, 1), [x]),
        formula_with_numbers(ops.erf(a), (1, 0), [x]),
        formula_with_numbers(ops.reduce_max(a), (), [x]),
        formula_with_numbers(ops.reduce_sum(a, 1), (0,), [x]),
        formula_with_numbers(ops.transpose(a, (1, 0)), (0, 1), [x]),
    ]
    assert said == [
        "mul[0,1] = -2.0 * 1.5 = -3.0",
        "matmul[0,1] = 0.5 * 1.5 - 2.0 * (-1.0) = 2.75",
        "relu[0,1] = max(-2.0, 0) = 0.0",
        "erf[1,0] = erf(1.0) = 0.8427",
        "max = max(0.5, -2.0, 1.0, 3.0) = 3.0",
        "sum[0] = 0.5 - 2.0 = -1.5",
        "transpose[0,1] = x[1,0] = 1.0",
    ]


def test_long_formulas_are_shortened() -> None:
    x, w = np.full((1, 4, 4, 3), 0.5), np.full((3, 3, 3, 1), 2.0)
    gate = ops.conv(leaf(x), leaf(w), padding=ONE)
    text = formula_with_numbers(gate, (0, 1, 1, 0), [x, w], {gate: "conv2d_1"})
    assert text == "conv2d_1[0,1,1,0] = 0.5 * 2.0 + 0.5 * 2.0 + 0.5 * 2.0 + ... (27 terms) = 27.0"
    corner = formula_with_numbers(gate, (0, 0, 0, 0), [x, w])
    assert "(12 terms) = 12.0" in corner
    narrow = formula_with_numbers(gate, (0, 1, 1, 0), [x, w], width=30)
    assert narrow == "conv[0,1,1,0] = 0.5 * 2.0 + ... (27 terms) = 27.0"
    assert "= (27 terms) = 27.0" in formula_with_numbers(gate, (0, 1, 1, 0), [x, w], width=5)


@pytest.mark.parametrize("name", NAMES)
def test_every_op_has_a_short_formula(name: str) -> None:
    for example in OPS[name].examples():
        arrays = example.arrays(1)
        gate = gate_of(example.op, arrays)
        for index in some_indices(gate, Random(1)):
            text = formula_with_numbers(gate, index, arrays, {gate: "y"})
            assert re.match(r"y(\[[\d,]+\])? = ", text)
            assert "\n" not in text
            assert len(text) < 150


# ---- windows ----


@given(st.data())
def test_a_window_is_a_set_of_positions(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 4), max_size=3)))
    position = st.tuples(*(st.integers(0, n - 1) for n in shape))
    chosen, other = data.draw(st.sets(position)), data.draw(st.sets(position))
    window = Window.of(shape, chosen)
    assert window == chosen
    assert len(window) == len(chosen)
    assert window & other == chosen & other
    assert (window <= other) == (chosen <= other)
    assert (*shape, 0) not in window
    assert "x" not in window
    for axis, (low, high) in enumerate(window.bounds):
        assert {low, high} <= {at[axis] for at in chosen}
        assert all(low <= at[axis] <= high for at in chosen)


def test_a_window_prints_its_span() -> None:
    assert repr(Window.of((4, 4), [(1, 2), (3, 2)])) == "<2 positions in [1:4,2]>"
