"""The same bits on any number of threads and in every run; and each mechanism of the schedule."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from lowering_runs import backend, on_llvm

from tinygraph import ops
from tinygraph.grad import gradients
from tinygraph.graph import Graph, Node, Placeholder
from tinygraph.lowering import lower
from tinygraph.testing import reference
from tinygraph.types import TensorType, float32

SAME = ((1, 1), (1, 1))


def value(position: int, *shape: int) -> Node:
    return Node(Placeholder(position), (), TensorType(shape, float32))


def arrays_for(graph: Graph, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, x.shape).astype(np.float32) for x in graph.inputs]


def two_convolutions() -> Graph:
    x, w, v = value(0, 2, 40, 40, 8), value(1, 3, 3, 8, 16), value(2, 3, 3, 16, 8)
    y = ops.conv(ops.relu(ops.conv(x, w, padding=SAME)), v, padding=SAME)
    loss = ops.reduce_sum(y * y)
    found = [g for g in gradients(loss, [w, v, x]) if g is not None]
    return Graph((x, w, v), (loss, y, *found))


def test_threads_and_runs_do_not_change_a_bit() -> None:
    graph = two_convolutions()
    arrays = arrays_for(graph)
    first = on_llvm(graph, arrays, threads=1)
    for threads in (1, 2, 3):
        for a, b in zip(first, on_llvm(graph, arrays, threads=threads), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_run_leaves_nothing_behind_for_the_next() -> None:
    graph = two_convolutions()
    program = lower(graph, backend().target)
    executable = backend().compile(program, 2)
    assert program.zeros, "there are halos"
    good = arrays_for(graph)
    outputs = [np.empty(n.shape, n.dtype.numpy) for n in graph.outputs]
    executable.run(good, outputs)
    before = [o.copy() for o in outputs]
    for bad in (np.nan, np.inf):
        executable.run([np.full_like(a, bad) for a in good], outputs)
        assert np.isnan(outputs[0]).all() or np.isinf(outputs[0]).all()
    executable.run(good, outputs)
    for a, b in zip(before, outputs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_programs_run_beside_each_other() -> None:
    graph = two_convolutions()
    arrays = arrays_for(graph)
    made = [backend().compile(lower(graph, backend().target), k % 3 + 1) for k in range(3)]
    expected = on_llvm(graph, arrays)

    def run(k: int) -> bool:
        outputs = [np.empty(n.shape, n.dtype.numpy) for n in graph.outputs]
        made[k % 3].run(arrays, outputs)
        return all(np.array_equal(a, b) for a, b in zip(expected, outputs, strict=True))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(run, range(24)))


def matmul(m: int, k: int, n: int) -> Graph:
    x, w = value(0, m, k), value(1, k, n)
    return Graph((x, w), (ops.matmul(x, w),))


def strided() -> Graph:
    g, w = value(0, 1, 9, 9, 8), value(1, 3, 3, 5, 8)
    y = ops.conv_data_gradient(g, w, (18, 18), stride=(2, 2), padding=((1, 1), (1, 1)))
    return Graph((g, w), (y,))


def summed(*shape: int) -> Graph:
    x = value(0, *shape)
    return Graph((x,), (ops.reduce_sum(x),))


MECHANISMS = {
    "register tile": matmul(33, 17, 65),
    "packed in panels": matmul(200, 521, 512),
    "becomes its innermost axis": strided(),
    "a phase of": strided(),
    "read from a halo": two_convolutions(),
    "copy of": two_convolutions(),
    "reduction split into": summed(211, 997),
    "lane<": summed(211, 997),
    "scalar loops": summed(1, 7),
}


@pytest.mark.parametrize("words", MECHANISMS)
def test_each_mechanism_is_used_and_right(words: str) -> None:
    graph = MECHANISMS[words]
    calls = lower(graph, backend().target).calls
    assert any(words in line for call in calls for line in (*call.flat.says, *call.schedule.says))
    arrays = arrays_for(graph)
    assert reference(graph, arrays).wrong(on_llvm(graph, arrays)) == []


@pytest.mark.slow
def test_a_chain_of_50_000_gates_compiles_in_regions_of_bounded_size() -> None:
    x = value(0)
    y = x
    for k in range(25_000):
        y = y * 1.0001 + 0.00001 * (k % 7)
    (g,) = gradients(y, [x])
    assert g is not None
    graph = Graph((x,), (y, g))
    program = lower(graph, backend().target)
    assert max(len(call.nodes) for call in program.calls) < 1000
    assert len({call.recipe for call in program.calls}) < 50
    arrays = arrays_for(graph)
    assert reference(graph, arrays).wrong(on_llvm(graph, arrays)) == []


@pytest.mark.parametrize("shape", [(1 << 22,), (400_003,), (6, 120, 121, 8)])
def test_long_sums_keep_their_digits(shape: tuple[int, ...]) -> None:
    """Terms that all round the same way: added one after the other they lose four digits."""
    axes = tuple(range(len(shape)))[:-1] or (0,)
    x = Node(Placeholder(0), (), TensorType(shape, float32))
    graph = Graph((x,), (ops.reduce_sum(x, axes),))
    array = np.full(shape, 0.1, np.float32)
    (total,) = on_llvm(graph, [array])
    np.testing.assert_allclose(total, array.astype(np.float64).sum(axes), rtol=1e-5)
