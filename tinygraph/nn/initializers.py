"""What weights are before training: functions of a shape and NumPy's random generator.

    Dense(10, kernel_initializer="he_normal")
    Dense(10, kernel_initializer=RandomNormal(stddev=0.01))
    Dense(10, kernel_initializer=lambda shape, rng: rng.normal(size=shape))

Names and formulas are Keras's. A kernel's last two axes are the channels that come in and go out;
those before them are its window. The numbers follow from the seed of the layer or model; an
initializer with a `seed` of its own gives every weight of one shape the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygraph.errors import ShapeError, TinygraphError
from tinygraph.graph import origin_here, place_of
from tinygraph.losses.names import plain
from tinygraph.nn.variance import DISTRIBUTIONS, MODES, cut_normal
from tinygraph.nn.variance import fans as fans
from tinygraph.saving.remembered import Remembered

Function = Callable[[Sequence[int], np.random.Generator], Any]


@dataclass(frozen=True)
class Initializer(Remembered):
    """First values for a weight: (shape, rng) -> array."""

    def __call__(self, shape: Sequence[int], rng: np.random.Generator | None = None) -> np.ndarray:
        """An array of `shape`; `rng` gives the numbers where there is no seed."""
        seed = getattr(self, "seed", None)
        if seed is not None or rng is None:
            rng = np.random.default_rng(seed)
        return self.draw(tuple(shape), rng)

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """What a subclass says: the values."""
        raise NotImplementedError(f"{type(self).__name__} needs a draw(self, shape, rng)")


def _need(initializer: Initializer, name: str, sound: bool, what: str) -> None:
    if not sound:
        raise TinygraphError(
            f"{type(initializer).__name__} needs {name}= {what}, "
            f"got {getattr(initializer, name)!r}{place_of(origin_here())}"
        )


@dataclass(frozen=True)
class Zeros(Initializer):
    """All 0."""

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return np.zeros(shape)


@dataclass(frozen=True)
class Ones(Initializer):
    """All 1."""

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return np.ones(shape)


@dataclass(frozen=True)
class Constant(Initializer):
    """All `value`: a number, or what NumPy can spread over the shape."""

    value: Any = 0.0

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        values = np.asarray(self.value)
        try:
            return np.broadcast_to(values, shape).copy()
        except ValueError:
            raise ShapeError(
                f"Constant has values of shape {list(values.shape)}, for a weight of {list(shape)}"
            ) from None


@dataclass(frozen=True)
class RandomNormal(Initializer):
    """Normal with this mean and standard deviation."""

    mean: float = 0.0
    stddev: float = 0.05
    seed: int | None = None

    def __post_init__(self) -> None:
        _need(self, "stddev", self.stddev >= 0, "of at least 0")

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return rng.normal(self.mean, self.stddev, shape)


@dataclass(frozen=True)
class TruncatedNormal(RandomNormal):
    """Normal, but what lies beyond two standard deviations is drawn again."""

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return self.mean + cut_normal(shape, rng) * self.stddev


@dataclass(frozen=True)
class RandomUniform(Initializer):
    """Even between `minval` and `maxval`."""

    minval: float = -0.05
    maxval: float = 0.05
    seed: int | None = None

    def __post_init__(self) -> None:
        _need(self, "maxval", self.minval <= self.maxval, f"of at least minval, {self.minval}")

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        return rng.uniform(self.minval, self.maxval, shape)


@dataclass(frozen=True)
class VarianceScaling(Initializer):
    """Mean 0 and variance scale / n, so that what passes a layer keeps its size.

    n is `fans(shape)[0]` for the mode "fan_in", [1] for "fan_out", their mean for "fan_avg". The
    distribution is "truncated_normal", cut off at two standard deviations of the uncut one,
    "untruncated_normal" or "uniform".
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "truncated_normal"
    seed: int | None = None

    def __post_init__(self) -> None:
        _need(self, "scale", self.scale > 0, "above 0")
        _need(self, "mode", self.mode in MODES, f"out of {', '.join(MODES)}")
        kinds = ", ".join(DISTRIBUTIONS)
        _need(self, "distribution", self.distribution in DISTRIBUTIONS, f"out of {kinds}")

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        n = max(1.0, MODES[self.mode](*fans(shape)))
        return DISTRIBUTIONS[self.distribution](shape, rng, self.scale, n)


class GlorotUniform(VarianceScaling):
    """Even between -a and a with a = sqrt(6 / (fan_in + fan_out)).

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks" (2010).
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Normal with variance 2 / (fan_in + fan_out), cut off at two standard deviations."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Even between -a and a with a = sqrt(6 / fan_in).

    Source: He et al., "Delving deep into rectifiers" (2015).
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """Normal with variance 2 / fan_in, cut off at two standard deviations."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Even between -a and a with a = sqrt(3 / fan_in).

    Source: LeCun et al., "Efficient backprop" (1998).
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Normal with variance 1 / fan_in, cut off at two standard deviations."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


@dataclass(frozen=True)
class Orthogonal(Initializer):
    """A random matrix whose columns (or rows, if they are fewer) are orthogonal, of length `gain`.

    The last axis is the matrix's second, those before it together the first. Source: Saxe et al.,
    "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks" (2014).
    """

    gain: float = 1.0
    seed: int | None = None

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        if len(shape) < 2:
            raise ShapeError(f"Orthogonal needs a weight of two axes or more, got {list(shape)}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # else not every matrix is equally likely
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


@dataclass(frozen=True)
class IdentityInitializer(Initializer):
    """`gain` on the diagonal of a matrix, 0 elsewhere."""

    gain: float = 1.0

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        if len(shape) != 2:
            raise ShapeError(f"Identity needs a weight of two axes, got {list(shape)}")
        return self.gain * np.eye(*shape)


Identity = IdentityInitializer
"""Keras's shorter name; a layer is called so too."""


zeros = Zeros
ones = Ones
constant = Constant
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
glorot_uniform = GlorotUniform
glorot_normal = GlorotNormal
he_uniform = HeUniform
he_normal = HeNormal
lecun_uniform = LecunUniform
lecun_normal = LecunNormal
orthogonal = Orthogonal
identity = IdentityInitializer

INITIALIZERS: dict[str, Initializer] = {
    name: kind()
    for name, kind in globals().items()
    if name.islower() and isinstance(kind, type) and issubclass(kind, Initializer)
}
"""What a name stands for."""


def find_initializer(initializer: Any) -> Function:
    """The function for a name in any case, or for a class; a function stays what it is."""
    if isinstance(initializer, str):
        key = plain(initializer)
        for name, found in INITIALIZERS.items():
            if plain(name) == key:
                return found
    elif isinstance(initializer, type) and issubclass(initializer, Initializer):
        return initializer()
    elif callable(initializer):
        return initializer
    known = ", ".join(INITIALIZERS)
    raise TinygraphError(
        f"there is no initializer {initializer!r}; there are {known}, "
        f"or give a function of (shape, rng){place_of(origin_here())}"
    )
