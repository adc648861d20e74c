"""Sequential: one layer after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph.errors import TinygraphError
from tinygraph.nn.layer import Layer
from tinygraph.nn.model import Model
from tinygraph.nn.symbol import Input, Symbol


class Sequential(Model):
    """A model whose layers are applied one after the other.

    If the first item is an `Input`, or a layer with `input_shape=`, the weights are there at once,
    else after the first call.
    """

    def __init__(self, layers: Sequence[Any] = (), name: str | None = None, **options: Any) -> None:
        super().__init__(name=name, **options)
        self._stack: list[Layer] = []
        for layer in layers:
            self.add(layer)

    def add(self, layer: Any) -> None:
        """Puts a layer at the end; or an `Input` at the beginning."""
        if isinstance(layer, Symbol):
            if self._stack or self.inputs is not None:
                raise TinygraphError(f"model {self.name} has one Input, before its layers")
            self._connect(layer, layer)
            return
        if not isinstance(layer, Layer):
            raise TinygraphError(f"model {self.name} is made of layers, got {layer!r}")
        shape = layer.input_shape
        if shape is not None and not self._stack and self.inputs is None:
            first = Input(shape, layer.dtype)
            self._connect(first, first)
        self._stack.append(layer)
        if self.inputs is not None:
            self._connect(self.inputs, layer(self.outputs))

    def build(self, shape: Any) -> None:
        x = first = Symbol((None, *shape[1:]), self.dtype)
        for layer in self._stack:
            x = layer(x)
        self._connect(first, x)
        self._any_shape = True  # nobody said what the input is; the layers see what they can take
