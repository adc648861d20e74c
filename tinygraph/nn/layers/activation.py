"""Activations as layers."""

from __future__ import annotations

from typing import Any

from tinygraph import functional
from tinygraph.nn.activations import find_activation
from tinygraph.nn.layer import Layer
from tinygraph.tensor import Tensor


class Activation(Layer):
    """An activation by name, or any function of a tensor."""

    def __init__(self, activation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.activation = find_activation(activation)

    def call(self, x: Any) -> Tensor:
        return self.activation(x)


class ReLU(Layer):
    """max(x, 0)"""

    def call(self, x: Any) -> Tensor:
        return functional.relu(x)


class Softmax(Layer):
    """exp(x) over its sum along `axis`."""

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def call(self, x: Any) -> Tensor:
        return functional.softmax(x, self.axis)
