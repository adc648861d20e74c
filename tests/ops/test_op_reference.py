"""Against PyTorch in float64: values and gradients, of convolutions and pools above all."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from op_samples import ConvCase, PoolCase, conv_cases, pool_cases

from tinygraph import ops
from tinygraph.evaluate import evaluate
from tinygraph.grad import gradients
from tinygraph.graph import Node, leaf, make
from tinygraph.ops.conv import ConvDataGradient
from tinygraph.types import float64

torch: Any = importlib.import_module("torch") if importlib.util.find_spec("torch") else None
pytestmark = pytest.mark.reference
quick = settings(suppress_health_check=list(HealthCheck))
many = settings(max_examples=2500, suppress_health_check=list(HealthCheck))
CONVS, POOLS = conv_cases(float64, channels=3), pool_cases(float64)


def channels_first(x: Any) -> Any:
    """N,space...,C  ->  N,C,space..."""
    return x.movedim(-1, 1)


def torch_kernel(w: Any) -> Any:
    """window...,C_in/groups,C_out  ->  C_out,C_in/groups,window..."""
    return w.movedim(-1, 0).movedim(-1, 1).contiguous()  # torch fails on some strides


def padded(x: Any, padding: tuple[tuple[int, int], ...], value: float = 0.0) -> Any:
    """Channels first; torch counts axes from the last one."""
    sides = [side for pair in reversed(padding) for side in pair]
    return torch.nn.functional.pad(x, sides, value=value)


def agree(
    ours: Callable[..., Node], theirs: Callable[..., Any], *shapes: tuple[int, ...], seed: int = 0
) -> None:
    """The same value and the same gradients of every input."""
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=s) for s in shapes]
    leaves = [leaf(a) for a in arrays]
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, expected = ours(*leaves), theirs(*tensors)
    upstream = rng.normal(size=y.shape)
    found = [g for g in gradients(y, leaves, leaf(upstream)) if g is not None]
    assert len(found) == len(leaves)
    wanted = torch.autograd.grad(expected, tensors, torch.tensor(upstream))
    pairs = zip(evaluate([y, *found]), [expected, *wanted], strict=True)
    for value, right in pairs:
        np.testing.assert_allclose(value, right.detach().numpy(), rtol=1e-10, atol=1e-10)


def torch_conv(case: ConvCase) -> Callable[..., Any]:
    conv = getattr(torch.nn.functional, f"conv{len(case.stride)}d")

    def run(x: Any, w: Any) -> Any:
        x = padded(channels_first(x), case.padding)
        y = conv(x, torch_kernel(w), None, case.stride, 0, case.dilation, case.groups)
        return y.movedim(1, -1)

    return run


def check_conv(case: ConvCase) -> None:
    def ours(x: Node, w: Node) -> Node:
        return ops.conv(x, w, *case.geometry)

    agree(ours, torch_conv(case), case.x.shape, case.w.shape)


def check_transposed(case: ConvCase) -> None:
    rank = len(case.stride)
    conv = getattr(torch.nn.functional, f"conv_transpose{rank}d")
    space = case.x.shape[1:-1]

    def ours(g: Node, w: Node) -> Node:
        return make(ConvDataGradient(*case.geometry, space=space), g, w)

    def theirs(g: Any, w: Any) -> Any:
        whole = conv(
            channels_first(g), torch_kernel(w), None, case.stride, 0, 0, case.groups, case.dilation
        )
        # Torch gives what the windows reach; here x ends where `space` says.
        ends = zip(case.padding, space, whole.shape[2:], strict=True)
        missing = tuple((0, max(p[0] + n - reached, 0)) for p, n, reached in ends)
        whole = padded(whole, missing)
        spans = zip(case.padding, space, strict=True)
        inner = tuple(slice(p[0], p[0] + n) for p, n in spans)
        return whole[(slice(None), slice(None), *inner)].movedim(1, -1)

    agree(ours, theirs, case.y.shape, case.w.shape)


def check_max_pool(case: PoolCase) -> None:
    rank = len(case.window)
    pool = getattr(torch.nn.functional, f"max_pool{rank}d")

    def theirs(x: Any) -> Any:
        x = padded(channels_first(x), case.padding, float("-inf"))
        return pool(x, case.window, case.stride).movedim(1, -1)

    agree(lambda x: ops.max_pool(x, *case.geometry), theirs, case.x.shape)


def check_sum_pool(case: PoolCase) -> None:
    channels, rank = case.x.shape[-1], len(case.window)
    conv = getattr(torch.nn.functional, f"conv{rank}d")
    ones = torch.ones((channels, 1, *case.window), dtype=torch.float64)

    def sums(x: Any) -> Any:
        x = padded(channels_first(x), case.padding)
        return conv(x, ones, None, case.stride, groups=channels).movedim(1, -1)

    agree(lambda x: ops.sum_pool(x, *case.geometry), sums, case.x.shape)
    agree(
        lambda x: ops.avg_pool(x, *case.geometry),
        lambda x: sums(x) / sums(torch.ones_like(x)),
        case.x.shape,
    )


@given(CONVS)
@quick
def test_conv(case: ConvCase) -> None:
    check_conv(case)


@given(CONVS)
@quick
def test_transposed_conv(case: ConvCase) -> None:
    check_transposed(case)


@given(POOLS)
@quick
def test_max_pool(case: PoolCase) -> None:
    check_max_pool(case)


@given(POOLS)
@quick
def test_sum_and_average_pool(case: PoolCase) -> None:
    check_sum_pool(case)


@pytest.mark.slow
@given(CONVS)
@many
def test_many_convs(case: ConvCase) -> None:
    check_conv(case)
    check_transposed(case)


@pytest.mark.slow
@given(POOLS)
@many
def test_many_pools(case: PoolCase) -> None:
    check_max_pool(case)
    check_sum_pool(case)


@pytest.mark.parametrize("window", [2, 3])
@pytest.mark.parametrize("padding", [0, 1])
def test_average_pool_leaves_padding_out(window: int, padding: int) -> None:
    def theirs(x: Any) -> Any:
        pool = torch.nn.functional.avg_pool2d
        y = pool(channels_first(x), window, 2, padding, count_include_pad=False)
        return y.movedim(1, -1)

    def ours(x: Node) -> Node:
        return ops.avg_pool(x, (window,) * 2, (2, 2), ((padding,) * 2,) * 2)

    agree(ours, theirs, (2, 7, 8, 3))


@pytest.mark.parametrize("ties", [False, True])
def test_max_unpool(ties: bool) -> None:
    """Torch counts positions in the plane, we in the window; in both the first one wins."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (2, 6, 8, 3)).astype(float) if ties else rng.normal(size=(2, 6, 8, 3))
    g = rng.normal(size=(2, 3, 4, 3))
    position = ops.max_pool_position(leaf(x), (2, 2))
    (found,) = evaluate([ops.max_unpool(leaf(g), position, (6, 8), (2, 2))])
    planes = torch.nn.functional.max_pool2d(
        channels_first(torch.tensor(x)), 2, return_indices=True
    )[1]
    right = torch.nn.functional.max_unpool2d(channels_first(torch.tensor(g)), planes, 2)
    np.testing.assert_array_equal(found, right.movedim(1, -1).numpy())


UNARY = ["exp", "tanh", "sigmoid", "relu", "sin", "cos", "floor"]


@pytest.mark.parametrize("name", UNARY)
def test_functions(name: str) -> None:
    if name == "floor":
        x = np.linspace(-3, 3, 25)
        (found,) = evaluate([ops.floor(leaf(x))])
        np.testing.assert_array_equal(found, torch.floor(torch.tensor(x)).numpy())
        return
    agree(getattr(ops, name), getattr(torch, name), (4, 5))


def test_matrix_products() -> None:
    agree(ops.matmul, torch.matmul, (3, 4), (4, 5))
    agree(ops.matmul, torch.matmul, (2, 3, 4, 5), (2, 3, 5, 2))


def test_powers_and_extremes() -> None:
    agree(lambda x, y: ops.exp(x) ** y, lambda x, y: torch.exp(x) ** y, (3, 4), (3, 4))
    agree(lambda x: x**5 - 2 / (x**2 + 1), lambda x: x**5 - 2 / (x**2 + 1), (3, 4))
    agree(ops.maximum, torch.maximum, (3, 4), (3, 4))
    agree(lambda x: ops.reduce_max(x, 1), lambda x: torch.amax(x, 1), (3, 4, 5))
    agree(lambda x: ops.reduce_min(x, (0, 2)), lambda x: torch.amin(x, (0, 2)), (3, 4, 5))


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_nearest_upsampling(rank: int) -> None:
    factors = (2, 3, 2)[:rank]

    def theirs(x: Any) -> Any:
        up = torch.nn.functional.interpolate(channels_first(x), scale_factor=factors)
        return up.movedim(1, -1)

    agree(lambda x: ops.upsample_nearest(x, factors), theirs, (2, *(3, 2, 4)[:rank], 2))
