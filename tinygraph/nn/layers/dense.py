"""Dense: every output sees every input."""

from __future__ import annotations

from typing import Any

from tinygraph.errors import ShapeError
from tinygraph.functional import matmul
from tinygraph.graph import origin_here, place_of
from tinygraph.nn.activations import find_activation
from tinygraph.nn.layer import Layer
from tinygraph.tensor import Tensor


class Dense(Layer):
    """activation(x @ kernel + bias), along the last axis: ..., C -> ..., units"""

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.units = units
        self.activation = find_activation(activation)
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer

    def build(self, shape: Any) -> None:
        if len(shape) < 2 or shape[-1] is None:
            raise ShapeError(
                f"Dense {self.name} needs [...,C] with a known C, got {list(shape)}"
                f"{place_of(origin_here())}"
            )
        self.kernel = self.add_weight(
            (shape[-1], self.units), self.kernel_initializer, name="kernel"
        )
        if self.use_bias:
            self.bias = self.add_weight((self.units,), self.bias_initializer, name="bias")

    def call(self, x: Any) -> Tensor:
        y = matmul(x, self.kernel)
        return self.activation(y + self.bias if self.use_bias else y)
