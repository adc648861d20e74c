"""The loops of a few small programs, as they are printed: a change of the lowering shows here."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import tinygraph as tg
from tinygraph.lowering import Target, lower
from tinygraph.passes import run


def matmul(a: tg.Tensor, b: tg.Tensor) -> tg.Tensor:
    return tg.relu(a @ b)


def softmax(a: tg.Tensor, b: tg.Tensor) -> tg.Tensor:
    return tg.softmax(a)


def total(a: tg.Tensor, b: tg.Tensor) -> tg.Tensor:
    return tg.sum(a * a)


def pool_gradient(a: tg.Tensor, b: tg.Tensor) -> tg.Tensor:
    x = tg.reshape(a, (1, 8, 12, 2))
    return tg.grad(tg.sum(tg.max_pool2d(x, 2)), x)


@pytest.mark.parametrize("fn", [matmul, softmax, total, pool_gradient])
def test_the_loops_are_as_they_were(fn: Callable, golden) -> None:
    jitted = tg.jit(fn, backend="numpy")
    graph = run(jitted.graph(tg.zeros((8, 24)), tg.zeros((24, 20))).named())
    program = lower(graph, Target())
    text = "\n\n".join([str(program), *(str(call.kernel) for call in program.calls)])
    golden.check(f"loops_{fn.__name__}.txt", text + "\n")
