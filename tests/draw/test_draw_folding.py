"""Large graphs: modules become boxes, repeated gates too, and no picture has too many shapes."""

from __future__ import annotations

import re

import numpy as np
import pytest
from circuits import chain, conv_net, dense, placeless, shapes, tangle, written
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg


def boxes(drawing) -> list[tuple[str, str]]:
    return re.findall(r"label=<<b>([^<]*)</b><br/><font[^>]*>([^<]*)<", drawing.source)


def test_conv_net_folded_by_modules(golden) -> None:
    drawing = tg.draw(conv_net(), detail="modules")
    assert (
        sorted(boxes(drawing))[:4]
        == [("conv_a", "2 gates, 1 parameter")] * 2 + [("conv_b", "2 gates, 1 parameter")] * 2
    )
    assert ("dense", "3 gates, 2 parameters") in boxes(drawing)
    assert re.findall(r"<b>(block\d)</b></font>>", drawing.source) == ["block1", "block2"]
    golden.check("draw_conv_net_folded.dot", placeless(drawing))


def test_modules_fold_upwards_until_it_fits() -> None:
    drawing = tg.draw(conv_net() * 2 + 1, max_gates=14)
    names = sorted(name for name, _ in boxes(drawing))
    assert names == ["block1", "block2", "cross_entropy", "dense"]
    assert shapes(drawing) <= 14


def test_small_graphs_are_not_folded() -> None:
    drawing = tg.draw(conv_net())
    assert drawing.shown == drawing.gates
    assert not boxes(drawing)


def test_a_scope_entered_twice_is_two_boxes() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    y = tg.softmax(x) + tg.softmax(x * 2)
    assert [name for name, _ in boxes(tg.draw(y, detail="modules"))] == ["softmax", "softmax"]


def test_wires_between_boxes_carry_the_same_numbers() -> None:
    y = conv_net()
    open_ = written(tg.draw(y, direction="LR"))
    folded = written(tg.draw(y, detail="modules", direction="LR"))
    assert set(folded) < set(open_)
    assert all(numbers == open_[name] for name, numbers in folded.items())


def test_gradients_into_a_box_are_added_up() -> None:
    x, w = tg.tensor(3.0, name="x"), tg.tensor(2.0, name="w")
    with tg.scope("square"):
        y = x * x
    source = tg.draw(y + x * w, detail="modules").source
    assert re.findall(r"x_wire_\d \[label=.*?>3.0<.*?>(\d.\d)<", source) == ["6.0", "2.0"]


def test_gradient_of_a_module_is_one_box() -> None:
    x = tg.tensor([[1.0, 2.0]], name="x")
    drawing = tg.draw(dense(x, 3, "dense").sum(), backward=True, detail="modules")
    assert [name for name, _ in boxes(drawing)] == ["dense (backward)", "dense"]


def test_repeated_gates_become_one_box() -> None:
    drawing = tg.draw(chain(1000))
    assert boxes(drawing) == [("1,996 gates", "998 × (* +)")]
    assert (drawing.gates, drawing.shown) == (2000, 4)


def test_50_000_gates() -> None:
    drawing = tg.draw(chain(25_000))
    assert drawing.gates == 50_000
    assert shapes(drawing) < 20
    assert len(drawing.source) < 20_000
    assert len(drawing.svg()) < 60_000


@pytest.mark.slow
def test_50_000_gates_with_their_gradient() -> None:
    drawing = tg.draw(chain(25_000), backward=True, values=True)
    assert drawing.gates > 100_000
    assert shapes(drawing) < 50


def test_many_leaves_of_one_gate_are_one_word() -> None:
    leaves = [tg.tensor([float(k)], name=f"v{k}") for k in range(500)]
    drawing = tg.draw(tg.concatenate(leaves))
    assert "500 leaves: v0, v1, v2, …" in drawing.source
    assert "500 wires" in drawing.source
    assert shapes(drawing) <= 4


def test_many_outputs_are_one_word() -> None:
    x = tg.tensor(np.arange(200.0), name="x")
    drawing = tg.draw([x[k] for k in range(200)])
    assert shapes(drawing) <= 100


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 200), limit=st.integers(12, 60))
def test_no_picture_has_more_shapes_than_allowed(seed: int, gates: int, limit: int) -> None:
    drawing = tg.draw(tangle(seed, gates), max_gates=limit)
    assert shapes(drawing) <= limit
    both = tg.draw(tangle(seed, gates), max_gates=limit, backward=True)
    assert shapes(both) <= limit
    for one in (drawing, both):
        nodes = set(re.findall(r"^\s*(\w+) \[", one.source, re.M))
        ends = set(re.findall(r"(\w+)(?::\w+)* ->", one.source))
        ends |= set(re.findall(r"-> (\w+)", one.source))
        assert ends <= nodes
