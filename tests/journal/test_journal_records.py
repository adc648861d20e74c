"""The journal: records of a run forward and backward, and the numbers at nodes and wires."""

from __future__ import annotations

import numpy as np
import pytest
from circuits import conv_net, neuron, tangle
from hypothesis import given
from hypothesis import strategies as st
from random_losses import random_loss

import tinygraph as tg
from tinygraph.graph import Node, topological
from tinygraph.journal import Backward, Forward, Held, Start, number


def test_neuron(golden) -> None:
    golden.check("journal_neuron.txt", str(tg.journal(neuron())))


def test_records_are_numbered_forward_then_backward() -> None:
    journal = tg.journal(neuron())
    assert [record.number for record in journal] == list(range(len(journal)))
    kinds = [type(record) for record in journal]
    assert kinds == [Forward] * 5 + [Start] + [Backward] * 9
    assert journal[5] is journal.records[5]


def test_values_and_gradients_are_those_of_tg() -> None:
    x, w = tg.tensor([1.0, 2.0], name="x"), tg.tensor([3.0, -1.0], name="w")
    h = x * w
    y = (h * h).sum()
    journal = tg.journal(y)
    assert journal.value(h).tolist() == [3.0, -2.0]
    assert journal.value(y) == 13.0
    assert journal.gradient(w).tolist() == tg.grad(y, w).tolist()
    assert journal.gradient(h).tolist() == [6.0, -4.0]
    square = y.node.inputs[0]
    assert journal.contribution(square, 0).tolist() == [3.0, -2.0]


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 60))
def test_contributions_add_up_to_the_gradient(seed: int, gates: int) -> None:
    y = tangle(seed, gates)
    journal = tg.journal(y)
    leaves = [node for node in topological([y.node]) if not node.inputs]
    for leaf in leaves:
        parts = [r for r in journal if isinstance(r, Backward) and r.wire.source is leaf]
        total = np.float32(0)
        for record in parts:
            assert record.contribution.array is not None
            assert record.total.array is not None
            total = total + record.contribution.array
            np.testing.assert_allclose(record.total.array, total, rtol=1e-6)
        np.testing.assert_allclose(journal.gradient(leaf), total, rtol=1e-6)


@pytest.mark.parametrize("order", [1, 2])
@given(seed=st.integers(0, 10**6), gates=st.integers(1, 8), special=st.sampled_from([0.0, 0.3]))
def test_contributions_of_any_graph_add_up_to_what_grad_gives(
    order: int, seed: int, gates: int, special: float
) -> None:
    loss, leaves = random_loss(seed, gates, order, special)
    journal = tg.journal(loss)
    sums: dict[Node, np.ndarray] = {loss.node: np.array(1.0)}
    for record in journal:
        if isinstance(record, Backward):
            source, sent = record.wire.source, record.contribution.array
            with np.errstate(all="ignore"):
                sums[source] = sums[source] + sent if source in sums else sent
            np.testing.assert_array_equal(record.total.array, sums[source], strict=True)
            above = journal.gradients[record.gate].array
            np.testing.assert_array_equal(record.upstream.array, above)
    for x, right in zip(leaves, tg.grad(loss, leaves), strict=True):
        found = sums.get(x.node, np.zeros(x.shape, right.numpy().dtype))
        np.testing.assert_array_equal(found, right.numpy(), strict=True)
        if x.node in sums:
            np.testing.assert_array_equal(journal.gradient(x), found)


@given(seed=st.integers(0, 10**6))
def test_a_contribution_is_upstream_times_local_derivative(seed: int) -> None:
    for record in tg.journal(tangle(seed, 30)):
        match record:
            case Backward(local=local, upstream=upstream, contribution=contribution):
                assert local is not None
                product = upstream.array * local.array
                np.testing.assert_allclose(contribution.array, product, rtol=1e-5, atol=1e-30)


def test_gates_that_mix_elements_have_no_local_derivative_of_that_kind() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    (record,) = [r for r in tg.journal(x.sum()) if isinstance(r, Backward)]
    assert record.local is None


def test_forward_only() -> None:
    assert {type(r) for r in tg.journal(neuron(), gradients=False)} == {Forward}


def test_several_elements_need_what_comes_in_from_above() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    with pytest.raises(tg.GradientError, match="gradients=ARRAY"):
        tg.journal(x * 2)
    assert tg.journal(x * 2, gradients=[1.0, 5.0]).gradient(x).tolist() == [2.0, 10.0]


def test_beyond_the_budget_numbers_are_computed_again() -> None:
    y = conv_net()
    journal, whole = tg.journal(y, keep=0), tg.journal(y)
    kept = journal.memory.kept
    assert all(array.size <= 64 for array in kept.values())  # these are always kept
    assert kept
    for mine, other in zip(journal, whole, strict=True):
        for name in ("value", "gradient", "contribution", "total", "upstream", "local"):
            reading = getattr(mine, name, None)
            if reading is not None:
                np.testing.assert_array_equal(reading.array, getattr(other, name).array)
    assert journal.memory.nbytes == sum(array.nbytes for array in kept.values())


@given(seed=st.integers(0, 10**6), keep=st.integers(0, 20_000))
def test_a_journal_stays_within_its_budget(seed: int, keep: int) -> None:
    rng = np.random.default_rng(seed)
    x = tg.tensor(rng.normal(size=(10, 10)), name="x")
    h = x
    for k in range(12):
        h = tg.tanh(h @ x) if k % 2 else h * x + h
    journal = tg.journal((h * h).sum(), keep=keep)
    small = sum(a.nbytes for a in journal.memory.kept.values() if a.size <= 64)
    for record in rng.permutation(np.array(journal.records, object)):
        assert record.gate.type.size == 1 or journal.values[record.gate].array is not None
        assert journal.memory.nbytes <= keep + small
    np.testing.assert_array_equal(journal.gradient(x), tg.grad((h * h).sum(), x).numpy())


def test_what_is_known_grows_step_by_step() -> None:
    x = tg.tensor(3.0, name="x")
    y = x * x
    journal = tg.journal(y)
    start, forward, end = journal.until(0), journal.until(1), journal.until(len(journal))
    assert set(start.values) == {x.node}
    assert y.node not in start.values
    assert forward.values[y.node].array == 9.0
    assert not forward.gradients
    assert [journal.until(k).gradients.get(x.node) for k in (1, 2)] == [None, None]
    so_far = [journal.until(k).gradients[x.node].array for k in (3, 4)]
    assert so_far == [3.0, 6.0]
    assert len(end.contributions) == 2


def test_what_the_journal_does_not_know() -> None:
    with pytest.raises(tg.TinygraphError, match="no value for other"):
        tg.journal(neuron()).value(tg.tensor(1.0, name="other"))


def test_arrays_cannot_be_written_to() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    with pytest.raises(ValueError, match="read-only"):
        tg.journal((x * 2).sum()).value(x)[0] = 5


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.19661193, "0.1966"),
        (-3.0, "-3.0"),
        (-0.0, "0.0"),
        (12345.678, "12346.0"),
        (1e9, "1e+09"),
        (1.5e-7, "1.5e-07"),
        (7, "7"),
        (True, "true"),
        (float("nan"), "NaN"),
        (-np.inf, "-∞"),
    ],
)
def test_numbers_are_written_short(value, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.float32(1.5), "1.5"),
        ([[[2.0]]], "2.0"),
        ([[1.0, 2.0, 3.0, 4.0]], "[1.0, 2.0, 3.0, 4.0]"),
        ([[[[0.9], [0.1]], [[0.1], [0.9]]]], "[[0.9, 0.1], [0.1, 0.9]]"),
        ([True, False], "[true, false]"),
        ([1.0, 2.0, 3.0, 4.0, 5.0], "1.0 … 5.0"),
        (np.zeros((0, 2)), "empty"),
    ],
)
def test_few_numbers_are_written_out_axes_of_one_left_out(array, text: str) -> None:
    assert Held(np.asarray(array)).short == text
