"""Sequential: one layer after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph.errors import TinygraphError
from tinygraph.graph import outside_scopes
from tinygraph.nn.layer import Layer
from tinygraph.nn.model import Model
from tinygraph.nn.symbol import Input, Symbol


class Sequential(Model):
    """A model whose layers are applied one after the other.

    If the first item is an `Input`, a layer with `input_shape=` or a model with an input, the
    weights are there at once, else after the first call.
    """

    def __init__(self, layers: Sequence[Any] = (), name: str | None = None, **options: Any) -> None:
        super().__init__(name=name, **options)
        self._stack: list[Layer] = []
        if isinstance(layers, Layer):
            raise TinygraphError("Sequential takes a list of layers, as in Sequential([a, b])")
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
        first = _beginning(layer) if not self._stack and self.inputs is None else None
        if first is not None:
            self._connect(first, first)
        if self.inputs is not None:
            self._connect(self.inputs, layer(self.outputs))
        self._stack.append(layer)
        self._forget_steps()

    def pop(self) -> Layer:
        """Takes the last layer off, and returns it."""
        if not self._stack:
            raise TinygraphError(f"model {self.name} has no layer to take off")
        last = self._stack.pop()
        if self.inputs is not None:
            self._connect(self.inputs, self._calls[-1].args[0])
        self._forget_steps()
        return last

    def build(self, shape: Any) -> None:
        x = first = Symbol((None, *shape[1:]), self.dtype)
        with outside_scopes():  # as if it had been written with an Input: paths do not tell when
            for layer in self._stack:
                x = layer(x)
        self._connect(first, x)
        self._any_shape = True  # nobody said what the input is; the layers see what they can take


def _beginning(layer: Layer) -> Symbol | None:
    """The input that a first layer speaks of: its `input_shape`, or that of the model it is."""
    if layer.input_shape is not None:
        return Input(layer.input_shape, layer.dtype)
    if isinstance(layer, Model) and isinstance(layer.inputs, Symbol) and not layer._any_shape:
        return Symbol(layer.inputs.shape, layer.inputs.dtype)
    return None
