"""Biased: what layers share that end in activation(y + bias)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph.nn.activations import find_activation
from tinygraph.nn.layers.one_input import OneInput
from tinygraph.tensor import Tensor


class Biased(OneInput):
    """A layer with a bias, unless `use_bias` is False, and an activation."""

    def end_with(
        self, activation: Any, use_bias: bool, bias_initializer: Any, bias_regularizer: Any
    ) -> None:
        """Remembers what `add_bias` and `ended` need."""
        self.activation = find_activation(activation)
        self.use_bias = use_bias
        self.bias_initializer = bias_initializer
        self.bias_regularizer = bias_regularizer

    def add_bias(self, shape: Sequence[int]) -> None:
        """Makes the bias, if there is one; after the kernels, as in Keras."""
        if self.use_bias:
            self.bias = self.add_weight(
                shape, self.bias_initializer, name="bias", regularizer=self.bias_regularizer
            )

    def ended(self, y: Tensor) -> Tensor:
        """activation(y + bias)"""
        return self.activation(y + self.bias if self.use_bias else y)
