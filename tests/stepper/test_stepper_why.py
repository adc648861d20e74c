"""Why a gradient is what it is: terms, contributions, levels; for every op and on random graphs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from op_cases import DIFFERENTIABLE
from random_journals import named, of_random_graph

import tinygraph as tg
from tinygraph.errors import GradientError, IndexingError
from tinygraph.evaluate import evaluate
from tinygraph.graph import Node, leaf, make
from tinygraph.journal import Journal, Wire
from tinygraph.journal.run import recorded
from tinygraph.stepper.questions.slopes import Slopes
from tinygraph.stepper.questions.why import Why, why
from tinygraph.stepper.subject import subject_of
from tinygraph.tensor import node_of, wrap

ULP = 2.0**-23


def picked(journal: Journal, rng: np.random.Generator) -> list[Node]:
    nodes = [node for node in journal.gradients if node.type.size]
    return [nodes[k] for k in rng.permutation(len(nodes))[:6]]


def check(found: Why) -> None:
    """The terms add up to each contribution, the contributions to the gradient."""
    eps = ULP if found.node.dtype is tg.float32 else 2.0**-52
    for c in found.contributions:
        if not np.isfinite(c.value) or not np.isfinite(c.size):
            continue
        listed = sum(t.product for t in c.terms) + c.others
        assert listed == pytest.approx(c.total, rel=1e-9, abs=1e-12 * c.size)
        # An op may compute its part in another order, and through a float32 of its own.
        assert abs(c.total - c.value) <= 64 * eps * c.size + 1e-30, c
    values = [c.value for c in found.contributions]
    if found.contributions and np.isfinite(values).all():
        size = sum(map(abs, values))
        assert abs(sum(values) - found.gradient) <= 4 * eps * size * len(values)


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 12), order=st.integers(1, 2))
def test_terms_add_up_to_contributions_and_they_to_the_gradient(
    seed: int, gates: int, order: int
) -> None:
    journal = of_random_graph(seed, gates, order)
    rng = np.random.default_rng(seed)
    for node in picked(journal, rng):
        at = tuple(int(rng.integers(n)) for n in node.shape)
        check(why(journal, node, at, k=int(rng.integers(1, 7))))
        check(why(journal, node))


@given(seed=st.integers(0, 10**6), order=st.integers(1, 2))
def test_the_gradient_explained_is_that_of_tg_grad(seed: int, order: int) -> None:
    journal = of_random_graph(seed, 5, order)
    y = journal.outputs[0]
    for node in journal.order:
        if node.inputs or node not in journal.gradients or not node.type.size:
            continue
        (expected,) = evaluate([node_of(tg.grad(wrap(y), wrap(node)))])
        found = why(journal, node)
        np.testing.assert_equal(found.gradient, expected[found.index])
        assert (
            found.gradient == np.max(np.abs(expected)) * np.sign(found.gradient)
            or np.isnan(expected).any()
        )


@pytest.mark.parametrize(("kind", "number"), DIFFERENTIABLE)
def test_coefficients_are_rows_of_the_jacobian(kind: type, number: int) -> None:
    example = kind.examples()[number]
    sources = [leaf(a) for a in example.arrays(number)]
    y = make(example.op, *sources)
    if not y.dtype.is_float or not sources:
        return
    rng = np.random.default_rng(number)
    upstream = leaf(rng.normal(size=y.shape).astype(y.dtype.numpy))
    journal = recorded([y], upstream)
    for wire in journal.contributions:
        at = tuple(int(rng.integers(n)) for n in wire.source.shape)
        found = Slopes(journal).of(wire, at)
        assert np.count_nonzero(found.values) == len(found)
        dense = np.zeros(y.shape)
        dense.reshape(-1)[found.flat] = found.values
        for j in list(np.ndindex(*y.shape))[:: y.type.size // 30 + 1]:
            np.testing.assert_allclose(dense[j], derivative(wire, j, at), rtol=1e-5, atol=1e-6)
        total = (dense * journal.gradient(y)).sum()
        sent = journal.contribution(wire.gate, wire.position)[at]
        np.testing.assert_allclose(total, sent, rtol=1e-4, atol=1e-5)


def derivative(wire: Wire, j: tuple[int, ...], at: tuple[int, ...]) -> float:
    """The slow way: what is sent to `at` if 1 comes in at element j of the gate's output."""
    gate = wire.gate
    one = np.zeros(gate.shape, gate.dtype.numpy)
    one[j] = 1
    part = gate.op.vjp(leaf(one), gate, *gate.inputs)[wire.position]
    assert part is not None
    return float(evaluate([part])[0][at])


def test_opened_level_by_level_up_to_the_output() -> None:
    x, y, z = (tg.tensor(v, name=n) for v, n in ((-2.0, "x"), (5.0, "y"), (-4.0, "z")))
    journal = tg.journal((x + y) * z)
    found = why(journal, named(journal)["x"])
    assert str(found).splitlines()[0] == "dL/dx = -4.0, over one wire"
    (term,) = found.terms
    assert (term.upstream, term.coefficient, term.product) == (-4.0, 1.0, -4.0)
    above = found.open(term)
    (term,) = above.terms
    assert (term.upstream, term.coefficient) == (1.0, -4.0)
    assert "dL/dmul_1 * -4.0 = 1.0 * -4.0 = -4.0" in above.lines[2]
    assert above.open(term).lines == ["dL/dmul_1 = 1.0: here it starts"]


def test_a_value_read_twice_has_two_contributions() -> None:
    x = tg.tensor(3.0, name="x")
    journal = tg.journal(x * x)
    found = why(journal, named(journal)["x"])
    assert [c.value for c in found.contributions] == [3.0, 3.0]
    assert found.lines[0] == "dL/dx = 6.0, over 2 wires"
    assert [line.rpartition(", ")[2] for line in found.lines if "from" in line] == [
        "input 1",
        "input 2",
    ]


def test_the_worked_backpropagation(golden) -> None:
    x = tg.tensor(np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], float)[None, ..., None], name="x")
    w = tg.tensor(np.array([[0.9, 0.1], [0.1, 0.9]])[..., None, None], name="F")
    h = tg.relu(tg.conv2d(x, w) + 0.1).reshape(4, 1)
    h = (
        tg.tensor([[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]], dtype="float64", name="Wh") @ h
        + 0.2
    )
    z = tg.tensor([[0.1, 0.2], [0.3, 0.4]], dtype="float64", name="Wo") @ h + 0.3
    loss = -tg.sum(tg.tensor([[1.0], [0.0]], dtype="float64") * tg.log(tg.softmax(z, axis=0)))
    journal = tg.journal(loss)
    found = why(journal, named(journal)["F"], (0, 0, 0, 0))
    assert round(found.gradient, 4) == 0.2539  # .2538 on the slides, digits swapped there
    assert sorted(round(t.product, 4) for t in found.terms) == [0.0846, 0.1692]
    assert [t.index for t in found.terms] == [(0, 1, 1, 0), (0, 0, 0, 0)]
    lines = [line.partition(", test_")[0] for line in found.lines]
    golden.check("stepper_why.txt", "\n".join(lines))


def test_the_largest_terms_and_all_others() -> None:
    x = tg.tensor(np.arange(1.0, 101), name="x")
    w = tg.tensor(2.0, name="w", dtype="float64")
    journal = tg.journal((w * x).sum())
    found = why(journal, next(n for n in journal.order if n.name == "w"), k=3)
    (c,) = found.contributions
    assert c.count == 100
    assert [t.product for t in c.terms] == [100.0, 99.0, 98.0]
    assert found.open(c.terms[0]).gradient == 100.0
    assert found.lines[-2].strip() == "all others (97): 4753.0"
    assert found.lines[-1] == "  together 5050 in float64, 0 ulp from the 5050 of the run"


def test_a_training_step_asks_for_the_gradients_of_parameters_only() -> None:
    x, w = tg.tensor([1.0, 2.0], name="x"), tg.parameter(2.0, name="w")

    @tg.jit(example=())
    def step() -> tg.Tensor:
        loss = tg.sum(x * w)
        w.assign(w - tg.grad(loss, w))
        return loss

    journal = subject_of(step).journal
    with pytest.raises(GradientError, match="x has no gradient: it was not asked for"):
        why(journal, named(journal)["x"])


def test_no_gradient_says_why() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    journal = tg.journal((x * tg.detach(x + 1)).sum())
    detached = next(n for n in journal.order if n.op.name == "detach").inputs[0]
    with pytest.raises(GradientError, match="no path leads"):
        why(journal, detached)
    forward = tg.journal(x * 2, gradients=False)
    with pytest.raises(GradientError, match="no backward pass"):
        why(forward, forward.outputs[0])
    with pytest.raises(IndexingError, match=r"x has shape \[2\], and no element \[2\]"):
        why(journal, node_of(x), (2,))
    assert why(journal, node_of(x), (-1,)).index == (1,)
    integers = tg.journal((tg.tensor([1, 2], name="n").astype("float32") * x).sum())
    with pytest.raises(GradientError, match="only floats"):
        why(integers, named(integers)["n"])


def test_the_largest_terms_are_those_that_weigh_most_whatever_their_sign() -> None:
    w = tg.parameter(2.0, name="w")
    y = (w * tg.tensor([1.0, -5.0, 3.0, -2.0, 4.0])).sum()
    journal = tg.journal(y)
    source = next(node for node, name in journal.names.items() if name.startswith("broadcast"))
    (found,) = why(journal, source.inputs[0], (), k=3).contributions
    assert [term.product for term in found.terms] == [-5.0, 4.0, 3.0]
    assert found.others == 1.0 - 2.0
