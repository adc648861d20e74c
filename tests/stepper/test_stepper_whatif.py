"""What if a number were another one: only what depends on it changes, and the old run stays."""

from __future__ import annotations

import numpy as np
import pytest
from circuits import conv_net, tangle
from hypothesis import given
from hypothesis import strategies as st
from random_journals import named, of_random_graph

import tinygraph as tg
from tinygraph.errors import DtypeError, IndexingError, ShapeError
from tinygraph.evaluate import evaluate
from tinygraph.graph import Node
from tinygraph.journal import Journal
from tinygraph.stepper.questions.whatif import changed, dependent, nudge, set_value
from tinygraph.tensor import node_of


def numbers(journal: Journal) -> dict[str, np.ndarray]:
    """All values and gradients of a run."""
    found = {f"value {journal.names[n]}": journal.value(n) for n in journal.order}
    found |= {f"slope {journal.names[n]}": journal.gradient(n) for n in journal.gradients}
    return found


def compare(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    assert a.keys() == b.keys()
    for name, array in a.items():
        np.testing.assert_array_equal(array, b[name], err_msg=name)


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 12))
def test_a_changed_leaf_is_as_if_it_had_been_so_from_the_start(seed: int, gates: int) -> None:
    rng = np.random.default_rng(seed)
    old = tg.journal(tangle(seed, gates))
    before = numbers(old)
    leaf = next(n for n in old.order if not n.inputs)
    value = np.asarray(rng.normal(), np.float32)
    new = changed(old, leaf, value)
    compare(before, numbers(old))
    assert new.names == old.names
    assert new.outputs == old.outputs
    for node in old.order:
        (expected,) = evaluate([node], {leaf: value})
        np.testing.assert_array_equal(new.value(node), expected)
    compare(before, numbers(changed(new, leaf, old.value(leaf))))


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 10))
def test_what_does_not_depend_on_it_stays(seed: int, gates: int) -> None:
    old = of_random_graph(seed, gates)
    rng = np.random.default_rng(seed)
    floats = [n for n in old.order if n.dtype.is_float and n.type.size]
    node = floats[int(rng.integers(len(floats)))]
    at = tuple(int(rng.integers(n)) for n in node.shape)
    change = set_value(old, node, 0.25, at)
    assert change.after.value(node)[at] == 0.25
    depends = dependent(old.order, node)
    for other in old.order:
        if other not in depends:
            np.testing.assert_array_equal(change.after.value(other), old.value(other))
    listed = {d.node for d in change.gates}
    for other in depends - {node}:
        same = np.array_equal(change.after.value(other), old.value(other), equal_nan=True)
        assert (other in listed) == (not same)
        (expected,) = evaluate([other], {node: change.after.value(node)})
        np.testing.assert_array_equal(change.after.value(other), expected)
    sizes = [abs(d.by) for d in change.gates if not np.isnan(d.by)]
    assert sizes == sorted(sizes, reverse=True)
    assert all(change.lines)


def test_tensors_and_parameters_of_the_user_are_not_touched() -> None:
    w = tg.parameter([1.0, 2.0], name="w")
    x = tg.tensor([3.0, 4.0], name="x")
    y = (w * x).sum()
    journal = tg.journal(y)
    node = named(journal)["w"]
    change = set_value(journal, node, [5.0, 6.0])
    assert change.output == (11.0, 39.0)
    assert (w.numpy().tolist(), float(y)) == ([1.0, 2.0], 11.0)
    assert journal.value(node).tolist() == [1.0, 2.0]
    assert change.after.gradient(named(journal)["x"]).tolist() == [5.0, 6.0]


def test_changes_add_up() -> None:
    x, y = tg.tensor(2.0, name="x"), tg.tensor(3.0, name="y")
    journal = tg.journal(x * y)
    first = set_value(journal, node_of(x), 10.0)
    second = set_value(first.after, node_of(y), 7.0)
    assert second.output == (30.0, 70.0)
    assert second.after.gradient(node_of(y)) == 10.0


def test_a_gate_is_cut() -> None:
    x, y, z = (tg.tensor(v, name=n) for v, n in ((-2.0, "x"), (5.0, "y"), (-4.0, "z")))
    q = x + y
    journal = tg.journal(q * z)
    change = set_value(journal, node_of(q), 1.0)
    assert change.output == (-12.0, -4.0)
    assert change.after.value(node_of(x)) == -2.0
    assert change.after.gradient(node_of(z)) == 1.0


def test_a_nudge_does_what_the_gradient_promised(golden) -> None:
    x, y, z = (tg.tensor(v, name=n) for v, n in ((-2.0, "x"), (5.0, "y"), (-4.0, "z")))
    journal = tg.journal((x + y) * z)
    change = nudge(journal, node_of(x), 0.5)
    assert change.predicted == -2.0
    assert change.output == (-12.0, -14.0)
    lines = [line.partition(", test_")[0] for line in change.lines]
    golden.check("stepper_nudge.txt", "\n".join(lines))


@given(seed=st.integers(0, 1000))
def test_predictions_are_close_in_a_net(seed: int) -> None:
    journal = tg.journal(conv_net())
    node = named(journal)["conv_b_w"]
    rng = np.random.default_rng(seed)
    at = tuple(int(rng.integers(n)) for n in node.shape)
    change = nudge(journal, node, 1e-2, at)
    before, after = change.output
    assert change.predicted is not None
    assert after - before == pytest.approx(change.predicted, rel=0.1, abs=1e-4)
    whole = nudge(journal, node, 1e-3)
    assert whole.index is None
    assert whole.predicted == pytest.approx(1e-3 * journal.gradient(node).sum(), rel=1e-6)


def test_an_integer_too() -> None:
    journal = tg.journal(conv_net())
    change = set_value(journal, named(journal)["label"], 2, (0,))
    assert change.output[1] < 0.01 < change.output[0]
    assert {d.node.op.name for d in change.gates} >= {"eq", "where"}


def test_a_run_without_gradients() -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    journal = tg.journal(x * 2, gradients=False)
    change = nudge(journal, node_of(x), 1.0, (0,))
    assert change.output == (6.0, 8.0)
    assert change.predicted is None


@pytest.mark.parametrize(
    ("value", "index", "error", "says"),
    [
        (1.0, (5,), IndexingError, "no element"),
        ([1.0, 2.0, 3.0], None, ShapeError, "does not fit"),
        ("one", None, DtypeError, "no 'one'"),
    ],
)
def test_refused(value: object, index: tuple[int, ...] | None, error: type, says: str) -> None:
    x = tg.tensor([1.0, 2.0], name="x")
    journal = tg.journal((x * 2).sum())
    with pytest.raises(error, match=says):
        set_value(journal, node_of(x), value, index)


def test_integers_stay_integers() -> None:
    n = tg.tensor([1, 2], name="n")
    journal = tg.journal(n.astype("float32").sum())
    node: Node = named(journal)["n"]
    with pytest.raises(DtypeError, match="no int32"):
        set_value(journal, node, 0.5)
    with pytest.raises(DtypeError, match="only floats"):
        nudge(journal, node)
    assert set_value(journal, node, 7, (1,)).output == (3.0, 8.0)
