"""Gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygraph.errors import GradientError
from tinygraph.functional import sum
from tinygraph.grad import grad
from tinygraph.tensor import Tensor, as_tensor, from_array


def check_grads(
    fn: Callable[..., Any],
    inputs: Sequence[Any],
    order: int = 2,
    step: float = 1e-5,
    tolerance: float = 1e-4,
    seed: int = 0,
) -> None:
    """Compares the gradients of `fn`, up to `order`, with finite differences in random directions.

    `fn` maps tensors to a tensor; everything is computed in float64. A `GradientError` says by how
    much they differ. `inputs` must stay clear of kinks by more than `step`; integer inputs are held
    still.
    """
    arrays = [np.asarray(as_tensor(x).numpy()) for x in inputs]
    points = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]
    moving = [k for k, a in enumerate(points) if a.dtype.kind == "f"]
    if not moving:
        raise GradientError("check_grads needs at least one float input")
    _check(fn, points, moving, 1, order, step, tolerance, np.random.default_rng(seed))


def _check(
    fn: Callable[..., Any],
    points: list[np.ndarray],
    moving: list[int],
    now: int,
    order: int,
    step: float,
    tolerance: float,
    rng: np.random.Generator,
) -> None:
    weights = rng.normal(size=_call(fn, points).shape)
    directions = {k: rng.normal(size=points[k].shape) for k in moving}

    def slope(*tensors: Tensor) -> Tensor:
        """The derivative in the direction: a scalar, of the gradients that are to be checked."""
        xs = [tensors[k] for k in moving]
        found = grad(sum(fn(*tensors) * weights), xs)
        total = sum(found[0] * directions[moving[0]])
        for k, g in zip(moving[1:], found[1:]):
            total = total + sum(g * directions[k])
        return total

    def along(distance: float) -> float:
        moved = [
            p + distance * directions[k] if k in directions else p for k, p in enumerate(points)
        ]
        return float(np.sum(_call(fn, moved).numpy() * weights))

    expected = (along(step) - along(-step)) / (2 * step)
    got = float(slope(*map(from_array, points)))
    if not abs(got - expected) <= tolerance * max(1.0, abs(expected)):
        raise GradientError(
            f"gradient of order {now}: {got:.9g} along a random direction, "
            f"finite differences give {expected:.9g}"
        )
    if now < order:
        _check(slope, points, moving, now + 1, order, step, tolerance, rng)


def _call(fn: Callable[..., Any], points: list[np.ndarray]) -> Tensor:
    result = fn(*map(from_array, points))
    if not isinstance(result, Tensor) or not result.dtype.is_float:
        raise GradientError(
            f"check_grads needs a function that returns a float tensor, got {result}"
        )
    return result
