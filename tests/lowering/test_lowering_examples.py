"""Every op's examples: llvm and the naive loops against NumPy, on wide and on narrow machines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from lowering_runs import graph_of, on_llvm, on_loops
from tinygraph_llvm.machine import machine_names

import tinygraph.ops  # noqa: F401  (fills the registry)
from tinygraph.graph import OPS, Example
from tinygraph.testing import reference
from tinygraph.types import DType

MACHINES = [name for name in machine_names() if name != "host"]


def cases() -> Iterator[object]:
    for name, op in sorted(OPS.items()):
        for number, example in enumerate(op.examples()):
            for dtype in (DType.float32, DType.float64):
                yield pytest.param(example, dtype, id=f"{name}-{number}-{dtype}")


@pytest.mark.parametrize(("example", "dtype"), list(cases()))
def test_llvm_and_loops_agree_with_numpy(example: Example, dtype: DType) -> None:
    arrays = example.arrays(1, dtype)
    graph = graph_of(example, arrays)
    expected = reference(graph, arrays)
    assert expected.wrong(on_llvm(graph, arrays)) == []
    assert expected.wrong(on_loops(graph, arrays)) == []
    assert expected.wrong(on_loops(graph, arrays, reverse_tasks=True)) == []


def test_two_machines_at_least_are_tested() -> None:
    assert len(MACHINES) >= 2 or not MACHINES, "x86 has sse2 and avx2 at least"


@pytest.mark.parametrize("machine", MACHINES)
def test_a_narrower_machine_agrees_with_numpy(machine: str) -> None:
    for name, op in sorted(OPS.items()):
        example = op.examples()[0]
        arrays = example.arrays(2, DType.float32)
        graph = graph_of(example, arrays)
        wrong = reference(graph, arrays).wrong(on_llvm(graph, arrays, machine))
        assert wrong == [], name


def test_threads_do_not_change_a_bit() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.random((2, 40, 40, 8), np.float32), rng.random((3, 3, 8, 40), np.float32)
    example = next(e for e in OPS["conv"].examples() if e.op.rank == 2)  # type: ignore[attr-defined]
    graph = graph_of(example, [x, w])
    one = on_llvm(graph, [x, w], threads=1)[0]
    for threads in (2, 3):
        np.testing.assert_array_equal(on_llvm(graph, [x, w], threads=threads)[0], one)
