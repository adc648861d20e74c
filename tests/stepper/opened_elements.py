"""Opens elements and compares them with the whole op: its value, and what it sends back."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np

from tinygraph.evaluate import evaluate
from tinygraph.grad import gradients as gradients_of
from tinygraph.graph import Node, Op, leaf, make, topological
from tinygraph.stepper.scalars.opened import Opened, open_element
from tinygraph.types import float64


def gate_of(op: Op, arrays: Sequence[np.ndarray]) -> Node:
    return make(op, *(leaf(a, f"x{k}") for k, a in enumerate(arrays)))


def some_indices(gate: Node, rng: Random, count: int = 4) -> list[tuple[int, ...]]:
    if not gate.type.size:
        return []
    corners = [(0,) * gate.ndim, tuple(n - 1 for n in gate.shape)]
    picked = [tuple(rng.randrange(n) for n in gate.shape) for _ in range(count)]
    return list(dict.fromkeys([*corners, *picked]))


def require_same(
    op: Op, arrays: Sequence[np.ndarray], rng: Random, gradients: bool = True, **how: Any
) -> None:
    """The gates of some elements give the value of the whole op, and its gradients."""
    gate = gate_of(op, arrays)
    with np.errstate(all="ignore"):
        whole = np.asarray(op.evaluate(*arrays))
    for index in some_indices(gate, rng):
        opened = open_element(gate, index, arrays, **how)
        require_value(opened, whole[index], arrays)
        if gradients:
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
    sent = gradients_of(gate, [gate.inputs[k] for k in floats], leaf(one))
    places = list(opened.leaves)
    found = gradients_of(opened.y, [opened.leaves[place] for place in places])
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
