"""Graphs at the edge: a lone leaf, no elements, NaN, several outputs, wrong arguments."""

from __future__ import annotations

import numpy as np
import pytest
from circuits import written

import tinygraph as tg
from tinygraph.graph import Graph


def test_a_leaf_alone() -> None:
    x = tg.tensor(2.0, name="x")
    drawing = tg.draw(x)
    assert drawing.gates == 0
    assert written(drawing) == {"x": ("2.0", "1.0")}


def test_a_constant_alone() -> None:
    drawing = tg.draw(tg.zeros((2, 2)))
    assert drawing.svg()


def test_no_elements() -> None:
    x = tg.tensor(np.zeros((0, 3), np.float32), name="x")
    assert written(tg.draw((x * 2).sum()))["x"] == ("float32[0,3]", "empty", "empty", "")


def test_nan_and_infinity() -> None:
    x = tg.tensor([np.nan, 1.0, -np.inf, 2.0, 3.0], name="x")
    numbers = written(tg.draw(x * 2))
    assert numbers["x"][1] == "-∞ … 3.0, 1 NaN"
    assert written(tg.draw(tg.tensor(np.nan, name="x") * 2))["x"] == ("NaN", "2.0")


def test_integers_and_bools() -> None:
    n = tg.tensor([3, 1, 2, 9, 5], name="n")
    numbers = written(tg.draw(n > 2))
    assert numbers["n"] == ("int32[5]", "1 … 9", "", "")
    assert numbers["gt_1"] == ("bool[5]", "3 of 5 true", "", "")


def test_several_outputs() -> None:
    x = tg.tensor(2.0, name="x")
    drawing = tg.draw([x * 3, x + 1, x])
    assert written(drawing)["mul_1"] == ("6.0", "")
    assert drawing.svg()


def test_the_same_output_twice() -> None:
    y = tg.tensor(2.0, name="x") * 3
    assert tg.draw([y, y]).svg()


def test_a_graph() -> None:
    y = tg.tensor(2.0, name="x") * 3
    assert tg.draw(Graph((), (y.node,))) == tg.draw(y)


def test_one_element_in_several_axes_is_a_number() -> None:
    x = tg.tensor([[2.0]], name="x")
    assert written(tg.draw(x * 3))["x"] == ("float32[1,1]", "2.0", "3.0", "")


def test_large_numbers_are_not_computed_unasked() -> None:
    x = tg.zeros((3000, 3000)) + tg.tensor(1.0, name="x")
    assert written(tg.draw(x * 2))["x"] == ("·", "·")
    assert written(tg.draw(x * 2, values=True))["x"][0] == "1.0"


def test_wrong_arguments() -> None:
    x = tg.tensor(2.0, name="x")
    with pytest.raises(tg.TinygraphError, match="nothing to draw"):
        tg.draw([])
    with pytest.raises(tg.TinygraphError, match="detail is"):
        tg.draw(x, detail="all")  # pyright: ignore[reportArgumentType]
    with pytest.raises(tg.TinygraphError, match="direction is"):
        tg.draw(x, direction="up")  # pyright: ignore[reportArgumentType]
    with pytest.raises(tg.TinygraphError, match="max_gates is at least 12"):
        tg.draw(x, max_gates=0)
    with pytest.raises(tg.GradientError, match="one output"):
        tg.draw([x * 2, x * 3], backward=True)
    with pytest.raises(tg.GradientError, match="only floats"):
        tg.draw(tg.tensor(1, name="n") * 2, gradients=True)
    with pytest.raises(tg.GradientError, match=r"must be float32\[\]"):
        tg.draw(x * 2, gradients=np.ones(3, np.float32))
