"""The program as a plan: barriers and shared memory allow every order in which threads may run.

Between two barriers the calls run backwards here, and so do their tasks, in one arena as the plan
lays it out, twice: what the plan forgets gives wrong numbers.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

import tinygraph.lowering.partition as partition
import tinygraph.lowering.program as program_module
from tinygraph import ops
from tinygraph.graph import Graph, Node, Placeholder
from tinygraph.loops.evaluate import run_kernel
from tinygraph.loops.ir import Buffer
from tinygraph.lowering import Program, Target, lower
from tinygraph.lowering.program import Call
from tinygraph.testing import random_graph, reference
from tinygraph.types import TensorType, float32

# The package has a function of that name.
lower_module = sys.modules["tinygraph.lowering.lower"]


def backwards(program: Program, graph: Graph, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """The outputs of the second of two runs."""
    arena = np.full(program.arena_bytes + 64, 255, np.uint8)
    arena[: program.zeros] = 0
    outputs = [np.full(max(n.type.size, 1), 77, n.dtype.numpy) for n in graph.outputs]
    memory: dict[Buffer, np.ndarray] = dict(zip(program.outputs, outputs, strict=True))
    for buffer, array in zip(program.inputs, arrays, strict=True):
        if buffer is not None:
            memory[buffer] = array.reshape(-1)
    for buffer, offset in program.arena.items():
        size = buffer.size * buffer.dtype.itemsize
        memory[buffer] = arena[offset : offset + size].view(buffer.dtype.numpy)
    for _ in range(2):
        for stretch in stretches(program):
            for call in reversed(stretch):
                run_kernel(call.kernel, [memory[b] for b in call.operands], reverse_tasks=True)
    return [o[: n.type.size].reshape(n.shape) for o, n in zip(outputs, graph.outputs, strict=True)]


def stretches(program: Program) -> list[list[Call]]:
    """The calls between barriers."""
    result: list[list[Call]] = [[]]
    for call in program.calls:
        if call.barrier:
            result.append([])
        result[-1].append(call)
    return result


def wrong(seed: int) -> list[str]:
    made = random_graph(seed, gates=6)
    expected = reference(made.graph, made.arrays)
    return expected.wrong(backwards(lower(made.graph, Target()), made.graph, made.arrays))


def found_somewhere(seeds: range) -> bool:
    return any(wrong(seed) for seed in seeds)


@pytest.mark.parametrize("seed", range(300, 316))
def test_every_order_between_barriers_is_right(seed: int) -> None:
    assert wrong(seed) == []


def test_a_forgotten_barrier_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = program_module.with_barriers

    def without_third(calls, parts):
        made, seen = [], 0
        for call in right(calls, parts):
            seen += call.barrier
            made.append(replace(call, barrier=False) if call.barrier and seen == 3 else call)
        return made

    monkeypatch.setattr(lower_module, "with_barriers", without_third)
    assert found_somewhere(range(300, 316))


def test_memory_given_away_too_early_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = program_module._lives

    def shorter(program: Program) -> list:
        lives = right(program)
        for life in lives:
            life.last = life.first
        return lives

    monkeypatch.setattr(program_module, "_lives", shorter)
    assert found_somewhere(range(300, 316))


def two_convolutions() -> tuple[Graph, list[np.ndarray]]:
    """Two images of one size, whose borders of zeros differ, one after the other."""
    x = Node(Placeholder(0), (), TensorType((2, 6, 6, 2), float32))
    w = Node(Placeholder(1), (), TensorType((3, 3, 2, 2), float32))
    v = Node(Placeholder(2), (), TensorType((3, 3, 2, 2), float32))
    first = ops.conv(x * 2.0, w, (1, 1), ((0, 2), (1, 1)))
    second = ops.conv(ops.exp(first * 0.1), v, (1, 1), ((2, 0), (1, 1)))
    third = ops.conv(ops.exp(second * 0.1), w, (1, 1), ((1, 1), (0, 2)))
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=n.shape).astype(np.float32) for n in (x, w, v)]
    return Graph((x, w, v), (third,)), arrays


def test_a_border_shared_with_other_data_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, arrays = two_convolutions()
    expected = reference(graph, arrays)
    assert expected.wrong(backwards(lower(graph, Target()), graph, arrays)) == []
    right = lower_module._margins
    monkeypatch.setattr(
        lower_module, "_margins", lambda layouts: {b: key[:2] for b, key in right(layouts).items()}
    )
    assert expected.wrong(backwards(lower(graph, Target()), graph, arrays)) != []


def test_a_lost_remainder_of_a_split_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Node(Placeholder(0), (), TensorType((40_009,), float32))
    graph = Graph((x,), (ops.reduce_sum(x),))
    arrays = [np.random.default_rng(0).uniform(1, 2, 40_009).astype(np.float32)]
    expected = reference(graph, arrays)
    assert expected.wrong(backwards(lower(graph, Target()), graph, arrays)) == []

    class Careless(partition._Cutting):
        def cut(self, axis, high, low) -> None:
            super().cut(axis, high, low)
            self.rest.clear()

    monkeypatch.setattr(partition, "_Cutting", Careless)
    assert expected.wrong(backwards(lower(graph, Target()), graph, arrays)) != []
