"""What weights are before training: functions of a shape and NumPy's random generator.

Names and formulas are Keras's. A kernel's last two axes are the channels that come in and go out;
those before them are its window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from tinygraph.errors import TinygraphError

Initializer = Callable[[Sequence[int], np.random.Generator], np.ndarray]


def zeros(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """All 0."""
    return np.zeros(shape)


def ones(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """All 1."""
    return np.ones(shape)


def glorot_uniform(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Even between -a and a with a = sqrt(6 / (fan_in + fan_out)).

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks" (2010).
    """
    fan_in, fan_out = fans(shape)
    return _even(shape, rng, 6 / max(1, fan_in + fan_out))


def glorot_normal(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Normal with variance 2 / (fan_in + fan_out), cut off at two standard deviations."""
    fan_in, fan_out = fans(shape)
    return _normal(shape, rng, 2 / max(1, fan_in + fan_out))


def he_uniform(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Even between -a and a with a = sqrt(6 / fan_in).

    Source: He et al., "Delving deep into rectifiers" (2015).
    """
    return _even(shape, rng, 6 / max(1, fans(shape)[0]))


def he_normal(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Normal with variance 2 / fan_in, cut off at two standard deviations."""
    return _normal(shape, rng, 2 / max(1, fans(shape)[0]))


def random_normal(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Normal with standard deviation .05."""
    return rng.normal(0.0, 0.05, shape)


def random_uniform(shape: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Even between -.05 and .05."""
    return rng.uniform(-0.05, 0.05, shape)


INITIALIZERS: dict[str, Initializer] = {
    fn.__name__: fn
    for fn in (
        zeros,
        ones,
        glorot_uniform,
        glorot_normal,
        he_uniform,
        he_normal,
        random_normal,
        random_uniform,
    )
}


def find_initializer(initializer: str | Initializer) -> Initializer:
    """The function for a name; a function stays what it is."""
    if not isinstance(initializer, str):
        return initializer
    if initializer not in INITIALIZERS:
        known = ", ".join(INITIALIZERS)
        raise TinygraphError(
            f"there is no initializer {initializer!r}; there are {known}, "
            "or give a function of (shape, rng)"
        )
    return INITIALIZERS[initializer]


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """How many numbers one output is made of, and in how many outputs one number is used."""
    if len(shape) < 2:
        size = math.prod(shape)
        return size, size
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def _even(shape: Sequence[int], rng: np.random.Generator, square: float) -> np.ndarray:
    bound = math.sqrt(square)
    return rng.uniform(-bound, bound, shape)


CUT_NORMAL = 0.87962566103423978
"""The standard deviation of a normal number that is drawn again beyond two of them."""


def _normal(shape: Sequence[int], rng: np.random.Generator, variance: float) -> np.ndarray:
    values = rng.normal(size=shape)
    while (far := np.abs(values) > 2).any():
        values[far] = rng.normal(size=int(far.sum()))
    return values * (math.sqrt(variance) / CUT_NORMAL)
