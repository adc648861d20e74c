"""Graphs that were computed wrongly, or took for ever, once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from lowering_runs import backend, on_llvm, on_loops

from tinygraph import ops
from tinygraph.graph import Graph, Node, Placeholder
from tinygraph.lowering import lower
from tinygraph.testing import reference
from tinygraph.types import DType, TensorType, float32


def value(position: int, *shape: int, dtype: DType = float32) -> Node:
    return Node(Placeholder(position), (), TensorType(shape, dtype))


def check(inputs: list[Node], *outputs: Node, loops: bool = True) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(-2, 2, x.shape).astype(x.dtype.numpy) for x in inputs]
    graph = Graph(tuple(inputs), outputs)
    expected = reference(graph, arrays)
    assert expected.wrong(on_llvm(graph, arrays)) == []
    if loops:
        assert expected.wrong(on_loops(graph, arrays)) == []


def test_padding_of_another_axis_does_not_hide_the_outside() -> None:
    x, w = value(0, 1, 1, 5, 2), value(1, 3, 3, 2, 4)
    padded = ops.pad(x, [(0, 0), (0, 0), (1, 1), (0, 0)])
    check([x, w], ops.conv(padded, w, padding=((1, 1), (1, 1))))


@pytest.mark.parametrize("lanes", [17, 33])
def test_a_vector_of_one_lane_is_left_over(lanes: int) -> None:
    x, w = value(0, 2, 17), value(1, 17, lanes)
    check([x, w], ops.matmul(x, w))


@pytest.mark.parametrize("bound", [100, 5, 3, 0, -3, 2.5])
def test_a_choice_by_position_is_cut_inside_the_array_only(bound: float) -> None:
    x, y = value(0, 5), value(1, 5)
    dtype = float32 if bound == 2.5 else DType.int32
    position = ops.iota(x.type.with_dtype(dtype), (0,))
    check([x, y], ops.where(ops.lt(position, ops.full(bound, position)), x, y))


def chain(gate: Callable[[Node], Node], count: int, x: Node) -> Node:
    for _ in range(count):
        x = gate(x)
    return x


def test_functions_of_a_sum_are_computed_once_each() -> None:
    x, w = value(0, 2, 5, 5, 3), value(1, 3, 3, 3, 8)
    y = chain(ops.tanh, 4, ops.conv(x, w))
    check([x, w], y)
    graph = Graph((x, w), (y,))
    text = backend().compile(lower(graph, backend().target), 1).source("llvm")
    assert len(text) < 400_000


@pytest.mark.parametrize("count", [100, 400])
def test_deep_chains_need_no_recursion(count: int) -> None:
    x = value(0, 3, 4)
    check([x], chain(lambda y: y * 1.01 + 0.1, count, x), chain(ops.tanh, count, x), loops=False)


def test_an_index_below_zero_wraps_in_uint32() -> None:
    t = TensorType((1, 3), DType.uint32)
    x = ops.pad(ops.iota(t, (0,)), [(4, 1), (0, 2)], 1)
    check([], x)


def test_an_array_without_elements_is_never_read() -> None:
    x = value(0, 0, 5)
    check([x], ops.pad(x, [(1, 2), (0, 0)], 3.0), ops.reduce_sum(x, 0), loops=False)
