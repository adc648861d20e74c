"""Finite differences beside the gradient: they agree where it is right, and only there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from circuits import conv_net, tangle
from hypothesis import given
from hypothesis import strategies as st
from op_cases import DIFFERENTIABLE
from random_journals import named, of_random_graph

import tinygraph as tg
from tinygraph.errors import GradientError, IndexingError
from tinygraph.graph import Node, leaf, make
from tinygraph.journal import recorded
from tinygraph.ops.base import FloatElementwise
from tinygraph.stepper.questions.check import check, in_float64
from tinygraph.tensor import node_of, wrap


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 8))
def test_random_graphs_agree(seed: int, gates: int) -> None:
    journal = of_random_graph(seed, gates)
    rng = np.random.default_rng(seed)
    nodes = [n for n in journal.gradients if n.type.size]
    for k in rng.permutation(len(nodes))[:3]:
        found = check(journal, nodes[k], seed=seed)
        assert found.elements
        assert found.ok, str(found)


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 15))
def test_circuits_of_scalars_agree(seed: int, gates: int) -> None:
    journal = tg.journal(tangle(seed, gates))
    for node in journal.gradients:
        (found,) = check(journal, node).elements
        assert found.verdict in ("agrees", "small", "kink")
        assert found.gradient == pytest.approx(found.exact, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(("kind", "number"), DIFFERENTIABLE)
def test_every_op_agrees(kind: type, number: int) -> None:
    example = kind.examples()[number]
    sources = [leaf(a) for a in example.arrays(number)]
    y = make(example.op, *sources)
    if not y.dtype.is_float or not any(x.dtype.is_float for x in sources):
        return
    upstream = np.random.default_rng(number).normal(size=y.shape)
    journal = recorded([y], leaf(upstream.astype(y.dtype.numpy)))
    for x in sources:
        if x in journal.gradients:
            found = check(journal, x)
            assert {e.verdict for e in found.elements} == {"agrees"}, str(found)


def test_attributes_with_a_type_become_wide() -> None:
    wide = in_float64(node_of(tg.zeros((2,))).op)
    assert wide.result_type() == node_of(tg.zeros((2,), dtype="float64")).type


def test_places_on_the_way_too() -> None:
    journal = tg.journal(conv_net())
    for name in ("relu_2", "max_pool_1", "sub_1", "image", "dense_w"):
        found = check(journal, named(journal)[name])
        assert found.ok, str(found)
        assert all(e.verdict == "agrees" for e in found.elements)
        assert found.elements[0].error < 1e-5
        assert len(found.elements) == min(4, named(journal)[name].type.size)


def test_one_element() -> None:
    journal = tg.journal(conv_net())
    found = check(journal, named(journal)["conv_a_w"], (0, -1, 0, 1))
    assert [e.index for e in found.elements] == [(0, 2, 0, 1)]
    with pytest.raises(IndexingError):
        check(journal, named(journal)["conv_a_w"], (9, 0, 0, 0))


@pytest.mark.parametrize(
    ("fn", "at", "words"),
    [
        (tg.relu, 0.0, "on a kink: left slope 0.0, right slope 1.0, the gradient takes the left"),
        (tg.abs, 0.0, "left slope -1.0, right slope 1.0, the gradient takes 0.0, between them"),
        (lambda x: tg.maximum(x, tg.tensor(2.0)), 2.0, "the gradient takes the right one"),
        (lambda x: tg.maximum(tg.tensor(2.0), x), 2.0, "the gradient takes the left one"),
    ],
)
def test_on_a_kink(fn, at: float, words: str) -> None:
    x = tg.tensor(at, name="x")
    found = check(tg.journal(fn(x)), node_of(x))
    assert [e.verdict for e in found.elements] == ["kink"]
    assert words in str(found)
    assert found.ok


def test_close_to_a_kink_the_step_is_smaller() -> None:
    x = tg.tensor(3e-6, name="x", dtype="float64")
    (found,) = check(tg.journal(tg.relu(x)), node_of(x)).elements
    assert (found.verdict, found.step) == ("agrees", 1e-6)


def test_detach_is_a_constant() -> None:
    x = tg.tensor(3.0, name="x")
    found = check(tg.journal(x * tg.detach(x)), node_of(x))
    assert [e.numeric for e in found.elements] == [pytest.approx(3.0)]
    assert found.lines[-1] == "taken as constants, as the gradient does: detach_1"


@dataclass(frozen=True, eq=False)
class _Cube(FloatElementwise):
    """x ** 3, with a gradient rule that is wrong by a half"""

    function: ClassVar[str] = "exp"

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0] ** 3

    def vjp(self, g: Node, out: Node, *inputs: Node) -> tuple[Node | None, ...]:
        return (g * (inputs[0] ** 2 * 3.5),)


def test_a_wrong_rule_differs() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    journal = tg.journal(wrap(make(_Cube(), node_of(x))).sum())
    found = check(journal, node_of(x))
    assert not found.ok
    assert all(e.verdict == "differs" for e in found.elements)
    assert found.elements[0].error == pytest.approx(1 / 7, rel=1e-4)
    assert "DIFFERS; finite difference 12, step 2e-05, relative error 1.4e-01" in found.lines[0]


def test_rounding_of_float32_is_told_apart() -> None:
    x = tg.tensor(1.0, name="x")
    y = (x * 3e7 + 1.0) - x * 3e7  # in float32 the 1 is lost, but no gradient is
    z = tg.exp(y * 10.0)
    found = check(tg.journal(z * x), node_of(x))
    (e,) = found.elements
    assert e.verdict == "agrees"
    assert "; in float64 it is" in str(found)


def test_not_finite() -> None:
    x = tg.tensor(0.0, name="x")
    (found,) = check(tg.journal(tg.sqrt(x)), node_of(x)).elements
    assert found.verdict == "infinite"


def test_no_gradient() -> None:
    x = tg.tensor([1.0], name="x")
    with pytest.raises(GradientError, match="no backward pass"):
        check(tg.journal(x * 2, gradients=False), node_of(x))
