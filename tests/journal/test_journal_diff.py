"""Two journals side by side."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from circuits import chain, conv_net, neuron, tangle
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph.journal import Backward, Forward, Held, Journal, diff
from tinygraph.journal.diff import readings_apart


def saved(journal: Journal, path: Path) -> Journal:
    journal.save(path)
    return tg.load_journal(path)


def product(x: float, w: float = 3.0) -> Journal:
    a, b = tg.tensor(x, name="x"), tg.tensor(w, name="w")
    return tg.journal(tg.tanh(a * b) * b)


@pytest.mark.parametrize("make", [neuron, conv_net])
def test_a_journal_is_the_same_as_itself_made_again_saved_or_not(make, tmp_path: Path) -> None:
    a, b = tg.journal(make()), tg.journal(make(), keep=0)
    loaded = saved(a, tmp_path / "j")
    for pair in ((a, b), (a, loaded), (loaded, b), (loaded, loaded)):
        found = diff(*pair)
        assert found.same
        assert found.first is None
        assert str(found) == f"no difference in {len(a)} records"


def test_the_first_difference_is_marked() -> None:
    found = diff(product(0.5), product(0.25))
    assert not found.same
    assert found.graphs.same
    assert found.first is not None
    assert found.first.a.number == 0
    assert found.first.apart[0].values == (np.float32(1.5), np.float32(0.75))
    assert found.first.relative == 0.5
    assert str(found).startswith(
        "input x: 0.5 and 0.25\n7 of 9 records differ; the first:\n   0  mul_1 = *(x, w) = 1.5\n"
    )
    assert "value: 1.5 and 0.75" in str(found)
    assert str(found).endswith("   5     0.2983  dw over mul_2\n   2     0.2983  mul_2")
    relative = [each.relative for each in found.largest]
    assert relative == sorted(relative, reverse=True)


def test_a_difference_in_one_element_only(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    array = rng.normal(size=(4, 5)).astype(np.float32)
    other = array.copy()
    other[2, 3] = np.nextafter(other[2, 3], np.float32(9))
    a, b = (tg.journal((tg.tensor(x, name="x") * 2.0).sum()) for x in (array, other))
    found = diff(a, saved(b, tmp_path / "j"))
    assert found.first is not None
    (apart,) = found.first.apart
    assert (apart.index, apart.elements, apart.size) == ((2, 3), 1, 20)
    assert "value at [2, 3]: " in str(found)
    assert ", 1 of 20 elements" in str(found)
    assert diff(a, b, ulps=1).differences == [] or found.compared > 1
    assert not [d for d in diff(a, b, ulps=2).differences if d.a.number == 0]
    assert [d for d in diff(a, b, ulps=0.25).differences if d.a.number == 0]


def test_of_summaries_it_is_known_that_they_differ(tmp_path: Path) -> None:
    array = np.linspace(0, 1, 100, dtype=np.float32)
    other = array.copy()
    other[[7, 8]] = other[[8, 7]]  # the same range and mean
    a, b = (tg.journal((tg.tensor(x, name="x") * 2.0).sum()) for x in (array, other))
    loaded = saved(a, tmp_path / "j")
    for pair in ((loaded, b), (b, loaded)):
        found = diff(*pair)
        assert found.first is not None
        assert found.first.apart[0].elements is None
        assert found.first.relative == 0.0
        assert "of which summaries are left" in str(found)
    assert str(found).startswith("input x: other numbers")
    assert diff(loaded, b, 1e-6).same


@pytest.mark.parametrize(
    ("a", "b", "relative"),
    [
        (0.0, -0.0, 0.0),
        (1.0, 1.5, 1 / 3),
        (math.nan, 1.0, math.inf),
        (math.inf, 1.0, math.inf),
        (math.inf, -math.inf, math.inf),
        (1e-45, 0.0, 1.0),
        (math.nan, math.nan, None),
        (math.inf, math.inf, None),
    ],
)
def test_how_far_two_numbers_are_apart(a: float, b: float, relative: float | None) -> None:
    x, y = (Held(np.array([1.0, value], np.float32)) for value in (a, b))
    found = readings_apart("value", x, y, 0.0)
    assert (found and found.relative) == (relative and pytest.approx(relative))
    assert (found is None) == (relative is None)
    within = readings_apart("value", x, y, 0.4)
    assert (within is None) == (relative is None or relative <= 0.4)


def test_whole_numbers_have_no_tolerance() -> None:
    x, y = Held(np.array([10, 11], np.int32)), Held(np.array([10, 12], np.int32))
    found = readings_apart("value", x, y, 0.5)
    assert found is not None
    assert (found.index, found.elements) == ((1,), 1)


@given(seed=st.integers(0, 10**6), data=st.data())
def test_the_first_record_that_depends_on_a_change_differs(seed: int, data: st.DataObject) -> None:
    a, b = tg.journal(tangle(seed, 20)), tg.journal(tangle(seed, 20))
    gates = [r for r in b if isinstance(r, Forward)]
    changed = data.draw(st.sampled_from(gates))
    b.memory.kept[changed.gate] = np.asarray(b.memory.array(changed.gate) + 1)
    found = diff(a, b)
    assert [d.a.number for d in found.differences if isinstance(d.a, Forward)] == [changed.number]
    assert found.first is not None
    assert found.first.b is changed


# ---- other graphs ----


def test_an_inserted_gate() -> None:
    x, w = tg.tensor(0.5, name="x"), tg.tensor(3.0, name="w")
    found = diff(tg.journal(tg.exp(x * w) * x), tg.journal(tg.exp(tg.tanh(x * w)) * x))
    (gate,) = found.graphs.inserted
    assert gate.op.name == "tanh"
    assert not found.graphs.removed
    assert "+ tanh_1 = tanh of mul_1: float32[]" in str(found)
    assert found.first is not None
    assert found.first.line.startswith("exp_1 = ")
    assert len(found.only_b) == 2
    assert "only the second journal has 2 records" in str(found)
    back = diff(found.b, found.a)
    assert [node.op.name for node in back.graphs.removed] == ["tanh"]
    assert "- tanh_1 = tanh of mul_1" in str(back)


def test_other_wires() -> None:
    x, w = tg.tensor(0.5, name="x"), tg.tensor(3.0, name="w")
    found = diff(tg.journal((x + w) * x), tg.journal((x + w) * w))
    ((mine, other),) = found.graphs.rewired
    assert mine.op.name == other.op.name == "mul"
    assert "! mul_1 = mul of add_1, x: float32[], and mul_1 = mul of add_1, w" in str(found)


def test_a_journal_without_gradients_lacks_them() -> None:
    y = neuron()
    found = diff(tg.journal(y), tg.journal(y, gradients=False))
    assert not found.same
    assert found.graphs.same
    assert {type(r) for r in found.only_a} > {Backward}
    assert str(found).startswith("only the first journal has 10 records, from 5 on\n")


def test_long_graphs_are_compared_in_reasonable_time() -> None:
    a, b = tg.journal(chain(3000), False), tg.journal(chain(3001), False)
    found = diff(a, b)
    assert not found.same
    assert len(found.only_b) == 2
    assert len(str(found).splitlines()) < 40


@pytest.mark.parametrize(
    "wrong", [{"tolerance": -1.0}, {"ulps": math.nan}, {"tolerance": math.inf}]
)
def test_tolerances_that_are_none(wrong) -> None:
    journal = tg.journal(neuron())
    with pytest.raises(tg.TinygraphError, match="a tolerance is 0 or more"):
        diff(journal, journal, **wrong)


def test_inputs_that_differ_are_named_even_if_nothing_else_does() -> None:
    a, b = (tg.journal(tg.relu(tg.tensor(x, name="x"))) for x in (-1.0, -1.1))
    found = diff(a, b)
    assert not found.same
    assert [each.name for each in found.inputs] == ["x"]
    assert not [d for d in found.differences if isinstance(d.a, Forward)]
    assert str(found).startswith("input x: -1.0 and -1.1\n")
