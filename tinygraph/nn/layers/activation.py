"""Activations as layers: they apply one function to every element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph import functional
from tinygraph.errors import ShapeError
from tinygraph.nn.activations import find_activation
from tinygraph.nn.layers.checks import here, shown, who
from tinygraph.nn.layers.one_input import OneInput
from tinygraph.nn.symbol import Shape
from tinygraph.tensor import Tensor, as_tensor


class Activation(OneInput):
    """An activation by name, or any function of a tensor."""

    def __init__(self, activation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.activation = find_activation(activation)

    def call(self, x: Any) -> Tensor:
        return self.activation(as_tensor(x))


class ReLU(OneInput):
    """max(x, 0); with options, three straight pieces.

    max_value where x >= max_value; x where threshold < x; else negative_slope * (x - threshold).
    The gradient at the threshold is that of the lower piece. NaN stays NaN.
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.max_value = max_value
        self.negative_slope = 0.0 if negative_slope is None else negative_slope
        self.threshold = 0.0 if threshold is None else threshold
        for what, value in (
            ("max_value", max_value),
            ("negative_slope", self.negative_slope),
            ("threshold", self.threshold),
        ):
            if value is not None and not value >= 0:
                raise ShapeError(f"{who(self)} needs {what} of at least 0, got {value}{here()}")

    def call(self, x: Any) -> Tensor:
        if not self.threshold and not self.negative_slope:
            y = functional.relu(x)
        else:
            y = self._pieces(as_tensor(x))
        return y if self.max_value is None else functional.minimum(y, self.max_value)

    def _pieces(self, x: Tensor) -> Tensor:
        if not self.threshold:
            return functional.leaky_relu(x, self.negative_slope)
        below = (x - self.threshold) * self.negative_slope
        return functional.where(x > self.threshold, x, below)


class LeakyReLU(OneInput):
    """x where x > 0, else negative_slope * x. See `tg.leaky_relu`.

    The slope is Keras's default, .3; lecture 4 takes .1. `alpha=` is its older name.
    """

    def __init__(
        self, negative_slope: float = 0.3, alpha: float | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.negative_slope = negative_slope if alpha is None else alpha

    def call(self, x: Any) -> Tensor:
        return functional.leaky_relu(x, self.negative_slope)


class ELU(OneInput):
    """x where x > 0, else alpha * (exp(x) - 1). See `tg.elu`."""

    def __init__(self, alpha: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.alpha = alpha

    def call(self, x: Any) -> Tensor:
        return functional.elu(x, self.alpha)


class PReLU(OneInput):
    """x where x > 0, else alpha * x, with an alpha that is learned.

    There is one alpha for each element of an example; over the axes of `shared_axes` (1 is the
    first after the batch) one is shared: PReLU(shared_axes=[1, 2]) has one a channel of an image.
    Source: He et al., "Delving deep into rectifiers" (2015).
    """

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.alpha_initializer = alpha_initializer
        self.alpha_regularizer = alpha_regularizer
        shared = () if shared_axes is None else shared_axes
        self.shared_axes = (shared,) if isinstance(shared, int) else tuple(shared)

    def build(self, shape: Any) -> None:
        if any(not 1 <= axis < len(shape) for axis in self.shared_axes):
            raise ShapeError(
                f"{who(self)}: shared_axes are from 1 to {len(shape) - 1} for {shown(shape)}, "
                f"got {list(self.shared_axes)}{here()}"
            )
        each = [1 if axis in self.shared_axes else n for axis, n in enumerate(shape)]
        self.alpha = self.add_weight(
            each[1:], self.alpha_initializer, name="alpha", regularizer=self.alpha_regularizer
        )

    def fixed_axes(self, shape: Shape) -> Sequence[int]:
        return [axis for axis in range(1, len(shape)) if axis not in self.shared_axes]

    def call(self, x: Any) -> Tensor:
        return functional.relu(x) - self.alpha * functional.relu(functional.neg(x))


class Maxout(OneInput):
    """The largest of each `pieces` neighbouring channels: ...,C -> ...,C/pieces.

    After Dense(units * pieces) it is lecture 4's max(w1 x + b1, w2 x + b2). See `tg.maxout`.
    Source: Goodfellow et al., "Maxout networks" (2013).
    """

    def __init__(self, pieces: int = 2, **options: Any) -> None:
        super().__init__(**options)
        self.pieces = pieces

    def call(self, x: Any) -> Tensor:
        return functional.maxout(x, self.pieces)


class Softmax(OneInput):
    """exp(x) over its sum along `axis`."""

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def call(self, x: Any) -> Tensor:
        return functional.softmax(x, self.axis)
