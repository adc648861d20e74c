"""Dense: every output sees every input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph.errors import ShapeError
from tinygraph.functional import matmul
from tinygraph.functional.arguments import whole
from tinygraph.nn.layers.biased import Biased
from tinygraph.nn.layers.checks import here, shown, who
from tinygraph.nn.symbol import Shape
from tinygraph.tensor import Tensor


class Dense(Biased):
    """activation(x @ kernel + bias), along the last axis: ..., C -> ..., units"""

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.units = whole(units, "Dense: units")
        if self.units < 1:
            raise ShapeError(f"Dense needs at least one unit, got {units}{here()}")
        self.end_with(activation, use_bias, bias_initializer, bias_regularizer)
        self.kernel_initializer = kernel_initializer
        self.kernel_regularizer = kernel_regularizer

    def build(self, shape: Any) -> None:
        if len(shape) < 2 or shape[-1] is None:
            raise ShapeError(
                f"{who(self)} needs [...,C] with a known C, got {shown(tuple(shape))}{here()}"
            )
        self.kernel = self.add_weight(
            (shape[-1], self.units),
            self.kernel_initializer,
            name="kernel",
            regularizer=self.kernel_regularizer,
        )
        self.add_bias((self.units,))

    def fixed_axes(self, shape: Shape) -> Sequence[int]:
        return (-1,)

    def call(self, x: Any) -> Tensor:
        return self.ended(matmul(x, self.kernel))
