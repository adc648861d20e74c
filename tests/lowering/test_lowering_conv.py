"""The convolution family on llvm, random geometries: against NumPy, and live against PyTorch."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from lowering_runs import on_llvm

from tinygraph import ops
from tinygraph.graph import Graph, Node, Placeholder
from tinygraph.lowering import Target, lower
from tinygraph.types import DType, TensorType


def geometry(seed: int) -> dict[str, Any]:
    """A convolution that fits: shapes, stride, padding, dilation and groups at random."""
    rng = Random(seed)
    rank = rng.choice([1, 2, 2, 2, 3])
    window = tuple(rng.choice([1, 2, 3, 4, 5][: 6 - rank]) for _ in range(rank))
    dilation = tuple(rng.choice([1, 1, 2, 3]) for _ in range(rank))
    groups = rng.choice([1, 1, 1, 2, 3, 8])
    c_in, c_out = rng.choice([1, 2, 3, 5, 17]), rng.choice([1, 2, 3, 7, 16, 33])
    reach = [(w - 1) * d + 1 for w, d in zip(window, dilation, strict=True)]
    return {
        "x": (rng.choice([1, 2, 3]), *(r + rng.randrange(9) for r in reach), c_in * groups),
        "w": (*window, c_in, c_out * groups),
        "stride": tuple(rng.choice([1, 1, 2, 3]) for _ in range(rank)),
        "padding": tuple((p := rng.randrange(4), p) for _ in range(rank)),
        "dilation": dilation,
        "groups": groups,
    }


def on_both(seed: int) -> tuple[dict[str, Any], list[np.ndarray], list[np.ndarray], Graph]:
    """The geometry, the arrays x, w, g, llvm's y, dx, dw in float32, and the graph."""
    at = geometry(seed)
    shape = at["stride"], at["padding"], at["dilation"], at["groups"]
    x, w = (Node(Placeholder(k), (), TensorType(at[n], DType.float32)) for k, n in enumerate("xw"))
    y = ops.conv(x, w, *shape)
    g = Node(Placeholder(2), (), y.type)
    dx = ops.conv_data_gradient(g, w, x.shape[1:-1], *shape)
    dw = ops.conv_weight_gradient(x, g, w.shape[:-2], *shape)
    rng = np.random.default_rng(seed)
    arrays = [rng.uniform(-1, 1, n.shape).astype(np.float32) for n in (x, w, g)]
    graph = Graph((x, w, g), (y, dx, dw))
    return at, arrays, on_llvm(graph, arrays), graph


def close(got: np.ndarray, want: np.ndarray) -> bool:
    """Within 2e-4 of the largest value."""
    return bool(np.abs(got - want).max(initial=0) <= 2e-4 * max(np.abs(want).max(initial=0), 1e-3))


@pytest.mark.parametrize("seed", range(40))
def test_values_and_gradients_are_those_of_numpy(seed: int) -> None:
    at, (x, w, g), outputs, graph = on_both(seed)
    x, w, g = (a.astype(np.float64) for a in (x, w, g))
    wide = [(x, w), (g, w), (x, g)]
    for got, node, inputs in zip(outputs, graph.outputs, wide, strict=True):
        assert close(got, node.op.evaluate(*inputs)), f"{node.op} of {at}"


@pytest.mark.slow
@pytest.mark.reference
@pytest.mark.parametrize("start", range(0, 1000, 50))
def test_values_and_gradients_are_those_of_pytorch(start: int) -> None:
    """1,000 geometries, 3,000 comparisons."""
    torch = pytest.importorskip("torch")
    for seed in range(start, start + 50):
        at, (x, w, g), outputs, _ = on_both(seed)
        rank = x.ndim - 2
        tx = torch.tensor(np.moveaxis(x, -1, 1).astype(np.float64), requires_grad=True)
        kernel = np.ascontiguousarray(np.moveaxis(w, (-1, -2), (0, 1)).astype(np.float64))
        tw = torch.tensor(kernel, requires_grad=True)
        conv = getattr(torch.nn.functional, f"conv{rank}d")
        padding = tuple(p[0] for p in at["padding"])
        ty = conv(tx, tw, None, at["stride"], padding, at["dilation"], at["groups"])
        ty.backward(torch.tensor(np.ascontiguousarray(np.moveaxis(g, -1, 1)).astype(np.float64)))
        wants = [
            np.moveaxis(ty.detach().numpy(), 1, -1),
            np.moveaxis(tx.grad.numpy(), 1, -1),
            np.moveaxis(tw.grad.numpy(), (0, 1), (-1, -2)),
        ]
        for got, want in zip(outputs, wants, strict=True):
            assert close(got, want), f"seed {seed}: {at}"


@pytest.mark.parametrize("seed", [3, 18, 41, 920])
def test_a_kernel_has_as_many_tasks_as_its_loops(seed: int) -> None:
    """Tasks beyond the loops' would write beyond the output: 920 once did."""
    *_, graph = on_both(seed)
    for call in lower(graph, Target()).calls:
        assert call.tasks == call.kernel.tasks, call.schedule
