"""Layers that move elements, and those that take several inputs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from tinygraph import functional
from tinygraph.errors import ShapeError
from tinygraph.graph import origin_here, place_of
from tinygraph.nn.layer import Layer
from tinygraph.tensor import Tensor


class Flatten(Layer):
    """Each example as one row: N,... -> N,size"""

    def call(self, x: Any) -> Tensor:
        return functional.flatten(x, 1)


class Reshape(Layer):
    """Each example in another shape; one extent may be -1."""

    def __init__(self, target_shape: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        self.target_shape = tuple(target_shape)

    def call(self, x: Any) -> Tensor:
        return functional.reshape(x, (x.shape[0], *self.target_shape))


class Concatenate(Layer):
    """Several inputs one after the other along `axis`."""

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def call(self, xs: Any) -> Tensor:
        return functional.concatenate(_several(self, xs), self.axis)


class Add(Layer):
    """The sum of several inputs."""

    def call(self, xs: Any) -> Tensor:
        return reduce(functional.add, _several(self, xs))


def _several(layer: Layer, xs: Any) -> Sequence[Any]:
    if not isinstance(xs, list | tuple):
        raise ShapeError(
            f"{type(layer).__name__} takes a list of inputs, as in "
            f"{type(layer).__name__}()([a, b]){place_of(origin_here())}"
        )
    return xs
