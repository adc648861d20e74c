"""Every op's gradient, and the gradient of that, against finite differences in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from op_samples import DIFFERENTIABLE, NAMES, samples

from tinygraph import ops
from tinygraph.evaluate import evaluate
from tinygraph.grad import gradients
from tinygraph.graph import OPS, Example, Node, leaf, make
from tinygraph.types import TensorType, float32, float64

STEP = 1e-6
Arrays = Sequence[np.ndarray]


def first_order(example: Example) -> Callable[[Arrays], tuple[list[Node], Node]]:
    """From arrays to the leaves and the op's output."""

    def build(arrays: Arrays) -> tuple[list[Node], Node]:
        leaves = [leaf(np.array(a)) for a in arrays]
        return leaves, make(example.op, *leaves)

    return build


def compare(build: Callable[[Arrays], tuple[list[Node], Node]], arrays: Arrays, seed: int) -> None:
    """Along random directions of each float input, the gradient is the slope."""
    rng = np.random.default_rng(seed)
    leaves, y = build(arrays)
    if not y.dtype.is_float:
        return
    upstream = np.asarray(rng.normal(size=y.shape), y.dtype.numpy)
    found = gradients(y, leaves, leaf(upstream))
    for k, g in enumerate(found):
        if not leaves[k].dtype.is_float or arrays[k].size == 0:
            continue
        assert g is None or g.type == leaves[k].type
        slope = np.zeros(arrays[k].shape) if g is None else evaluate([g])[0]
        for _ in range(3):
            direction = rng.normal(size=arrays[k].shape)
            ends = [build(moved(arrays, k, direction * h))[1] for h in (STEP, -STEP)]
            high, low = evaluate(ends)
            with np.errstate(invalid="ignore"):
                change = np.where(high == low, 0, high - low)  # equal infinities too
            expected = np.sum(change * upstream) / (2 * STEP)
            np.testing.assert_allclose(np.sum(slope * direction), expected, rtol=1e-5, atol=1e-6)


def moved(arrays: Arrays, k: int, by: np.ndarray) -> list[np.ndarray]:
    return [a + by if n == k else a for n, a in enumerate(arrays)]


def check(example: Example, seed: int = 0) -> None:
    """First order, then the gradient of each gradient, also with respect to what comes in."""
    op_type = example.op.result_type(*example.inputs)
    if not (op_type.dtype.is_float and any(t.dtype.is_float for t in example.inputs)):
        return
    arrays = example.arrays(seed, float64)
    build = first_order(example)
    compare(build, arrays, seed)
    out = build(arrays)[1]
    upstream = np.asarray(np.random.default_rng(seed + 1).normal(size=out.shape), out.dtype.numpy)
    count = len(gradients(*reversed(build(arrays))))
    for k in range(count):

        def build_gradient(values: Arrays, k: int = k) -> tuple[list[Node], Node]:
            leaves, y = build(values[:-1])
            g = leaf(np.array(values[-1]))
            found = gradients(y, leaves, g)[k]
            return [*leaves, g], found if found is not None else leaves[k]

        if gradients(*reversed(build(arrays)))[k] is not None:
            compare(build_gradient, [*arrays, upstream], seed)


def at_64(example: Example) -> bool:
    """A cast to float32 and constants of that type have no finite differences in float64."""
    return example.op.result_type(*[t64(t) for t in example.inputs]).dtype is not float32


def t64(t: TensorType) -> TensorType:
    return t.with_dtype(float64) if t.dtype.is_float else t


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_examples(name: str) -> None:
    for example in filter(at_64, OPS[name].examples()):
        check(example)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@given(data=st.data())
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
def test_random_samples(name: str, data: st.DataObject) -> None:
    example = data.draw(samples(name))
    if at_64(example):
        check(example, data.draw(st.integers(0, 99)))


@pytest.mark.slow
@pytest.mark.parametrize("name", DIFFERENTIABLE)
@given(data=st.data())
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_many_random_samples(name: str, data: st.DataObject) -> None:
    example = data.draw(samples(name))
    if at_64(example):
        check(example, data.draw(st.integers(0, 9999)))


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(DIFFERENTIABLE)))
def test_no_gradient_where_there_is_none(name: str) -> None:
    for example in OPS[name].examples():
        leaves = [leaf(a) for a in example.arrays()]
        y = make(example.op, *leaves)
        assert set(example.op.vjp(y, y, *leaves)) <= {None}


X = [-2.0, -1.0, 0.0, 1.0, 2.0]


def gradient_of(build: Callable[..., Node], *arrays: list[float]) -> list[list[float]]:
    leaves = [leaf(np.array(a, float)) for a in arrays]
    found = gradients(build(*leaves), leaves)
    return [value.tolist() for value in evaluate([g for g in found if g is not None])]


def test_gradients_at_kinks() -> None:
    assert gradient_of(ops.relu, X) == [[0, 0, 0, 1, 1]]
    assert gradient_of(ops.absolute, X) == [[-1, -1, 0, 1, 1]]
    assert gradient_of(ops.maximum, [1, 2, 3], [2, 2, 2]) == [[0, 1, 1], [1, 0, 0]]
    assert gradient_of(ops.minimum, [1, 2, 3], [2, 2, 2]) == [[1, 1, 0], [0, 0, 1]]
    assert gradient_of(lambda x: ops.reduce_max(x), [1, 3, 3, 2]) == [[0, 1, 0, 0]]
    assert gradient_of(lambda x: ops.reduce_min(x), [3, 1, 1, 2]) == [[0, 1, 0, 0]]
    assert gradient_of(ops.detach, X) == []


def test_powers_at_zero_and_below() -> None:
    assert gradient_of(lambda x: x**2, X) == [[2 * x for x in X]]
    assert gradient_of(lambda x: x**3, X) == [[3 * x * x for x in X]]
    assert gradient_of(lambda x: x**1, X) == [[1] * 5]
    assert gradient_of(lambda x: x**2.5, [0.0, 1.0]) == [[0, 2.5]]
    (x,) = [leaf(np.array(X))]
    assert gradients(x**0, [x]) == [None]
    assert evaluate([x**0, x**2])[1].tolist() == [4, 1, 0, 1, 4]
    dx, dy = gradient_of(lambda x, y: x**y, [0.0, 0.0, 2.0], [2.0, 0.0, 0.0])
    assert dx == [0, 0, 0]
    np.testing.assert_allclose(dy, [0, 0, np.log(2)])
