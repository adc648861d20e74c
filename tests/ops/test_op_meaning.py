"""Every op's NumPy meaning says the same as its equation, and every op has an example."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from op_samples import NAMES, samples

from tinygraph.graph import OPS, Example
from tinygraph.loops.expr import Operand
from tinygraph.loops.index import Axis
from tinygraph.testing.equations import evaluate_equation
from tinygraph.types import TensorType, float32, uint32


def compare(example: Example, arrays: list[np.ndarray]) -> None:
    op = example.op
    expected = op.result_type(*example.inputs)
    with np.errstate(all="ignore"):
        numpy = np.asarray(op.evaluate(*arrays))
    equation = evaluate_equation(op, arrays)
    assert numpy.shape == equation.shape == expected.shape
    assert numpy.dtype == equation.dtype == expected.dtype.numpy
    if expected.dtype.is_float:
        close = 2e-5 if expected.dtype.itemsize == 4 else 1e-11
        np.testing.assert_allclose(numpy, equation, rtol=close, atol=close)
    else:
        np.testing.assert_array_equal(numpy, equation)


@pytest.mark.parametrize("name", NAMES)
def test_examples(name: str) -> None:
    examples = OPS[name].examples()
    assert examples, f"{name} has no example"
    for example in examples:
        assert isinstance(example.op, OPS[name])
        compare(example, example.arrays())


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(suppress_health_check=list(HealthCheck))
def test_random_samples(name: str, data: st.DataObject) -> None:
    example = data.draw(samples(name))
    compare(example, example.arrays(data.draw(st.integers(0, 99))))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=300, suppress_health_check=list(HealthCheck))
def test_many_random_samples(name: str, data: st.DataObject) -> None:
    example = data.draw(samples(name))
    compare(example, example.arrays(data.draw(st.integers(0, 9999))))


STRANGE = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.5]
SPREAD = ["max", "min", "argmax", "argmin", "max_pool", "max_pool_position"]
UNARY = ["relu", "abs", "sigmoid", "tanh", "exp", "floor", "neg", "pow_int", "detach"]
BINARY = ["maximum", "minimum", "lt", "le", "gt", "ge", "eq", "ne", "add", "mul"]


@pytest.mark.parametrize("name", UNARY + BINARY)
def test_strange_numbers(name: str) -> None:
    """NaN, infinities and signed zeros come out of both the same, bit patterns of NaN aside."""
    op = OPS[name].examples()[0].op
    x, y = (a.ravel() for a in np.meshgrid(np.float32(STRANGE), np.float32(STRANGE)))
    arrays = [x, y] if name in BINARY else [x]
    with np.errstate(all="ignore"):
        numpy = op.evaluate(*arrays)
    np.testing.assert_allclose(numpy, evaluate_equation(op, arrays), rtol=1e-6)


@pytest.mark.parametrize("name", SPREAD)
@given(data=st.data())
def test_ties_and_nan(name: str, data: st.DataObject) -> None:
    example = data.draw(samples(name))
    (t,) = example.inputs
    if not t.dtype.is_float:
        return
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x = rng.choice(np.array([0, 1, 1, 2, np.nan], t.dtype.numpy), t.shape)
    np.testing.assert_array_equal(example.op.evaluate(x), evaluate_equation(example.op, [x]))


NO_BATCH, FOUR_AXES = (0, 4, 4, 2), (1, 3, 2, 3, 2, 1)


@pytest.mark.parametrize("shape", [NO_BATCH, FOUR_AXES])
@pytest.mark.parametrize("name", ["conv", "max_pool", "max_pool_position", "sum_pool"])
def test_empty_batches_and_many_axes(name: str, shape: tuple[int, ...]) -> None:
    rank = len(shape) - 2
    ones, none, window = (1,) * rank, ((0, 1),) * rank, (2,) * rank
    x, w = TensorType(shape, float32), TensorType((*window, shape[-1], 1), float32)
    if name == "conv":
        example = Example(OPS[name](ones, none, ones, 1), (x, w))
    else:
        example = Example(OPS[name](window, ones, none), (x,), distinct=True)
    compare(example, example.arrays())


def test_long_equations_are_printed_in_pieces() -> None:
    op = OPS["random_bits"]((2,))
    text = str(op.equation((Axis("i", 2),), Operand("key", (2,), uint32)))
    assert text.startswith("t1 = ")
    assert len(text) < 3000
