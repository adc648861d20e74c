"""The same functions in torch, with our layouts: channels last, windows first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from reference_cases import STEPS, Case, Descent, Pairs, valley
from torch.optim import SGD as SGD
from torch.optim import Adam as Adam

leaky_relu, elu, where, concatenate = F.leaky_relu, F.elu, torch.where, torch.concatenate


def value_and_gradients(
    case: Case, arrays: Sequence[np.ndarray], upstream: Callable[[Sequence[int]], np.ndarray]
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """The value, the gradient that comes in, and the gradients of the float inputs."""
    tensors = [
        torch.tensor(a, requires_grad=True) if a.dtype.kind == "f" else torch.tensor(a).long()
        for a in arrays
    ]
    y = case.theirs(_this(), *tensors)
    g = upstream(tuple(y.shape))
    floats = [t for t in tensors if t.requires_grad]
    found = torch.autograd.grad(y, floats, torch.tensor(g))
    return y.detach().numpy(), g, [each.numpy() for each in found]


def path(descent: Descent, start: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Where the optimizer is after each step."""
    x = torch.tensor(start, requires_grad=True)
    optimizer = descent.theirs(_this(), [x])
    places = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        valley(x, torch.tensor(width)).backward()
        optimizer.step()
        places.append(x.detach().numpy().copy())
    return np.stack(places)


def _this() -> Any:
    import reference_torch

    return reference_torch


def conv(x: Any, w: Any, pairs: Pairs, stride: int, dilation: int, groups: int) -> Any:
    function = getattr(F, f"conv{x.ndim - 2}d")
    kernel = w.movedim(-1, 0).movedim(-1, 1).contiguous()
    return _last(function(_first(_padded(x, pairs)), kernel, None, stride, 0, dilation, groups))


def conv_transpose(
    x: Any, w: Any, stride: int, padding: int, extra: int, dilation: int, groups: int
) -> Any:
    kernel = w.movedim(-1, 0).movedim(-1, 0).contiguous()
    y = F.conv_transpose2d(_first(x), kernel, None, stride, padding, extra, groups, dilation)
    return _last(y)


def max_pool(x: Any, window: int, stride: int, pairs: Pairs) -> Any:
    return _last(F.max_pool2d(_first(_padded(x, pairs, float("-inf"))), window, stride))


def avg_pool(x: Any, window: int, stride: int, pairs: Pairs) -> Any:
    (padding,) = {side for pair in pairs for side in pair}
    return _last(F.avg_pool2d(_first(x), window, stride, padding, count_include_pad=False))


def upsample(x: Any, factor: int) -> Any:
    return _last(F.interpolate(_first(x), scale_factor=factor, mode="nearest"))


def cross_entropy(x: Any, labels: Any, reduction: str = "mean") -> Any:
    return F.cross_entropy(x.movedim(-1, 1), labels, reduction=reduction)


def batch_norm(x: Any, gamma: Any, beta: Any, training: bool) -> Any:
    mean, variance = (torch.tensor(v, dtype=x.dtype) for v in ([0.25, -0.5], [1.5, 0.75]))
    return _last(F.batch_norm(_first(x), mean, variance, gamma, beta, training, eps=1e-3))


def pad(x: Any, pairs: Pairs, value: float = 0.0) -> Any:
    return F.pad(x, [side for pair in reversed(pairs) for side in pair], value=value)


def _padded(x: Any, pairs: Pairs, value: float = 0.0) -> Any:
    return pad(x, ((0, 0), *pairs, (0, 0)), value)


def _first(x: Any) -> Any:
    """N,space...,C  ->  N,C,space..."""
    return x.movedim(-1, 1)


def _last(x: Any) -> Any:
    return x.movedim(1, -1)
