"""Layers that bring data to a range: they stand at the beginning of a model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tinygraph import functional
from tinygraph.errors import DataError, DtypeError, ShapeError, TinygraphError
from tinygraph.nn.layers.checks import here, shown, who
from tinygraph.nn.layers.one_input import OneInput
from tinygraph.nn.structure import leaves
from tinygraph.nn.symbol import Shape
from tinygraph.tensor import Tensor, as_tensor


class Rescaling(OneInput):
    """x * scale + offset: Rescaling(1 / 255) brings bytes to 0..1. Whole numbers become floats."""

    def __init__(self, scale: Any, offset: Any = 0.0, **options: Any) -> None:
        super().__init__(**options)
        for value in (scale, offset):
            if np.asarray(value).dtype.kind not in "iuf":
                raise DtypeError(f"{who(self)} takes numbers, got {value!r}{here()}")
        self.scale = scale
        self.offset = offset

    def call(self, x: Any) -> Tensor:
        x = as_tensor(x)
        if not x.dtype.is_float:
            x = x.astype(self.dtype)
        scale, offset = (
            value if isinstance(value, int | float) else np.asarray(value, x.dtype.numpy)
            for value in (self.scale, self.offset)
        )
        return x * scale + offset


class Normalization(OneInput):
    """(x - mean) / max(sqrt(variance), 1e-7), with numbers that are given or taken from data.

    `adapt(data)` takes mean and variance of the data along all axes but `axis`; without an axis
    (None) they are one number each. `invert` computes x * sqrt(variance) + mean instead. They are
    state: saved with the weights, and not trained.
    """

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.axis = axis
        self.invert = invert
        self._given = None if mean is None else (mean, variance)
        if (mean is None) != (variance is None):
            raise TinygraphError(f"{who(self)} needs both mean and variance, or neither{here()}")

    def build(self, shape: Any) -> None:
        kept = self._kept(shape)
        extents = [n if axis in kept else 1 for axis, n in enumerate(shape)]
        self.mean = self.add_weight(extents, "zeros", False, "mean")
        self.variance = self.add_weight(extents, "ones", False, "variance")
        if self._given is not None:
            self._set(*self._given)

    def adapt(self, data: Any) -> None:
        """Takes mean and variance of all of `data`: an array, or batches (x, or tuples (x, ...)).

        Raises a `DataError` if it holds nothing, or NaN.
        """
        count, mean, distance, shape = 0, None, None, None
        for batch in _arrays(data):
            shape = batch.shape
            over = tuple(k for k in range(batch.ndim) if k not in self._kept(shape))
            more = math.prod(shape[k] for k in over)
            if not more:
                continue
            center = batch.mean(over, keepdims=True)
            spread = np.square(batch - center).sum(over, keepdims=True)
            if mean is None or distance is None:
                count, mean, distance = more, center, spread
                continue
            moved, both = center - mean, count + more
            distance = distance + spread + np.square(moved) * (count * more / both)
            mean, count = mean + moved * (more / both), both
        if shape is None or mean is None or distance is None:
            raise DataError(f"{who(self)}: there is no data to adapt to{here()}")
        if not (np.isfinite(mean).all() and np.isfinite(distance).all()):
            raise DataError(f"{who(self)}: the data to adapt to holds NaN or infinity{here()}")
        if not self.built:
            self.build((None, *shape[1:]))
            self.built = True
        self._set(mean, distance / count)

    def fixed_axes(self, shape: Shape) -> Sequence[int]:
        return self._kept(shape)

    def call(self, x: Any) -> Tensor:
        x = as_tensor(x)
        if not x.dtype.is_float:
            x = x.astype(self.dtype)
        spread = functional.sqrt(self.variance)
        if self.invert:
            return x * spread + self.mean
        return (x - self.mean) / functional.maximum(spread, 1e-7)

    def _set(self, mean: Any, variance: Any) -> None:
        for parameter, value in ((self.mean, mean), (self.variance, variance)):
            numbers = np.asarray(value, np.float64)
            if numbers.size not in (1, parameter.size):
                raise ShapeError(
                    f"{who(self)} needs one number, or {parameter.size}, for mean and variance, "
                    f"got {numbers.size}{here()}"
                )
            whole = np.broadcast_to(numbers.reshape(-1), (parameter.size,))
            parameter.assign(whole.reshape(parameter.shape).astype(parameter.dtype.numpy))

    def _kept(self, shape: Any) -> tuple[int, ...]:
        """The axes that keep numbers of their own."""
        if self.axis is None:
            return ()
        listed = (self.axis,) if isinstance(self.axis, int) else tuple(self.axis)
        axes = tuple(axis + len(shape) if axis < 0 else axis for axis in listed)
        if not all(0 < axis < len(shape) and shape[axis] is not None for axis in axes):
            raise ShapeError(
                f"{who(self)} keeps axes after the batch that are known, got axis={self.axis} "
                f"for {shown(tuple(shape))}{here()}"
            )
        return axes


def _arrays(data: Any) -> Iterable[np.ndarray]:
    """The batches of x in `data`, in float64."""
    if isinstance(data, Tensor):
        data = data.numpy()
    if isinstance(data, list) and not any(hasattr(each, "shape") for each in leaves(data)):
        data = np.asarray(data)
    if isinstance(data, np.ndarray):
        data = [data]
    for batch in data:
        x = batch[0] if isinstance(batch, tuple) else batch
        yield np.asarray(x.numpy() if isinstance(x, Tensor) else x, np.float64)
