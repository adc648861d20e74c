"""Layers that give the elements of each example another order or shape."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from tinygraph import functional
from tinygraph.errors import ShapeError
from tinygraph.functional.arguments import whole
from tinygraph.nn.layers.checks import check_format, here, shown, who
from tinygraph.nn.layers.one_input import OneInput
from tinygraph.tensor import Tensor, as_tensor


class Flatten(OneInput):
    """Each example as one row: N,... -> N,size"""

    def __init__(self, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        check_format(self, data_format)

    def call(self, x: Any) -> Tensor:
        if len(x.shape) == 1:  # one number an example
            return functional.expand_dims(x, 1)
        return functional.flatten(x, 1)


class Reshape(OneInput):
    """Each example in another shape, its elements in the same order; one extent may be -1."""

    def __init__(self, target_shape: Sequence[int] | int, **options: Any) -> None:
        super().__init__(**options)
        several = target_shape if isinstance(target_shape, list | tuple) else (target_shape,)
        self.target_shape = tuple(whole(n, f"{who(self)}: target_shape") for n in several)
        if any(n < -1 for n in self.target_shape) or self.target_shape.count(-1) > 1:
            raise ShapeError(
                f"{who(self)}: target_shape has extents of at least 0 and at most one -1, "
                f"got {target_shape}{here()}"
            )

    def call(self, x: Any) -> Tensor:
        free, given = -1 in self.target_shape, prod(x.shape[1:])
        size = abs(prod(self.target_shape))  # of what is not free
        if (free and (size == 0 or given % size)) or (not free and given != size):
            extents = str(list(self.target_shape)).replace(" ", "")
            which = f"so no extent fits for -1 in {extents}" if free else f"{extents} has {size}"
            raise ShapeError(
                f"{who(self)}: an example of {shown(tuple(x.shape))} has {given} elements, {which}"
                f"{here()}"
            )
        return functional.reshape(x, (x.shape[0], *self.target_shape))


class Permute(OneInput):
    """The axes of each example in another order: `dims` counts them from 1.

    Permute((2, 3, 1)) makes N,H,W,C of N,C,H,W.
    """

    def __init__(self, dims: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        self.dims = tuple(whole(n, f"{who(self)}: dims") for n in dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ShapeError(
                f"{who(self)} needs each of the axes 1 to {len(self.dims)} once, "
                f"got dims={self.dims}{here()}"
            )

    def call(self, x: Any) -> Tensor:
        if len(x.shape) != len(self.dims) + 1:
            raise ShapeError(
                f"{who(self)} has dims={self.dims} for examples with {len(self.dims)} axes, "
                f"got {shown(tuple(x.shape))}{here()}"
            )
        return functional.permute(x, (0, *self.dims))


class RepeatVector(OneInput):
    """Each example n times: N,C -> N,n,C"""

    def __init__(self, n: int, **options: Any) -> None:
        super().__init__(**options)
        self.n = whole(n, f"{who(self)}: n")
        if self.n < 1:
            raise ShapeError(f"{who(self)} needs n of at least 1, got {n}{here()}")

    def call(self, x: Any) -> Tensor:
        if len(x.shape) != 2:
            raise ShapeError(f"{who(self)} needs [N,C], got {shown(tuple(x.shape))}{here()}")
        batch, channels = x.shape
        return functional.broadcast_to(functional.expand_dims(x, 1), (batch, self.n, channels))


class Identity(OneInput):
    """x as it is."""

    def call(self, x: Any) -> Tensor:
        return as_tensor(x)
