"""One element opened as scalar gates: its value and its gradients are those of the whole op."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tinygraph.evaluate import evaluate
from tinygraph.grad import gradients
from tinygraph.graph import OPS, Node, Op, leaf, make, topological
from tinygraph.stepper.scalars import Opened, open_element
from tinygraph.testing.variants import variant
from tinygraph.types import float64

NAMES = sorted(name for name, op in OPS.items() if op.__module__.startswith("tinygraph."))
SOME = settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)


def gate_of(op: Op, arrays: Sequence[np.ndarray]) -> Node:
    return make(op, *(leaf(a, f"x{k}") for k, a in enumerate(arrays)))


def some_indices(gate: Node, rng: Random, count: int = 4) -> list[tuple[int, ...]]:
    if not gate.type.size:
        return []
    corners = [(0,) * gate.ndim, tuple(n - 1 for n in gate.shape)]
    picked = [tuple(rng.randrange(n) for n in gate.shape) for _ in range(count)]
    return list(dict.fromkeys([*corners, *picked]))


def require_same(op: Op, arrays: Sequence[np.ndarray], rng: Random, **how: int | bool) -> None:
    gate = gate_of(op, arrays)
    with np.errstate(all="ignore"):
        whole = np.asarray(op.evaluate(*arrays))
    for index in some_indices(gate, rng):
        opened = open_element(gate, index, arrays, **how)  # type: ignore[arg-type]
        require_value(opened, whole[index], arrays)
        require_gradients(opened, arrays)


def require_value(opened: Opened, want: np.generic, arrays: Sequence[np.ndarray]) -> None:
    (got,) = evaluate([opened.y])
    assert got.shape == ()
    assert got.dtype == want.dtype
    assert all(node.shape == () for node in topological([opened.y]))
    if want.dtype.kind != "f":
        assert got == want, (opened.gate, opened.index)
        return
    sizes = [abs(float(v)) for v in evaluate(opened.terms) if np.isfinite(v)]
    close = 64 * np.finfo(want.dtype).eps
    np.testing.assert_allclose(got, want, rtol=close, atol=close * sum(sizes))


def require_gradients(opened: Opened, arrays: Sequence[np.ndarray]) -> None:
    """What the scalar gates send to each leaf is what the op sends to that element."""
    gate = opened.gate
    if not gate.dtype.is_float:
        return
    one = np.zeros(gate.shape, gate.dtype.numpy)
    one[opened.index] = 1
    floats = [k for k, x in enumerate(gate.inputs) if x.dtype.is_float]
    sent = gradients(gate, [gate.inputs[k] for k in floats], leaf(one))
    places = list(opened.leaves)
    found = gradients(opened.y, [opened.leaves[place] for place in places])
    values = iter(evaluate([g for g in [*sent, *found] if g is not None]))
    whole = [np.zeros_like(arrays[k]) if g is None else next(values) for k, g in zip(floats, sent)]
    parts = [np.zeros_like(arrays[k]) for k in floats]
    for (position, at), g in zip(places, found):
        if g is not None:
            parts[floats.index(position)][at] = next(values)
    for want, got in zip(whole, parts, strict=True):
        close = 1e-9 if gate.dtype is float64 else 2e-4
        known = np.isfinite(want)  # x ** 0 at 0, say, sends 0 * infinity
        np.testing.assert_allclose(got[known], want[known], rtol=close, atol=close)


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
