"""Every rule has examples, where it fires, and counter-examples, where it must not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from pass_graphs import (
    INF,
    NAN,
    assert_same_bits,
    bools,
    floats,
    graph_of,
    typed,
    values,
    whole,
)

from tinygraph import ops
from tinygraph.graph import Graph, Node, leaf, make
from tinygraph.ops.elementwise import PowInt
from tinygraph.ops.functions import Cast
from tinygraph.ops.reduce import Broadcast, Max, Sum
from tinygraph.ops.shape import Concatenate, Pad, Reshape, Slice, Transpose
from tinygraph.passes import Pass, dead, default_passes, fold, share, simplify, upsample
from tinygraph.types import DType, float32, float64, int32, uint32

X = floats(3, 4, name="x")
Y = floats(3, 4, seed=1, name="y")
Z = floats(2, 3, 4, name="z")
N = whole(3, 4)
C = bools(3, 4)
D = bools(3, 4, seed=1)


def const(value: float, like: Node = X) -> Node:
    return ops.full(value, like)


def true(value: bool = True) -> Node:
    return ops.full(value, C)


def relabelled(x: Node, shape: tuple[int, ...]) -> Node:
    return make(Reshape(shape), x)


def permuted(x: Node, *order: int) -> Node:
    return make(Transpose(order), x)


def padded(x: Node, *pairs: tuple[int, int], value: float = 0) -> Node:
    return make(Pad(pairs, value), x)


def cut(x: Node, starts: tuple[int, ...], extents: tuple[int, ...], step: int = 1) -> Node:
    return make(Slice(starts, extents, (step,) * x.ndim), x)


def cast(x: Node, *dtypes: DType) -> Node:
    for dtype in dtypes:
        x = make(Cast(dtype), x)
    return x


EMPTY = cut(X, (0, 0), (0, 4))
WHERE_XY = ops.where(C, X, Y)

Case = tuple[list[Node], list[Node]]
CASES: dict[Pass, dict[str, Case]] = {
    simplify: {
        "x * 1 is x": ([X * 1, 1 * X, N * 1], [X * 1.5, X * 0, X * X]),
        "x * -1 is -x": ([X * -1, -1 * X, N * -1], [X * 1, X * -2]),
        "x / 1 is x": ([X / 1], [1 / X, X / 3]),
        "x / -1 is -x": ([X / -1], [-1 / X]),
        "x over a power of two is x times its inverse": (
            [X / 4, X / -0.5, X / 2.0**126],
            [X / 3, X / 0, X / INF, X / NAN, 4 / X, X / 2.0**127, X / 2.0**-127],
        ),
        "x - 0 is x": ([X - 0, X - 0.0, N - 0], [X - const(-0.0), 0 - X]),
        "x + 0 is x for whole numbers; for floats x + -0.0 is x": (
            [N + 0, 0 + N, X + const(-0.0), const(-0.0) + X],
            [X + 0.0, 0.0 + X, X + 1],
        ),
        "x - -y is x + y": ([X - -Y, N - -N], [-X - Y]),
        "x + -y is x - y": ([X + -Y, -X + Y, -X + -Y, N + -N], [X + Y]),
        "-(-x) is x": ([ops.neg(-X), ops.neg(-N)], [-ops.absolute(-X)]),
        "x ** 1 is x": ([make(PowInt(1), X)], [make(PowInt(-1), X), X**2]),
        "x ** 0 is 1, also where x is NaN": ([make(PowInt(0), X)], [X**2]),
        "a second relu, abs or floor changes nothing": (
            [
                ops.relu(ops.relu(X)),
                ops.absolute(ops.absolute(X)),
                ops.floor(ops.floor(X)),
                ops.relu(ops.relu(N)),
            ],
            [ops.relu(ops.absolute(X)), ops.floor(ops.relu(X))],
        ),
        "|-x| is |x|": ([ops.absolute(-X), ops.absolute(-N)], [-ops.absolute(X)]),
        "of x and x the larger, the smaller, both or either is x": (
            [ops.maximum(X, X), ops.minimum(N, N), ops.logical_and(C, C), ops.logical_or(C, C)],
            [ops.maximum(X, Y), ops.maximum(X, ops.relu(X))],
        ),
        "not not x is x": ([ops.logical_not(ops.logical_not(C))], [ops.logical_not(C)]),
        "x and true is x, x and false is false": (
            [ops.logical_and(C, true()), ops.logical_and(true(False), C)],
            [ops.logical_and(C, D)],
        ),
        "x or false is x, x or true is true": (
            [ops.logical_or(C, true()), ops.logical_or(true(False), C)],
            [ops.logical_or(C, D)],
        ),
        "where a condition is constant, there is nothing to choose": (
            [ops.where(true(), X, Y), ops.where(true(False), X, Y)],
            [ops.where(C, X, 0)],
        ),
        "a choice between x and x is x": ([ops.where(C, X, X)], [ops.where(C, X, -X)]),
        "a choice by not c is the other choice by c": (
            [ops.where(ops.logical_not(C), X, Y)],
            [WHERE_XY],
        ),
        "behind a choice by c, a choice by c is decided": (
            [ops.where(C, WHERE_XY, 1), ops.where(C, 1, WHERE_XY)],
            [ops.where(D, WHERE_XY, 1)],
        ),
        "a cast to the type it has changes nothing": ([cast(X, float32)], [cast(X, float64)]),
        "a cast to a type that holds every value, and back, changes nothing": (
            [
                cast(X, float64, float32),
                cast(N, float64, int32),
                cast(N, uint32, int32),
                cast(C, float32, DType.bool),
            ],
            [
                cast(floats(3, 4, dtype=float64), float32, float64),
                cast(N, float32, int32),
                cast(C, float32, int32),
            ],
        ),
        "a reshape to the shape it has changes nothing": (
            [relabelled(X, (3, 4))],
            [relabelled(X, (4, 3))],
        ),
        "of two reshapes the second counts": (
            [relabelled(relabelled(X, (12,)), (2, 6))],
            [relabelled(permuted(relabelled(X, (2, 6)), 1, 0), (12,))],
        ),
        "a transpose that keeps the order changes nothing": (
            [permuted(X, 0, 1)],
            [permuted(X, 1, 0)],
        ),
        "two transposes are one": (
            [permuted(permuted(Z, 1, 2, 0), 0, 2, 1)],
            [permuted(-permuted(Z, 1, 2, 0), 0, 2, 1)],
        ),
        "a broadcast along no axis changes nothing": (
            [make(Broadcast((3, 4), ()), X)],
            [ops.broadcast(X, (2, 3, 4), (0,))],
        ),
        "two broadcasts are one": (
            [
                ops.broadcast(ops.broadcast(X, (3, 5, 4), (1,)), (2, 3, 5, 4), (0,)),
                ops.broadcast(ops.broadcast(X, (2, 3, 4), (0,)), (2, 3, 4, 6), (3,)),
            ],
            [ops.broadcast(-ops.broadcast(X, (3, 5, 4), (1,)), (2, 3, 5, 4), (0,))],
        ),
        "a max, min or sum of whole numbers over no axis changes nothing": (
            [make(Sum(()), N), make(Max(()), X)],
            [make(Sum(()), X), ops.reduce_sum(N, 0), ops.reduce_max(X, 0)],
        ),
        "a padding of no width changes nothing": (
            [padded(X, (0, 0), (0, 0), value=1)],
            [padded(X, (0, 0), (0, 1))],
        ),
        "two paddings with the same value are one": (
            [padded(padded(X, (1, 0), (0, 2), value=-1), (2, 0), (0, 1), value=-1)],
            [
                padded(padded(X, (1, 0), (0, 2)), (2, 0), (0, 1), value=1),
                padded(padded(X, (1, 0), (0, 2)), (2, 0), (0, 1), value=-0.0),
            ],
        ),
        "a slice of everything, in order, changes nothing": (
            [cut(X, (0, 0), (3, 4))],
            [cut(X, (0, 0), (3, 3)), cut(X, (2, 3), (3, 4), -1)],
        ),
        "two slices are one": (
            [
                cut(cut(X, (1, 0), (2, 4)), (1, 1), (1, 2)),
                cut(cut(X, (2, 3), (3, 4), -1), (0, 0), (2, 2), 2),
                cut(cut(X, (0, 0), (2, 2), 2), (1, 1), (2, 2), -1),
            ],
            [cut(-cut(X, (1, 0), (2, 4)), (1, 1), (1, 2))],
        ),
        "a single input, concatenated, is itself": (
            [make(Concatenate(0), X)],
            [ops.concatenate([X, X])],
        ),
    },
    fold: {
        "element by element, a gate of constants is a constant": (
            [
                const(2) * const(3),
                const(-0.0) + const(-0.0),
                const(0) / const(0),
                ops.sqrt(const(2, floats(1000, 1000))),
                ops.lt(const(1), const(2)),
                ops.where(true(), const(1), const(2)),
                cast(const(2.5), int32),
                ops.exp(const(0.1)),
            ],
            [X * 2, ops.reduce_sum(const(1))],
        ),
        "the elements of a constant, moved, are that constant": (
            [
                relabelled(const(3), (12,)),
                permuted(const(-0.0), 1, 0),
                ops.broadcast(const(3), (9, 3, 4), (0,)),
                cut(const(NAN), (0, 0), (2, 2)),
                padded(const(-1), (1, 1), (0, 0), value=-1),
            ],
            [
                relabelled(X, (12,)),
                padded(const(1), (1, 1), (0, 0)),
                padded(const(0), (1, 1), (0, 0), value=-0.0),
            ],
        ),
        "a small result of constants is computed now, if it is one number": (
            [
                ops.reduce_sum(const(0.1)),
                ops.reduce_sum(ops.iota(typed(10), (0,))),
                ops.matmul(const(1), const(2, floats(4, 5))),
                ops.concatenate([const(1), const(1)]),
            ],
            [
                ops.reduce_sum(const(0.1, floats(1000, 1000))),
                ops.iota(typed(10), (0,)),
                ops.iota(typed(10), (0,)) * 2,
                ops.concatenate([const(0), const(-0.0)]),
                ops.reduce_sum(X),
            ],
        ),
    },
    share: {
        "equal gates that read the same are one": (
            [
                ops.exp(X) + ops.exp(X),
                (X * 2 + Y) * (X * 2 + Y),
                X * const(NAN) + X * const(NAN),
                X * const(0.1) + X * const(0.10000000149011612),
            ],
            [
                ops.exp(X) + ops.exp(Y),
                (X - Y) * (Y - X),
                X * const(0.0) + Y * const(-0.0),
                padded(X, (1, 1), (0, 0)) + padded(X, (1, 1), (0, 0), value=-0.0),
                X + floats(3, 4),
            ],
        ),
    },
    dead: {
        "detach is x, once the gradients are there": ([ops.detach(X) * 2], [X * 2]),
        "a tensor without elements needs no computing": (
            [EMPTY * 2, ops.concatenate([EMPTY, EMPTY])],
            [ops.reduce_sum(const(1, EMPTY)), leaf(values(graph_of(EMPTY))[0])],
        ),
        "an input without elements adds nothing to a concatenation": (
            [ops.concatenate([X, EMPTY, Y])],
            [ops.concatenate([X, Y])],
        ),
        "padding that is cut off again was not needed": (
            [
                cut(padded(X, (1, 2), (3, 0)), (1, 3), (3, 4)),
                cut(padded(X, (1, 2), (3, 0)), (3, 6), (2, 3), -1),
            ],
            [
                cut(padded(X, (1, 2), (3, 0)), (0, 3), (3, 4)),
                cut(padded(X, (1, 2), (3, 0)), (1, 2), (3, 4)),
            ],
        ),
        "a piece of a concatenation comes from the input it lies in": (
            [
                cut(ops.concatenate([X, Y], 0), (3, 0), (3, 4)),
                cut(ops.concatenate([X, Y], 1), (0, 1), (3, 2)),
                cut(ops.concatenate([X, Y], 0), (5, 3), (3, 2), -1),
            ],
            [cut(ops.concatenate([X, Y], 0), (2, 0), (2, 4))],
        ),
    },
}


@dataclass(frozen=True)
class Found:
    """What a pass did to one graph: the sentences of its rules, and the graph."""

    says: list[str]
    after: Graph


def found(by: Pass, output: Node) -> Found:
    applied = by.applied(graph_of(output))
    return Found([rewrite.rule.says for rewrite in applied.rewrites], applied.after)


ALL = [(by, says) for by, cases in CASES.items() for says in cases]


@pytest.mark.parametrize(("by", "says"), ALL, ids=lambda v: v.name if isinstance(v, Pass) else v)
def test_rule(by: Pass, says: str) -> None:
    examples, counter_examples = CASES[by][says]
    for output in examples:
        did = found(by, output)
        assert says in did.says, f"not applied to {output}"
        assert did.after.outputs[0].type == output.type
        assert_same_bits(values(graph_of(output)), values(did.after))
    for output in counter_examples:
        did = found(by, output)
        assert says not in did.says, f"applied to {output}"
        assert_same_bits(values(graph_of(output)), values(did.after))


def test_every_rule_is_in_the_table() -> None:
    exact = [by for by in default_passes() if by is not upsample]  # which has tests of its own
    written = {by: {rule.says for rule in by.rules()} for by in exact}
    assert written == {by: set(cases) for by, cases in CASES.items()}


@pytest.mark.parametrize(
    "build",
    [
        lambda x: x * 0,
        lambda x: x - x,
        lambda x: x / x,
        lambda x: x + 0.0,
        lambda x: (x + 1) + 2,
        lambda x: (x * 3) / 3,
        lambda x: ops.eq(x, x),
        lambda x: ops.reduce_sum(ops.reduce_sum(x, 0), 0),
        lambda x: ops.reduce_sum(ops.broadcast(x, (2, 3, 4), (0,)), 0),
        lambda x: ops.sqrt(x * x),
        lambda x: ops.relu(-x) + ops.relu(x),
    ],
)
def test_what_looks_simpler_and_is_not_the_same_stays(build: Callable[[Node], Node]) -> None:
    graph = graph_of(build(X))
    assert not simplify.applied(graph).rewrites
