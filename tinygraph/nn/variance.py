"""How large first weights are: fans, and numbers of a given variance around 0."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """How many numbers one output is made of, and in how many outputs one number is used."""
    if len(shape) < 2:
        size = math.prod(shape)
        return size, size
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


CUT_NORMAL = 0.87962566103423978
"""The standard deviation of a normal number that is drawn again beyond two of them."""


def cut_normal(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Standard normal numbers; those beyond 2 are drawn again."""
    values = np.asarray(rng.normal(size=shape))
    while (far := np.abs(values) > 2).any():
        values[far] = rng.normal(size=int(far.sum()))
    return values


def _even(shape: Sequence[int], rng: np.random.Generator, scale: float, n: float) -> np.ndarray:
    bound = math.sqrt(3 * scale / n)
    return rng.uniform(-bound, bound, shape)


def _cut(shape: Sequence[int], rng: np.random.Generator, scale: float, n: float) -> np.ndarray:
    return cut_normal(shape, rng) * (math.sqrt(scale / n) / CUT_NORMAL)


def _uncut(shape: Sequence[int], rng: np.random.Generator, scale: float, n: float) -> np.ndarray:
    return rng.normal(0.0, math.sqrt(scale / n), shape)


MODES: dict[str, Callable[[int, int], float]] = {
    "fan_in": lambda fan_in, fan_out: fan_in,
    "fan_out": lambda fan_in, fan_out: fan_out,
    "fan_avg": lambda fan_in, fan_out: (fan_in + fan_out) / 2,
}
DISTRIBUTIONS: dict[str, Callable[..., np.ndarray]] = {
    "truncated_normal": _cut,
    "untruncated_normal": _uncut,
    "uniform": _even,
}
