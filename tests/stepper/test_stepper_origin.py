"""Where a NaN, an infinity, a zero or the largest number started."""

from __future__ import annotations

import numpy as np
import pytest
from circuits import conv_net
from hypothesis import given
from hypothesis import strategies as st
from random_journals import named, of_random_graph

import tinygraph as tg
from tinygraph.errors import IndexingError
from tinygraph.graph import Node, make
from tinygraph.journal import Journal
from tinygraph.stepper.questions.origin import Origin, origin
from tinygraph.tensor import Tensor, node_of, wrap


def of_value(journal: Journal, x: Tensor | Node, index: tuple[int, ...] | None = None) -> Origin:
    return origin(journal, node_of(x) if isinstance(x, Tensor) else x, index)[0]


def of_gradient(journal: Journal, x: Tensor, index: tuple[int, ...] | None = None) -> Origin:
    return origin(journal, node_of(x), index)[1]


def planted(journal: Journal, seed: int) -> tuple[Node, Node, tuple[int, ...]]:
    """The same graph with one element of one value, plus log(-1), the gate of that and where."""
    rng = np.random.default_rng(seed)
    floats = [n for n in journal.order if n.dtype.is_float and n.type.size and n.inputs]
    chosen = floats[int(rng.integers(len(floats)))]
    at = tuple(int(rng.integers(n)) for n in chosen.shape)
    bad = np.ones(chosen.shape, chosen.dtype.numpy)
    bad[at] = -1
    log = node_of(tg.log(tg.tensor(bad, name="bad")))
    becomes: dict[Node, Node] = {}
    for node in journal.order:
        new = node if not node.inputs else make(node.op, *(becomes[x] for x in node.inputs))
        becomes[node] = new + log if node is chosen else new
    return becomes[journal.outputs[0]], log, at


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 10))
def test_a_planted_nan_is_found_at_its_gate(seed: int, gates: int) -> None:
    clean = of_random_graph(seed, gates)
    if any(np.isnan(clean.value(n)).any() for n in clean.order if n.dtype.is_float):
        return
    if not clean.outputs[0].inputs:  # no floats in this graph
        return
    y, log, at = planted(clean, seed)
    journal = tg.journal(wrap(y))
    if np.isnan(journal.value(y)):
        found = of_value(journal, y)
        assert (found.kind, found.where) == ("NaN", (log, at))
        assert "ln(-1.0) = NaN" in found.lines[-1]
        assert "test_stepper_origin.py:" in found.lines[-1]
    for leaf in [n for n in journal.order if not n.inputs and n in journal.gradients]:
        if np.isnan(journal.gradient(leaf)).any():
            found = origin(journal, leaf)[1]
            assert (found.kind, found.side, found.where) == ("NaN", "gradient", (log, at))


@given(seed=st.integers(0, 10**6))
def test_special_numbers_are_followed_to_their_start(seed: int) -> None:
    """On graphs fed with NaN and infinities: the place has it, and what it reads has not."""
    journal = of_random_graph(seed, 8, special=0.5)
    for node in journal.order:
        if not node.dtype.is_float or not node.type.size:
            continue
        for found in origin(journal, node):
            assert found.lines
            assert all(found.lines)
            if found.side == "value" and found.kind in ("NaN", "infinity"):
                gate, at = found.where
                has = np.isnan if found.kind == "NaN" else np.isinf
                assert at is not None
                assert has(journal.value(gate)[at])
                if gate.op.elementwise:
                    assert not any(
                        has(journal.value(x)[at]) for x in gate.inputs if x.dtype.is_float
                    )


def test_infinity_minus_infinity_names_both() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    e = tg.exp(x * 100)
    journal = tg.journal((e - e).sum())
    found = of_value(journal, journal.outputs[0])
    sub, exp = (next(n for n in journal.order if n.op.name == k) for k in ("sub", "exp"))
    assert found.where == (sub, (0,))
    assert journal.names[exp] == "exp_1"
    assert "sub_1[0] = ∞ - ∞ = NaN" in found.lines[1]
    assert "exp_1[0] = exp(100.0) = ∞" in found.lines[3]


def test_an_infinite_gradient_where_the_value_is_fine() -> None:
    x = tg.tensor([4.0, 0.0], name="x")
    w = tg.tensor([1.0, 3.0], name="w")
    journal = tg.journal((tg.sqrt(x) * w).sum())
    found = of_gradient(journal, x)
    assert (found.kind, found.where) == ("infinity", (node_of(x), (1,)))
    assert "on the way back over sqrt_1, test_stepper_origin.py:" in found.lines[0]
    assert of_gradient(journal, x, (0,)).kind == "largest"


def test_a_nan_in_the_data() -> None:
    x = tg.tensor([1.0, np.nan, 2.0], name="x")
    journal = tg.journal((x * 2).sum())
    found = of_value(journal, journal.outputs[0])
    assert found.where == (node_of(x), (1,))
    assert "x[1] is NaN from the start" in found.lines[1]


def test_a_nan_behind_a_where_that_does_not_take_it() -> None:
    x = tg.tensor([0.0, 2.0], name="x")
    safe = tg.where(x > 0, tg.log(x), 0.0)
    journal = tg.journal(safe.sum())
    assert of_value(journal, safe).kind == "largest"
    found = of_gradient(journal, x)  # 0 * 1/0: the trap that a second where avoids
    assert found.kind == "NaN"
    assert "0.0 / 0.0 = NaN" in found.lines[-1]


def test_a_dead_relu_is_named() -> None:
    x = tg.tensor([1.0, -3.0], name="x")
    w = tg.tensor([0.5, 2.0], name="w")
    journal = tg.journal((tg.relu(x * w) * 3).sum())
    relu = next(n for n in journal.order if n.op.name == "relu")
    found = of_gradient(journal, w, (1,))
    assert (found.kind, found.where) == ("zero", (relu, (1,)))
    assert found.lines[0] == "dL/dw[1] is 0."
    assert "relu_1" in found.lines[1]
    assert "mul_1[1] = -6.0" in found.lines[1]


def test_all_of_it_dead() -> None:
    x = tg.tensor([1.0, 3.0], name="x")
    w = tg.tensor([-0.5, -2.0], name="w")
    journal = tg.journal(tg.relu(x * w).sum())
    found = of_gradient(journal, w)
    assert (found.kind, found.where[0].op.name, found.where[1]) == ("zero", "relu", None)
    assert "lets none through to mul_1, which is -6.0 to -0.5" in found.lines[1]


def test_a_pool_that_routed_elsewhere() -> None:
    x = tg.tensor(np.arange(16.0).reshape(1, 4, 4, 1), name="x")
    journal = tg.journal(tg.max_pool2d(x, 2).sum())
    found = of_gradient(journal, x, (0, 0, 0, 0))
    assert found.kind == "zero"
    assert found.where[0].op.name == "max_pool"
    assert "max_pool_1" in found.lines[1]


def test_a_zero_value() -> None:
    x = tg.tensor([1.0, -3.0, 0.0], name="x")
    w = tg.tensor([2.0, 2.0, 2.0], name="w")
    h = tg.relu(x * w)
    y = h * 5 + 0.0
    journal = tg.journal(y.sum())
    found = of_value(journal, y, (1,))
    assert (found.kind, found.where) == ("zero", (h.node, (1,)))
    assert "It starts at relu_1[1] = relu(-6.0) = 0.0" in found.lines[1]
    found = of_value(journal, y, (2,))
    assert found.where == (node_of(x), (2,))
    assert "x[2] is 0.0 from the start" in found.lines[1]
    assert of_value(journal, y).kind == "largest"
    difference = x - x
    assert (
        of_value(tg.journal(difference.sum()), difference)
        .lines[0]
        .startswith("It starts at sub_1[0] = 1.0 - 1.0 = 0.0")
    )


def test_contributions_that_cancel() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    journal = tg.journal((x * 3 - x * 3).sum())
    found = of_gradient(journal, x, (0,))
    assert (found.kind, found.where) == ("zero", (node_of(x), (0,)))
    assert "adds up to 0" in found.lines[0]
    assert "adds up to 0" in of_gradient(journal, x).lines[1]


def test_no_path_at_all() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    h = x * 2
    journal = tg.journal((tg.detach(h) * x).sum())
    found = of_gradient(journal, h)
    assert found.kind == "zero"
    assert "detach_1" in found.lines[0]


def test_where_it_grew_most() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    y = (tg.exp(x * 3) * 2).sum()
    journal = tg.journal(y)
    found = of_value(journal, y)
    exp = next(n for n in journal.order if n.op.name == "exp")
    assert found.kind == "largest"
    assert found.where[0] is exp
    assert "It grew most at exp_1" in found.lines[1]
    assert "from 6.0 to 403.4" in found.lines[1]
    found = of_gradient(journal, x)
    assert found.where[0] is exp
    assert "from 2.0 to 806.9, times 403.4" in found.lines[1]


def test_in_a_net() -> None:
    journal = tg.journal(conv_net())
    for node in journal.order:
        for found in origin(journal, node):
            assert found.lines
            assert found.where[0] in journal.names
    with pytest.raises(IndexingError):
        origin(journal, named(journal)["image"], (0, 9, 0, 0))
