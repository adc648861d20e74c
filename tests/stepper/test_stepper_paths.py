"""The largest paths of a gradient: with all others they add up to it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from circuits import conv_net, tangle
from hypothesis import given
from hypothesis import strategies as st
from random_journals import named, of_random_graph

import tinygraph as tg
from tinygraph.journal import Journal
from tinygraph.stepper.elements import read_by
from tinygraph.stepper.questions.paths import Path, Paths, largest_paths
from tinygraph.tensor import node_of

EPS = {"float32": 2.0**-23, "float64": 2.0**-52}


def check(found: Paths) -> None:
    """Listed paths and all others are the gradient; each path is the product of its steps."""
    listed = sum(path.value for path in found.paths)
    assert listed + found.others == pytest.approx(found.total, rel=1e-12, abs=1e-300)
    sizes = [abs(path.value) for path in found.paths]
    assert sizes == sorted(sizes, reverse=True)
    for path in found.paths:
        below = found.node
        value = 1.0
        for step in path.steps:
            assert step.wire.source is below
            below, value = step.place.node, value * step.coefficient
        start = found.journal.gradient(below)
        at = path.steps[-1].place.index if path.steps else found.index
        assert path.value == pytest.approx(value * start[at], rel=1e-9)


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 8), order=st.integers(1, 2))
def test_paths_and_all_others_are_the_gradient(seed: int, gates: int, order: int) -> None:
    journal = of_random_graph(seed, gates, order)
    leaves = [n for n in journal.order if not n.inputs and n in journal.gradients and n.type.size]
    for leaf in leaves[:3]:
        exact = largest_paths(journal, leaf, k=3000, places=600)
        searched = largest_paths(journal, leaf, k=3, places=0, work=80)
        for found in (exact, searched):
            if np.isfinite(found.gradient) and all(np.isfinite(p.value) for p in found.paths):
                check(found)
        if exact.count is not None and exact.count <= 3000 and np.isfinite(exact.total):
            size = sum(abs(path.value) for path in exact.paths)
            eps = max(EPS[str(n.dtype)] for n in journal.order if n.dtype.is_float)
            apart = abs(exact.total - exact.gradient)
            assert apart <= 64 * eps * size * len(journal.order) + 1e-30


def every_path(journal: Journal, name: str) -> list[float]:
    """The slow way, for circuits of scalars: the values of all paths, the largest first."""
    wires, y = read_by(journal), journal.outputs[0]

    def values(node):
        if node is y:
            return [1.0]
        slopes = [(float(journal.slope(w).array), w.gate) for w in wires.get(node, [])]  # type: ignore[union-attr]
        return [s * v for s, gate in slopes for v in values(gate)]

    return sorted(values(named(journal)[name]), key=lambda v: -abs(v))


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 12), k=st.integers(1, 9))
def test_the_largest_of_all_paths(seed: int, gates: int, k: int) -> None:
    journal = tg.journal(tangle(seed, gates))
    expected = [v for v in every_path(journal, "x0") if v]
    found = largest_paths(journal, named(journal)["x0"], (), k)
    assert found.count == len(expected)
    got = [path.value for path in found.paths]
    np.testing.assert_allclose(np.abs(got), np.abs(expected[:k]), rtol=1e-5)
    np.testing.assert_allclose(found.total, sum(expected), rtol=1e-5, atol=1e-5 * len(expected))
    check(found)


def test_a_search_finds_paths_where_there_are_too_many_to_count() -> None:
    journal = tg.journal(conv_net())
    node = named(journal)["conv_a_w"]
    exact = largest_paths(journal, node)
    found = largest_paths(journal, node, places=50, work=60, seconds=60)
    assert (exact.count, found.count) == (149_760, None)
    assert len(found.paths) == 5
    assert found.opened <= 50 + 60
    check(found)
    check(exact)
    assert found.apart < 8
    assert exact.apart < 8
    assert abs(found.paths[0].value) <= abs(exact.paths[0].value) * (1 + 1e-6)
    assert abs(found.paths[0].value) > 0.8 * abs(exact.paths[0].value)
    assert len({tuple(s.place for s in path.steps) for path in found.paths}) == 5


def test_in_words(golden) -> None:
    x, y, z = (tg.tensor(v, name=n) for v, n in ((-2.0, "x"), (5.0, "y"), (-4.0, "z")))
    q = x + y
    journal = tg.journal(q * z + tg.tanh(x) * q)
    found = largest_paths(journal, node_of(x), (), k=2)
    assert found.count == 3
    values = [path.value for path in found.paths]
    assert values == pytest.approx([-4.0, np.tanh(-2)], rel=1e-6)
    golden.check("stepper_paths.txt", str(found))


def test_no_work_at_all_leaves_all_others() -> None:
    journal = tg.journal(conv_net())
    found = largest_paths(journal, named(journal)["image"], places=0, work=0)
    assert found.paths == ()
    assert found.others == found.total
    assert found.apart < 8


def test_the_output_itself() -> None:
    journal = tg.journal(conv_net())
    found = largest_paths(journal, journal.outputs[0], ())
    assert found.paths == (Path((), 1.0),)
    assert (found.count, found.others) == (1, 0.0)


def test_paths_are_different() -> None:
    journal = tg.journal(tangle(3, 10))
    found = largest_paths(journal, named(journal)["x1"], (), k=50)
    routes = [tuple((s.wire, s.place) for s in path.steps) for path in found.paths]
    assert all(a != b for a, b in itertools.combinations(routes, 2))
    assert len(routes) > 1
