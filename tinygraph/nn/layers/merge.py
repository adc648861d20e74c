"""Layers that make one tensor of several."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from tinygraph import functional
from tinygraph.errors import ShapeError
from tinygraph.nn.layer import Layer
from tinygraph.nn.layers.checks import here, shown, who
from tinygraph.tensor import Tensor


class Merge(Layer):
    """What these layers share: they take a list of at least two inputs.

    Extents of 1 stretch to those of the others, and an input with fewer axes gets them after its
    batch axis, as in Keras.
    """

    def call(self, xs: Any) -> Tensor:
        tensors = several(self, xs)
        if len(tensors) < 2:
            raise ShapeError(f"{who(self)} takes at least two inputs, got {len(tensors)}{here()}")
        rank = max(len(x.shape) for x in tensors)
        return self._merged([_with_axes(x, rank) for x in tensors])

    def _merged(self, xs: Sequence[Any]) -> Tensor:
        raise NotImplementedError


class Add(Merge):
    """The sum of several inputs."""

    def _merged(self, xs: Sequence[Any]) -> Tensor:
        return reduce(functional.add, xs)


class Subtract(Merge):
    """The first of two inputs minus the second."""

    def _merged(self, xs: Sequence[Any]) -> Tensor:
        if len(xs) != 2:
            raise ShapeError(f"{who(self)} takes two inputs, got {len(xs)}{here()}")
        return functional.sub(*xs)


class Multiply(Merge):
    """The product of several inputs, element by element."""

    def _merged(self, xs: Sequence[Any]) -> Tensor:
        return reduce(functional.mul, xs)


class Average(Merge):
    """The mean of several inputs, element by element."""

    def _merged(self, xs: Sequence[Any]) -> Tensor:
        return reduce(functional.add, xs) / len(xs)


class Maximum(Merge):
    """The largest of several inputs, element by element; of equals the first gets the gradient."""

    def _merged(self, xs: Sequence[Any]) -> Tensor:
        return reduce(functional.maximum, xs)


class Minimum(Merge):
    """The smallest of several inputs, element by element."""

    def _merged(self, xs: Sequence[Any]) -> Tensor:
        return reduce(functional.minimum, xs)


class Concatenate(Layer):
    """Several inputs one after the other along `axis`."""

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def call(self, xs: Any) -> Tensor:
        return functional.concatenate(several(self, xs), self.axis)


class Dot(Layer):
    """The inner products of two inputs, example by example, along the axes `axes`.

    `axes` is an axis of both, or one of each; the batch axis is not among them. The others stay:
    [N,a,k] and [N,k,b] with axes=(2, 1) give N,a,b. Two of [N,k] give N,1. `normalize` first makes
    vectors of length 1 of both, so that the result is a cosine.
    """

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **options: Any) -> None:
        super().__init__(**options)
        pair = (axes, axes) if isinstance(axes, int) else tuple(axes)
        if len(pair) != 2 or not all(isinstance(axis, int) for axis in pair):
            raise ShapeError(f"{who(self)} takes an axis, or one of each input, got {axes}{here()}")
        self.axes = pair
        self.normalize = normalize

    def call(self, xs: Any) -> Tensor:
        tensors = several(self, xs)
        if len(tensors) != 2:
            raise ShapeError(f"{who(self)} takes two inputs, got {len(tensors)}{here()}")
        left, right = (self._rows(x, axis) for x, axis in zip(tensors, self.axes, strict=True))
        if left.shape[0] != right.shape[0] or left.shape[-1] != right.shape[-1]:
            shapes = [tuple(x.shape) for x in tensors]
            raise ShapeError(
                f"{who(self)} along axes={self.axes} needs equal extents there and equal batches, "
                f"got {shown(shapes)}{here()}"
            )
        y = functional.matmul(_flat(left), functional.transpose(_flat(right), (0, 2, 1)))
        kept = (*left.shape[1:-1], *right.shape[1:-1])
        return functional.reshape(y, (left.shape[0], *(kept or (1,))))

    def _rows(self, x: Any, axis: int) -> Tensor:
        """x with `axis` last, its rows of length 1 if so wanted."""
        at = axis + len(x.shape) if axis < 0 else axis
        if not 0 < at < len(x.shape):
            raise ShapeError(
                f"{who(self)} goes along an axis after the batch, got axis {axis} of "
                f"{shown(tuple(x.shape))}{here()}"
            )
        order = [k for k in range(len(x.shape)) if k != at] + [at]
        rows = functional.transpose(x, order)
        if not self.normalize:
            return rows
        square = functional.sum(functional.square(rows), -1, keepdims=True)
        return rows / functional.sqrt(functional.maximum(square, 1e-12))


def several(layer: Layer, xs: Any) -> Sequence[Any]:
    """The inputs of a layer that takes a list of them."""
    if isinstance(xs, list | tuple):
        return xs
    kind = type(layer).__name__
    raise ShapeError(f"{kind} takes a list of inputs, as in {kind}()([a, b]){here()}")


def _with_axes(x: Any, rank: int) -> Any:
    missing = rank - len(x.shape)
    if not missing:
        return x
    return functional.reshape(x, (*x.shape[:1], *(1,) * missing, *x.shape[1:]))


def _flat(x: Tensor) -> Tensor:
    """N,...,k -> N,rows,k"""
    return functional.reshape(x, (x.shape[0], -1, x.shape[-1]))


def _listed(name: str, inputs: Any, more: Sequence[Any]) -> Any:
    if more:
        raise ShapeError(f"{name} takes one list of inputs: layers.{name}([a, b]){here()}")
    return inputs


def add(inputs: Any, *more: Any, **options: Any) -> Any:
    """Add()(inputs)"""
    return Add(**options)(_listed("add", inputs, more))


def subtract(inputs: Any, *more: Any, **options: Any) -> Any:
    """Subtract()(inputs)"""
    return Subtract(**options)(_listed("subtract", inputs, more))


def multiply(inputs: Any, *more: Any, **options: Any) -> Any:
    """Multiply()(inputs)"""
    return Multiply(**options)(_listed("multiply", inputs, more))


def average(inputs: Any, *more: Any, **options: Any) -> Any:
    """Average()(inputs)"""
    return Average(**options)(_listed("average", inputs, more))


def maximum(inputs: Any, *more: Any, **options: Any) -> Any:
    """Maximum()(inputs)"""
    return Maximum(**options)(_listed("maximum", inputs, more))


def minimum(inputs: Any, *more: Any, **options: Any) -> Any:
    """Minimum()(inputs)"""
    return Minimum(**options)(_listed("minimum", inputs, more))


def concatenate(inputs: Any, axis: int = -1, **options: Any) -> Any:
    """Concatenate(axis)(inputs)"""
    return Concatenate(axis, **options)(inputs)


def dot(inputs: Any, axes: int | Sequence[int] = -1, **options: Any) -> Any:
    """Dot(axes)(inputs)"""
    return Dot(axes, **options)(inputs)
