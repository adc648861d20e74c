"""Computing before copies are made: the same numbers, up to the order of additions, for less."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygraph import ops
from tinygraph.bench.flops import contraction_flops
from tinygraph.evaluate import evaluate
from tinygraph.grad import gradients
from tinygraph.graph import Graph, Node, Placeholder
from tinygraph.passes import dead, upsample, upsampling
from tinygraph.types import TensorType, float64

Build = Callable[..., Node]
UP = (2, 2)


def up(x: Node, factors: tuple[int, ...] = UP) -> Node:
    return ops.upsample_nearest(x, factors)


def same(x: Node, w: Node) -> Node:
    """A 3x3 convolution that keeps the size."""
    return ops.conv(x, w, (1, 1), ((1, 1), (1, 1)))


def back(x: Node, w: Node) -> Node:
    """A 3x3 transposed convolution that keeps the size."""
    return ops.conv_data_gradient(x, w, x.shape[1:-1], (1, 1), ((1, 1), (1, 1)))


def training(build: Build, *shapes: tuple[int, ...]) -> Graph:
    """The result, and the gradients of a weighted sum of it."""
    inputs = [Node(Placeholder(k), (), TensorType(s, float64)) for k, s in enumerate(shapes)]
    y = build(*inputs)
    weights = Node(Placeholder(len(inputs)), (), y.type)
    found = gradients(ops.reduce_sum(y * weights), inputs)
    graph = Graph((*inputs, weights), (y, *(g for g in found if g is not None)))
    return dead(graph)


def compared(graph: Graph, seed: int = 0) -> tuple[Graph, set[str]]:
    """The graph after the pass, which must give the same, and the sentences of its rewrites."""
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=x.shape) for x in graph.inputs]
    applied = upsample.applied(graph)
    before = evaluate(graph.outputs, dict(zip(graph.inputs, arrays, strict=True)))
    after = evaluate(applied.after.outputs, dict(zip(graph.inputs, arrays, strict=True)))
    for a, b in zip(before, after, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)
    return applied.after, {rewrite.rule.says for rewrite in applied.rewrites}


IMAGE, WIDE, POINT = (2, 3, 4, 3), (3, 3, 3, 3), (1, 1, 3, 3)
NETS: dict[str, tuple[Build, list[tuple[int, ...]]]] = {
    "relu": (lambda x: ops.relu(up(x)), [IMAGE]),
    "bias": (
        lambda x, b: ops.relu(up(x) + ops.broadcast(b, (2, 6, 8, 3), (0, 1, 2))),
        [IMAGE, (3,)],
    ),
    "convolution": (lambda x, w: same(ops.relu(up(x)), w), [IMAGE, WIDE]),
    "transposed": (lambda x, w: back(up(x), w), [IMAGE, WIDE]),
    "1x1": (lambda x, w: ops.conv(up(x), w), [IMAGE, POINT]),
    "valid": (lambda x, w: ops.conv(up(x, (3, 2)), w), [IMAGE, (2, 3, 3, 2)]),
    "two sizes": (
        lambda x, y, w: ops.relu(up(x) + up(up(ops.conv(y, w)))),
        [(1, 4, 4, 3), (1, 2, 2, 3), POINT],
    ),
    "residual": (
        lambda x, w, v: same(ops.relu(up(x)), w) + ops.conv(up(x), v),
        [IMAGE, WIDE, POINT],
    ),
    "two blocks": (
        lambda x, w, v, r: back(ops.relu(up(back(ops.relu(up(x)), w)) + up(ops.conv(up(x), r))), v),
        [IMAGE, WIDE, WIDE, POINT],
    ),
    "pooled convolution": (lambda x, w: ops.sum_pool(same(x, w), UP), [(2, 4, 6, 3), WIDE]),
    "pooled quotient": (lambda x, y: ops.sum_pool(y / (2 + up(x) ** 2), UP), [IMAGE, (2, 6, 8, 3)]),
    "1-D": (lambda x, w: ops.conv(up(x, (3,)), w, (1,), ((2, 0),)), [(2, 4, 3), (3, 3, 2)]),
    "3-D": (lambda x, w: ops.conv(up(x, (2, 1, 2)), w), [(1, 2, 3, 2, 2), (2, 2, 2, 2, 2)]),
}


@pytest.mark.parametrize("name", NETS)
def test_values_and_gradients_stay(name: str) -> None:
    build, shapes = NETS[name]
    _, said = compared(training(build, *shapes))
    assert said


def test_every_rule_occurs() -> None:
    met = {
        says for build, shapes in NETS.values() for says in compared(training(build, *shapes))[1]
    }
    assert met == {rule.says for rule in upsampling.rules()}


@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.integers(1, 4), st.integers(1, 3)),
    st.tuples(*[st.integers(0, 3)] * 4),
    st.booleans(),
    st.integers(0, 99),
)
def test_any_window_factor_and_padding(factors, window, sides, transposed, seed) -> None:
    padding = (sides[:2], sides[2:])
    space = [n * f for n, f in zip((3, 2), factors, strict=True)]

    def build(x: Node, w: Node) -> Node:
        if not transposed:
            return ops.conv(up(x, factors), w, (1, 1), padding)
        whole = [n + k - 1 - a - b for n, k, (a, b) in zip(space, window, padding, strict=True)]
        return ops.conv_data_gradient(up(x, factors), w, whole, (1, 1), padding)

    extents = [n + a + b - k + 1 for n, k, (a, b) in zip(space, window, padding, strict=True)]
    back_extents = [n + k - 1 - a - b for n, k, (a, b) in zip(space, window, padding, strict=True)]
    if min(back_extents if transposed else extents) < 1:
        return
    channels = (3, 2) if transposed else (2, 3)
    compared(training(build, (1, 3, 2, 2), (*window, *channels)), seed)


def test_gates_and_1x1_convolutions_keep_every_bit_forward() -> None:
    x, w = (Node(Placeholder(k), (), TensorType(s, float64)) for k, s in enumerate((IMAGE, POINT)))
    graph = Graph((x, w), (ops.exp(ops.conv(ops.relu(up(x)), w)),))
    arrays = [np.random.default_rng(k).normal(size=s) for k, s in enumerate((IMAGE, POINT))]
    given_ = dict(zip(graph.inputs, arrays, strict=True))
    (before,), (after,) = evaluate(graph.outputs, given_), evaluate(upsample(graph).outputs, given_)
    np.testing.assert_array_equal(before, after)


def test_four_multiplications_of_nine_are_left() -> None:
    build, shapes = NETS["convolution"]
    graph = training(build, *shapes)
    assert contraction_flops(compared(graph)[0]) == contraction_flops(graph) * 4 // 9


def test_what_is_not_upsampled_stays() -> None:
    for build, shapes in [
        (same, [(2, 6, 8, 3), WIDE]),
        (lambda x, w: ops.conv(up(x), w, (2, 2)), [IMAGE, WIDE]),  # with a stride
        (lambda x, w: ops.conv(up(x), w, groups=3), [IMAGE, (3, 3, 1, 3)]),
        (lambda x: ops.reduce_sum(up(x), 3), [IMAGE]),
    ]:
        inputs = [Node(Placeholder(k), (), TensorType(s, float64)) for k, s in enumerate(shapes)]
        assert upsample.applied(Graph(tuple(inputs), (build(*inputs),))).rewrites == ()


def test_a_window_widened_wrongly_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upsampling, "_turned", lambda w: ops.transpose(w, (0, 1, 3, 2)))
    with pytest.raises(AssertionError):
        compared(training(*_listed("convolution")))


def _listed(name: str) -> tuple:
    build, shapes = NETS[name]
    return build, *shapes


def test_deep_sums_need_no_deep_recursion() -> None:
    x = Node(Placeholder(0), (), TensorType((1, 2, 2, 1), float64))
    y = x
    for _ in range(5_000):
        y = y + x
    graph = Graph((x,), (ops.sum_pool(y, UP), up(ops.sum_pool(x, UP)) + y))
    compared(graph)
