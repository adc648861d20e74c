"""What holds for every pass: the meaning stays, twice is once, what was done can be replayed."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from pass_graphs import RandomGraph, assert_same_bits, floats, graph_of, typed, values

import tinygraph as tg
from tinygraph import ops
from tinygraph.graph import OPS, Graph, Node, leaf, make
from tinygraph.ops.base import Elementwise, Full
from tinygraph.passes import (
    Pass,
    dead,
    default_passes,
    fold,
    run,
    share,
    simplify,
    trace_passes,
)

GATES = 50_000


def shape_of(graph: Graph) -> str:
    """The graph as text, without the leaves' numbers and the lines."""
    return "\n".join(line.partition("    #")[0] for line in str(graph).splitlines())


@pytest.mark.parametrize("seed", range(60))
def test_the_meaning_stays_bit_for_bit(seed: int) -> None:
    graph = RandomGraph(seed).graph(gates=40)
    expected = values(graph)
    for applied in trace_passes(graph):
        assert_same_bits(expected, values(applied.after))
        assert applied.after.inputs == graph.inputs
        assert [x.type for x in applied.after.outputs] == [x.type for x in graph.outputs]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_the_meaning_stays_bit_for_bit_in_large_graphs(seed: int) -> None:
    graph = RandomGraph(seed).graph(gates=400)
    assert_same_bits(values(graph), values(run(graph)))


def test_random_graphs_meet_most_rules() -> None:
    met = {
        rewrite.rule.says
        for seed in range(60)
        for applied in trace_passes(RandomGraph(seed).graph(gates=40))
        for rewrite in applied.rewrites
    }
    written = {rule.says for by in default_passes() for rule in by.rules()}
    assert len(met) > 0.6 * len(written), sorted(written - met)


@pytest.mark.parametrize("by", default_passes(), ids=lambda by: by.name)
def test_twice_is_once(by: Pass) -> None:
    for seed in range(20):
        once = by(RandomGraph(seed).graph(gates=60))
        again = by.applied(once)
        assert not again.rewrites, str(again)
        assert all(a is b for a, b in zip(once.outputs, again.after.outputs, strict=True))


@pytest.mark.parametrize("by", default_passes(), ids=lambda by: by.name)
def test_replaying_the_rewrites_gives_the_graph_after(by: Pass) -> None:
    for seed in range(5):
        before = RandomGraph(seed).graph(gates=60)
        applied = by.applied(before)
        graphs = [before, *applied.replay()]
        assert shape_of(graphs[-1]) == shape_of(applied.after)
        for graph in graphs:
            assert_same_bits(values(before), values(graph))


def test_a_rewrite_prints_its_rule_its_gates_and_the_line() -> None:
    x = floats(3, name="x")
    y = (x * 2 + 0.5) * 1
    applied = simplify.applied(graph_of(ops.exp(y)))
    (rewrite,) = applied.rewrites
    assert rewrite.old is y
    assert rewrite.new is y.inputs[0]
    assert y.origin is not None
    line = f"x * 1 is x: mul_2 = mul of add_1, full_3 -> add_1  (test_passes.py:{y.origin.line})"
    assert str(rewrite) == line
    assert str(applied).splitlines() == [
        "simplify: say the same with fewer gates; 1 rewrite, 8 -> 6 nodes",
        f"  {line}",
    ]


def test_a_new_gate_prints_with_its_inputs_and_keeps_names_of_what_it_replaces() -> None:
    x = floats(3, name="x")
    y = (x * 1) - (-(x * 3))
    z = ops.neg(-(y / 4))
    lines = [line.partition("  (")[0] for line in simplify.applied(graph_of(z)).lines()]
    assert lines == [
        "x * 1 is x: mul_1 = mul of x, full_1 -> x",
        "x - -y is x + y: sub_1 = sub of mul_1, neg_1 -> add of x, mul_2",
        "x over a power of two is x times its inverse: "
        "div_1 = div of sub_1, full_3 -> mul of sub_1, full(0.25)",
        "-(-x) is x: neg_3 = neg of neg_2 -> div_1",
    ]


def test_a_new_gate_keeps_the_name_and_the_line_of_the_old() -> None:
    x = tg.tensor(np.array([1, 2], np.float32))
    y = x * -1
    assert y.node.origin is not None
    named = Node(y.node.op, y.node.inputs, y.node.type, y.node.origin, "y")
    (new,) = simplify(graph_of(named)).outputs
    assert str(new.op) == "neg"
    assert new.name == "y"
    assert new.origin is y.node.origin


def test_leaves_are_shared_by_their_memory_only() -> None:
    array = np.array([1, 2, 3], np.float32)
    one, other, equal = leaf(array), leaf(array), leaf(array.copy())
    same = Node(one.op, (), one.type)
    assert len(share(graph_of(one + same)).nodes()) == 2
    assert len(share(graph_of(one + other)).nodes()) == 3
    assert len(share(graph_of(one + equal)).nodes()) == 3


def test_parameters_are_no_constants() -> None:
    p = tg.parameter(2.0)
    graph = graph_of((p * 3 + 1).node)
    assert run(graph).outputs == graph.outputs


def test_a_large_constant_is_never_stored() -> None:
    like = typed(100_000, 100_000)
    big = ops.full(2.0, like)
    for _ in range(20):
        big = ops.sqrt(ops.transpose(big * big + 1, (1, 0)))
    graph = graph_of(big, ops.reduce_sum(ops.full(1.0, like)), ops.iota(like, (0,)) * 2)
    tracemalloc.start()
    after = fold(graph)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2**20
    assert isinstance(after.outputs[0].op, Full)
    assert after.outputs[1:] == graph.outputs[1:]


@pytest.mark.parametrize("grow", [lambda y: y * 1.0001, lambda y: -y, lambda y: ops.detach(y) * 1])
def test_a_chain_of_50_000_gates_takes_linear_time(grow: Callable[[Node], Node]) -> None:
    y = floats()
    for _ in range(GATES):
        y = grow(y)
    graph = graph_of(y)
    start = time.process_time()
    after = run(graph)
    assert time.process_time() - start < 10  # about 1 s; quadratic time would be hours
    assert after.outputs[0].type == y.type


def test_an_op_from_outside_is_folded_and_shared() -> None:
    @dataclass(frozen=True)
    class Thrice(Elementwise):
        """x * 3, for a test"""

        weights: tuple[float, ...]
        name: ClassVar[str] = "thrice"

        def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
            return inputs[0] * inputs[0].dtype.type(3)

    try:
        x = floats(3)
        constant = fold(graph_of(make(Thrice(()), ops.full(2.0, x)))).outputs[0]
        assert str(constant.op) == "full(6)"
        twice = make(Thrice((0.0,)), x) + make(Thrice((0.0,)), x)
        assert len(share(graph_of(twice)).nodes()) == 3
        apart = make(Thrice((0.0,)), x) + make(Thrice((-0.0,)), x)
        assert len(share(graph_of(apart)).nodes()) == 4
    finally:
        del OPS["thrice"]


def test_an_op_that_compares_by_identity_is_never_shared() -> None:
    @dataclass(frozen=True, eq=False)
    class Copy(Elementwise):
        """x, for a test"""

        log: list[str]
        name: ClassVar[str] = "copy_by_identity"

        def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
            return inputs[0]

    try:
        x = floats(3)
        assert len(share(graph_of(make(Copy([]), x) + make(Copy([]), x))).nodes()) == 4
    finally:
        del OPS["copy_by_identity"]


def test_gradients_of_a_small_net_shrink_and_stay_the_same() -> None:
    x, w = tg.tensor(np.ones((4, 3), np.float32)), tg.parameter(np.ones((3, 2), np.float32))
    loss = tg.mean(tg.softmax(tg.relu(x @ w)) ** 2)
    (g,) = tg.grad(loss, [w])
    graph = graph_of(loss.node, g.node)
    after = run(graph)
    assert len(after.nodes()) < len(graph.nodes())
    assert not any(node.op.name == "detach" for node in after.nodes())
    assert_same_bits(values(graph), values(after))


def test_dead_leaves_the_inputs_of_a_graph_in_place() -> None:
    x, y = floats(3), floats(3, seed=1)
    graph = Graph((x, y), (ops.where(ops.full(True, ops.lt(x, y)), x, y) * 2,))
    after = simplify(graph)
    assert after.inputs == (x, y)
    assert y not in after.nodes()
    assert dead(after).inputs == (x, y)
