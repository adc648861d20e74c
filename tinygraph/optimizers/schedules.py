"""Schedules: learning rates that follow from the number of steps done.

    optimizer = SGD(CosineDecay(0.1, decay_steps=1000))

A schedule is a function of the optimizer's `iterations`, an int32 scalar that is 0 at the first
step, and builds graph: so a jitted step computes its own rate, and a resumed run goes on with the
right one. Names and formulas are Keras's; they are computed in float64. One of one's own is any
function:

    SGD(lambda step: 0.1 / (1 + step.astype("float64")))
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tinygraph import functional as F
from tinygraph.errors import TinygraphError
from tinygraph.graph import origin_here, place_of, scope
from tinygraph.tensor import Tensor, as_tensor
from tinygraph.types import float64


@dataclass(frozen=True)
class Schedule:
    """A learning rate for each step: iterations (an integer scalar) -> float64 scalar."""

    def __call__(self, iterations: Any) -> Tensor:
        """The rate after `iterations` steps."""
        with scope(type(self).__name__.lower()):
            return self.rate(as_tensor(iterations).astype(float64))

    def rate(self, step: Tensor) -> Tensor:
        """What a subclass says: the rate, for the step as a float64."""
        raise NotImplementedError(f"{type(self).__name__} needs a rate(self, step)")


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """initial_learning_rate * decay_rate ** (step / decay_steps)

    With `staircase` the exponent is rounded down: one drop every `decay_steps`.
    """

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool = False

    def __post_init__(self) -> None:
        _need_steps(self, self.decay_steps)
        if not self.decay_rate > 0:
            _refuse(self, f"a decay_rate above 0, got {self.decay_rate!r}")

    def rate(self, step: Tensor) -> Tensor:
        exponent = _part(step, self.decay_steps, self.staircase)
        return self.initial_learning_rate * F.exp(exponent * math.log(self.decay_rate))


@dataclass(frozen=True)
class InverseTimeDecay(Schedule):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps)

    With `staircase` step / decay_steps is rounded down.
    """

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool = False

    def __post_init__(self) -> None:
        _need_steps(self, self.decay_steps)

    def rate(self, step: Tensor) -> Tensor:
        part = _part(step, self.decay_steps, self.staircase)
        return self.initial_learning_rate / (1 + self.decay_rate * part)


@dataclass(frozen=True)
class PolynomialDecay(Schedule):
    """From initial_learning_rate to end_learning_rate in `decay_steps`, and then that.

    (initial_learning_rate - end_learning_rate) * (1 - step / decay_steps) ** power
    + end_learning_rate. With `cycle` the end is moved to the next multiple of `decay_steps`
    whenever it is passed, so the rate jumps up again.
    """

    initial_learning_rate: float
    decay_steps: int
    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False

    def __post_init__(self) -> None:
        _need_steps(self, self.decay_steps)
        if not self.power > 0:
            _refuse(self, f"a power above 0, got {self.power!r}")

    def rate(self, step: Tensor) -> Tensor:
        if self.cycle:
            rounds = F.maximum(-F.floor(-step / self.decay_steps), 1.0)
            left = 1 - step / (rounds * self.decay_steps)
        else:
            left = 1 - F.minimum(step, float(self.decay_steps)) / self.decay_steps
        fall = self.initial_learning_rate - self.end_learning_rate
        return fall * (left if self.power == 1 else left**self.power) + self.end_learning_rate


@dataclass(frozen=True)
class PiecewiseConstantDecay(Schedule):
    """values[0] as long as step <= boundaries[0], then values[1] up to boundaries[1], and so on.

    There is one more value than boundaries, and the boundaries rise.
    """

    boundaries: Sequence[float]
    values: Sequence[float]

    def __post_init__(self) -> None:
        steps = list(self.boundaries)
        if len(self.values) != len(steps) + 1:
            _refuse(
                self,
                f"one more value than boundaries, got {len(steps)} boundaries "
                f"and {len(self.values)} values",
            )
        if any(b <= a for a, b in pairwise(steps)):
            _refuse(self, f"boundaries that rise, got {steps}")

    def rate(self, step: Tensor) -> Tensor:
        result = F.full((), float(self.values[0]), float64)
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            result = F.where(step > float(boundary), float(value), result)
        return result


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """Half a cosine from initial_learning_rate down to alpha * initial_learning_rate.

    initial_learning_rate * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha), and from
    decay_steps on its end. With a `warmup_target` the rate first rises evenly from
    initial_learning_rate to it in `warmup_steps`, and the cosine starts there and then.
    Sources: Loshchilov and Hutter, "SGDR" (2017); Goyal et al., "Accurate, large minibatch SGD"
    (2017) for the warm-up.
    """

    initial_learning_rate: float
    decay_steps: int
    alpha: float = 0.0
    warmup_target: float | None = None
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        _need_steps(self, self.decay_steps)
        if self.warmup_steps < 0:
            _refuse(self, f"warmup_steps of at least 0, got {self.warmup_steps!r}")
        if self.warmup_steps and self.warmup_target is None:
            _refuse(self, "a warmup_target= where there are warmup_steps")

    def rate(self, step: Tensor) -> Tensor:
        if self.warmup_target is None:
            return self._falling(step, self.initial_learning_rate)
        falling = self._falling(step - float(self.warmup_steps), self.warmup_target)
        if not self.warmup_steps:
            return falling
        rise = self.warmup_target - self.initial_learning_rate
        rising = self.initial_learning_rate + rise * (step / self.warmup_steps)
        return F.where(step < float(self.warmup_steps), rising, falling)

    def _falling(self, step: Tensor, start: float) -> Tensor:
        part = F.minimum(step, float(self.decay_steps)) / self.decay_steps
        cosine = (1 + F.cos(part * math.pi)) / 2
        return start * ((1 - self.alpha) * cosine + self.alpha)


def _part(step: Tensor, decay_steps: int, staircase: bool) -> Tensor:
    part = step / decay_steps
    return F.floor(part) if staircase else part


def _need_steps(schedule: Schedule, decay_steps: float) -> None:
    if not decay_steps > 0:
        _refuse(schedule, f"decay_steps above 0, got {decay_steps!r}")


def _refuse(schedule: Schedule, needs: str) -> None:
    raise TinygraphError(f"{type(schedule).__name__} needs {needs}{place_of(origin_here())}")
