"""Sequential: one layer after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tinygraph.errors import TinygraphError
from tinygraph.nn.layer import Layer
from tinygraph.nn.model import Model
from tinygraph.nn.symbol import Symbol


class Sequential(Model):
    """A model whose layers are applied one after the other.

    The first item may be an `Input`; then the weights are there at once, else at the first call.
    """

    def __init__(self, layers: Sequence[Any] = (), name: str | None = None, **options: Any) -> None:
        super().__init__(name=name, **options)
        self._stack: list[Layer] = []
        for layer in layers:
            self.add(layer)

    def add(self, layer: Any) -> None:
        """Puts a layer at the end; or an `Input` at the beginning."""
        if isinstance(layer, Symbol):
            if self._stack:
                raise TinygraphError(f"Input is the first of model {self.name}, not a later one")
            self.inputs = self.outputs = layer
            return
        if not isinstance(layer, Layer):
            raise TinygraphError(f"model {self.name} is made of layers, got {layer!r}")
        self._stack.append(layer)
        if self.inputs is not None:
            self.outputs = layer(self.outputs)
            super().__init__(self.inputs, self.outputs, self._name, dtype=self.dtype)
