"""The arrays of the lectures, and how the tests of section 1 compute on both backends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygraph as tg

X = [[5, 4, 3, 8, 2], [8, 1, 2, 4, 1], [1, 7, 3, 2, 6], [2, 4, 0, 1, 4], [3, 1, 7, 3, 2]]
K = [[1, 0, 1], [0, 2, 1], [0, 0, 2]]
P = [
    [194, 194, 194, 120, 138],
    [1, 1, 1, 173, 132],
    [227, 179, 56, 16, 144],
    [34, 75, 52, 9, 175],
    [38, 52, 50, 8, 180],
]
CHANNELS = [
    [[2, 3, 1], [1, 1, 2], [3, 3, 2]],
    [[1, 0, 1], [0, 2, 1], [0, 0, 2]],
    [[2, 1, 3], [1, 2, 1], [1, 0, 0]],
]
KERNELS = [[[1, 1], [0, 2]], [[1, 0], [1, 1]], [[1, 1], [2, 2]]]

both_backends = pytest.mark.parametrize("backend", ["numpy", "llvm"])


def image(values: Any) -> tg.Tensor:
    """One image with one channel: 1,space...,1"""
    return tg.tensor(np.array(values, np.float32)[None, ..., None])


def kernel(values: Any) -> tg.Tensor:
    """From one channel to one: window...,1,1"""
    return tg.tensor(np.array(values, np.float32)[..., None, None])


def compiled(backend: str, fn: Callable[..., Any], *args: Any) -> Any:
    """fn(*args), compiled by the backend."""
    return tg.jit(fn, backend=backend)(*args)


def plain(y: tg.Tensor) -> list:
    """The image as a list, its batch and channel axes left out."""
    return y.numpy()[0, ..., 0].tolist()
