"""Activations, 3-D pools and convolutions against PyTorch, with gradients, on both backends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygraph as tg

pytestmark = pytest.mark.reference
BACKENDS = ["numpy", "llvm"]

# ours, torch's (given torch.nn.functional)
ACTIVATIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "leaky_relu .1": (lambda x: tg.leaky_relu(x, 0.1), lambda F, x: F.leaky_relu(x, 0.1)),
    "elu": (tg.elu, lambda F, x: F.elu(x)),
    "selu": (tg.selu, lambda F, x: F.selu(x)),
    "softplus": (tg.softplus, lambda F, x: F.softplus(x)),
    "softsign": (tg.softsign, lambda F, x: F.softsign(x)),
    "silu": (tg.silu, lambda F, x: F.silu(x)),
    "swish": (tg.swish, lambda F, x: F.silu(x)),
    "mish": (tg.mish, lambda F, x: F.mish(x)),
    "gelu": (tg.gelu, lambda F, x: F.gelu(x)),
    "gelu tanh": (lambda x: tg.gelu(x, True), lambda F, x: F.gelu(x, approximate="tanh")),
    "relu6": (tg.relu6, lambda F, x: F.relu6(x)),
    # the gradient of torch's own hardsigmoid is 1/6 in single precision, also in double
    "hard_sigmoid": (tg.hard_sigmoid, lambda F, x: F.relu6(x + 3) / 6),
    "hard_silu": (tg.hard_silu, lambda F, x: F.hardswish(x)),
    "erf": (tg.erf, lambda F, x: x.erf()),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name: str, backend: str) -> None:
    import torch

    fn, theirs = ACTIVATIONS[name]
    x = np.concatenate([np.linspace(-9.03, 9.02, 301), [0.25, -0.5]])
    t = torch.tensor(x, requires_grad=True)
    y = theirs(torch.nn.functional, t)
    (slope,) = torch.autograd.grad(y.sum(), t)

    def both(x: tg.Tensor) -> tuple[tg.Tensor, tg.Tensor]:
        y = fn(x)
        return y, tg.grad(y.sum(), x)

    value, gradient = tg.jit(both, backend=backend)(tg.tensor(x))
    np.testing.assert_allclose(value.numpy(), y.detach().numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(gradient.numpy(), slope.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_of_huge_numbers(name: str, backend: str) -> None:
    import torch

    fn, theirs = ACTIVATIONS[name]
    x = np.array([-1e4, -200.0, 200.0, 1e4])
    y = theirs(torch.nn.functional, torch.tensor(x))
    value = tg.jit(fn, backend=backend)(tg.tensor(x)).numpy()
    np.testing.assert_allclose(value, y.numpy(), rtol=1e-12, atol=1e-80)


def first(x: Any) -> Any:
    """N,space...,C as torch's N,C,space..."""
    return np.moveaxis(x, -1, 1)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(
    ("stride", "padding", "extra", "dilation", "groups"),
    [(1, 0, 0, 1, 1), (2, 1, 1, 1, 1), (3, 0, 2, 1, 2), (2, 1, 0, 2, 2)],
)
def test_transposed_convolution(
    backend: str, rank: int, stride: int, padding: int, extra: int, dilation: int, groups: int
) -> None:
    import torch

    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(2, *(3, 4, 2)[:rank], 4)), rng.normal(size=(*(3, 2, 3)[:rank], 4, 2))
    t = torch.tensor(first(x))
    u = torch.tensor(np.moveaxis(w, (-2, -1), (0, 1)).copy())
    theirs = getattr(torch.nn.functional, f"conv_transpose{rank}d")
    want = theirs(t, u, None, stride, padding, extra, groups, dilation).numpy()
    ours = getattr(tg, f"conv_transpose{rank}d")
    fn = tg.jit(lambda x, w: ours(x, w, stride, padding, extra, dilation, groups), backend=backend)
    got = fn(tg.tensor(x), tg.tensor(w)).numpy()
    np.testing.assert_allclose(first(got), want, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(("window", "stride", "padding"), [(2, None, 0), (3, 2, 1), (2, 1, 0)])
def test_pools(backend: str, rank: int, window: int, stride: int | None, padding: int) -> None:
    import torch

    x = np.random.default_rng(4).permutation(480.0 * np.linspace(0, 1, 480)).reshape(2, 6, 5, 4, 2)
    x = x[:, :, 0, 0] if rank == 1 else x[:, :, :, 0] if rank == 2 else x
    t = torch.tensor(first(x).copy())
    F = torch.nn.functional
    best, place = getattr(F, f"max_pool{rank}d")(t, window, stride, padding, return_indices=True)
    mean = getattr(F, f"avg_pool{rank}d")(t, window, stride, padding, count_include_pad=False)

    def ours(x: tg.Tensor) -> tuple[tg.Tensor, ...]:
        y = getattr(tg, f"max_pool{rank}d")(x, window, stride, padding)
        at = getattr(tg, f"max_pool_position{rank}d")(x, window, stride, padding)
        unpool = getattr(tg, f"max_unpool{rank}d")
        back = unpool(tg.ones_like(y), at, x.shape[1:-1], window, stride, padding)
        return (
            y,
            getattr(tg, f"avg_pool{rank}d")(x, window, stride, padding),
            back,
            getattr(tg, f"global_max_pool{rank}d")(x),
            getattr(tg, f"global_avg_pool{rank}d")(x),
        )

    y, average, back, top, middle = tg.jit(ours, backend=backend)(tg.tensor(x))
    np.testing.assert_allclose(first(y.numpy()), best.numpy())
    np.testing.assert_allclose(first(average.numpy()), mean.numpy())
    np.testing.assert_allclose(top.numpy(), t.flatten(2).amax(2).numpy())
    np.testing.assert_allclose(middle.numpy(), t.flatten(2).mean(2).numpy())
    # how often each element won: torch's own unpooling puts overlapping winners there once
    won = np.zeros((2, 2, t[0, 0].numel()))
    for n, c in np.ndindex(2, 2):
        np.add.at(won[n, c], place[n, c].ravel().numpy(), 1)
    np.testing.assert_allclose(first(back.numpy()).reshape(won.shape), won)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rank", [1, 2])
def test_separable_convolution(backend: str, rank: int) -> None:
    import torch

    rng = np.random.default_rng(5)
    x, d = rng.normal(size=(2, *(6, 5)[:rank], 3)), rng.normal(size=(*(3, 2)[:rank], 3, 2))
    p = rng.normal(size=(*(1, 1)[:rank], 6, 4))
    conv = getattr(torch.nn.functional, f"conv{rank}d")
    each = torch.tensor(np.moveaxis(d.reshape(*d.shape[:-2], 1, 6), (-1, -2), (0, 1)).copy())
    mix = torch.tensor(np.moveaxis(p, (-1, -2), (0, 1)).copy())
    want = conv(conv(torch.tensor(first(x)), each, None, 2, 1, 1, 3), mix).numpy()
    ours = getattr(tg, f"separable_conv{rank}d")
    fn = tg.jit(lambda x, d, p: ours(x, d, p, 2, 1), backend=backend)
    got = fn(*map(tg.tensor, (x, d, p))).numpy()
    np.testing.assert_allclose(first(got), want, rtol=1e-10, atol=1e-12)
