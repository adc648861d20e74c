"""The largest routes of a gradient: all paths through the same gates, taken together."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from circuits import conv_net
from hypothesis import given
from hypothesis import strategies as st
from random_journals import named, of_random_graph

import tinygraph as tg
from tinygraph.stepper.questions.paths import largest_paths
from tinygraph.stepper.questions.routes import largest_routes


@given(seed=st.integers(0, 10**6), gates=st.integers(1, 8), order=st.integers(1, 2))
def test_a_route_is_the_sum_of_its_paths(seed: int, gates: int, order: int) -> None:
    journal = of_random_graph(seed, gates, order)
    leaves = [n for n in journal.order if not n.inputs and n in journal.gradients and n.type.size]
    for leaf in leaves[:2]:
        paths = largest_paths(journal, leaf, k=2000, places=500)
        if paths.count is None or paths.count > 2000 or not np.isfinite(paths.total):
            continue
        sums: dict[tuple, list[float]] = defaultdict(list)
        for path in paths.paths:
            sums[tuple(step.wire for step in path.steps)].append(path.value)
        found = largest_routes(journal, leaf, paths.index, k=10**6, seconds=60)
        size = sum(abs(path.value) for path in paths.paths)
        assert found.is_all
        got = {route.wires: route.value for route in found.routes}
        for wires, values in sums.items():
            assert got.pop(wires) == pytest.approx(sum(values), abs=1e-4 * size + 1e-30)
        assert not any(got.values())  # routes without a path
        assert abs(found.others) <= 1e-4 * size + 1e-30


def test_a_skip_connection() -> None:
    x = tg.tensor(np.linspace(0.5, 1, 18).reshape(1, 3, 6, 1), name="x", dtype="float32")
    w = tg.parameter(np.full((3, 3, 1, 1), 0.1), name="w", dtype="float32")
    y = (tg.relu(tg.conv2d(x, w, padding="same")) + x).sum()
    journal = tg.journal(y)
    found = largest_routes(journal, named(journal)["x"], (0, 1, 2, 0))
    assert [round(route.value, 4) for route in found.routes] == [1.0, 0.9]
    assert found.is_all
    assert found.lines == [
        "dL/dx[0,1,2,0] = 1.9, by routes through the same gates",
        "    1  1.0 by add_1, sum_1",
        "    2  0.9 by conv_1, relu_1, add_1, sum_1",
    ]
    assert found.others == pytest.approx(0, abs=1e-6)


def test_few_of_many() -> None:
    journal = tg.journal(conv_net())
    node = named(journal)["conv_a_w"]
    every = largest_routes(journal, node, k=100)
    assert every.is_all
    one = largest_routes(journal, node, k=1)
    assert not one.is_all
    assert one.routes == every.routes[:1]
    assert one.others == pytest.approx(sum(r.value for r in every.routes[1:]), rel=1e-5)
    none = largest_routes(journal, node, work=0)
    assert (none.routes, none.others) == ((), none.gradient)
