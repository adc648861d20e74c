"""One element opened as scalar gates: its value and its gradients are those of the whole op."""

from __future__ import annotations

from random import Random

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from opened_elements import require_same

import tinygraph.ops  # noqa: F401  # enters the ops
from tinygraph.graph import OPS
from tinygraph.testing.variants import variant
from tinygraph.types import float64

NAMES = sorted(name for name, op in OPS.items() if op.__module__.startswith("tinygraph."))
SOME = settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)


@pytest.mark.parametrize("name", NAMES)
def test_every_op(name: str) -> None:
    for example in OPS[name].examples():
        for dtype in (None, float64):
            require_same(example.op, example.arrays(3, dtype), Random(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_op_with_ties_and_zeros(name: str) -> None:
    """At kinks the gates take the op's choice: relu at 0, the first of equal elements."""
    rng = np.random.default_rng(1)
    for example in OPS[name].examples():
        arrays = example.arrays(1, float64)
        low = max(int(example.low), -1)
        for array in arrays:
            if array.dtype.kind == "f":
                array[...] = rng.integers(low, low + 3, array.shape)
        with np.errstate(all="ignore"):
            if np.isfinite(example.op.evaluate(*arrays)).all():
                require_same(example.op, arrays, Random(1))


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 10_000))
@settings(SOME, max_examples=5)
def test_every_op_changed_at_random(name: str, seed: int) -> None:
    rng = Random(seed)
    example = variant(rng.choice(list(OPS[name].examples())), rng)
    require_same(example.op, example.arrays(seed), rng)


EXTENTS = st.integers(1, 3)
PAIRS = st.tuples(st.integers(0, 2), st.integers(0, 2))


@given(data=st.data())
@SOME
def test_convolutions(data: st.DataObject) -> None:
    """Any stride, padding, dilation, groups; the convolution and both its gradients."""
    rank = data.draw(st.integers(1, 2))
    draw = lambda each: tuple(data.draw(each) for _ in range(rank))  # noqa: E731
    stride, dilation, window, padding = draw(EXTENTS), draw(EXTENTS), draw(EXTENTS), draw(PAIRS)
    groups, c, o = (data.draw(st.integers(1, 2)) for _ in range(3))
    least = [(w - 1) * d + 1 - sum(p) for w, d, p in zip(window, dilation, padding)]
    space = tuple(max(n, 1) + data.draw(st.integers(0, 3)) for n in least)
    seed = data.draw(st.integers(0, 99))
    rng, how = np.random.default_rng(seed), {"padding": data.draw(st.booleans())}
    x = rng.normal(size=(1, *space, c * groups))
    w = rng.normal(size=(*window, c, o * groups))
    geometry = stride, padding, dilation, groups
    conv = OPS["conv"](*geometry)  # type: ignore[call-arg]
    g = rng.normal(size=conv.evaluate(x, w).shape)
    require_same(conv, [x, w], Random(seed), **how)
    back = OPS["conv_data_gradient"](*geometry, space=space)  # type: ignore[call-arg]
    require_same(back, [g, w], Random(seed), **how)
    weights = OPS["conv_weight_gradient"](*geometry, window=window)  # type: ignore[call-arg]
    require_same(weights, [x, g], Random(seed), **how)


@given(data=st.data())
@SOME
def test_pools(data: st.DataObject) -> None:
    """Max pooling with ties is a router to the first winner, sum pooling a distributor."""
    rank = data.draw(st.integers(1, 2))
    window = tuple(data.draw(EXTENTS) for _ in range(rank))
    stride = tuple(data.draw(EXTENTS) for _ in range(rank))
    sides = [st.tuples(*[st.integers(0, n - 1)] * 2) for n in window]
    padding = tuple(data.draw(side) for side in sides)
    space = tuple(n + data.draw(st.integers(0, 3)) for n in window)
    seed = data.draw(st.integers(0, 99))
    x = np.random.default_rng(seed).integers(-1, 2, (1, *space, 2)).astype(np.float64)
    how = {"padding": data.draw(st.booleans())}
    for name in ("max_pool", "max_pool_position", "sum_pool"):
        op = OPS[name](window, stride, padding)  # type: ignore[call-arg]
        require_same(op, [x], Random(seed), **how)
        if name == "max_pool_position":
            position = op.evaluate(x)
    g = np.random.default_rng(seed + 1).normal(size=position.shape)
    back = OPS["max_pool_gradient"](window, stride, padding, space=space)  # type: ignore[call-arg]
    require_same(back, [g, position], Random(seed), **how)


@pytest.mark.parametrize("name", NAMES)
def test_every_op_with_few_gates(name: str) -> None:
    """Most terms in one leaf: the value stays what it is."""
    for example in OPS[name].examples():
        arrays = example.arrays(5, float64)
        require_same(example.op, arrays, Random(name), gradients=False, limit=2, largest=2)
