"""Parameters: versions, snapshots, and what graphs built before see."""

from __future__ import annotations

import numpy as np
import pytest

import tinygraph as tg


def test_graphs_built_before_keep_the_old_value() -> None:
    w = tg.parameter([1.0, 2.0])
    y = w * 10
    snapshot = w.numpy()
    w.assign([5.0, 6.0])
    assert y.numpy().tolist() == [10, 20]
    assert snapshot.tolist() == [1, 2]
    assert (w * 10).numpy().tolist() == [50, 60]


def test_assigning_evaluates_and_cuts_history() -> None:
    w = tg.parameter(1.0)
    for _ in range(3):
        w.assign(w * 2 + 1)
    assert float(w) == 15
    assert w.node.inputs == ()


def test_in_place_operators_are_refused() -> None:
    w = tg.parameter(1.0)
    with pytest.raises(tg.TinygraphError, match=r"write w\.assign\(w - x\)  \(test_mutation\.py"):
        w -= 0.1
    x = tg.tensor(1.0)
    x += 1
    assert float(x) == 2


def test_several_are_assigned_together() -> None:
    a, b = tg.parameter(1.0), tg.parameter(2.0)
    tg.assign([a, b], [b, a])
    assert (float(a), float(b)) == (2.0, 1.0)


def test_none_is_assigned_if_one_fails() -> None:
    a, b = tg.parameter(1.0), tg.parameter(2.0)
    with pytest.raises(tg.ShapeError, match=r"assign to .* needs float32\[\], got float32\[2\]"):
        tg.assign([a, b], [9.0, tg.tensor([1.0, 2.0])])
    assert float(a) == 1.0


def test_assign_keeps_the_type() -> None:
    w = tg.parameter(np.zeros(2, np.float32), name="w")
    w.assign(1)
    w.assign([2, 3])
    assert w.dtype == "float32"
    with pytest.raises(
        tg.DtypeError, match=r"assign to w needs float32\[2\].*\.astype\('float32'\)"
    ):
        w.assign(np.zeros(2))


def test_trainable_parameters_are_floats() -> None:
    assert tg.parameter([1, 2]).dtype == "float32"
    assert tg.parameter(0, trainable=False).dtype == "int32"
    with pytest.raises(tg.GradientError, match="needs floats"):
        tg.parameter([1], dtype="int32")


def test_the_gradient_of_an_old_version_still_arrives() -> None:
    w = tg.parameter(3.0)
    y = w * w
    w.assign(100.0)
    y.backward()
    assert w.grad is not None
    assert float(w.grad) == 6.0
